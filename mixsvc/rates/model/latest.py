"""The latest quotes, as everyone in the process reads them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from mixsvc.common.currencies import is_currency
from mixsvc.interfaces import Quote
from mixsvc.rates.model.calendar import is_stale
from mixsvc.rates.model.quote import ARCHIVE, is_sound, itself, priced

__all__ = ["GIVEN_UP_AFTER", "RateTable"]

Pair = tuple[str, str]

# A currency so much older than the newest of its base is no longer quoted (the kuna, since Croatia has the euro): its
# last price is one of the past, not the latest.
GIVEN_UP_AFTER: Final = timedelta(days=30)


@dataclass(frozen=True)
class _LatestSnapshot:
    """What is known at one moment; never changed once made, so that any thread may read it."""

    published: Mapping[Pair, Quote]
    # The published ones that are still quoted, and each base in itself.
    known: Mapping[Pair, Quote]
    bases: tuple[str, ...]
    currencies: tuple[str, ...]


class RateTable:
    """The latest quote of every pair.

    The reactor thread publishes (before the reactor runs: the main thread); any thread reads.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        """now: the time, UTC and aware, by which quotes become stale; called in every thread that reads."""
        self._now = now
        self._snapshot = _made_of({})

    def latest(self, base: str, quote: str) -> Quote | None:
        """The latest quote of a pair of codes in capitals, or None; never raises, in any thread.

        A published price keeps its digits; one across the base is rounded (see quote.across).
        """
        legs = self.legs(base, quote)
        return None if legs is None else self._judged(priced(*legs))

    def legs(self, base: str, quote: str) -> tuple[Quote, Quote] | None:
        """What one unit of a shared base costs in `base` and in `quote`; None without any. In any thread.

        Where sources have several bases in common, the newest; of the same date, what is published as it is asked for.
        """
        snapshot = self._snapshot
        found = []
        for anchor in sorted(snapshot.bases, key=lambda each: each != base):
            have, want = snapshot.known.get((anchor, base)), snapshot.known.get((anchor, quote))
            if have is not None and want is not None:
                found.append((have, want))
        return max(found, key=lambda legs: min(each.date for each in legs), default=None)

    def currencies(self) -> Sequence[str]:
        """The codes a quote can be made of, sorted; empty when nothing is known yet."""
        return self._snapshot.currencies

    def publish(self, quotes: Sequence[Quote]) -> Sequence[Quote]:
        """Take over what is news, all at once; returns those that changed, empty when none did.

        A quote never replaces one of a later date, and one of the archive none of the same date.
        Raises ValueError, and changes nothing, for a price or a code that cannot be one.
        """
        published = dict(self._snapshot.published)
        changed: dict[Pair, Quote] = {}
        for each in quotes:
            _check(each)
            pair = (each.base, each.quote)
            if _is_news(each, published.get(pair)):
                published[pair] = changed[pair] = each
        if changed:
            self._snapshot = _made_of(published)
        return tuple(self._judged(each) for each in changed.values())

    def _judged(self, quote: Quote) -> Quote:
        """The quote as it is read at this moment: stale or not."""
        return replace(quote, stale=is_stale(quote.date, self._now()))


def _is_news(new: Quote, old: Quote | None) -> bool:
    if old is None:
        return True
    if new.date != old.date:
        return new.date > old.date
    if new.source == ARCHIVE != old.source:
        return False
    return (new.price, new.source) != (old.price, old.source)


def _check(quote: Quote) -> None:
    if not (is_currency(quote.base) and is_currency(quote.quote)) or quote.base == quote.quote:
        raise ValueError(f"{quote.source} quotes {quote.base!r} in {quote.quote!r}, which are no two currencies")
    if not is_sound(quote.price):
        raise ValueError(f"{quote.source} quotes {quote.base}/{quote.quote} at {quote.price}, which is no price")


def _made_of(published: Mapping[Pair, Quote]) -> _LatestSnapshot:
    # In the order of their dates, so that the base in itself is as new as its newest quote.
    in_order = sorted(published.values(), key=lambda each: (each.date, each.fetched_at))
    selves = {(each.base, each.base): itself(each) for each in in_order}
    quoted = {
        pair: each
        for pair, each in published.items()
        if selves[each.base, each.base].date - each.date <= GIVEN_UP_AFTER
    }
    known = quoted | selves
    bases = sorted({base for base, _ in published})
    return _LatestSnapshot(published, known, tuple(bases), tuple(sorted({quote for _, quote in known})))
