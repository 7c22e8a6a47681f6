"""Values of rates as JSON, for another process of the same service: lists in the order of the fields. Pure.

Prices and times are texts that keep every digit. `stale` is left out: whoever reads a quote computes it by the own
clock.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from mixsvc.interfaces.rates import PriceHistory, Quote, SourceHealth

__all__ = [
    "health_as_json",
    "health_of_json",
    "history_as_json",
    "history_of_json",
    "quote_as_json",
    "quote_of_json",
]


def quote_as_json(quote: Quote) -> list[object]:
    """Returns the form of a quote."""
    day, fetched_at = quote.date.isoformat(), quote.fetched_at.isoformat()
    return [quote.base, quote.quote, str(quote.price), day, fetched_at, quote.source]


def quote_of_json(form: Sequence[Any]) -> Quote:
    """Returns the quote of a form; it is not stale."""
    base, quote, price, day, fetched_at, source = form
    fetched = datetime.fromisoformat(fetched_at)
    return Quote(base, quote, Decimal(price), date.fromisoformat(day), fetched, source, stale=False)


def history_as_json(history: PriceHistory) -> list[object]:
    """Returns the form of a history."""
    points = [(day.isoformat(), str(price)) for day, price in history.points]
    gaps = [(before.isoformat(), after.isoformat()) for before, after in history.gaps]
    return [history.base, history.quote, points, history.days, list(history.sources), gaps]


def history_of_json(form: Sequence[Any]) -> PriceHistory:
    """Returns the history of a form."""
    base, quote, points, days, sources, gaps = form
    dated = [(date.fromisoformat(day), Decimal(price)) for day, price in points]
    between = [(date.fromisoformat(before), date.fromisoformat(after)) for before, after in gaps]
    return PriceHistory(base, quote, dated, days, sources, between)


def health_as_json(health: SourceHealth) -> list[object]:
    """Returns the form of a source's health."""
    times = [each and each.isoformat() for each in (health.last_success, health.next_try)]
    return [health.name, health.state, times[0], health.failures, health.last_error, times[1]]


def health_of_json(form: Sequence[Any]) -> SourceHealth:
    """Returns the health of a form."""
    name, state, last_success, failures, last_error, next_try = form
    times = [each and datetime.fromisoformat(each) for each in (last_success, next_try)]
    return SourceHealth(name, state, times[0], failures, last_error, times[1])
