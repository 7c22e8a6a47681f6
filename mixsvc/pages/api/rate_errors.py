"""Why there is no quote, as exactly as it is known: no such currency, not of that day, or not at the moment."""

from datetime import date
from typing import Final, NoReturn

from flask import abort

from mixsvc.common.currencies import unknown_currency
from mixsvc.common.text import similar
from mixsvc.pages.api.problems import problem
from mixsvc.pages.api.rate_query import Asked, shown

__all__ = ["no_chart", "no_charts", "no_past", "no_quote"]

# How soon somebody who got no quote may ask again, in seconds; a poll comes about that often.
RETRY_SECONDS: Final = 30


# The same for a chart: a new process needs about that to start.
REDRAW_SECONDS: Final = 5


def no_quote(asked: Asked, day: date | None) -> NoReturn:
    """There is no quote of a pair on a day (None: the latest)."""
    _check_known(asked)
    span = asked.rates.span(*asked.pair)
    if day is None:
        _check_quoted(asked)
    if day is None or span is None:
        _check_shared(asked)
        _try_later(asked)
    pair = "/".join(asked.pair)
    first, last = span[0].isoformat(), span[1].isoformat()
    if day < span[0]:
        detail = f"There is no quote of {pair} on {day}: the first is of {first}."
        abort(problem(400, detail, first=first, last=last))
    detail = f"There is no quote of {pair} on {day}: there are quotes from {first} to {last}, "
    abort(problem(404, f"{detail}and each holds for a week at most, never for days to come.", first=first, last=last))


def no_past(asked: Asked) -> NoReturn:
    """There is no quote of a pair at any time."""
    _check_known(asked)
    _check_shared(asked)
    _try_later(asked)


def no_chart() -> NoReturn:
    """There is one, but it could not be drawn now."""
    answer = problem(503, f"The chart cannot be drawn at the moment; ask again in {REDRAW_SECONDS} s.")
    answer.headers["Retry-After"] = str(REDRAW_SECONDS)
    abort(answer)


def no_charts() -> NoReturn:
    """This host draws none."""
    abort(problem(503, "Charts are drawn by `twistd mixsvc` only; this server can give the prices: /history."))


def _check_known(asked: Asked) -> None:
    known = asked.rates.currencies()
    for code in asked.pair if known else ():
        if code not in known and asked.rates.span(code, code) is None:
            near = similar(code, known)
            abort(problem(404, unknown_currency(shown(code), near), suggestions=near))


def _check_quoted(asked: Asked) -> None:
    known = asked.rates.currencies()
    for code in asked.pair:
        span = asked.rates.span(code, code)
        if known and span and code not in known:
            last = span[1].isoformat()
            detail = f"{code} is no longer quoted; its last quote is of {last}. Ask for that day: ?date={last}"
            abort(problem(404, detail, last=last))


def _check_shared(asked: Asked) -> None:
    base, quote = asked.pair
    if asked.rates.span(*asked.pair) is None and asked.rates.span(base, base) and asked.rates.span(quote, quote):
        abort(problem(404, f"{base} and {quote} were never quoted on the same day."))


def _try_later(asked: Asked) -> NoReturn:
    pair = "/".join(asked.pair)
    answer = problem(503, f"There is no quote of {pair} at the moment; ask again in {RETRY_SECONDS} s.")
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    abort(answer)
