"""Which new prices are plausible, compared with the last good ones. Pure.

A price that differs from the last good one by more than a factor of JUMP is held back, and the last good one stays
published. The new price is accepted once documents of CONFIRMATIONS different days have had about the same price, or
when the last good price is too old to compare with (OLD). The first price of a pair is always accepted. Held-back
prices are in memory only: a restart forgets them.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from mixsvc.common.records import record
from mixsvc.interfaces import Quote

__all__ = ["CONFIRMATIONS", "JUMP", "OLD", "Plausibility", "PlausibilityResult", "check_not_in_future"]

# No currency of the ECB has changed that much in a year; a wrong decimal point or another unit changes more.
JUMP: Final = Decimal(5)
CONFIRMATIONS: Final = 3  # days
OLD: Final = timedelta(days=366)

# Prices within this factor confirm each other.
_SAME_LEVEL: Final = Decimal(2)


@record
class PlausibilityResult:
    """The quotes to publish, and what to log; all but `accepted` are empty on an ordinary day.

    held_back: not accepted, for the first time. confirmed: held back before, and now accepted. withdrawn: accepted
    because the price is plausible again. went_back: the newest date the source has had and the older one it has now;
    given once for each newest date.
    """

    accepted: Sequence[Quote]
    held_back: Sequence[Quote] = ()
    confirmed: Sequence[Quote] = ()
    withdrawn: Sequence[Quote] = ()
    went_back: tuple[date, date] | None = None


@record
class _HeldPrice:
    """A price that is held back, and the dates of the documents that had it."""

    price: Decimal
    days: frozenset[date]


class Plausibility:
    """Checks quotes before they are published. For one thread at a time."""

    def __init__(self, latest: Callable[[str, str], Quote | None]) -> None:
        """latest: returns the last good quote of a base and a currency, or None."""
        self._latest = latest
        self._held: dict[tuple[str, str, str], _HeldPrice] = {}
        self._newest: dict[str, date] = {}
        self._went_back: dict[str, date] = {}

    def check(self, quotes: Sequence[Quote]) -> PlausibilityResult:
        """Returns which quotes of one answer may be published. Call it once for each answer."""
        accepted: list[Quote] = []
        held_back: list[Quote] = []
        confirmed: list[Quote] = []
        withdrawn: list[Quote] = []
        for each in quotes:
            key = (each.source, each.base, each.quote)
            before = self._held.pop(key, None)
            held = self._implausible(each, before)
            if held is not None and len(held.days) < CONFIRMATIONS:
                self._held[key] = held
                if before is None:
                    held_back.append(each)
                continue
            accepted.append(each)
            if before is not None:
                (withdrawn if held is None else confirmed).append(each)
        return PlausibilityResult(accepted, held_back, confirmed, withdrawn, self._backwards(quotes))

    def _implausible(self, new: Quote, before: _HeldPrice | None) -> _HeldPrice | None:
        last = self._latest(new.base, new.quote)
        # A quote older than the last good one is not published anyway.
        if last is None or new.date < last.date or new.date - last.date > OLD or _within(JUMP, new.price, last.price):
            return None
        days = before.days if before is not None and _within(_SAME_LEVEL, new.price, before.price) else frozenset()
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
    """Raises ValueError for a date after tomorrow: a quote of the far future could never be replaced.

    fetched_at: UTC. A date may be one day ahead, as it is already tomorrow in some time zones.
    """
    if day > (fetched_at + timedelta(days=1)).date():
        raise ValueError(f"{day} is in the future")


def _within(times: Decimal, one: Decimal, other: Decimal) -> bool:
    return one <= other * times and other <= one * times
