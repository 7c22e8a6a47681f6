"""How much somebody may ask for in a time; whoever does not heed the answer is read more slowly."""

from math import ceil
from typing import Final

from twisted.internet.interfaces import IReactorTime

from mixsvc.chat.model.people import Client
from mixsvc.chat.model.token_buckets import TokenBuckets
from mixsvc.chat.protocol.parsing import refusal
from mixsvc.chat.protocol.requests import MODERATING, Request, Say
from mixsvc.config.settings import ChatSettings

__all__ = ["REFUSALS_BEFORE_PAUSE", "RateLimiter"]

# Refusals in a row after which a connection is not read for a while, and for how many seconds.
REFUSALS_BEFORE_PAUSE: Final = 20
PAUSE_SECONDS: Final = 1.0


class RateLimiter:
    """Limits every person and every address. Used in the reactor thread only."""

    def __init__(self, clock: IReactorTime, settings: ChatSettings) -> None:
        self._clock = clock
        self._messages = TokenBuckets(settings.rate, settings.burst)
        self._requests = TokenBuckets(settings.joins / 60, settings.joins)

    def check(self, client: Client, request: Request) -> None:
        """Count a request. Raises RequestRefused when it comes too early."""
        if client.is_moderator and isinstance(request, MODERATING):
            # In the midst of an attack there is much to do.
            return
        buckets = self._messages if isinstance(request, Say) else self._requests
        # Before hello there is only the connection.
        person = client.person.id if client.person is not None else f"connection:{id(client)}"
        wait = buckets.take(self._clock.seconds(), person, client.address)
        if not wait:
            client.refused = 0
            return
        seconds = ceil(wait)
        raise refusal(request, "slow_down", f"Slow down: try again in {seconds} s.", wait=seconds)

    def refused(self, client: Client) -> None:
        """Count a refusal, whatever it is for: whoever does not listen is not heard for a while."""
        client.refused += 1
        if client.refused % REFUSALS_BEFORE_PAUSE == 0:
            # To tell it again costs more than not to read it.
            client.transport.pauseProducing()
            self._clock.callLater(PAUSE_SECONDS, client.transport.resumeProducing)
