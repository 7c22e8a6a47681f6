"""Of which days a price is missing, seen from what the bank has quoted before and after. Pure."""

from bisect import bisect_left
from collections.abc import Collection, Iterator
from typing import Final

from mixsvc.rates.model.quote import ARCHIVE
from mixsvc.rates.model.timeline import Timeline
from mixsvc.rates.sources import ecb

__all__ = ["LONGEST_GAP", "complete"]

# The bank leaves a currency out for years (the Icelandic krona from 2008 to 2018), or not at all: in days.
LONGEST_GAP: Final = 60

# Other sources may have currencies that no document of the bank will ever have.
_OF_THE_BANK: Final = frozenset({ecb.NAME, ARCHIVE})


def complete(timelines: Collection[Timeline]) -> set[int]:
    """The days (ordinals) that have a price, but for those that lack another which the bank quoted around them."""
    days = set[int]().union(*(each.days for each in timelines))
    return days - {day for each in timelines for day in _lacking(each, days)}


def _lacking(timeline: Timeline, days: set[int]) -> Iterator[int]:
    have = timeline.days
    # Mostly none, so that nothing more is looked at.
    missing = [day for day in days.difference(have) if have and have[0] < day < have[-1]]
    if not missing:
        return
    known = zip(have, timeline.origins, strict=True)
    quoted = [day for day, origin in known if origin.source in _OF_THE_BANK]
    for day in missing:
        place = bisect_left(quoted, day)
        if 0 < place < len(quoted) and quoted[place] - quoted[place - 1] <= LONGEST_GAP:
            yield day
