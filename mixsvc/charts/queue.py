"""PNGs of charts: a cache of the latest, limits for how many are drawn and waited for, and what views see of it."""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from mixsvc.charts.pool import ChartPool, ChartProcessPool
from mixsvc.common.records import record
from mixsvc.config.settings import Settings
from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import DeferToThread, PriceHistory
from mixsvc.interfaces.charts import ICharts
from mixsvc.threads.bridge import Bridge
from mixsvc.threads.limited_runs import LimitedRuns

__all__ = ["CACHED", "ChartQueue", "ChartLimits", "ChartsFacade", "make_charts", "picture_of"]

# Pictures in the cache. Each has less than 64 KiB, the limit of a value in AMP.
CACHED: Final = 64


@record
class ChartLimits:
    """processes: pictures drawn at a time. waiting: requests at a time. seconds: how long a request may wait."""

    processes: int
    waiting: int
    seconds: float


class ChartQueue:
    """Has PNGs made in turn. Lives in the reactor thread."""

    _log = Logger()

    def __init__(self, clock: IReactorTime, pool: ChartPool, limits: ChartLimits) -> None:
        """pool: draws the pictures; `stop` stops it."""
        self._clock = clock
        self._pool = pool
        self._limits = limits
        self._slots = LimitedRuns(limits.processes)
        self._waiting = 0
        # The least recently used first.
        self._cache: OrderedDict[str, bytes] = OrderedDict()

    def picture(self, svg: str) -> "Deferred[bytes]":
        """Fires with the PNG of an SVG; fails with ServiceBusy if it is not drawn in time or too many requests wait."""
        return Deferred.fromCoroutine(self._picture(svg))

    def stop(self) -> "Deferred[None]":
        """Fires when all drawing processes have ended; cancelling it kills them."""
        return self._pool.stop()

    async def _picture(self, svg: str) -> bytes:
        cached = self._cached(svg)
        if cached is not None:
            return cached
        if self._waiting >= self._limits.waiting:
            raise ServiceBusy(f"{self._waiting} requests for charts are waiting already")
        self._waiting += 1
        try:
            return await self._draw_in_turn(svg)
        finally:
            self._waiting -= 1

    async def _draw_in_turn(self, svg: str) -> bytes:
        late = self._clock.callLater(self._limits.seconds, lambda: turn.cancel())

        def draw() -> Deferred[bytes]:
            late.cancel()
            return Deferred.fromCoroutine(self._draw(svg))

        turn = self._slots.run(draw)
        try:
            return await turn
        except CancelledError:
            raise ServiceBusy("drawing other charts took too long") from None
        finally:
            if late.active():
                late.cancel()

    async def _draw(self, svg: str) -> bytes:
        # Another request may have had it drawn in the meantime.
        cached = self._cached(svg)
        if cached is not None:
            return cached
        try:
            picture = await self._pool.draw(svg)
        except ServiceBusy:
            raise
        except Exception as error:
            self._log.warn("charts: one could not be drawn ({reason}); a new process draws the next", reason=str(error))
            raise ServiceBusy("the drawing process failed") from None
        self._cache[svg] = picture
        if len(self._cache) > CACHED:
            self._cache.popitem(last=False)
        return picture

    def _cached(self, svg: str) -> bytes | None:
        picture = self._cache.get(svg)
        if picture is not None:
            self._cache.move_to_end(svg)
        return picture


@implementer(ICharts)
class ChartsFacade:
    """The charts as views see them."""

    def __init__(self, bridge: Callable[..., Any], queue: ChartQueue) -> None:
        """bridge: a mixsvc.threads.bridge.Bridge or the like, whose time limit is that of a picture."""
        self._bridge = bridge
        self._queue = queue

    def picture(self, history: PriceHistory, form: str) -> bytes:
        """See ICharts."""
        return picture_of(history, form, partial(self._bridge, self._queue.picture))


def picture_of(history: PriceHistory, form: str, png_of: Callable[[str], bytes]) -> bytes:
    """Returns what ICharts.picture returns. png_of: has the PNG of an SVG made; called for that form only."""
    if form not in ("png", "svg"):
        raise ValueError(f"the form {form} is not possible: give png or svg")
    # Here, in the thread of the first view that asks.
    from mixsvc.charts.drawing import draw

    svg = draw(history)
    return svg.encode() if form == "svg" else png_of(svg)


def make_charts(reactor: Any, settings: Settings, defer_to_thread: DeferToThread) -> tuple[ChartQueue, ChartsFacade]:
    """A queue, and the facade for views, which wait for their charts. No process starts before the first chart."""
    seconds, processes, threads = settings.rates.chart_timeout, settings.rates.chart_processes, settings.web.threads
    # A view waits for its chart in its thread, so a quarter of the threads is kept for other requests.
    limits = ChartLimits(processes, max(1, threads - max(1, threads // 4)), seconds)
    pool = ChartProcessPool(reactor, processes, seconds, defer_to_thread)
    queue = ChartQueue(reactor, pool, limits)
    return queue, ChartsFacade(Bridge(reactor, seconds), queue)
