"""The roster of a node among others: what it does itself counts at once, what others do once it is heard."""

from collections.abc import Callable
from typing import Any

from mixsvc.nodes.elsewhere import Elsewhere
from mixsvc.nodes.interfaces import PresenceListener, RoomMembers
from mixsvc.nodes.members import OWN, Occupancy
from mixsvc.nodes.own_rows import Change, OwnRows
from mixsvc.nodes.pulse import LEAVING

__all__ = ["SharedRoster"]


class SharedRoster:
    """Implements Roster. `own` has what is to be written, `elsewhere` takes what is heard and read."""

    def __init__(self, call_later: Callable[..., Any], changed: Callable[[], object]) -> None:
        """call_later: as that of IReactorTime. changed: called after each change that `own` has to write; it must not
        call the roster.
        """
        self._call_later = call_later
        self._changed = changed
        # Those who were sent on to another node, with the calls after which they are inside no more.
        self._sent_on: dict[tuple[str, str], Any] = {}
        self._rooms = Occupancy()
        self.own = OwnRows()
        self.elsewhere = Elsewhere(self._rooms, self)

    def listen(self, listener: PresenceListener) -> None:
        self._listener = listener

    def came(self, room: str, name: str) -> None:
        """Implements PresenceListener for `elsewhere`."""
        self._listener.came(room, name)

    def went(self, room: str, name: str) -> None:
        """See came."""
        self._listener.went(room, name)

    def enter(self, room: str, key: str, name: str) -> bool:
        self._stop_waiting(room, key)
        self.own.set(Change(room, key, name))
        is_new = self._rooms.add(room, key, name, OWN)
        self._changed()
        return is_new

    def leave(self, room: str, key: str) -> bool:
        self.own.set(Change(room, key, None))
        has_gone = self._rooms.discard(room, key, OWN)
        self._changed()
        return has_gone

    def send_on(self, room: str, key: str) -> None:
        self._sent_on[room, key] = self._call_later(LEAVING, self._not_back, room, key)

    def remove(self, room: str, key: str) -> bool:
        self._stop_waiting(room, key)
        if self._rooms.members(room).has_on(key, OWN):
            self.own.set(Change(room, key, None))
        self.elsewhere.removed(room, key)
        was_inside = self._rooms.remove(room, key)
        self._changed()
        return was_inside

    def members(self, room: str) -> RoomMembers:
        return self._rooms.members(room)

    def clear(self) -> None:
        """This node begins anew; nobody is inside on it any more, and it knows no other."""
        for room, key in tuple(self._sent_on):
            self._stop_waiting(room, key)
            self._rooms.discard(room, key, OWN)
        self.own.clear()
        self.elsewhere.clear()

    def stop(self) -> None:
        """The others remove this node, and those whom it has sent on."""
        for room, key in tuple(self._sent_on):
            self._stop_waiting(room, key)

    def _stop_waiting(self, room: str, key: str) -> None:
        waiting = self._sent_on.pop((room, key), None)
        if waiting is not None:
            waiting.cancel()

    def _not_back(self, room: str, key: str) -> None:
        del self._sent_on[room, key]
        name = self._rooms.members(room).name(key)
        if self.leave(room, key):
            self.went(room, name)
