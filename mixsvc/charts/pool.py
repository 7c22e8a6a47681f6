"""The processes that draw, started at the first need and never outliving the service."""

from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from mixsvc.charts.chart import Chart
from mixsvc.errors import ServiceBusy

__all__ = ["ChartProcessPool", "ChartPool"]

# How long a process may take to end when it is asked to, in seconds; then it is killed.
GOODBYE_SECONDS: Final = 0.5


class ChartPool(Protocol):
    """Draws in other processes; its methods are called in the reactor thread."""

    def draw(self, chart: Chart) -> "Deferred[bytes]":
        """Fires with the picture; fails with any Exception where the process fails, ends, or takes too long."""

    def stop(self) -> "Deferred[None]":
        """Fires when every process has ended; cancelling it kills them. No more are started."""


class ChartProcessPool:
    """See ChartPool: one of Ampoule's. A process that fails or takes too long is replaced."""

    def __init__(self, reactor: IReactorTime, processes: int, seconds: float) -> None:
        """reactor: the global one, which Ampoule uses anyway. seconds: for one picture, a process' start included."""
        self._reactor = reactor
        self._processes = processes
        self._seconds = seconds
        # Of Ampoule, which must not be imported yet.
        self._pool: Any = None
        self._starter: Any = None
        self._is_stopped = False

    def draw(self, chart: Chart) -> "Deferred[bytes]":
        """See ChartPool. Ampoule keeps those waiting for whom it has no process."""
        if self._is_stopped:
            raise ServiceBusy("the service is stopping")
        from mixsvc.charts import worker

        if self._pool is None:
            self._starter = worker.ChartProcessStarter()
            self._pool = worker.make_pool(self._starter, self._processes, self._seconds)
        answer: Deferred[dict[str, bytes]] = self._pool.doWork(worker.Draw, **worker.draw_arguments(chart))
        # Ampoule's limit is for a process at work; one that does not end when it should makes others wait for ever.
        answer.addTimeout(self._seconds + GOODBYE_SECONDS, self._reactor).addErrback(self._killed)
        return answer.addCallback(lambda found: found["picture"])

    def stop(self) -> "Deferred[None]":
        """See ChartPool."""
        self._is_stopped = True
        return Deferred.fromCoroutine(self._stop())

    def _killed(self, failure: Failure) -> Failure:
        if failure.check(TimeoutError):
            self._starter.kill_all()
        return failure

    async def _stop(self) -> None:
        if self._pool is None:
            return
        late = self._reactor.callLater(GOODBYE_SECONDS, self._starter.kill_all)
        try:
            await self._pool.stop()
        finally:
            # Those, too, that Ampoule had asked to end before and that did not.
            self._starter.kill_all()
            if late.active():
                late.cancel()
