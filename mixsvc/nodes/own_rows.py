"""What this node writes of who is inside: changes in groups, numbered, each until the engine has it. Pure."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

from mixsvc.common.records import record

__all__ = ["Batch", "Change", "OwnRows", "by_room"]

# How many bytes the names of a group may have: the hint with them has to fit into 7900 bytes.
MOST_BYTES: Final = 6000


class Change(NamedTuple):
    """Whether a person is in a room on a node. name: None if the person is not."""

    room: str
    key: str
    name: str | None


@record
class Batch:
    """A group of changes, or all rows of this node. number: the node's own. journal: the event that was applied last.

    is_whole: the rows replace all that the engine has of this node.
    """

    number: int
    journal: int
    changes: Sequence[Change]
    is_whole: bool


class OwnRows:
    """The persons inside on this node, and what of it the engine does not have yet. Reactor thread.

    One batch is under way at a time, and is the same until its answer is known, so that it may be written twice.
    """

    def __init__(self) -> None:
        self._inside: dict[tuple[str, str], str] = {}
        self._changed: dict[tuple[str, str], None] = {}
        self._number = 0
        self._batch: Batch | None = None

    @property
    def number(self) -> int:
        """The number of the newest batch that the engine has."""
        return self._number

    def set(self, change: Change) -> None:
        """A person is inside or not. It is written even if the engine has the same: others may have removed it."""
        address = change.room, change.key
        if change.name is None:
            self._inside.pop(address, None)
        else:
            self._inside[address] = change.name
        self._changed[address] = None

    def next(self, journal: int) -> Batch | None:
        """The batch that is to be written now: the last one if its answer is not known. None if there is nothing."""
        if self._batch is None and self._changed:
            self._batch = Batch(self._number + 1, journal, self._take(), is_whole=False)
        return self._batch

    def written(self, number: int, journal: int) -> Batch | None:
        """The newest number that the engine has of this node; returns the batch that it now has, if there is one.

        If the engine lost what it had, as it may in a crash, everything is written anew.
        """
        batch = self._batch
        if batch is not None and number == batch.number:
            self._number, self._batch = number, None
            return batch
        if number != self._number:
            self._rewrite(max(number, self._number, batch.number if batch is not None else 0) + 1, journal)
        return None

    def clear(self) -> None:
        """The node begins anew: nobody is inside, and the engine has nothing of it."""
        self._inside.clear()
        self._changed.clear()
        self._number, self._batch = 0, None

    def _rewrite(self, number: int, journal: int) -> None:
        self._changed.clear()
        rows = [Change(room, key, name) for (room, key), name in self._inside.items()]
        self._batch = Batch(number, journal, rows, is_whole=True)

    def _take(self) -> Sequence[Change]:
        taken: list[Change] = []
        size = 0
        for room, key in islice(self._changed, MOST_BYTES):
            change = Change(room, key, self._inside.get((room, key)))
            size += sum(len(part.encode()) + 4 for part in change if part is not None)
            if taken and size > MOST_BYTES:
                break
            taken.append(change)
        for each in taken:
            del self._changed[each.room, each.key]
        return taken


def by_room(changes: Sequence[Change]) -> Mapping[str, tuple[list[str], list[str]]]:
    """The changes by rooms: the names of those who came, and the keys of those who went."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for room, key, name in changes:
        came, went = found.setdefault(room, ([], []))
        if name is None:
            went.append(key)
        else:
            came.append(name)
    return found
