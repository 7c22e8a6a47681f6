"""Charts: pictures of how a price went."""

from typing import Final

from zope.interface import Interface

from mixsvc.interfaces.rates import PriceHistory

__all__ = ["MAX_POINTS", "ICharts"]

# A picture is not wide enough for more, and the message to the process that draws stays small.
MAX_POINTS: Final = 400


class ICharts(Interface):
    """Draws histories of prices. The same history gives the same bytes."""

    def picture(history: PriceHistory, form: str) -> bytes:
        """Returns a picture of 600 by 300 pixels.

        history: with 1 to MAX_POINTS points. form: "png" or "svg". Called in a worker thread, which waits until
        another process has drawn the picture. Raises ServiceBusy if drawing took too long or failed, or if too many
        pictures wait already.
        """
