"""The rooms and who is inside. Pure; changed in the reactor thread only."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from mixsvc.chat.model.people import Person, Transport
from mixsvc.common import names
from mixsvc.interfaces import RoomOverview

__all__ = ["BadRoom", "Room", "Rooms", "TooManyRooms"]

# Rooms on disk, in multiples of those in memory: no more are made.
STORED: Final = 10


class BadRoom(ValueError):
    """A name that no room has and none can get. suggestion: the room that is meant, where there is one."""

    def __init__(self, text: str, suggestion: str | None = None) -> None:
        super().__init__(text)
        self.suggestion = suggestion


class TooManyRooms(ValueError):
    """One room more than there may be."""


class Room:
    """A room: who is inside, and what is known of its messages."""

    def __init__(self, name: str, is_fixed: bool) -> None:
        """is_fixed: it is there even if nobody is inside and nothing was ever said."""
        self.name = name
        self.is_fixed = is_fixed
        self.topic = ""
        # The number of the newest message, and whether the database has the room: something was said in it.
        self.last = 0
        self.is_kept = False
        # Whether its members are told how many there are, in place of each who comes and goes.
        self.is_summarised = False
        self._persons: dict[Transport, Person] = {}
        self._connections: dict[Person, int] = {}
        self._sorted: list[tuple[str, str]] = []
        self._audience: tuple[Transport, ...] | None = ()

    @property
    def size(self) -> int:
        """How many persons are inside; any thread."""
        return len(self._sorted)

    def audience(self) -> tuple[Transport, ...]:
        """The connections inside. It does not change while somebody goes through it."""
        # Made anew only after somebody came or went: many messages are said between two such moments.
        if self._audience is None:
            self._audience = tuple(self._persons)
        return self._audience

    def names(self) -> Sequence[str]:
        """The names of those inside, sorted without regard to case; any thread."""
        # One step of the interpreter, so that another thread may ask.
        return [name for _, name in tuple(self._sorted)]

    def names_after(self, name: str | None, limit: int) -> Sequence[str]:
        """The first names that come after one, or the first of all."""
        start = 0 if name is None else bisect_right(self._sorted, (names.key(name), name))
        return [each for _, each in self._sorted[start : start + limit]]

    def enter(self, transport: Transport, person: Person) -> bool:
        """Let a connection in, which is not inside; returns whether the person is new here."""
        self._persons[transport] = person
        self._audience = None
        self._connections[person] = self._connections.get(person, 0) + 1
        if self._connections[person] > 1:
            return False
        insort(self._sorted, (person.key, person.name))
        return True

    def leave(self, transport: Transport) -> bool:
        """Let a connection out; returns whether it was the person's last. KeyError when it is not inside."""
        person = self._persons.pop(transport)
        self._audience = None
        self._connections[person] -= 1
        if self._connections[person]:
            return False
        del self._connections[person]
        del self._sorted[bisect_left(self._sorted, (person.key, person.name))]
        return True


class EvictedRoom(NamedTuple):
    """A room that does not fit into memory, as it was; see Room."""

    name: str
    last: int
    topic: str


