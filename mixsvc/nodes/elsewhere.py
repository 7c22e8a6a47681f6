"""What this node knows of who is inside on other nodes: a copy of their rows, kept up to date by hints. Pure.

Each node numbers what it writes. A hint has the changes of one number; if one is missing, the node's rows are read. A
change waits until this node has applied what its author had applied of the journal: a person who is kicked out has
been `kicked` before the author's row is gone.
"""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import Final, TypeAlias

from mixsvc.common import names
from mixsvc.common.records import record
from mixsvc.nodes.hints import Moved
from mixsvc.nodes.interfaces import PresenceListener
from mixsvc.nodes.members import Occupancy

__all__ = ["Elsewhere", "NodeRows"]

# How many hints of a node may wait for the journal; beyond that its rows are read.
MOST_HELD: Final = 1000

Address: TypeAlias = tuple[str, str]


@record
class NodeRows:
    """All rows of a node as they were at one moment: room, key and name. number, journal: then, as in Moved."""

    node: int
    number: int
    journal: int
    rows: Sequence[tuple[str, str, str]]


class _Copy:
    """The rows of one node. number: of the newest batch in it, -1 for none. known: the newest there is."""

    __slots__ = ("held", "known", "number", "rows")

    def __init__(self) -> None:
        self.number = -1
        self.known = 0
        self.rows: set[Address] = set()
        self.held: deque[Moved | NodeRows] = deque()


class Elsewhere:
    """The persons inside on other nodes, in an Occupancy that the own node changes too. Reactor thread."""

    def __init__(self, rooms: Occupancy, listener: PresenceListener) -> None:
        self._rooms = rooms
        self._listener = listener
        # The number up to which this node has applied the journal.
        self._journal = 0
        self._copies: dict[int, _Copy] = {}

    def nodes(self) -> frozenset[int]:
        """The other nodes that this one knows."""
        return frozenset(self._copies)

    def heard(self, moved: Moved) -> None:
        """Another node has written something."""
        self._hold(moved)

    def read(self, rows: NodeRows) -> bool:
        """The rows of another node were read; returns whether they have brought something new."""
        copy = self._copies.get(rows.node)
        if copy is None:
            return False
        before = copy.number
        self._hold(rows)
        return copy.number > before

    def behind(self) -> Sequence[int]:
        """The nodes whose rows are to be read, as something of them is missing."""
        return [node for node, copy in self._copies.items() if copy.known > copy.number and not copy.held]

    def numbers(self, written: Mapping[int, int], expected: frozenset[int]) -> None:
        """The engine has these other nodes, and up to these numbers what they have written.

        expected: what `nodes` was when the engine was asked. Those that it does not have any more are gone.
        """
        for node in expected - written.keys():
            self.gone(node)
        for node, number in written.items():
            copy = self._copies.setdefault(node, _Copy())
            copy.known = max(copy.known, number)

    def gone(self, node: int) -> None:
        """A node has no rows any more."""
        copy = self._copies.pop(node, None)
        if copy is not None:
            self._discard(node, copy.rows)

    def applied(self, journal: int) -> None:
        """This node has applied the journal up to this number."""
        self._journal = max(self._journal, journal)
        for node in tuple(self._copies):
            self._release(node)

    def removed(self, room: str, key: str) -> None:
        """A person was kicked out of a room: the rows of it count no more."""
        for copy in self._copies.values():
            copy.rows.discard((room, key))

    def clear(self) -> None:
        """Forget all nodes; the listener is not called."""
        for node, copy in self._copies.items():
            for room, key in copy.rows:
                self._rooms.discard(room, key, node)
        self._copies.clear()

    def _hold(self, news: Moved | NodeRows) -> None:
        copy = self._copies.setdefault(news.node, _Copy())
        copy.known = max(copy.known, news.number)
        if len(copy.held) >= MOST_HELD:
            copy.held.clear()
        copy.held.append(news)
        self._release(news.node)

    def _release(self, node: int) -> None:
        copy = self._copies[node]
        while copy.held and copy.held[0].journal <= self._journal:
            news = copy.held.popleft()
            if isinstance(news, NodeRows):
                self._replace(copy, news)
            elif news.number == copy.number + 1 and news.rooms is not None:
                self._change(copy, news)

    def _replace(self, copy: _Copy, news: NodeRows) -> None:
        if news.number < copy.number:
            return
        rows = {(room, key): name for room, key, name in news.rows}
        gone = copy.rows - rows.keys()
        copy.number = news.number
        self._discard(news.node, gone)
        copy.rows -= gone
        for (room, key), name in rows.items():
            self._add(copy, news.node, (room, key), name)

    def _change(self, copy: _Copy, moved: Moved) -> None:
        assert moved.rooms is not None
        copy.number = moved.number
        for room, (came, went) in moved.rooms.items():
            gone = {(room, key) for key in went} & copy.rows
            copy.rows -= gone
            self._discard(moved.node, gone)
            for name in came:
                self._add(copy, moved.node, (room, names.key(name)), name)

    def _add(self, copy: _Copy, node: int, address: Address, name: str) -> None:
        if address in copy.rows:
            return
        room, key = address
        copy.rows.add(address)
        if self._rooms.add(room, key, name, node):
            self._listener.came(room, name)

    def _discard(self, node: int, rows: Collection[Address]) -> None:
        # Sorted, so that all nodes tell it in the same order.
        for room, key in sorted(rows):
            members = self._rooms.members(room)
            name = members.name(key) if members.has(key) else ""
            if self._rooms.discard(room, key, node):
                self._listener.went(room, name)
