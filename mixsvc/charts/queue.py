"""Pictures of rates for whoever asks: the latest ones are kept, and only so many are drawn and waited for."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredSemaphore, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from mixsvc.charts.chart import Chart, chart_of
from mixsvc.charts.pool import ChartPool
from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import PriceHistory
from mixsvc.interfaces.charts import ICharts

__all__ = ["KEPT", "ChartQueue", "ChartLimits", "Charts"]

# Pictures that are kept; each has less than 64 KiB, as it came through AMP.
KEPT: Final = 64


@dataclass(frozen=True)
class ChartLimits:
    """processes: pictures drawn at one time. waiting: requests for pictures at one time. seconds: each may wait."""

    processes: int
    waiting: int
    seconds: float


class ChartQueue:
    """Belongs to the reactor thread."""

    _log = Logger()

    def __init__(self, clock: IReactorTime, pool: ChartPool, limits: ChartLimits) -> None:
        """pool: draws; stopped by `stop`."""
        self._clock = clock
        self._pool = pool
        self._limits = limits
        self._turns = DeferredSemaphore(limits.processes)
        self._waiting = 0
        # The latest that was asked for last.
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()

    def picture(self, chart: Chart) -> "Deferred[bytes]":
        """Fires with the picture; fails with ServiceBusy."""
        return Deferred.fromCoroutine(self._picture(chart))

    def stop(self) -> "Deferred[None]":
        """Fires when no process draws any more; cancel it to kill them."""
        return self._pool.stop()

    async def _picture(self, chart: Chart) -> bytes:
        kept = self._found(chart)
        if kept is not None:
            return kept
        if self._waiting >= self._limits.waiting:
            raise ServiceBusy(f"{self._waiting} requests wait for charts already")
        self._waiting += 1
        try:
            return await self._drawn_in_turn(chart)
        finally:
            self._waiting -= 1

    async def _drawn_in_turn(self, chart: Chart) -> bytes:
        try:
            await self._turns.acquire().addTimeout(self._limits.seconds, self._clock)
        except TimeoutError:
            raise ServiceBusy("other charts took too long") from None
        try:
            # While this waited, somebody else may have got it.
            return self._found(chart) or await self._drawn(chart)
        finally:
            self._turns.release()

    async def _drawn(self, chart: Chart) -> bytes:
        try:
            picture = await self._pool.draw(chart)
        except ServiceBusy:
            raise
        except Exception as error:
            self._log.warn(
                "charts: {base}/{quote} could not be drawn ({reason}); a new process draws the next one",
                base=chart.base,
                quote=chart.quote,
                reason=str(error),
            )
            raise ServiceBusy("the process that draws failed") from None
        self._kept[chart.key] = picture
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return picture

    def _found(self, chart: Chart) -> bytes | None:
        kept = self._kept.get(chart.key)
        if kept is not None:
            self._kept.move_to_end(chart.key)
        return kept


@implementer(ICharts)
class Charts:
    """See ICharts: the charts as views see them."""

    def __init__(self, bridge: Callable[..., Any], charts: ChartQueue) -> None:
        """bridge: as in mixsvc.chat.facade.ChatFacade; its time limit is that of a picture."""
        self._bridge = bridge
        self._charts = charts

    def picture(self, history: PriceHistory, form: str) -> bytes:
        """See ICharts. Raises ValueError for a history or a form that will not do."""
        picture: bytes = self._bridge(self._charts.picture, chart_of(history, form))
        return picture
