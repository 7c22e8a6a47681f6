"""Answers subscribe, and sends new rates to the subscribers."""

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
    """The subscribers of each pair, and the quote that they got last. Used in the reactor thread only."""

    def __init__(self, state: ChatState, rates: IRates) -> None:
        self._state = state
        self._rates = rates
        self._subscribers: dict[str, dict[Transport, None]] = {}
        self._last_sent: dict[str, Quote] = {}

    def subscribe(self, client: Client, request: Subscribe) -> None:
        """Send the quotes of these pairs, now and whenever they change; earlier pairs end. Raises RequestRefused."""
        pairs = tuple(dict.fromkeys(pair.upper() for pair in request.pairs))
        quotes = [self._checked(request, pair) for pair in pairs]
        self.depart(client)
        client.pairs = pairs
        for pair, quote in zip(pairs, quotes, strict=True):
            self._subscribers.setdefault(pair, {})[client.transport] = None
            if quote is not None:
                self._last_sent.setdefault(pair, quote)
        client.send(events.rates(quote for quote in quotes if quote is not None))

    def depart(self, client: Client) -> None:
        """End the subscriptions of a client."""
        for pair in client.pairs:
            subscribers = self._subscribers[pair]
            del subscribers[client.transport]
            if not subscribers:
                del self._subscribers[pair]
                self._last_sent.pop(pair, None)
        client.pairs = ()

    def changed(self) -> None:
        """Send the quotes that have changed to their subscribers."""
        for pair, subscribers in tuple(self._subscribers.items()):
            quote = self._latest(pair)
            if subscribers and quote is not None and _has_changed(quote, self._last_sent.get(pair)):
                self._last_sent[pair] = quote
                self._state.broadcast(events.rates([quote]), tuple(subscribers))

    def _checked(self, request: Subscribe, pair: str) -> Quote | None:
        base, _, quote = pair.partition("/")
        # While more of the past is awaited, nothing is unknown for good.
        known = self._rates.currencies() if self._rates.is_complete() else ()
        for code in (base, quote):
            if not is_currency(code):
                raise _unknown(request, pair)
            # A currency of the past may be quoted again, as the krona was; and the page subscribes to all of its pairs.
            if known and code not in known and self._rates.span(code, code) is None:
                raise _unknown(request, pair)
        return self._latest(pair)

    def _latest(self, pair: str) -> Quote | None:
        base, _, quote = pair.partition("/")
        return self._rates.latest(base, quote)


def _has_changed(new: Quote, last: Quote | None) -> bool:
    # The same price of the same day, fetched again, has not changed.
    return last is None or replace(last, fetched_at=new.fetched_at) != new


def _unknown(request: Subscribe, pair: str) -> RequestRefused:
    return refusal(request, "bad_pair", f"{pair[:20]!r} is not a known pair of currencies; give pairs such as EUR/USD.")
