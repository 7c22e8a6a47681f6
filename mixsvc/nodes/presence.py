"""Writes who is inside on this node, and reads who is inside on others when a hint was missed."""

from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from mixsvc.nodes import statements
from mixsvc.nodes.elsewhere import NodeRows
from mixsvc.nodes.hints import Gone, Moved
from mixsvc.nodes.interfaces import Bus
from mixsvc.nodes.own_rows import Batch, by_room
from mixsvc.nodes.roster import SharedRoster
from mixsvc.nodes.statements import Run

__all__ = ["Presence"]

# How long after a failure it goes on, in seconds.
PAUSE: Final = 1.0


class Presence:
    """Keeps a roster and the engine alike, one statement of each kind at a time. Reactor thread."""

    def __init__(self, clock: IReactorTime, run: Run, bus: Bus, node: Callable[[], int]) -> None:
        """node: returns the number of this node, 0 while it has none."""
        self._clock = clock
        self._run = run
        self._bus = bus
        self._node = node
        self._journal = 0
        self._is_writing = False
        self._reading: set[int] = set()
        # How often hints were missed, so that rows were read.
        self.repairs = 0
        self.roster = SharedRoster(clock.callLater, self._changed)
        bus.listen(Moved, self._heard)
        bus.listen(Gone, self._gone)

    def applied(self, journal: int) -> None:
        """This node has applied the journal up to this number."""
        self._journal = journal
        self.roster.elsewhere.applied(journal)

    def answered(self, beat: statements.Beat, expected: frozenset[int]) -> None:
        """The engine has answered a heartbeat. expected: the other nodes that were known when it was asked."""
        own = self._node()
        others = {node: number for node, number in beat.written.items() if node != own}
        self.roster.elsewhere.numbers(others, expected)
        if not self._is_writing:
            self.roster.own.written(beat.written[own], self._journal)
            self._write()
        self._read()

    def _changed(self) -> None:
        if not self._is_writing and self._node():
            self._is_writing = True
            # Those who come in one turn of the reactor are written together.
            self._clock.callLater(0, self._go_on)

    def _go_on(self) -> None:
        self._is_writing = False
        self._write()

    def _write(self) -> None:
        node = self._node()
        batch = self.roster.own.next(self._journal) if node else None
        if batch is None:
            return
        self._is_writing = True
        self._run(statements.move, node, batch).addCallbacks(self._written, self._failed, (node,))

    def _written(self, number: int | None, node: int) -> None:
        if node != self._node():
            self._go_on()
        elif number is None:
            # The node is given up; it learns it with its next heartbeat.
            self._clock.callLater(PAUSE, self._go_on)
        else:
            self._is_writing = False
            batch = self.roster.own.written(number, self._journal)
            if batch is not None:
                self._tell(node, batch)
            self._write()

    def _tell(self, node: int, batch: Batch) -> None:
        rooms = None if batch.is_whole else by_room(batch.changes)
        self._bus.tell(Moved(node, batch.number, batch.journal, rooms))

    def _failed(self, failure: Failure) -> None:
        self._clock.callLater(PAUSE, self._go_on)

    def _heard(self, moved: Moved) -> None:
        self.roster.elsewhere.heard(moved)
        self._read()

    def _gone(self, gone: Gone) -> None:
        for node in gone.nodes:
            self.roster.elsewhere.gone(node)

    def _read(self) -> None:
        for node in self.roster.elsewhere.behind():
            if node not in self._reading:
                self._reading.add(node)
                self.repairs += 1
                self._run(statements.rows, node).addCallbacks(
                    self._has_read, self._not_read, (node,), errbackArgs=(node,)
                )

    def _has_read(self, rows: NodeRows | None, node: int) -> None:
        self._reading.discard(node)
        if rows is None:
            self.roster.elsewhere.gone(node)
        elif self.roster.elsewhere.read(rows):
            # Some hints may have come too early. What the engine lost in a crash is not there yet: the next heartbeat
            # looks again.
            self._read()

    def _not_read(self, failure: Failure, node: int) -> None:
        # The next heartbeat finds that it is still missing.
        self._reading.discard(node)
