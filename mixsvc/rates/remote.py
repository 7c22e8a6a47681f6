"""The rates in another process of the same service: the latest ones are sent to it, those of the past it asks for."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from threading import Event
from typing import Any

from mixsvc.interfaces import PriceHistory, Quote, SourceHealth
from mixsvc.interfaces.rate_forms import (
    health_of_json,
    history_as_json,
    history_of_json,
    quote_as_json,
    quote_of_json,
)
from mixsvc.rates.facade import PastState, RatesFacade
from mixsvc.rates.history.history import RateHistory
from mixsvc.rates.model.latest import RateTable

__all__ = ["PushedRates", "RemoteHistory", "history_answers"]


def history_answers(history: RateHistory) -> Mapping[str, Callable[..., Any]]:
    """What other processes may ask about the past; each returns JSON, some after milliseconds. Any thread."""

    def legs(base: str, quote: str, day: str) -> Any:
        found = history.legs(base, quote, date.fromisoformat(day))
        return found and [quote_as_json(each) for each in found]

    def prices(base: str, quote: str, start: str, end: str, points: int) -> Any:
        days = date.fromisoformat(start), date.fromisoformat(end)
        return history_as_json(history.prices(base, quote, *days, points))

    def span(base: str, quote: str, end: str) -> Any:
        found = history.span(base, quote, date.fromisoformat(end))
        return found and [each.isoformat() for each in found]

    return {"legs": legs, "prices": prices, "span": span}


class RemoteHistory:
    """A RateHistory of another process. Used in worker threads, which each method blocks; raises ServiceBusy."""

    def __init__(self, ask: Callable[[str, Sequence[object]], Any]) -> None:
        """ask: asks a method of `history_answers`, and returns its JSON or raises its error."""
        self._ask = ask

    def legs(self, base: str, quote: str, day: date) -> tuple[Quote, Quote] | None:
        """See RateHistory."""
        found = self._ask("legs", (base, quote, day.isoformat()))
        return None if found is None else (quote_of_json(found[0]), quote_of_json(found[1]))

    def prices(self, base: str, quote: str, start: date, end: date, points: int) -> PriceHistory:
        """See RateHistory."""
        return history_of_json(self._ask("prices", (base, quote, start.isoformat(), end.isoformat(), points)))

    def span(self, base: str, quote: str, end: date = date.max) -> tuple[date, date] | None:
        """See RateHistory."""
        found = self._ask("span", (base, quote, end.isoformat()))
        return None if found is None else (date.fromisoformat(found[0]), date.fromisoformat(found[1]))

    def version(self) -> None:
        """See IRates.version: to ask for it would take as long as to ask for the prices."""


class PushedRates:
    """What mixsvc.rates.news sends, as this process reads it. One thread takes it; any thread reads.

    facade: the rates for views. Whether a quote is stale is computed when it is read, by the clock of the reader.
    """

    def __init__(self, now: Callable[[], datetime], history: RemoteHistory) -> None:
        """now: the time, UTC and aware. history: that of the process that sends."""
        self._table = RateTable(now)
        self._sources: Sequence[SourceHealth] = ()
        self._past = PastState.LACKING
        self._has_come = Event()
        self.facade = RatesFacade(self._table, history, lambda: self._sources, now, lambda: self._past)

    def take(self, payload: bytes) -> None:
        """Take over what was sent, in place of all that came before."""
        news = json.loads(payload)
        self._sources = tuple(health_of_json(each) for each in news["sources"])
        self._past = PastState(news["past"])
        self._table.replace([quote_of_json(each) for each in news["quotes"]], date.fromisoformat(news["last_day"]))
        self._has_come.set()

    def wait(self, seconds: float) -> None:
        """Wait until something has come; nobody waits any more once somebody has waited in vain for so long."""
        if not self._has_come.is_set() and not self._has_come.wait(seconds):
            self._has_come.set()
