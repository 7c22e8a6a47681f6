"""The latest quotes, as everyone in the process reads them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from zope.interface import implementer

from mixsvc.interfaces import IRates, Quote
from mixsvc.rates.calendar import is_stale
from mixsvc.rates.quote import ARCHIVE, across, is_currency, is_sound, itself

__all__ = ["RateTable"]

Pair = tuple[str, str]


@dataclass(frozen=True)
class _Snapshot:
    """What is known at one moment; never changed once made, so that any thread may read it."""

    published: Mapping[Pair, Quote]
    # The published ones and each base in itself.
    known: Mapping[Pair, Quote]
    bases: tuple[str, ...]
    currencies: tuple[str, ...]


@implementer(IRates)
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
        snapshot = self._snapshot
        found = snapshot.known.get((base, quote))
        for anchor in snapshot.bases if found is None else ():
            have, want = snapshot.known.get((anchor, base)), snapshot.known.get((anchor, quote))
            if have is not None and want is not None:
                found = across(have, want)
                break
        return None if found is None else self._judged(found)

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


def _made_of(published: Mapping[Pair, Quote]) -> _Snapshot:
    known = dict(published)
    for each in sorted(published.values(), key=lambda each: (each.date, each.fetched_at)):
        # In the order of their dates, so that the base in itself is as new as its newest quote.
        known[each.base, each.base] = itself(each)
    bases = sorted({base for base, _ in published})
    return _Snapshot(published, known, tuple(bases), tuple(sorted({quote for _, quote in known})))
