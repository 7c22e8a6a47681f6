"""The path and the query of a request for rates, as values. What is not valid is refused with 400 or 404."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NoReturn

from flask import abort, request

from mixsvc.common.currencies import parse_currency
from mixsvc.common.numbers import whole_number
from mixsvc.common.text import shortened
from mixsvc.common.times import parse_date
from mixsvc.interfaces import IRates
from mixsvc.pages.api.problems import problem

__all__ = ["DEFAULT_POINTS", "FIRST_DAY", "MAX_DAYS", "MAX_POINTS", "MIN_POINTS", "RateQuery", "parameter", "quoted"]

# The first day of the European Central Bank's reference rates.
FIRST_DAY: Final = date(1999, 1, 4)

# The fewest points that keep first, last, lowest and highest, and more than all days until 2037.
MIN_POINTS: Final = 4
MAX_POINTS: Final = 10_000
DEFAULT_POINTS: Final = 500

# The most pairs of a stream.
MAX_PAIRS: Final = 100

# Days of a chart. The most are more than there are.
DEFAULT_DAYS: Final = 90
MAX_DAYS: Final = 36500

# Without ?from= a history begins this long before its end.
DEFAULT_RANGE: Final = timedelta(days=365)

# The parameters of each route that has any.
_NAMES: Final[Mapping[str, Sequence[str]]] = {
    "all_rates": ("base",),
    "rate_events": ("pairs", "since"),
    "one_rate": ("date",),
    "history": ("from", "to", "points"),
    "chart": ("days",),
    "convert": ("amount", "from", "to", "date"),
}


class RateQuery:
    """A pair of currencies, and the query of the current request."""

    def __init__(self, rates: IRates, base: str, quote: str) -> None:
        """base, quote: codes in any case; anything else is refused with 404."""
        self.rates = rates
        self.pair = (_code(base), _code(quote))

    @classmethod
    def by_query(cls, rates: IRates) -> "RateQuery":
        """Returns the query of a conversion, which needs ?amount=, ?from= and ?to=."""
        missing = [name for name in ("amount", "from", "to") if not parameter(name)]
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            _refuse(f"{_listed(missing)} {verb} missing; ask, for example, /api/convert?amount=100&from=EUR&to=USD")
        return cls(rates, request.args["from"], request.args["to"])

    @classmethod
    def of_pairs(cls, rates: IRates, default: Sequence[tuple[str, str]]) -> Sequence["RateQuery"]:
        """Returns the pairs of ?pairs=, such as EUR/USD,EUR/GBP, each once; `default` without it."""
        text = parameter("pairs")
        pairs = default if text is None else [_pair(each) for each in text.split(",")]
        if len(pairs) > MAX_PAIRS:
            _refuse(f"pairs= names {len(pairs)} pairs; give at most {MAX_PAIRS}")
        return [cls(rates, *pair) for pair in dict.fromkeys(pairs)]

    def day(self, name: str) -> date | None:
        """Returns the date of ?name=, or None."""
        text = parameter(name)
        if text is None:
            return None
        try:
            return parse_date(text)
        except ValueError:
            _refuse(f"{name}={quoted(text)} is not a date; give an existing day as YYYY-MM-DD, such as 2026-10-30")

    def amount(self) -> Decimal:
        """Returns the amount of ?amount=."""
        text = request.args["amount"]
        if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,12})?", text):
            _refuse(
                f"amount={quoted(text)} is not an amount; give plain digits with a point, such as 1234.50, "
                "at most 15 before and 12 after the point"
            )
        return Decimal(text)

    def range(self, span: tuple[date, date]) -> tuple[date, date]:
        """Returns the dates of ?from= and ?to=; without them the year up to the last date.

        span: the first and the last date that have a quote.
        """
        start, end = self.day("from"), self.day("to") or span[1]
        if start is None:
            # Not after the end, which may be before the first quote.
            start = min(max(end, span[0] + DEFAULT_RANGE) - DEFAULT_RANGE, end)
        if start < FIRST_DAY or end < FIRST_DAY:
            _refuse(
                f"There are no rates before {FIRST_DAY}; the first quote of {'/'.join(self.pair)} is of {span[0]}",
                first=span[0].isoformat(),
            )
        if start > end:
            _refuse(f"from={start} is after to={end}; give the earlier date as from")
        return start, end

    def points(self) -> int:
        """Returns the number of ?points=."""
        return _whole("points", MIN_POINTS, MAX_POINTS, DEFAULT_POINTS)

    def days(self, span: tuple[date, date]) -> tuple[date, date]:
        """Returns the first and the last of the ?days= days up to the last date. span: as in `range`."""
        days = _whole("days", 1, MAX_DAYS, DEFAULT_DAYS)
        return max(span[0], span[1] - timedelta(days=days - 1)), span[1]


def _whole(name: str, least: int, most: int, default: int) -> int:
    text = parameter(name)
    if text is None:
        return default
    try:
        return whole_number(text, least, most)
    except ValueError:
        _refuse(f"{name}={quoted(text)} is not valid; give a whole number from {least} to {most}")


def parameter(name: str) -> str | None:
    """Returns the value of ?name=, or None.

    Refuses what would be ignored silently: a second value, and parameters that the route does not have.
    """
    _check_names()
    texts = request.args.getlist(name)
    if len(texts) > 1:
        _refuse(f"{name} is given {len(texts)} times; give it once")
    return texts[0] if texts else None


def _check_names() -> None:
    known = _NAMES[(request.endpoint or "").rpartition(".")[2]]
    for name in request.args:
        if name not in known:
            _refuse(f"{quoted(name)} is not a parameter of this path; it has {_listed(known)}")


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def quoted(text: str) -> str:
    """Returns a client's text as a response repeats it: in quotes, and shortened."""
    return repr(shortened(text))


def _code(text: str) -> str:
    try:
        return parse_currency(text)
    except ValueError:
        abort(problem(404, f"{quoted(text)} is not a currency code; give three letters such as EUR.", suggestions=[]))


def _pair(text: str) -> tuple[str, str]:
    base, slash, quote = text.strip(" ").upper().partition("/")
    if not slash:
        _refuse(f"pairs= has {quoted(text)}, which is not a pair of currencies; give pairs such as EUR/USD,EUR/GBP")
    return base, quote


def _refuse(detail: str, **more: object) -> NoReturn:
    abort(problem(400, f"{detail}.", **more))
