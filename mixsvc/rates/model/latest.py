"""The latest quote of each pair, as every thread reads it. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from mixsvc.common.currencies import is_currency
from mixsvc.interfaces import Quote
from mixsvc.rates.model.calendar import is_stale
from mixsvc.rates.model.quote import ARCHIVE, is_sound, itself, priced

__all__ = ["GIVEN_UP_AFTER", "RateTable"]

Pair = tuple[str, str]

# A currency whose last quote is older than this, compared with the newest of its base, is no longer quoted (the kuna,
# since Croatia has the euro): its last price belongs to the past.
GIVEN_UP_AFTER: Final = timedelta(days=30)


@dataclass(frozen=True, eq=False)
class _LatestSnapshot:
    """The quotes at one moment; immutable, so that any thread may read it."""

    published: Mapping[Pair, Quote]
    # The published quotes of currencies that are still quoted, and each base in itself.
    known: Mapping[Pair, Quote]
    bases: tuple[str, ...]
    currencies: tuple[str, ...]
    # The last day that a quote could have when the snapshot was made.
    last_day: date


class RateTable:
    """The latest quote of every pair.

    The reactor thread publishes (the main thread before the reactor runs); any thread reads, without a lock, from a
    snapshot that one assignment replaces.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        """now: returns the time (aware) that decides whether a quote is stale; called in every thread that reads."""
        self._now = now
        self._snapshot = _snapshot_of({}, self._last_day())

    def latest(self, base: str, quote: str) -> Quote | None:
        """Returns the latest quote of a pair of codes in capitals, or None. Any thread; never raises.

        A published price keeps its digits; a cross rate is rounded (see quote.across).
        """
        legs = self.legs(base, quote)
        return None if legs is None else self._with_staleness(priced(*legs))

    def legs(self, base: str, quote: str) -> tuple[Quote, Quote] | None:
        """Returns the prices of `base` and of `quote` in a base that both share, or None. Any thread.

        Of several shared bases the one with the newest date counts; of the same date the one that is `base` itself.
        """
        snapshot = self._snapshot
        found = []
        for anchor in sorted(snapshot.bases, key=lambda each: each != base):
            have, want = snapshot.known.get((anchor, base)), snapshot.known.get((anchor, quote))
            if have is not None and want is not None:
                found.append((have, want))
        last = snapshot.last_day
        return max(found, key=lambda legs: min(_newness(each.date, last) for each in legs), default=None)

    def currencies(self) -> Sequence[str]:
        """Returns the codes that have a latest quote, sorted; empty before the first one. Any thread."""
        return self._snapshot.currencies

    def version(self) -> object:
        """Returns a value that is another one when a quote has changed. Any thread."""
        return self._snapshot

    def publish(self, quotes: Sequence[Quote]) -> Sequence[Quote]:
        """Takes over what is new, all at once; returns the quotes that changed.

        A quote never replaces one of a later date, and one of the archive never replaces one of the same date. A date
        in the future is wrong: such a quote stays only until any other one comes.
        Raises ValueError and changes nothing if a price or a code is not valid.
        """
        published = dict(self._snapshot.published)
        changed: dict[Pair, Quote] = {}
        last = self._last_day()
        for each in quotes:
            _check(each)
            pair = (each.base, each.quote)
            if _is_news(each, published.get(pair), last):
                published[pair] = changed[pair] = each
        if changed:
            self._snapshot = _snapshot_of(published, last)
        return tuple(self._with_staleness(each) for each in changed.values())

    def contents(self) -> tuple[Sequence[Quote], date]:
        """Returns all published quotes, for `replace` in another process, and the last day that they could have."""
        snapshot = self._snapshot
        return tuple(snapshot.published.values()), snapshot.last_day

    def replace(self, quotes: Sequence[Quote], last_day: date) -> None:
        """Takes over the contents of another table in place of its own."""
        self._snapshot = _snapshot_of({(each.base, each.quote): each for each in quotes}, last_day)

    def _last_day(self) -> date:
        # It is tomorrow already in some time zones.
        return (self._now() + timedelta(days=1)).date()

    def _with_staleness(self, quote: Quote) -> Quote:
        """Returns the quote with `stale` as of now."""
        return replace(quote, stale=is_stale(quote.date, self._now()))


def _newness(day: date, last: date) -> tuple[bool, date]:
    """Orders days from old to new; those behind the last possible one come before all others."""
    return day <= last, day


def _is_news(new: Quote, old: Quote | None, last: date) -> bool:
    if old is None:
        return True
    if new.date != old.date:
        return _newness(new.date, last) > _newness(old.date, last)
    if new.source == ARCHIVE != old.source:
        return False
    return (new.price, new.source) != (old.price, old.source)


def _check(quote: Quote) -> None:
    if not (is_currency(quote.base) and is_currency(quote.quote)) or quote.base == quote.quote:
        raise ValueError(f"{quote.source} quotes {quote.base!r} in {quote.quote!r}, which are not two currencies")
    if not is_sound(quote.price):
        raise ValueError(f"{quote.source} quotes {quote.base}/{quote.quote} at {quote.price}, which is not a price")


def _snapshot_of(published: Mapping[Pair, Quote], last: date) -> _LatestSnapshot:
    # Sorted by date, so that the quote of the base in itself is as new as the newest quote in it.
    in_order = sorted(published.values(), key=lambda each: (_newness(each.date, last), each.fetched_at))
    selves = {(each.base, each.base): itself(each) for each in in_order}
    quoted = {
        pair: each
        for pair, each in published.items()
        if selves[each.base, each.base].date - each.date <= GIVEN_UP_AFTER
    }
    known = quoted | selves
    bases = sorted({base for base, _ in published})
    return _LatestSnapshot(published, known, tuple(bases), tuple(sorted({quote for _, quote in known})), last)
