"""The roster of a node among others: what it does itself counts at once, what others do once it is heard. Pure."""

from collections.abc import Callable

from mixsvc.nodes.elsewhere import Elsewhere
from mixsvc.nodes.interfaces import PresenceListener, RoomMembers
from mixsvc.nodes.members import OWN, Occupancy
from mixsvc.nodes.own_rows import Change, OwnRows

__all__ = ["SharedRoster"]


class SharedRoster:
    """Implements Roster. `own` has what is to be written, `elsewhere` takes what is heard and read."""

    def __init__(self, changed: Callable[[], object]) -> None:
        """changed: called after each change that `own` has to write; it must not call the roster."""
        self._changed = changed
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
        self.own.set(Change(room, key, name))
        is_new = self._rooms.add(room, key, name, OWN)
        self._changed()
        return is_new

    def leave(self, room: str, key: str) -> bool:
        self.own.set(Change(room, key, None))
        has_gone = self._rooms.discard(room, key, OWN)
        self._changed()
        return has_gone

    def remove(self, room: str, key: str) -> bool:
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
        self.own.clear()
        self.elsewhere.clear()
