"""Charts for another process of the same service: the history goes to it, and the picture comes back."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from mixsvc.charts.chart import chart_of, check_drawable
from mixsvc.charts.queue import ChartQueue
from mixsvc.interfaces import DeferToThread, PriceHistory
from mixsvc.interfaces.charts import ICharts
from mixsvc.interfaces.rate_forms import history_as_json, history_of_json

__all__ = ["RemoteCharts", "chart_answers"]


def chart_answers(queue: ChartQueue, defer_to_thread: DeferToThread) -> Mapping[str, Callable[..., Any]]:
    """What other processes may ask, in the reactor thread. defer_to_thread: reads what they send, in a millisecond."""

    def picture(history: Sequence[Any], form: str) -> "Deferred[bytes]":
        return defer_to_thread(lambda: chart_of(history_of_json(history), form)).addCallback(queue.picture)

    return {"picture": picture}


@implementer(ICharts)
class RemoteCharts:
    """The charts in a process that does not draw them."""

    def __init__(self, ask: Callable[[str, Sequence[object]], Any]) -> None:
        """ask: asks a method of `chart_answers`; its time limit is that of a picture."""
        self._ask = ask

    def picture(self, history: PriceHistory, form: str) -> bytes:
        """See ICharts. Raises ValueError for a history without points or with too many, and for another form."""
        check_drawable(history, form)
        picture: bytes = self._ask("picture", (history_as_json(history), form))
        return picture
