"""Who is in which room, on all nodes. Pure."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from typing import Final

from mixsvc.common import names

__all__ = ["NOBODY", "OWN", "Members", "Occupancy"]

# The own node among those of a person, whatever its number in the engine is: it gets a new one when it begins anew.
OWN: Final = 0


class Members:
    """Implements RoomMembers. Changed in the reactor thread; any thread may read `size`, `names` and `has`.

    A node is a number. Whoever is on several nodes is one person.
    """

    __slots__ = ("_places", "_sorted")

    def __init__(self) -> None:
        # The nodes of each person, by the key of the name.
        self._places: dict[str, frozenset[int]] = {}
        self._sorted: list[tuple[str, str]] = []

    @property
    def size(self) -> int:
        """How many persons are inside; any thread."""
        return len(self._sorted)

    def names(self) -> Sequence[str]:
        """Their names, sorted without regard to case; any thread."""
        # The copy is one step of the interpreter, so that another thread may call this.
        return [name for _, name in tuple(self._sorted)]

    def names_after(self, name: str | None, limit: int) -> Sequence[str]:
        """At most `limit` names that follow a name in the list, or the first ones for None."""
        start = 0 if name is None else bisect_right(self._sorted, (names.key(name), name))
        return [each for _, each in self._sorted[start : start + limit]]

    def has(self, key: str) -> bool:
        """Whether the person whose name has this key is inside; any thread."""
        return key in self._places

    def has_on(self, key: str, node: int) -> bool:
        """Whether this person is inside on a node."""
        return node in self._places.get(key, ())

    def name(self, key: str) -> str:
        """The name of a person who is inside. Raises KeyError if nobody with this key is."""
        if key not in self._places:
            raise KeyError(key)
        return self._sorted[self._index(key)][1]

    def add(self, key: str, name: str, node: int) -> bool:
        """A person is inside on a node; returns whether the person was on none before."""
        places = self._places.get(key)
        if places is None:
            self._places[key] = _single(node)
            insort(self._sorted, (key, name))
            return True
        if node not in places:
            self._places[key] = places | {node}
        return False

    def discard(self, key: str, node: int) -> bool:
        """A person is not inside on a node; returns whether it was the person's last one."""
        places = self._places.get(key, frozenset())
        if node not in places:
            return False
        if len(places) > 1:
            self._places[key] = places - {node}
            return False
        self.remove(key)
        return True

    def remove(self, key: str) -> bool:
        """A person is inside on no node any more; returns whether the person was."""
        if key not in self._places:
            return False
        del self._sorted[self._index(key)]
        del self._places[key]
        return True

    def _index(self, key: str) -> int:
        # No name is empty, so this is where the key's only entry stands.
        return bisect_left(self._sorted, (key, ""))


# Most persons are on one node, and share its set.
_SINGLES: Final[dict[int, frozenset[int]]] = {}


def _single(node: int) -> frozenset[int]:
    found = _SINGLES.get(node)
    if found is None:
        found = _SINGLES[node] = frozenset({node})
    return found


# What a room without members has; nobody changes it.
NOBODY: Final = Members()


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
