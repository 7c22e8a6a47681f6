"""Who is in which room, on all nodes. Pure."""

from mixsvc.nodes.members import NOBODY, Members

__all__ = ["OWN", "Occupancy"]

# The own node among those of a person, whatever its number in the engine is: it gets a new one when it begins anew.
OWN = 0


class Occupancy:
    """The rooms with somebody inside. Changed in the reactor thread; any thread may read `members`."""

    def __init__(self) -> None:
        self._rooms: dict[str, Members] = {}

    def members(self, room: str) -> Members:
        """The persons in a room; NOBODY, which must not be changed, if it is empty."""
        return self._rooms.get(room, NOBODY)

    def add(self, room: str, key: str, name: str, node: int) -> bool:
        """A person is in a room on a node; returns whether the person was on none before."""
        members = self._rooms.get(room)
        if members is None:
            members = self._rooms[room] = Members()
        return members.add(key, name, node)

    def discard(self, room: str, key: str, node: int) -> bool:
        """A person is not in a room on a node; returns whether it was the person's last one."""
        members = self.members(room)
        return self._released(room, members, members.discard(key, node))

    def remove(self, room: str, key: str) -> bool:
        """A person is in a room on no node any more; returns whether the person was."""
        members = self.members(room)
        return self._released(room, members, members.remove(key))

    def _released(self, room: str, members: Members, has_gone: bool) -> bool:
        if has_gone and not members.size:
            del self._rooms[room]
        return has_gone
