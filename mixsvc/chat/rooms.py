"""The rooms and who is inside. Pure; changed in the reactor thread only."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from mixsvc.chat import names

__all__ = ["Rooms"]

M = TypeVar("M")


class Rooms(Generic[M]):
    """A fixed set of rooms, and their members: each is something hashable that listens, under a name of its own."""

    def __init__(self, rooms: Iterable[str]) -> None:
        self._rooms: dict[str, _Room[M]] = {room: _Room() for room in rooms}
        self._names: dict[str, tuple[str, ...]] = dict.fromkeys(self._rooms, ())

    def __contains__(self, room: str) -> bool:
        return room in self._rooms

    def names(self) -> Sequence[str]:
        """The names of the rooms in the order in which they were given; any thread."""
        return tuple(self._rooms)

    def members(self, room: str) -> Sequence[str]:
        """The names of those inside, sorted without regard to case; a snapshot, any thread. Empty for no such room."""
        return self._names.get(room, ())

    def audience(self, room: str) -> tuple[M, ...]:
        """Those inside. It does not change while somebody goes through it."""
        return self._rooms[room].audience()

    def enter(self, room: str, member: M, name: str) -> None:
        """Put a member inside; nothing may be inside twice, nor two under one name."""
        self._rooms[room].enter(member, name)
        self._names[room] = self._rooms[room].names()

    def leave(self, room: str, member: M) -> None:
        """Take a member out; KeyError when it is not inside."""
        self._rooms[room].leave(member)
        self._names[room] = self._rooms[room].names()


class _Room(Generic[M]):
    def __init__(self) -> None:
        self._members: dict[M, tuple[str, str]] = {}
        self._sorted: list[tuple[str, str]] = []
        self._audience: tuple[M, ...] | None = ()

    def enter(self, member: M, name: str) -> None:
        entry = (names.key(name), name)
        self._members[member] = entry
        insort(self._sorted, entry)
        self._audience = None

    def leave(self, member: M) -> None:
        entry = self._members.pop(member)
        del self._sorted[bisect_left(self._sorted, entry)]
        self._audience = None

    def names(self) -> tuple[str, ...]:
        return tuple(name for _, name in self._sorted)

    def audience(self) -> tuple[M, ...]:
        # Made anew only after somebody came or went: many messages are said between two such moments.
        if self._audience is None:
            self._audience = tuple(self._members)
        return self._audience
