"""Charts for another process of the same service: it draws them itself, and asks for the PNG of what it has drawn."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from zope.interface import implementer

from mixsvc.charts.queue import ChartQueue, picture_of
from mixsvc.interfaces import PriceHistory
from mixsvc.interfaces.charts import ICharts

__all__ = ["RemoteCharts", "chart_answers"]


def chart_answers(queue: ChartQueue) -> Mapping[str, Callable[..., Any]]:
    """What other processes may ask, in the reactor thread."""
    return {"picture": queue.picture}


@implementer(ICharts)
class RemoteCharts:
    """The charts in a process that makes no PNGs."""

    def __init__(self, ask: Callable[[str, Sequence[object]], Any]) -> None:
        """ask: asks a method of `chart_answers`; its time limit is that of a picture."""
        self._ask = ask

    def picture(self, history: PriceHistory, form: str) -> bytes:
        """See ICharts."""
        return picture_of(history, form, lambda svg: self._ask("picture", (svg,)))
