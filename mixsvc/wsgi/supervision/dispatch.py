"""Which child gets a request, and the requests that wait for one."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from twisted.internet.interfaces import IReactorTime

from mixsvc.http.refusals import UNAVAILABLE
from mixsvc.wsgi.supervision.interfaces import QueuedCall, SupervisedProcess
from mixsvc.wsgi.supervision.slots import Slots, ready_in

__all__ = ["WAIT_SECONDS", "CallDispatch"]

# How long a request waits while no child is ready; then it is refused. Large applications are imported that long.
WAIT_SECONDS: Final = 30.0


class CallDispatch:
    """Gives each request to the ready child with the fewest; the rest waits in order. Used in the reactor thread.

    A request is with one child at a time, and with no other once a view may have seen it. Without a ready child
    requests wait for WAIT_SECONDS, or not at all while `is_hopeless` is set.
    """

    def __init__(self, clock: IReactorTime, slots: Slots, threads: int) -> None:
        """threads: of each child."""
        self.is_hopeless = False
        self._clock = clock
        self._slots = slots
        self._threads = threads
        # Each with the time at which it came, the oldest one first.
        self._waiting: OrderedDict[QueuedCall, float] = OrderedDict()

    @property
    def waiting(self) -> int:
        """The requests that no child has."""
        return len(self._waiting)

    def submit(self, call: QueuedCall, gone: Callable[[QueuedCall], object]) -> None:
        """Give a request to a child as soon as one has room; it is refused if that cannot be expected.

        gone: called with a request whose client leaves while it waits here.
        """
        process = self._freest()
        if process is not None and not self._waiting:
            process.begin(call)
        elif self.is_hopeless and not ready_in(self._slots):
            call.fail(UNAVAILABLE)
        else:
            self._wait(call, gone)

    def take_back(self, calls: Sequence[QueuedCall], gone: Callable[[QueuedCall], object]) -> None:
        """Give requests to others that a child has not begun, before all that wait. gone: see `submit`."""
        for call in reversed(calls):
            self._wait(call, gone)
            self._waiting.move_to_end(call, last=False)
        if self.is_hopeless and not ready_in(self._slots):
            self.refuse_all()
        while self._waiting and (process := self._freest()) is not None:
            process.begin(self._waiting.popitem(last=False)[0])

    def _wait(self, call: QueuedCall, gone: Callable[[QueuedCall], object]) -> None:
        self._waiting[call] = self._clock.seconds()
        call.gone = partial(gone, call)

    def withdraw(self, call: QueuedCall) -> None:
        """Forget a request that waits, as its client has left. Does nothing for any other."""
        self._waiting.pop(call, None)

    def fill(self, process: SupervisedProcess) -> None:
        """Give waiting requests to a child that may have room."""
        while self._waiting and self._has_room(process):
            process.begin(self._waiting.popitem(last=False)[0])

    def refuse_late(self, last_ready: float) -> None:
        """Refuse requests that have waited too long; called now and then while no child is ready.

        last_ready: when a child was last ready.
        """
        before = self._clock.seconds() - WAIT_SECONDS
        if last_ready <= before:
            for call in [each for each, came in self._waiting.items() if came <= before]:
                self._refuse(call)

    def refuse_all(self) -> None:
        """Refuse every request that waits."""
        for call in list(self._waiting):
            self._refuse(call)

    def _refuse(self, call: QueuedCall) -> None:
        # It may be withdrawn meanwhile, by what the refusal of another one has led to.
        if self._waiting.pop(call, None) is not None:
            call.fail(UNAVAILABLE)

    def _freest(self) -> SupervisedProcess | None:
        best: SupervisedProcess | None = None
        for slot in self._slots:
            process = slot.ready
            if process is not None and (best is None or process.calls < best.calls) and self._has_room(process):
                best = process
        return best

    def _has_room(self, process: SupervisedProcess) -> bool:
        return process.is_ready and process.has_room(self._threads)
