"""The newest messages of rooms: each is told once and in order, whichever node has stored it. Pure.

Topics are told in the same way: to this module they are rooms, and their events messages.

A node learns of messages in three ways: it has stored one itself, a hint says up to which number there are some, and it
reads those that it lacks. A message waits until all before it are told; what is missing is read.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Generic, TypeVar

__all__ = ["Tails"]

M = TypeVar("M")


class Tails(Generic[M]):
    """The rooms with clients of this node, and what was told to them. Used in one thread.

    The caller runs one read or write of the engine at a time, and gives the results in that order. So what a read does
    not have up to its `last` is not there any more.
    """

    def __init__(self, blank: Callable[[M], M]) -> None:
        """blank: returns a message without its text; for one that is deleted before it is told."""
        self._blank = blank
        self._tails: dict[str, _Tail[M]] = {}
        # The rooms of which something may be missing.
        self._behind: set[str] = set()

    def open(self, room: str) -> None:
        """A client is about to join a room; does nothing if the room is open. The first `read` begins its tail."""
        if room not in self._tails:
            self._tails[room] = _Tail(self._blank)

    def close(self, room: str) -> None:
        """Nobody is in a room any more, nor about to join it; does nothing if it is not open."""
        self._tails.pop(room, None)
        self._behind.discard(room)

    def rooms(self) -> Collection[str]:
        """The rooms that are open."""
        return self._tails.keys()

    def told(self, room: str) -> int:
        """The number of the newest message that was told to the clients in a room; 0 for none."""
        tail = self._tails.get(room)
        return tail.told or 0 if tail is not None else 0

    def is_begun(self, room: str) -> bool:
        """Whether a room is open and something was read of it."""
        tail = self._tails.get(room)
        return tail is not None and tail.told is not None

    def stored(self, room: str, number: int, message: M) -> Sequence[M]:
        """This node has stored a message; returns what is to be told now, in order."""
        tail = self._tails.get(room)
        if tail is None:
            return ()
        ready = tail.add(number, message)
        if tail.told != tail.known:
            self._behind.add(room)
        return ready

    def heard(self, lasts: Mapping[str, int]) -> None:
        """Rooms have messages up to these numbers, as a hint says."""
        for room, last in lasts.items():
            tail = self._tails.get(room)
            if tail is not None:
                tail.known = max(tail.known, last)
                self._behind.add(room)

    def missing(self) -> Mapping[str, int]:
        """The rooms of which something is to be read, with the number after which it begins."""
        if not self._behind:
            return {}
        found = {room: self._tails[room].missing_after() for room in self._behind}
        self._behind = {room for room in self._behind if self._tails[room].told != self._tails[room].known}
        return {room: after for room, after in found.items() if after is not None}

    def read(self, room: str, last: int, found: Mapping[int, M]) -> Sequence[M]:
        """What was read of a room; returns what is to be told now, in order.

        found: the messages by their numbers, all that there are after the number that was told, or that `missing` gave,
        up to `last`. Those that were told meanwhile may be among them.
        """
        tail = self._tails.get(room)
        if tail is None:
            return ()
        ready = tail.take(last, found)
        if tail.told != tail.known:
            self._behind.add(room)
        return ready

    def deleted(self, room: str, number: int) -> bool:
        """A message was deleted; returns whether it was told, so that the members must hear that it is deleted.

        If it was not, it will be told without its text.
        """
        tail = self._tails.get(room)
        return tail is not None and tail.delete(number)

    def changed(self, room: str, number: int, change: Callable[[M], M]) -> bool:
        """A message has changed; returns whether it was told, as `deleted` does.

        If it was not, it will be told as `change` returns it.
        """
        tail = self._tails.get(room)
        return tail is not None and tail.change(number, change)


class _Tail(Generic[M]):
    """One room. told: the newest number that was told, None before the first read. known: the newest that exists."""

    __slots__ = ("_asked", "_blank", "_changes", "_deleted", "_pending", "known", "told")

    def __init__(self, blank: Callable[[M], M]) -> None:
        self._blank = blank
        self.told: int | None = None
        self.known = 0
        # What was known when the last read was asked for.
        self._asked = 0
        # What waits for those before it, and the numbers of what is to be told without its text.
        self._pending: dict[int, M] = {}
        self._deleted: set[int] = set()
        self._changes: dict[int, Callable[[M], M]] = {}

    def add(self, number: int, message: M) -> Sequence[M]:
        if self.told is not None and number <= self.told:
            return ()
        self.known = max(self.known, number)
        self._pending[number] = message
        return self._ready()

    def missing_after(self) -> int | None:
        if self.told is None or self.told >= self.known or self.told + 1 in self._pending:
            return None
        self._asked = self.known
        return self.told

    def take(self, last: int, found: Mapping[int, M]) -> Sequence[M]:
        if self.known <= self._asked and last <= (self.told or 0):
            # Nothing was heard since then, and nothing more is there, not only in this page: a higher number was that
            # of a room which was forgotten and made again.
            self.known = max(last, self.told or 0, *self._pending)
        self.known = max(self.known, last)
        if self.told is None:
            # Whoever joins first gets these in the page.
            self.told = last
            self._forget_up_to(last)
            return self._ready()
        self._pending.update((number, message) for number, message in found.items() if number > self.told)
        ready = [self._next(number) for number in sorted(self._pending) if number <= last]
        self.told = max(self.told, last)
        self._forget_up_to(self.told)
        return [*ready, *self._ready()]

    def delete(self, number: int) -> bool:
        if self.told is not None and number <= self.told:
            return True
        self._deleted.add(number)
        return False

    def change(self, number: int, change: Callable[[M], M]) -> bool:
        if self.told is not None and number <= self.told:
            return True
        self._changes[number] = change
        return False

    def _ready(self) -> Sequence[M]:
        ready: list[M] = []
        while self.told is not None and self.told + 1 in self._pending:
            self.told += 1
            ready.append(self._next(self.told))
        return ready

    def _next(self, number: int) -> M:
        message = self._pending.pop(number)
        if number in self._changes:
            message = self._changes.pop(number)(message)
        if number in self._deleted:
            self._deleted.discard(number)
            return self._blank(message)
        return message

    def _forget_up_to(self, last: int) -> None:
        self._pending = {number: each for number, each in self._pending.items() if number > last}
        self._deleted = {number for number in self._deleted if number > last}
        self._changes = {number: each for number, each in self._changes.items() if number > last}
