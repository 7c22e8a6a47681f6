"""The seam between those who show pictures of rates and those who draw them."""

from typing import TYPE_CHECKING, Final

from zope.interface import Interface

if TYPE_CHECKING:
    # Which imports this.
    from mixsvc.interfaces import PriceHistory

__all__ = ["MAX_POINTS", "ICharts"]

# A picture is not wide enough for more; and what goes to the process that draws stays small.
MAX_POINTS: Final = 400


class ICharts(Interface):
    """Draws how a price went. The same history gives the same bytes."""

    def picture(history: "PriceHistory", form: str) -> bytes:
        """A picture of 600 by 300 pixels; form: png or svg. The history has from 1 to MAX_POINTS points.

        Called in a worker thread, never in the reactor's, which it blocks until another process has drawn. Raises
        ServiceBusy where that took too long, failed, or where too many wait already.
        """
