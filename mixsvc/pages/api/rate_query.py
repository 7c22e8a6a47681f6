"""What a request asks of the rates: its texts as values. What will not do is refused, and told what would."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NoReturn

from flask import abort, request

from mixsvc.common.currencies import parse_currency
from mixsvc.common.times import parse_date
from mixsvc.interfaces import IRates
from mixsvc.pages.api.problems import problem

__all__ = ["DEFAULT_POINTS", "FIRST_DAY", "MAX_DAYS", "MAX_POINTS", "MIN_POINTS", "Asked", "given", "shown"]

# The first day of the European Central Bank's reference rates.
FIRST_DAY: Final = date(1999, 1, 4)

# The fewest that keep first, last, lowest and highest; and so many that a screen cannot show more.
MIN_POINTS: Final = 4
MAX_POINTS: Final = 2000
DEFAULT_POINTS: Final = 500

# What a chart shows; the most is more than there is.
DEFAULT_DAYS: Final = 90
MAX_DAYS: Final = 36500

# A history begins so long before its end when nobody says otherwise.
DEFAULT_RANGE: Final = timedelta(days=365)

# The parameters of each route that has any.
_NAMES: Final[Mapping[str, Sequence[str]]] = {
    "all_rates": ("base",),
    "one_rate": ("date",),
    "history": ("from", "to", "points"),
    "chart": ("days",),
    "convert": ("amount", "from", "to", "date"),
}

# How much of a stranger's text an answer repeats.
SHOWN_CHARS: Final = 20


class Asked:
    """A pair that is asked for, and the query of the request that is being answered."""

    def __init__(self, rates: IRates, base: str, quote: str) -> None:
        """The codes may be in any case. Refuses what is no code (404)."""
        self.rates = rates
        self.pair = (_code(base), _code(quote))

    @classmethod
    def by_query(cls, rates: IRates) -> "Asked":
        """The pair of ?from= and ?to=, both of which must be given."""
        missing = [name for name in ("amount", "from", "to") if not given(name)]
        if missing:
            _refuse(f"There is no {' and no '.join(missing)}; ask such as /api/convert?amount=100&from=EUR&to=USD")
        return cls(rates, request.args["from"], request.args["to"])

    def day(self, name: str) -> date | None:
        """The date of ?name=; None without it."""
        text = given(name)
        if text is None:
            return None
        try:
            return parse_date(text)
        except ValueError:
            _refuse(f"{name}={shown(text)} is no date; give a day that there is as YYYY-MM-DD, such as 2026-10-30")

    def amount(self) -> Decimal:
        """The amount of ?amount=."""
        text = request.args["amount"]
        if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,12})?", text):
            _refuse(
                f"amount={shown(text)} is no amount; give plain digits with a point, such as 1234.50: "
                "at most 15 before and 12 after it"
            )
        return Decimal(text)

    def range(self, span: tuple[date, date]) -> tuple[date, date]:
        """The dates of ?from= and ?to=; span: the first and last that there are. A year up to the last if not said."""
        start, end = self.day("from"), self.day("to") or span[1]
        if start is None:
            start = max(end, span[0] + DEFAULT_RANGE) - DEFAULT_RANGE
        if start < FIRST_DAY or end < FIRST_DAY:
            _refuse(
                f"There are no rates before {FIRST_DAY}; the first of {'/'.join(self.pair)} is of {span[0]}",
                first=span[0].isoformat(),
            )
        if start > end:
            _refuse(f"from={start} is after to={end}; give the earlier date as from")
        return start, end

    def points(self) -> int:
        """The number of ?points=."""
        return _whole("points", MIN_POINTS, MAX_POINTS, DEFAULT_POINTS)

    def days(self, span: tuple[date, date]) -> tuple[date, date]:
        """The first and the last of so many days as ?days= says, up to the last that there is. span: as in `range`."""
        days = _whole("days", 1, MAX_DAYS, DEFAULT_DAYS)
        return max(span[0], span[1] - timedelta(days=days - 1)), span[1]


def _whole(name: str, least: int, most: int, default: int) -> int:
    text = given(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
        _refuse(f"{name}={shown(text)} will not do; give a whole number from {least} to {most}")
    return int(text)


def given(name: str) -> str | None:
    """What the query gives by a name; None without it.

    Refuses what would be left out silently: two of them, and a name that its route does not know.
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
            _refuse(f"{shown(name)} is nothing that can be asked for here; there {_are(known)}")


def _are(known: Sequence[str]) -> str:
    return f"are {', '.join(known[:-1])} and {known[-1]}" if len(known) > 1 else f"is {known[0]}"


def shown(text: str) -> str:
    """A stranger's text as an answer repeats it: quoted, and not all of it."""
    return repr(text if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + "…")


def _code(text: str) -> str:
    try:
        return parse_currency(text)
    except ValueError:
        abort(problem(404, f"{shown(text)} is no currency code; give three letters such as EUR.", suggestions=[]))


def _refuse(detail: str, **more: object) -> NoReturn:
    abort(problem(400, f"{detail}.", **more))
