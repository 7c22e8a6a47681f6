"""Who waits for a child that is ready, to ask it something."""

from typing import Final

from twisted.internet.defer import Deferred, fail, succeed

from mixsvc.errors import ServiceBusy
from mixsvc.wsgi.supervision.interfaces import SupervisedProcess
from mixsvc.wsgi.supervision.slots import Slots, ready_in

__all__ = ["MAX_WAITING_RUNS", "ReadyWaiters"]

# Questions to the application that may wait for its children.
MAX_WAITING_RUNS: Final = 1000


class ReadyWaiters:
    """Finds the ready child with the least to do, now or as soon as there is one. Used in the reactor thread."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._waiting: list[Deferred[SupervisedProcess]] = []

    def process(self) -> "Deferred[SupervisedProcess]":
        """Fires with the child; cancellable. Fails with ServiceBusy if too many wait, and when `refuse` is called."""
        best = self._best()
        if best is not None:
            return succeed(best)
        if len(self._waiting) >= MAX_WAITING_RUNS:
            return fail(_busy())
        waiting: Deferred[SupervisedProcess] = Deferred(self._waiting.remove)
        self._waiting.append(waiting)
        return waiting

    def tell(self) -> None:
        """A child is ready: nobody waits any longer."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            best = self._best()
            if best is None:
                self._waiting.append(each)
            else:
                each.callback(best)

    def refuse(self) -> None:
        """No child is to be expected: those that wait fail."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.errback(_busy())

    def _best(self) -> SupervisedProcess | None:
        return min(ready_in(self._slots), key=lambda each: each.load, default=None)


def _busy() -> ServiceBusy:
    return ServiceBusy("no process that runs the application is ready")
