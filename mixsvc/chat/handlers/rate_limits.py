"""How much somebody may ask for in a time; whoever does not heed the answer is read more slowly."""

from math import ceil
from typing import Final

from twisted.internet.interfaces import IReactorTime

from mixsvc.chat.model.people import Guest
from mixsvc.chat.model.token_buckets import Meters
from mixsvc.chat.protocol.parsing import refusal
from mixsvc.chat.protocol.requests import MODERATING, Request, Say
from mixsvc.config.settings import ChatSettings

__all__ = ["PATIENCE", "Pace"]

# Refusals in a row after which a connection is not read for a while, and for how many seconds.
PATIENCE: Final = 20
PAUSE_SECONDS: Final = 1.0


class Pace:
    """Meters every person and every address. Used in the reactor thread only."""

    def __init__(self, clock: IReactorTime, settings: ChatSettings) -> None:
        self._clock = clock
        self._says = Meters(settings.rate, settings.burst)
        self._asks = Meters(settings.joins / 60, settings.joins)

    def check(self, guest: Guest, request: Request) -> None:
        """Count a request. Raises WireError when it comes too early."""
        if guest.is_moderator and isinstance(request, MODERATING):
            # In the midst of an attack there is much to do.
            return
        meters = self._says if isinstance(request, Say) else self._asks
        # Before hello there is only the connection.
        person = guest.person.id if guest.person is not None else f"connection:{id(guest)}"
        wait = meters.take(self._clock.seconds(), person, guest.address)
        if not wait:
            guest.refused = 0
            return
        seconds = ceil(wait)
        raise refusal(request, "slow_down", f"Slow down: try again in {seconds} s.", wait=seconds)

    def refused(self, guest: Guest) -> None:
        """Count a refusal, whatever it is for: whoever does not listen is not heard for a while."""
        guest.refused += 1
        if guest.refused % PATIENCE == 0:
            # To tell it again costs more than not to read it.
            guest.transport.pauseProducing()
            self._clock.callLater(PAUSE_SECONDS, guest.transport.resumeProducing)
