"""Error responses that say why there is no quote: no such currency, none of that day, or none at the moment."""

from datetime import date
from typing import Final, NoReturn

from mixsvc.answers.asked import quoted
from mixsvc.answers.problems import refuse, refuse_for_now
from mixsvc.answers.rate_query import RateQuery
from mixsvc.common.currencies import no_longer_quoted, unknown_currency
from mixsvc.common.text import similar

__all__ = ["no_chart", "no_charts", "no_past", "no_quote"]

# Retry-After for a missing quote: about the interval of polls.
RETRY_SECONDS: Final = 30

# Retry-After for a chart: a new process needs about that to start.
REDRAW_SECONDS: Final = 5


def no_quote(query: RateQuery, day: date | None) -> NoReturn:
    """Refuses a request for the quote of a day (None: the latest) that does not exist."""
    _check_known(query)
    span = query.rates.span(*query.pair)
    if day is None:
        _check_quoted(query)
    if day is None or span is None or not query.rates.is_complete():
        _check_shared(query)
        _try_later(query)
    pair = "/".join(query.pair)
    first, last = span[0].isoformat(), span[1].isoformat()
    if day < span[0]:
        detail = f"There is no quote of {pair} on {day}: the first one is of {first}."
        refuse(400, detail, first=first, last=last)
    detail = f"There is no quote of {pair} on {day}: there are quotes from {first} to {last}, "
    refuse(404, f"{detail}each holds for a week at most, and none for future days.", first=first, last=last)


def no_past(query: RateQuery) -> NoReturn:
    """Refuses a request for the history of a pair that has none."""
    _check_known(query)
    _check_shared(query)
    _try_later(query)


def no_chart() -> NoReturn:
    """Refuses a request for a chart that could not be drawn in time."""
    refuse_for_now(f"The chart cannot be drawn at the moment; ask again in {REDRAW_SECONDS} s.", REDRAW_SECONDS)


def no_charts() -> NoReturn:
    """Refuses a request for a chart in a host that draws none."""
    refuse(503, "Charts are drawn by `twistd mixsvc` only; this server has the prices, at /history.")


def _check_known(query: RateQuery) -> None:
    known = query.rates.currencies()
    for code in query.pair if known else ():
        if code not in known and query.rates.span(code, code) is None:
            if not query.rates.is_complete():
                _try_later(query)
            near = similar(code, known)
            refuse(404, unknown_currency(quoted(code), near), suggestions=near)


def _check_quoted(query: RateQuery) -> None:
    known = query.rates.currencies()
    # Of those that are still quoted nothing is read: the days of a base are found by the prices of all its currencies.
    for code in query.pair if known else ():
        span = None if code in known else query.rates.span(code, code)
        if span:
            first, last = span[0].isoformat(), span[1].isoformat()
            detail = f"{no_longer_quoted(code, span[1])} Ask for that day: ?date={last}."
            refuse(404, detail, first=first, last=last)


def _check_shared(query: RateQuery) -> None:
    base, quote = query.pair
    if not query.rates.is_complete():
        return
    if query.rates.span(*query.pair) is None and query.rates.span(base, base) and query.rates.span(quote, quote):
        refuse(404, f"{base} and {quote} were never quoted on the same day.")


def _try_later(query: RateQuery) -> NoReturn:
    pair = "/".join(query.pair)
    refuse_for_now(f"There is no quote of {pair} at the moment; ask again in {RETRY_SECONDS} s.", RETRY_SECONDS)