class Rooms:
    """The rooms: those of the settings, those with somebody inside, and others as far as they fit into memory.

    What does not fit is dormant: little is known of it here, its messages are in the database. It is awake again when
    somebody asks for it.
    """

    def __init__(self, fixed: Iterable[str], is_open: bool, most: int) -> None:
        """is_open: whether others than the fixed ones can be made. most: rooms in memory."""
        self._rooms: dict[str, Room] = {names.fold(name): Room(name, is_fixed=True) for name in fixed}
        self._is_open = is_open
        self._most = most
        self._evicted: dict[str, EvictedRoom] = {}

    def restore(self, known: Iterable[tuple[str, int, str]]) -> None:
        """Take over what the database knows: names, last numbers and topics.

        The rooms with the latest messages stand first.
        """
        others: dict[str, Room] = {}
        for name, last, topic in known:
            room = self._rooms.get(names.fold(name))
            if room is None and self._is_open:
                if len(self._rooms) + len(others) < self._most:
                    room = others.setdefault(names.fold(name), Room(name, is_fixed=False))
                elif names.fold(name) not in others:
                    self._evicted[names.fold(name)] = EvictedRoom(name, last, topic)
            if room is not None and room.name == name:
                room.last, room.topic, room.is_kept = last, topic, True
        # The oldest make place first.
        self._rooms.update(reversed(others.items()))

    def find(self, name: str) -> Room | None:
        """The room of exactly this name."""
        room = self._rooms.get(names.fold(name))
        return room if room is not None and room.name == name else None

    def exists(self, name: str) -> bool:
        """Whether there is a room of exactly this name, awake or dormant."""
        return self.find(name) is not None or self._evicted_room(name) is not None

    def obtain(self, name: str) -> Room | None:
        """The room of this name, made or woken if need be; None where none is made. Raises BadRoom and TooManyRooms."""
        room = self._rooms.get(names.fold(name))
        there = room or self._evicted.get(names.fold(name))
        if there is not None and there.name != name:
            raise BadRoom(f"There is a room {there.name} already, which differs in case or width only.", there.name)
        if room is None and self._is_open:
            room = self._make(name) if there is None else self._wake(name)
        return room

    def release(self, room: Room) -> None:
        """Forget a room in which nobody is and nothing was said."""
        if not room.size and not room.is_kept and not room.is_fixed and self.find(room.name) is room:
            del self._rooms[names.fold(room.name)]

    def forget(self, name: str) -> None:
        """Nothing that was said in a room is kept any more."""
        room = self.find(name)
        if room is not None:
            room.last, room.topic, room.is_kept = 0, "", False
            self.release(room)
        elif self._evicted_room(name):
            del self._evicted[names.fold(name)]

    def names(self) -> Sequence[str]:
        """The names of the rooms, those of the settings first; any thread."""
        return [room.name for room in tuple(self._rooms.values())]

    def overview(self) -> Sequence[RoomOverview]:
        """The rooms from outside, in the same order; any thread."""
        return [RoomOverview(room.name, room.size, room.topic, room.last) for room in tuple(self._rooms.values())]

    def _evicted_room(self, name: str) -> EvictedRoom | None:
        found = self._evicted.get(names.fold(name))
        return found if found is not None and found.name == name else None

    def _unoccupied(self) -> Iterator[Room]:
        """The rooms that are only kept for their messages, the oldest in memory first."""
        return (room for room in self._rooms.values() if not room.size and not room.is_fixed)

    def _make(self, name: str) -> Room:
        if not names.is_room_name(name):
            raise BadRoom(
                f"A room's name has 1 to {names.LONGEST} letters, digits and - _ . and begins with a letter or a digit."
            )
        if not self._make_space() or len(self._rooms) + len(self._evicted) >= STORED * self._most:
            raise TooManyRooms("There are as many rooms as there can be; no more can be made now.")
        room = self._rooms[names.fold(name)] = Room(name, is_fixed=False)
        return room

    def _wake(self, name: str) -> Room:
        # There is always a place for one that somebody may miss.
        self._make_space()
        known = self._evicted.pop(names.fold(name))
        room = self._rooms[names.fold(name)] = Room(name, is_fixed=False)
        room.last, room.topic, room.is_kept = known.last, known.topic, True
        return room

    def _make_space(self) -> bool:
        """Whether one room more fits; the one that was used least lately makes place."""
        if len(self._rooms) < self._most:
            return True
        leaving = next(self._unoccupied(), None)
        if leaving is None:
            return False
        del self._rooms[names.fold(leaving.name)]
        if leaving.is_kept:
            self._evicted[names.fold(leaving.name)] = EvictedRoom(leaving.name, leaving.last, leaving.topic)
        return True
