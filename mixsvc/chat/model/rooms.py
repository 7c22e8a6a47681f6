"""The rooms and their members. Pure; changed in the reactor thread only."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from mixsvc.chat.model.people import Person, Transport
from mixsvc.common import names
from mixsvc.interfaces import RoomOverview
from mixsvc.nodes.interfaces import RoomMembers, Roster

__all__ = ["BadRoom", "Room", "Rooms", "TooManyRooms"]

# How many rooms there may be in the database, in multiples of those in memory.
STORED: Final = 10


class BadRoom(ValueError):
    """Raised for a name that no room can have. suggestion: the name of the room that is meant, if there is one."""

    def __init__(self, text: str, suggestion: str | None = None) -> None:
        super().__init__(text)
        self.suggestion = suggestion


class TooManyRooms(ValueError):
    """Raised if no more rooms can be made."""


class Room:
    """A room: its members, its topic, and the number of its newest message."""

    def __init__(self, name: str, is_fixed: bool, roster: Roster) -> None:
        """is_fixed: the room stays even if nobody is inside and it has no messages. roster: who is inside."""
        self.name = name
        self.is_fixed = is_fixed
        self.topic = ""
        # The number of the newest message, 0 for none, and whether the database has messages of the room.
        self.last = 0
        self.is_kept = False
        # Whether its members get `presence` with a number instead of `came` and `went`.
        self.is_summarised = False
        self._roster = roster
        self._persons: dict[Transport, Person] = {}
        self._connections: dict[Person, int] = {}
        self._audience: tuple[Transport, ...] | None = ()

    @property
    def members(self) -> RoomMembers:
        """The persons inside, with those who are connected to other nodes; any thread."""
        return self._roster.members(self.name)

    @property
    def size(self) -> int:
        """How many persons are inside; any thread."""
        return self.members.size

    def heard(self, last: int) -> None:
        """It has messages up to this number."""
        self.last, self.is_kept = max(self.last, last), True

    def audience(self) -> tuple[Transport, ...]:
        """The transports of the clients inside, as a tuple that does not change during a broadcast."""
        # Rebuilt only after a client came or went: many messages are sent between two such moments.
        if self._audience is None:
            self._audience = tuple(self._persons)
        return self._audience

    def enter(self, transport: Transport, person: Person) -> bool:
        """Add a client that is not inside; returns whether its person was not inside before."""
        self._persons[transport] = person
        self._audience = None
        self._connections[person] = self._connections.get(person, 0) + 1
        return self._connections[person] == 1 and self._roster.enter(self.name, person.key, person.name)

    def leave(self, transport: Transport) -> bool:
        """Remove a client; returns whether it was its person's last one. Raises KeyError if it is not inside."""
        person = self._remove(transport)
        return person not in self._connections and self._roster.leave(self.name, person.key)

    def send_on(self, transport: Transport) -> None:
        """Remove a client that was sent to another node; if it was its person's last one, that is awaited there."""
        person = self._remove(transport)
        if person not in self._connections:
            self._roster.send_on(self.name, person.key)

    def expel(self, key: str, transports: Iterable[Transport]) -> bool:
        """Remove a person on all nodes; returns whether the person was inside.

        key: of the person's name. transports: of the person's clients inside that are connected to this node.
        """
        for transport in transports:
            self._remove(transport)
        return self._roster.remove(self.name, key)

    def _remove(self, transport: Transport) -> Person:
        person = self._persons.pop(transport)
        self._audience = None
        self._connections[person] -= 1
        if not self._connections[person]:
            del self._connections[person]
        return person


class EvictedRoom(NamedTuple):
    """What is kept in memory of a room that had to make space for others; see Room."""

    name: str
    last: int
    topic: str


