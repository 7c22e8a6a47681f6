"""The persons in a channel as a client knows them; one is found by any spelling of the name, however many there are."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from mixsvc.common import names

__all__ = ["ChannelNames"]

# All clients in a room hear of the same persons.
_key: Final = lru_cache(4096)(names.key)


class ChannelNames:
    """In the order in which the client heard of them. Used in the reactor thread."""

    def __init__(self, spelled: Iterable[str] = ()) -> None:
        self._by_key = {_key(each): each for each in spelled}

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_key.values())

    def __contains__(self, name: str) -> bool:
        """Whether somebody has a name in exactly this spelling."""
        return self._by_key.get(_key(name)) == name

    def find(self, key: str) -> str:
        """Returns the name that has a key (names.key); "" for nobody's."""
        return self._by_key.get(key, "")

    def add(self, name: str) -> None:
        """Somebody has come."""
        self._by_key[_key(name)] = name

    def discard(self, name: str) -> None:
        """Somebody has gone; does nothing for who is not there."""
        if name in self:
            del self._by_key[_key(name)]
