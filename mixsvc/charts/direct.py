"""Charts in a host without drawing processes: another WSGI server, whose threads and processes are its own to limit."""

from zope.interface import implementer

from mixsvc.charts.queue import picture_of
from mixsvc.interfaces import PriceHistory
from mixsvc.interfaces.charts import ICharts

__all__ = ["DirectCharts"]


@implementer(ICharts)
class DirectCharts:
    """Draws in the thread that asks."""

    def picture(self, history: PriceHistory, form: str) -> bytes:
        """See ICharts. A PNG takes some 50 ms of a core, and the library that makes it is loaded with the first one."""
        return picture_of(history, form, _png_of)


def _png_of(svg: str) -> bytes:
    from mixsvc.charts.png import png_of

    return png_of(svg)
