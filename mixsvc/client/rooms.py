"""The rooms a client wants to be in, and how far it has come with each on the present connection."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from mixsvc.client.cursor import Place
from mixsvc.client.errors import ClientError
from mixsvc.client.events import Removed, RoomEvent, RoomListener

__all__ = ["Room", "Rooms"]

_log = Logger()


class _Phase(Enum):
    """Of a room, on the present connection."""

    OUTSIDE = auto()
    INSIDE = auto()
    # The listener is told no more.
    GONE = auto()


@dataclass(eq=False)
class Room:
    """A room that somebody listens to. arrived: fires once, when we are inside for the first time."""

    name: str
    place: Place
    listener: RoomListener
    arrived: "Deferred[None]"
    phase: _Phase = _Phase.OUTSIDE

    @property
    def is_inside(self) -> bool:
        return self.phase is _Phase.INSIDE

    def enter(self) -> None:
        """The server has let us in."""
        self.phase = _Phase.INSIDE

    def arrive(self) -> None:
        """The listener has been told what came with it."""
        if not self.arrived.called:
            self.arrived.callback(None)

    def tell(self, events: Iterable[RoomEvent]) -> None:
        """Tell the listener, as long as it listens."""
        for event in events:
            if self.phase is _Phase.GONE:
                return
            try:
                self.listener(event)
            except Exception:
                _log.failure("client: the listener of {room!r} failed", room=self.name)


class Rooms:
    """All of them, and those that the server does not know yet that we left."""

    def __init__(self) -> None:
        self._wanted: dict[str, Room] = {}
        self.to_leave: dict[str, None] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._wanted

    def get(self, name: str) -> Room | None:
        """The room, if it is wanted."""
        return self._wanted.get(name)

    def inside(self, name: str) -> Room | None:
        """The room, if the server has let us in."""
        room = self._wanted.get(name)
        return room if room is not None and room.is_inside else None

    def add(self, room: Room) -> None:
        """From now on it is wanted."""
        self._wanted[room.name] = room

    def leave(self, name: str) -> None:
        """It is wanted no more, and its listener hears nothing more."""
        room = self._wanted.pop(name, None)
        if room is not None:
            # Where a join is under way it is undone, too.
            self.to_leave[name] = None
            room.phase = _Phase.GONE

    def remove(self, name: str, error: ClientError) -> None:
        """The server does not want us in it."""
        room = self._wanted.pop(name, None)
        if room is None:
            return
        room.tell([Removed(error)])
        room.phase = _Phase.GONE
        if not room.arrived.called:
            room.arrived.errback(error)

    def remove_all(self, error: ClientError) -> None:
        """There will be no connection any more; those who wait for their first one are told."""
        rooms, self._wanted = self._wanted, {}
        for room in rooms.values():
            room.phase = _Phase.GONE
            if not room.arrived.called:
                room.arrived.errback(error)

    def expel(self, name: str) -> None:
        """The server says that we are outside, where we want to be inside."""
        room = self._wanted.get(name)
        if room is not None:
            room.phase = _Phase.OUTSIDE

    def lost(self) -> None:
        """The connection is lost: we are outside everywhere."""
        self.to_leave.clear()
        for name in self._wanted:
            self.expel(name)

    def to_join(self) -> Room | None:
        """The next one to be joined."""
        outside = (room for room in self._wanted.values() if not room.is_inside and room.name not in self.to_leave)
        return next(outside, None)

    def to_fill(self) -> tuple[Room, int, int] | None:
        """The next page of a room's history that is needed: the room, before, limit."""
        for room in self._wanted.values():
            wanted = room.place.wanted() if room.is_inside else None
            if wanted is not None:
                return room, *wanted
        return None