class Rooms:
    """The rooms: those of the settings, those with members, and others as far as they fit into memory.

    A room without members makes space for a new one: it is evicted, and only its name, topic and last number stay in
    memory. It is restored when somebody asks for it.

    Nobody makes a room whose name counts as the same as that of another one. But two nodes may have made theirs in the
    same moment: then both are rooms, on all nodes, and each is found by its exact name.
    """

    def __init__(self, fixed: Iterable[str], is_open: bool, most: int, roster: Roster) -> None:
        """fixed: names of rooms that always exist. is_open: whether more can be made. most: rooms in memory."""
        self._roster = roster
        self._is_open = is_open
        self._most = most
        self._rooms: dict[str, Room] = {}
        self._evicted: dict[str, EvictedRoom] = {}
        # The names of all these by what they count as the same by.
        self._spellings: dict[str, set[str]] = {}
        for name in fixed:
            self._add(name, is_fixed=True)

    def limit(self, most: int) -> None:
        """Take another limit. If there are more, they stay, and each new one takes the place of another."""
        self._most = most

    def restore(self, known: Iterable[tuple[str, int, str]]) -> None:
        """Add the rooms of the database: name, last number and topic, those with the newest messages first."""
        others: list[EvictedRoom] = []
        for each in map(EvictedRoom._make, known):
            room = self._rooms.get(each.name)
            if room is not None:
                room.last, room.topic, room.is_kept = each.last, each.topic, True
            elif self._is_open and not self._is_fixed(each.name):
                others.append(each)
        space = max(0, self._most - len(self._rooms))
        for each in others[space:]:
            self._evict(each)
        # The rooms that were used least recently come first: they are evicted first.
        for each in reversed(others[:space]):
            self._wake(each)

    def find(self, name: str) -> Room | None:
        """The room of exactly this name."""
        return self._rooms.get(name)

    def exists(self, name: str) -> bool:
        """Whether there is a room of exactly this name, in memory or evicted."""
        return name in self._rooms or name in self._evicted

    def obtain(self, name: str) -> Room | None:
        """The room of this name, made or restored if necessary; None if it does not exist and may not be made.

        Raises BadRoom and TooManyRooms.
        """
        if not self.exists(name) and (other := self.spelling(name)) != name:
            raise BadRoom(names.room_exists(other), other)
        return self._obtain(name)

    def accept(self, name: str) -> Room | None:
        """The room of this name, which has messages or, on another node, members, made or restored if necessary.

        Others may have names that count as the same: unlike `obtain` it makes one more, and forgets those that have
        neither members nor messages. Next to a room of the settings it is not shown: None. None also if no rooms may be
        made. Raises BadRoom and TooManyRooms.
        """
        if not self.exists(name):
            if self._is_fixed(name):
                return None
            for other in tuple(self._spellings.get(names.fold(name), ())):
                # One that somebody is about to join gives way.
                if other in self._rooms:
                    self.release(self._rooms[other])
        return self._obtain(name)

    def release(self, room: Room) -> None:
        """Forget a room that has neither members nor messages; fixed rooms stay."""
        if not room.size and not room.is_kept and not room.is_fixed and self.find(room.name) is room:
            del self._rooms[room.name]
            self._forget_spelling(room.name)

    def heard(self, name: str, last: int) -> None:
        """Another node has stored messages of a room up to this number; a room that nobody knew is made."""
        known = self._evicted.get(name)
        if known is not None:
            self._evicted[name] = known._replace(last=max(known.last, last))
            return
        with suppress(BadRoom, TooManyRooms):
            room = self.accept(name)
            if room is not None:
                room.heard(last)

    def set_topic(self, name: str, topic: str) -> None:
        """A room has another topic; does nothing if it is not known."""
        room = self.find(name)
        if room is not None:
            room.topic = topic
        elif name in self._evicted:
            self._evicted[name] = self._evicted[name]._replace(topic=topic)

    def forget(self, name: str) -> None:
        """Note that the database has no messages of a room any more, and forget the room if it has no members."""
        room = self.find(name)
        if room is not None:
            room.last, room.topic, room.is_kept = 0, "", False
            self.release(room)
        elif name in self._evicted:
            del self._evicted[name]
            self._forget_spelling(name)

    def lasts(self) -> Mapping[str, int]:
        """The numbers of the newest messages of all rooms, in memory or evicted."""
        awake, evicted = self._rooms.values(), self._evicted.values()
        return {each.name: each.last for each in awake} | {each.name: each.last for each in evicted}

    def renew(self, known: Iterable[tuple[str, int, str]], lasts: Mapping[str, int]) -> None:
        """Something may have happened unheard: take over the rooms of the database, as for `restore`; forget others.

        lasts: those from before the database was read. A room of which something was heard since is not forgotten.
        """
        stored = {name: (last, topic) for name, last, topic in known}
        for name, now in self.lasts().items():
            if name in stored:
                last, topic = stored[name]
                self.heard(name, last)
                self.set_topic(name, topic)
            elif lasts.get(name) == now:
                self.forget(name)

    def spelling(self, name: str) -> str:
        """This name if a room has it, else that of a room whose name differs in case or width only, else this name."""
        # The first one on all nodes.
        return name if self.exists(name) else min(self._spellings.get(names.fold(name), ()), default=name)

    def spellings(self, name: str) -> Iterable[str]:
        """The names of all rooms, in memory or evicted, that have this name or differ in case or width only."""
        return tuple(self._spellings.get(names.fold(name), ()))

    def all(self) -> Sequence[Room]:
        """The rooms in memory, also those that are private."""
        return tuple(self._rooms.values())

    def names(self) -> Sequence[str]:
        """The names of the rooms, those of the settings first; any thread."""
        return [room.name for room in tuple(self._rooms.values())]

    def awake(self) -> Iterable[Room]:
        """The rooms with clients of this node."""
        return [room for room in self._rooms.values() if room.audience()]

    def with_member(self, key: str) -> Iterable[Room]:
        """The rooms that have the person inside whose name has this key."""
        return [room for room in self._rooms.values() if room.members.has(key)]

    def count(self) -> int:
        """How many rooms are in memory; any thread."""
        return len(self._rooms)

    def overview(self) -> Sequence[RoomOverview]:
        """The rooms from outside, in the same order; any thread."""
        return [RoomOverview(room.name, room.size, room.topic, room.last) for room in tuple(self._rooms.values())]

    def _is_fixed(self, name: str) -> bool:
        """Whether a room of the settings has a name that counts as the same."""
        known = [self._rooms.get(each) for each in self._spellings.get(names.fold(name), ())]
        return any(each is not None and each.is_fixed for each in known)

    def _obtain(self, name: str) -> Room | None:
        room = self._rooms.get(name)
        if room is None and self._is_open:
            room = self._restore(name) if name in self._evicted else self._make(name)
        return room

    def _add(self, name: str, is_fixed: bool = False) -> Room:
        self._spellings.setdefault(names.fold(name), set()).add(name)
        room = self._rooms[name] = Room(name, is_fixed, self._roster)
        return room

    def _forget_spelling(self, name: str) -> None:
        """There is no room of this name any more."""
        spellings = self._spellings[names.fold(name)]
        spellings.remove(name)
        if not spellings:
            del self._spellings[names.fold(name)]

    def _unoccupied(self) -> Iterator[Room]:
        """The rooms without members that may be evicted, the least recently used first."""
        return (room for room in self._rooms.values() if not room.size and not room.is_fixed)

    def _make(self, name: str) -> Room:
        if not names.is_room_name(name):
            raise BadRoom(names.ROOM_NAMES)
        if not self._make_space() or len(self._rooms) + len(self._evicted) >= STORED * self._most:
            raise TooManyRooms("No more rooms can be made now: their number has reached its limit.")
        return self._add(name)

    def _restore(self, name: str) -> Room:
        # A room that has messages is restored even if no other room can make space.
        self._make_space()
        return self._wake(self._evicted[name])

    def _wake(self, known: EvictedRoom) -> Room:
        self._evicted.pop(known.name, None)
        room = self._add(known.name)
        room.last, room.topic, room.is_kept = known.last, known.topic, True
        return room

    def _evict(self, known: EvictedRoom) -> None:
        self._spellings.setdefault(names.fold(known.name), set()).add(known.name)
        self._evicted[known.name] = known

    def _make_space(self) -> bool:
        """Returns whether there is space for one more room, after evicting the least recently used one if necessary."""
        if len(self._rooms) < self._most:
            return True
        leaving = next(self._unoccupied(), None)
        if leaving is None:
            return False
        del self._rooms[leaving.name]
        if leaving.is_kept:
            self._evict(EvictedRoom(leaving.name, leaving.last, leaving.topic))
        else:
            self._forget_spelling(leaving.name)
        return True
