"""New rates for those who subscribed to pairs."""

from dataclasses import replace

from mixsvc.chat.handlers.state import ChatState
from mixsvc.chat.model.people import Client, Transport
from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import RequestRefused, refusal
from mixsvc.chat.protocol.requests import Subscribe
from mixsvc.common.currencies import is_currency
from mixsvc.interfaces import IRates, Quote

__all__ = ["RateFeed"]


class RateFeed:
    """Answers subscribe, and sends what has changed. Used in the reactor thread only."""

    def __init__(self, state: ChatState, rates: IRates) -> None:
        self._state = state
        self._rates = rates
        self._subscribers: dict[str, dict[Transport, None]] = {}
        self._told: dict[str, Quote] = {}

    def subscribe(self, client: Client, request: Subscribe) -> None:
        """Send these pairs now and whenever they change, in place of those before. Raises RequestRefused."""
        pairs = tuple(dict.fromkeys(pair.upper() for pair in request.pairs))
        quotes = [self._checked(request, pair) for pair in pairs]
        self.depart(client)
        client.pairs = pairs
        for pair, quote in zip(pairs, quotes, strict=True):
            self._subscribers.setdefault(pair, {})[client.transport] = None
            if quote is not None:
                self._told.setdefault(pair, quote)
        client.send(events.rates(quote for quote in quotes if quote is not None))

    def depart(self, client: Client) -> None:
        """The client subscribes to nothing any more."""
        for pair in client.pairs:
            subscribers = self._subscribers[pair]
            del subscribers[client.transport]
            if not subscribers:
                del self._subscribers[pair]
                self._told.pop(pair, None)
        client.pairs = ()

    def changed(self) -> None:
        """There are new rates: send to each what is new to them."""
        for pair, subscribers in tuple(self._subscribers.items()):
            quote = self._latest(pair)
            if subscribers and quote is not None and _is_news(quote, self._told.get(pair)):
                self._told[pair] = quote
                self._state.broadcast(events.rates([quote]), tuple(subscribers))

    def _checked(self, request: Subscribe, pair: str) -> Quote | None:
        base, _, quote = pair.partition("/")
        known = self._rates.currencies()
        for code in (base, quote):
            if not is_currency(code) or (known and code not in known):
                raise _unknown(request, pair)
        return self._latest(pair)

    def _latest(self, pair: str) -> Quote | None:
        base, _, quote = pair.partition("/")
        return self._rates.latest(base, quote)


def _is_news(new: Quote, told: Quote | None) -> bool:
    # The same price of the same day, fetched once more, is none.
    return told is None or replace(told, fetched_at=new.fetched_at) != new


def _unknown(request: Subscribe, pair: str) -> RequestRefused:
    return refusal(
        request, "bad_pair", f"{pair[:20]!r} is no pair of currencies known here; give pairs such as EUR/USD."
    )
