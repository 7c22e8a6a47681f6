"""The rates as views and the chat see them: latest quotes from the table, past ones from the history."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Final, Protocol

from zope.interface import implementer

from mixsvc.common.currencies import decimals
from mixsvc.interfaces import Conversion, IRates, PriceHistory, Quote, SourceHealth
from mixsvc.rates.model.calendar import is_stale, overdue_on
from mixsvc.rates.model.latest import RateTable
from mixsvc.rates.model.money import MAX_AMOUNT_DIGITS, convert, is_amount
from mixsvc.rates.model.quote import priced

__all__ = ["PastState", "RatesFacade"]

# A day begins this long before UTC in the easternmost time zone.
_FARTHEST_EAST: Final = timedelta(hours=14)


class PastState(Enum):
    """How much of the past there is: only what has been polled, what the archive has, or all that can be had."""

    LACKING = "lacking"
    GROWING = "growing"
    SETTLED = "settled"


class PastRates(Protocol):
    """The quotes of the past: mixsvc.rates.history.history.RateHistory, or that of another process."""

    def legs(self, base: str, quote: str, day: date) -> tuple[Quote, Quote] | None:
        """Returns the prices of both currencies in a base that they share, of the last common date up to the day."""

    def prices(self, base: str, quote: str, start: date, end: date, points: int) -> PriceHistory:
        """See IRates.history."""

    def span(self, base: str, quote: str, end: date = date.max) -> tuple[date, date] | None:
        """See IRates.span; of the dates up to `end`."""

    def version(self) -> object:
        """See IRates.version."""


@implementer(IRates)
class RatesFacade:
    """Reads snapshots, in any thread; only those of the past may be in another process.

    past: how much of it there is.
    """

    def __init__(
        self,
        table: RateTable,
        history: PastRates,
        health: Callable[[], Sequence[SourceHealth]],
        now: Callable[[], datetime],
        past: Callable[[], PastState] = lambda: PastState.SETTLED,
    ) -> None:
        """health, now (UTC, aware), past: called in every thread that reads."""
        self._table = table
        self._history = history
        self._health = health
        self._now = now
        self.past = past

    def latest(self, base: str, quote: str) -> Quote | None:
        """See IRates."""
        return self._table.latest(base, quote)

    def currencies(self) -> Sequence[str]:
        """See IRates."""
        return self._table.currencies()

    def on(self, base: str, quote: str, day: date) -> Quote | None:
        """See IRates."""
        legs = self._legs(base, quote, day)
        return None if legs is None else self._with_staleness(priced(*legs), day)

    def convert(self, amount: Decimal, base: str, quote: str, day: date | None = None) -> Conversion | None:
        """See IRates."""
        if not is_amount(amount):
            raise ValueError(f"the amount is not valid: give a finite number of at most {MAX_AMOUNT_DIGITS} digits")
        legs = self._table.legs(base, quote) if day is None else self._legs(base, quote, day)
        if legs is None:
            return None
        have, want = legs
        places = decimals(quote)
        result = convert(amount, have.price, want.price, places)
        return Conversion(amount, result, places, self._with_staleness(priced(have, want), day))

    def history(self, base: str, quote: str, start: date, end: date, points: int) -> PriceHistory:
        """See IRates."""
        span = self.span(base, quote)
        return self._history.prices(base, quote, start, end if span is None else min(end, span[1]), points)

    def span(self, base: str, quote: str) -> tuple[date, date] | None:
        """See IRates."""
        # A day in the future was stored while the time was wrong; it counts only where there is no other one.
        return self._history.span(base, quote, self._last_day()) or self._history.span(base, quote)

    def state(self) -> object:
        """Returns a value that is another one when any answer about rates may be: what is stale is so to the second."""
        second = int(self._now().timestamp())
        return self._table.version(), self._history.version(), self.past(), second

    def version(self) -> object:
        """See IRates."""
        return self._history.version()

    def is_complete(self) -> bool:
        """See IRates."""
        return self.past() is not PastState.LACKING

    def is_settled(self) -> bool:
        """See IRates."""
        return self.past() is PastState.SETTLED

    def sources(self) -> Sequence[SourceHealth]:
        """See IRates."""
        return self._health()

    def _last_day(self) -> date:
        return (self._now() + _FARTHEST_EAST).date()

    def _with_staleness(self, quote: Quote, day: date | None) -> Quote:
        """Returns the quote with `stale` as of the evening of a day, or as of now for None."""
        now = self._now()
        return replace(quote, stale=is_stale(quote.date, now if day is None else min(now, overdue_on(day))))

    def _legs(self, base: str, quote: str, day: date) -> tuple[Quote, Quote] | None:
        if day > self._last_day():
            return None
        return self._history.legs(base, quote, day)
