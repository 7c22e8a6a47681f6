"""Charts: pictures of how a price went."""

from typing import Final

from zope.interface import Interface

from mixsvc.interfaces.rates import PriceHistory

__all__ = ["MAX_POINTS", "ICharts"]

# A picture is not wide enough for more, and drawing it stays quick.
MAX_POINTS: Final = 400


class ICharts(Interface):
    """Draws histories of prices. The same history gives the same bytes."""

    def picture(history: PriceHistory, form: str) -> bytes:
        """Returns a picture of 600 by 300 pixels.

        history: with 1 to MAX_POINTS points. form: "png" or "svg". Called in a worker thread. It draws an SVG itself,
        and waits for a PNG until another process has made it. Raises ServiceBusy if that took too long or failed, or if
        too many pictures wait already; ValueError for no or too many points, and for another form.
        """
