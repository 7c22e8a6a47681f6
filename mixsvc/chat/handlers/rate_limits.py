"""Rate limits: requests that come too fast are refused, and after many refusals a client is not read for a while."""

from math import ceil
from typing import Final

from twisted.internet.interfaces import IReactorTime

from mixsvc.chat.model.people import Client
from mixsvc.chat.model.token_buckets import TokenBuckets
from mixsvc.chat.protocol.parsing import refusal
from mixsvc.chat.protocol.requests import MODERATING, WRITING, Delete, Ping, Request, Search
from mixsvc.config.settings import ChatSettings
from mixsvc.errors import TooFast

__all__ = ["REFUSALS_BEFORE_PAUSE", "RateLimiter"]

# After how many refusals in a row a client is not read for a while, and for how many seconds.
REFUSALS_BEFORE_PAUSE: Final = 20
PAUSE_SECONDS: Final = 1.0

# How many signs of life a person may ask for in a second in the long run, and at once. They count for nothing else:
# the page asks for them by itself.
PINGS: Final = 1.0
PINGS_AT_ONCE: Final = 30


class RateLimiter:
    """Limits the requests of each person and of each address. Used in the reactor thread only."""

    def __init__(self, clock: IReactorTime, settings: ChatSettings) -> None:
        self._clock = clock
        self._messages = TokenBuckets(settings.rate, settings.burst)
        self._requests = TokenBuckets(settings.joins / 60, settings.joins)
        self._searches = TokenBuckets(settings.searches / 60, settings.searches)
        self._pings = TokenBuckets(PINGS, PINGS_AT_ONCE)

    def reload(self, settings: ChatSettings) -> None:
        """Take other rates; what was done counts as before."""
        self._messages.change(settings.rate, settings.burst)
        self._requests.change(settings.joins / 60, settings.joins)
        self._searches.change(settings.searches / 60, settings.searches)

    def check(self, client: Client, request: Request) -> None:
        """Count a request. Raises RequestRefused if it comes too early."""
        if client.is_moderator and isinstance(request, (Delete, *MODERATING)):
            # During an attack a moderator has much to do.
            return
        buckets = self._buckets(request)
        # Before hello there is only the connection.
        person = client.person.id if client.person is not None else f"connection:{id(client)}"
        wait = buckets.take(self._clock.seconds(), person, client.address)
        if not wait:
            if not isinstance(request, Ping):
                client.refused = 0
            return
        seconds = ceil(wait)
        raise refusal(request, "slow_down", f"Slow down: try again in {seconds} s.", wait=seconds)

    def check_searcher(self, person: str) -> None:
        """Count a search of somebody without a connection. Raises TooFast if it comes too early."""
        wait = self._searches.take(self._clock.seconds(), person, "")
        if wait:
            raise TooFast(f"search again in {ceil(wait)} s", ceil(wait))

    def _buckets(self, request: Request) -> TokenBuckets:
        if isinstance(request, WRITING):
            return self._messages
        if isinstance(request, Search):
            return self._searches
        return self._pings if isinstance(request, Ping) else self._requests

    def refused(self, client: Client) -> None:
        """Count a refusal for any reason; after many in a row, stop reading from the client for a while."""
        client.refused += 1
        if client.refused % REFUSALS_BEFORE_PAUSE == 0:
            # Not reading costs less than answering, and TCP slows the client down.
            client.transport.pauseProducing()
            self._clock.callLater(PAUSE_SECONDS, client.transport.resumeProducing)
