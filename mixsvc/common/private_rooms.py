"""Which rooms are private, as [chat] private_rooms says. Pure."""

import re
from collections.abc import Iterable

from mixsvc.common import names

__all__ = ["PrivateRooms"]


class PrivateRooms:
    """The names of rooms that are closed and invisible to everybody whom the application does not let in."""

    def __init__(self, patterns: Iterable[str]) -> None:
        """patterns: names of rooms, in which * stands for any characters. Case and width do not count."""
        self._spellings = {names.fold(each): each for each in patterns}
        parts = [re.escape(each).replace(re.escape("*"), ".*") for each in self._spellings]
        self._names = re.compile("|".join(parts), re.DOTALL)

    def __bool__(self) -> bool:
        """Whether there can be any."""
        return bool(self._spellings)

    def __contains__(self, room: object) -> bool:
        return bool(self._spellings) and self._names.fullmatch(names.fold(str(room))) is not None

    def spelling(self, room: str) -> str:
        """The name as the settings spell it, if it differs from theirs in case or width only."""
        return self._spellings.get(names.fold(room), room)
