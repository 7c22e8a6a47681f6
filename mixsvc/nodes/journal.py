"""Reads the journal as soon as there is something in it, and applies its events in order."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from twisted.internet.defer import Deferred, gatherResults, maybeDeferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.errors import ServiceBusy
from mixsvc.nodes import statements
from mixsvc.nodes.confirmations import CONFIRMED, Confirmations
from mixsvc.nodes.event_order import EventOrder, Ready
from mixsvc.nodes.hints import Recorded
from mixsvc.nodes.interfaces import Bus, JournalEvent, JournalPage
from mixsvc.nodes.statements import Run

__all__ = ["SharedJournal"]

# How long after a read that failed, or was in vain, it is tried again, in seconds.
PAUSE: Final = 1.0


class SharedJournal:
    """Implements Journal. Reactor thread."""

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        run: Run,
        bus: Bus,
        applied: Callable[[int], object],
        confirmations: Confirmations,
    ) -> None:
        """run: of the chat's own engine. applied(number): called when the events up to this number are applied."""
        self._clock = clock
        self._run = run
        self._bus = bus
        self._applied = applied
        self._confirmations = confirmations
        self._order = EventOrder(0)
        # The parts besides the chat that get events of a kind, and what they do if some were missed.
        self._listeners: dict[str, Callable[[JournalEvent], object]] = {}
        self._missers: list[Callable[[], object]] = []
        self._waiting: list[tuple[int, Deferred[None]]] = []
        self._is_reading = False

    @property
    def position(self) -> int:
        """The number of the newest event that is applied."""
        return self._order.position

    def follow(
        self,
        apply: Callable[[JournalEvent], object],
        missed: Callable[[], object],
        read: "Callable[[int], Deferred[JournalPage]]",
    ) -> None:
        self._apply = apply
        self._missed = missed
        self._read_after = read
        self._bus.listen(Recorded, self.heard)

    def listen(self, kind: str, apply: Callable[[JournalEvent], object], missed: Callable[[], object]) -> None:
        self._listeners[kind] = apply
        self._missers.append(missed)

    def begin_at(self, position: int) -> None:
        self._order = EventOrder(position)
        self._has_applied()

    def heard(self, hint: Recorded) -> None:
        """There are events up to this number."""
        self._order.heard(hint.number)
        self._read()

    def stored(self, event: JournalEvent) -> "Deferred[None]":
        self._bus.tell(Recorded(event.number))
        self._do(self._order.stored(event))
        return self._when_applied(event.number)

    def look(self) -> None:
        # If it cannot be read, the next heartbeat says that it is there.
        self._read_after(self.position).addCallbacks(self._looked, lambda failure: None)

    def _looked(self, page: JournalPage) -> None:
        self._bus.tell(Recorded(page.last))
        self.heard(Recorded(page.last))

    def post(self, kind: str, room: str, body: Mapping[str, Any]) -> "Deferred[None]":
        marked = {**body, CONFIRMED: True}
        posted = self._run(statements.post, kind, room, marked).addErrback(_busy)
        return posted.addCallback(lambda number: self._everywhere(JournalEvent(number, kind, room, marked)))

    def _everywhere(self, event: JournalEvent) -> "Deferred[None]":
        done = self._confirmations.wait(event.number)
        # If those before it cannot be read now, it is applied later.
        self.stored(event).addErrback(lambda failure: failure.trap(ServiceBusy))
        return done

    def _when_applied(self, number: int) -> "Deferred[None]":
        if number <= self.position:
            return succeed(None)
        applied: Deferred[None] = Deferred()
        self._waiting.append((number, applied))
        self._read()
        return applied

    def _read(self) -> None:
        if self._is_reading or not self._order.is_behind:
            return
        self._is_reading = True
        self._read_after(self.position).addCallbacks(self._has_read, self._not_read, (self._order.known,))

    def _has_read(self, page: JournalPage, known: int) -> None:
        """known: up to which number there were events when it was asked."""
        self._is_reading = page.last < known
        if self._is_reading:
            # A server has lost some, or another one has them; what is read at once is the same.
            self._clock.callLater(PAUSE, self._read_again)
        self._do(self._order.read(page))
        self._read()

    def _not_read(self, failure: Failure) -> None:
        waiting, self._waiting = self._waiting, []
        self._clock.callLater(PAUSE, self._read_again)
        for _, applied in waiting:
            applied.errback(ServiceBusy("what others have done before cannot be read now"))

    def _read_again(self) -> None:
        self._is_reading = False
        self._read()

    def _do(self, ready: Ready) -> None:
        try:
            if ready.has_missed:
                for missed in (*self._missers, self._missed):
                    missed()
            for event in ready.events:
                self._do_event(event)
        finally:
            self._has_applied()
        waiting, self._waiting = self._waiting, []
        for number, applied in waiting:
            if number <= self.position:
                applied.callback(None)
            else:
                self._waiting.append((number, applied))

    def _has_applied(self) -> None:
        self._applied(self.position)
        self._confirmations.applied(self.position)

    def _do_event(self, event: JournalEvent) -> None:
        is_confirmed = event.body.get(CONFIRMED) is True
        if is_confirmed:
            event = replace(event, body={name: value for name, value in event.body.items() if name != CONFIRMED})
            self._confirmations.begun(event.number)
        doing = [
            maybeDeferred(apply, event).addErrback(self._not_applied, event)
            for apply in (self._listeners.get(event.kind), self._apply)
            if apply is not None
        ]
        if is_confirmed:
            gatherResults(doing).addCallback(lambda _: self._confirmations.ended(event.number))

    def _not_applied(self, failure: Failure, event: JournalEvent) -> None:
        self._log.failure(
            "nodes: the event {number} ({kind}) was not applied", failure, number=event.number, kind=event.kind
        )


def _busy(failure: Failure) -> int:
    raise ServiceBusy("it cannot be stored now; try again a little later") from failure.value
