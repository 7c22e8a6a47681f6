"""The rooms that the client's user has joined, and the state of each on the present connection."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from mixsvc.client.cursor import Cursor
from mixsvc.client.errors import ClientError
from mixsvc.client.events import Removed, RoomEvent, RoomListener

__all__ = ["JoinedRoom", "JoinedRooms"]

_log = Logger()


class _RoomState(Enum):
    # On the present connection.
    OUTSIDE = auto()
    INSIDE = auto()
    # The user left or was removed: the listener is not called any more.
    CLOSED = auto()


@dataclass(eq=False)
class JoinedRoom:
    """A room with its listener. first_join: fires once, when the server has let the client in for the first time."""

    name: str
    cursor: Cursor
    listener: RoomListener
    first_join: "Deferred[None]"
    state: _RoomState = _RoomState.OUTSIDE

    @property
    def is_inside(self) -> bool:
        """Whether the server counts the client as a member."""
        return self.state is _RoomState.INSIDE

    def mark_inside(self) -> None:
        """Note that the server has let the client in."""
        self.state = _RoomState.INSIDE

    def mark_outside(self) -> None:
        """Note that the client is not a member, so the room is joined again."""
        self.state = _RoomState.OUTSIDE

    def close(self) -> None:
        """Stop calling the listener."""
        self.state = _RoomState.CLOSED

    def finish_join(self) -> None:
        """Fire `first_join`; called after the listener got the messages that came with the answer."""
        if not self.first_join.called:
            self.first_join.callback(None)

    def fail_join(self, error: ClientError) -> None:
        """Fail `first_join` unless it has fired."""
        if not self.first_join.called:
            self.first_join.errback(error)

    def notify(self, events: Iterable[RoomEvent]) -> None:
        """Call the listener with each event, until the room is closed. A failure of the listener is logged."""
        for event in events:
            if self.state is _RoomState.CLOSED:
                return
            try:
                self.listener(event)
            except Exception:
                _log.failure("client: the listener of {room!r} failed", room=self.name)


class JoinedRooms:
    """All joined rooms by name. to_leave: rooms that the user left, for which `leave` is still to be answered."""

    def __init__(self) -> None:
        self._rooms: dict[str, JoinedRoom] = {}
        self.to_leave: dict[str, None] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._rooms

    def get(self, name: str) -> JoinedRoom | None:
        """The room; None when the user has not joined it."""
        return self._rooms.get(name)

    def inside(self, name: str) -> JoinedRoom | None:
        """The room, if the server has let the client in; else None."""
        room = self._rooms.get(name)
        return room if room is not None and room.is_inside else None

    def add(self, room: JoinedRoom) -> None:
        """Join the room from now on, over all connections."""
        self._rooms[room.name] = room

    def leave(self, name: str) -> None:
        """Close the room and leave it on the server. Ignores an unknown room."""
        room = self._rooms.pop(name, None)
        if room is not None:
            # This also undoes a join that is under way.
            self.to_leave[name] = None
            room.close()

    def remove(self, name: str, error: ClientError) -> None:
        """Close a room that the server refuses; its listener gets Removed. Ignores an unknown room."""
        room = self._rooms.pop(name, None)
        if room is None:
            return
        room.notify([Removed(error)])
        room.close()
        room.fail_join(error)

    def remove_all(self, error: ClientError) -> None:
        """Close all rooms; joins that have not been answered fail."""
        rooms, self._rooms = self._rooms, {}
        for room in rooms.values():
            room.close()
            room.fail_join(error)

    def mark_outside(self, name: str) -> None:
        """Join the room again: the server says that the client is not a member."""
        room = self._rooms.get(name)
        if room is not None:
            room.mark_outside()

    def disconnected(self) -> None:
        """Join all rooms again over the next connection; those to be left are left by the loss of the connection."""
        self.to_leave.clear()
        for room in self._rooms.values():
            room.mark_outside()

    def next_to_join(self) -> JoinedRoom | None:
        """The next room to send a join for; None when there is none."""
        outside = (room for room in self._rooms.values() if not room.is_inside and room.name not in self.to_leave)
        return next(outside, None)

    def next_gap(self) -> tuple[JoinedRoom, int, int] | None:
        """The next page of history that a cursor lacks: its room, `before` and `limit`; None when there is no gap."""
        for room in self._rooms.values():
            gap = room.cursor.next_gap() if room.is_inside else None
            if gap is not None:
                return room, *gap
        return None
