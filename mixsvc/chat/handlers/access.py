"""Who may do what in which room, and see it: private rooms, and what the application says of all rooms."""

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred

from mixsvc.chat.model.rooms import Rooms
from mixsvc.common.private_rooms import PrivateRooms
from mixsvc.errors import ServiceBusy
from mixsvc.hooks.permissions import Pair, Permissions
from mixsvc.interfaces import RoomOverview

__all__ = ["RoomAccess"]


class RoomAccess:
    """Asks for permissions and reads them. Used in the reactor thread, except `is_open` and `public`: any thread.

    person: Identity.person, None for a stranger. In a private room every action needs `join` besides, and
    everywhere `search` needs `history`.
    """

    def __init__(self, permissions: Permissions, rooms: Rooms, private: PrivateRooms) -> None:
        self._permissions = permissions
        self._rooms = rooms
        self._private = private

    @property
    def is_open(self) -> bool:
        """Whether everybody may do everything: no room is private, and the application has no function to ask."""
        return not self._private and not self._permissions.is_asked

    @property
    def is_unguarded(self) -> bool:
        """Whether there are private rooms, and nothing that could let somebody in."""
        return bool(self._private) and not self._permissions.is_asked

    def known(self, person: str | None, action: str, room: str | None) -> bool | None:
        """Whether it is permitted; None if the application has to be asked."""
        return _both([self._permissions.known(person, pair) for pair in self._pairs(action, room)])

    def ask(self, person: str | None, action: str, room: str | None) -> "Deferred[bool | None]":
        """Fires with whether it is permitted; None if that could not be found out."""
        return self._permissions.ask(person, self._pairs(action, room)).addCallback(_both)

    def decide(self, person: str | None, action: str, room: str | None) -> "Deferred[bool]":
        """Fires with whether it is permitted; fails with ServiceBusy if that could not be found out."""
        return self.ask(person, action, room).addCallback(_decided)

    def look(self, person: str | None) -> "Deferred[Any] | None":
        """Ask for which rooms `sees` says True; fires when it can. None if nothing has to be asked."""
        private = (self.spelling(room) for room in self._rooms.names() if room in self._private)
        pairs: list[Pair] = [("join", room) for room in dict.fromkeys(private)]
        if all(self._permissions.known(person, pair) is not None for pair in pairs):
            return None
        return self._permissions.ask(person, pairs)

    def sees(self, person: str | None, room: str) -> bool:
        """Whether a room is in the lists that this person gets: as far as is known, so call `look` before."""
        return room not in self._private or self._permissions.known(person, ("join", self.spelling(room))) is True

    def seen(self, person: str | None) -> Sequence[RoomOverview]:
        """The rooms that this person sees, those of the settings first; see `sees`."""
        return [each for each in self._rooms.overview() if self.sees(person, each.room)]

    def public(self) -> Sequence[RoomOverview]:
        """The rooms that everybody sees, those of the settings first; any thread."""
        found = self._rooms.overview()
        return [each for each in found if each.room not in self._private] if self._private else found

    def is_public(self, room: str) -> bool:
        """Whether everybody sees a room; any thread."""
        return room not in self._private

    def forget(self, person: str | None, room: str) -> None:
        """Ask anew what this person may do in this room."""
        self._permissions.forget(person, self.spelling(room))

    def spelling(self, room: str) -> str:
        """The name by which the application is asked; it may differ from the given one in case or width.

        It is that of the room, or that of the settings for a private room: a spelling opens no door.
        """
        return self._private.spelling(self._rooms.spelling(room))

    def meant(self, room: str) -> Sequence[str]:
        """The names of the rooms for which the same permissions count as for this one, which need not exist."""
        asked = self.spelling(room)
        return [asked, *(each for each in self._rooms.spellings(room) if each != asked == self.spelling(each))]

    def _pairs(self, action: str, room: str | None) -> list[Pair]:
        if room is None:
            return [(action, None)]
        meant = self.spelling(room)
        needed = ["join"] if meant in self._private else []
        # Whoever may not read a room may not find what is said there.
        needed += ["history"] if action == "search" else []
        return [(each, meant) for each in dict.fromkeys([*needed, action])]


def _both(answers: Sequence[bool | None]) -> bool | None:
    """Whether all is permitted; None if that is not known."""
    return False if False in answers else None if None in answers else True


def _decided(answer: bool | None) -> bool:
    if answer is None:
        raise ServiceBusy("it cannot be found out now what the person may do; try again")
    return answer
