"""The path and the query of a request for rates, as values. What is not valid is refused with 400 or 404."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NoReturn

from mixsvc.answers.asked import Parameters, listed, quoted
from mixsvc.answers.problems import refuse
from mixsvc.common.currencies import parse_currency
from mixsvc.common.numbers import whole_number
from mixsvc.common.times import parse_date
from mixsvc.interfaces import IRates

__all__ = ["DEFAULT_POINTS", "FIRST_DAY", "MAX_DAYS", "MAX_POINTS", "MIN_POINTS", "RateQuery", "parameters"]

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


def parameters(route: str, query: str) -> Parameters:
    """Returns the parameters of a route. route: a name in the table above. query: as the request has it."""
    return Parameters(query, _NAMES[route])


class RateQuery:
    """A pair of currencies, and the parameters of a request."""

    def __init__(self, rates: IRates, given: Parameters, base: str, quote: str) -> None:
        """base, quote: codes in any case; anything else is refused with 404."""
        self.rates = rates
        self._given = given
        self.pair = (_code(base), _code(quote))

    @classmethod
    def by_query(cls, rates: IRates, given: Parameters) -> "RateQuery":
        """Returns the query of a conversion, which needs ?amount=, ?from= and ?to=."""
        found = {name: given.one(name) or "" for name in ("amount", "from", "to")}
        missing = [name for name, value in found.items() if not value]
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            _refuse(f"{listed(missing)} {verb} missing; ask, for example, /api/convert?amount=100&from=EUR&to=USD")
        return cls(rates, given, found["from"], found["to"])

    @classmethod
    def of_pairs(cls, rates: IRates, given: Parameters, default: Sequence[tuple[str, str]]) -> Sequence["RateQuery"]:
        """Returns the pairs of ?pairs=, such as EUR/USD,EUR/GBP, each once; `default` without it."""
        text = given.one("pairs")
        pairs = default if text is None else [_pair(each) for each in text.split(",")]
        if len(pairs) > MAX_PAIRS:
            _refuse(f"pairs= names {len(pairs)} pairs; give at most {MAX_PAIRS}")
        return [cls(rates, given, *pair) for pair in dict.fromkeys(pairs)]

    def day(self, name: str) -> date | None:
        """Returns the date of ?name=, or None."""
        text = self._given.one(name)
        if text is None:
            return None
        try:
            return parse_date(text)
        except ValueError:
            _refuse(f"{name}={quoted(text)} is not a date; give an existing day as YYYY-MM-DD, such as 2026-10-30")

    def amount(self) -> Decimal:
        """Returns the amount of ?amount=."""
        text = self._given.one("amount") or ""
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
                last=span[1].isoformat(),
            )
        if start > end:
            _refuse(f"from={start} is after to={end}; give the earlier date as from")
        return start, end

    def points(self) -> int:
        """Returns the number of ?points=."""
        return self._whole("points", MIN_POINTS, MAX_POINTS, DEFAULT_POINTS)

    def days(self, span: tuple[date, date]) -> tuple[date, date]:
        """Returns the first and the last of the ?days= days up to the last date. span: as in `range`."""
        days = self._whole("days", 1, MAX_DAYS, DEFAULT_DAYS)
        return max(span[0], span[1] - timedelta(days=days - 1)), span[1]

    def _whole(self, name: str, least: int, most: int, default: int) -> int:
        text = self._given.one(name)
        if text is None:
            return default
        try:
            return whole_number(text, least, most)
        except ValueError:
            _refuse(f"{name}={quoted(text)} is not valid; give a whole number from {least} to {most}")


def _code(text: str) -> str:
    try:
        return parse_currency(text)
    except ValueError:
        refuse(404, f"{quoted(text)} is not a currency code; give three letters such as EUR.", suggestions=[])


def _pair(text: str) -> tuple[str, str]:
    base, slash, quote = text.strip(" ").upper().partition("/")
    if not slash:
        _refuse(f"pairs= has {quoted(text)}, which is not a pair of currencies; give pairs such as EUR/USD,EUR/GBP")
    return base, quote


def _refuse(detail: str, **more: object) -> NoReturn:
    refuse(400, f"{detail}.", **more)
