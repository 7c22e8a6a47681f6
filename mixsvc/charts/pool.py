"""The drawing processes: started when they are first needed, and ended with the service at the latest."""

from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import DeferToThread

__all__ = ["ChartProcessPool", "ChartPool"]

# How long a process may take to end after it was asked to, before it is killed.
EXIT_SECONDS: Final = 0.5


class ChartPool(Protocol):
    """Draws in other processes. For the reactor thread."""

    def draw(self, svg: str) -> "Deferred[bytes]":
        """Fires with the PNG; fails with any Exception if the process fails, ends, or takes too long."""

    def stop(self) -> "Deferred[None]":
        """Starts no more processes, and fires when all have ended; cancelling it kills them."""


class ChartProcessPool:
    """A ChartPool on Ampoule's ProcessPool. A process that fails or takes too long is replaced."""

    def __init__(self, reactor: IReactorTime, processes: int, seconds: float, defer_to_thread: DeferToThread) -> None:
        """reactor: the global one, as Ampoule uses that. seconds: for one picture, including the start of a process.

        defer_to_thread: imports Ampoule, for the first picture.
        """
        self._reactor = reactor
        self._processes = processes
        self._seconds = seconds
        self._defer_to_thread = defer_to_thread
        # Typed by Ampoule, which must not be imported before a reactor is installed.
        self._pool: Any = None
        self._starter: Any = None
        self._is_stopped = False

    def draw(self, svg: str) -> "Deferred[bytes]":
        """See ChartPool. Ampoule queues calls for which it has no process."""
        return Deferred.fromCoroutine(self._draw(svg))

    def stop(self) -> "Deferred[None]":
        """See ChartPool."""
        self._is_stopped = True
        return Deferred.fromCoroutine(self._stop())

    async def _draw(self, svg: str) -> bytes:
        # In a thread, as that takes longer than the reactor may be held up.
        worker = await self._defer_to_thread(_worker)
        if self._is_stopped:
            raise ServiceBusy("the service is stopping")
        if self._pool is None:
            self._starter = worker.ChartProcessStarter()
            self._pool = worker.make_pool(self._starter, self._processes, self._seconds)
        answer: Deferred[dict[str, bytes]] = self._pool.doWork(worker.Draw, svg=svg)
        # Ampoule limits only the time of a call; a process that does not end after that would block the queue for ever.
        answer.addTimeout(self._seconds + EXIT_SECONDS, self._reactor).addErrback(self._killed)
        return (await answer)["picture"]

    def _killed(self, failure: Failure) -> Failure:
        if failure.check(TimeoutError):
            self._starter.kill_all()
        return failure

    async def _stop(self) -> None:
        if self._pool is None:
            return
        late = self._reactor.callLater(EXIT_SECONDS, self._starter.kill_all)
        try:
            await self._pool.stop()
        finally:
            # Including those that Ampoule asked to end earlier and that did not.
            self._starter.kill_all()
            if late.active():
                late.cancel()


def _worker() -> Any:
    from mixsvc.charts import worker

    return worker
