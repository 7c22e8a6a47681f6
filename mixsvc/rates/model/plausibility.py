"""Whether a price can be believed, seen from the last good one. Pure.

A price that differs from the last good one by more than JUMP times is held back: the last good one stays. It is
taken once CONFIRMATIONS documents of its source, of as many days, have said about the same, or when the last good
price is so old that it says nothing (OLD). What nobody ever quoted before is taken. What is held back is forgotten
when the process ends.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from mixsvc.interfaces import Quote

__all__ = ["CONFIRMATIONS", "JUMP", "OLD", "Plausibility", "PlausibilityResult", "check_not_in_future"]

# No currency of the ECB has lost that much in a year; a decimal point that moved, or another unit, is more.
JUMP: Final = Decimal(5)
CONFIRMATIONS: Final = 3  # days
OLD: Final = timedelta(days=366)

# Prices that differ by less than this are of the same level.
_SAME: Final = Decimal(2)


@dataclass(frozen=True)
class PlausibilityResult:
    """What to do with quotes, and what has changed; each of the four is empty on an ordinary day.

    held: held back from now on. confirmed: held back until now, and taken. settled: what was held back has gone.
    went_back: the newest date that its source has had, and the older one it has now; told once for each newest date.
    """

    taken: Sequence[Quote]
    held: Sequence[Quote] = ()
    confirmed: Sequence[Quote] = ()
    settled: Sequence[Quote] = ()
    went_back: tuple[date, date] | None = None


@dataclass(frozen=True)
class _HeldPrice:
    """A price that is held back, and the days of the documents that had it."""

    price: Decimal
    days: frozenset[date]


class Plausibility:
    """Judges all quotes before they are published. Belongs to one thread."""

    def __init__(self, latest: Callable[[str, str], Quote | None]) -> None:
        """latest: the last good quote of a base and a currency, or None."""
        self._latest = latest
        self._doubts: dict[tuple[str, str, str], _HeldPrice] = {}
        self._newest: dict[str, date] = {}
        self._went_back: dict[str, date] = {}

    def judge(self, quotes: Sequence[Quote]) -> PlausibilityResult:
        """Which quotes of one answer may be published; to be called once for each answer."""
        taken: list[Quote] = []
        held: list[Quote] = []
        confirmed: list[Quote] = []
        settled: list[Quote] = []
        for each in quotes:
            key = (each.source, each.base, each.quote)
            before = self._doubts.pop(key, None)
            doubt = self._doubt(each, before)
            if doubt is not None and len(doubt.days) < CONFIRMATIONS:
                self._doubts[key] = doubt
                if before is None:
                    held.append(each)
                continue
            taken.append(each)
            if before is not None:
                (settled if doubt is None else confirmed).append(each)
        return PlausibilityResult(taken, held, confirmed, settled, self._backwards(quotes))

    def _doubt(self, new: Quote, before: _HeldPrice | None) -> _HeldPrice | None:
        last = self._latest(new.base, new.quote)
        # One that is older than the last good one is not published anyway.
        if last is None or new.date < last.date or new.date - last.date > OLD or _within(JUMP, new.price, last.price):
            return None
        days = before.days if before is not None and _within(_SAME, new.price, before.price) else frozenset()
        return _HeldPrice(new.price, days | {new.date})

    def _backwards(self, quotes: Sequence[Quote]) -> tuple[date, date] | None:
        if not quotes:
            return None
        source, newest = quotes[0].source, max(each.date for each in quotes)
        before = self._newest.setdefault(source, newest)
        self._newest[source] = max(before, newest)
        if newest >= before or self._went_back.get(source) == before:
            return None
        self._went_back[source] = before
        return before, newest


def check_not_in_future(day: date, fetched_at: datetime) -> None:
    """Raises ValueError for a date after tomorrow: no later quote could ever replace one of a far future.

    fetched_at: UTC. A date may be one day ahead, since it is already tomorrow somewhere.
    """
    if day > (fetched_at + timedelta(days=1)).date():
        raise ValueError(f"{day} is in the future")


def _within(times: Decimal, one: Decimal, other: Decimal) -> bool:
    return one <= other * times and other <= one * times
