"""Days without a price: where a course has a gap, and which days lack a price that the bank quoted. Pure."""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from mixsvc.rates.model.quote import ARCHIVE, ECB
from mixsvc.rates.model.timeline import Timeline

__all__ = ["LONGEST_GAP", "complete", "gap_ends"]

# Days. A longer gap is the bank's own: it stops quoting a currency for years (the Icelandic krona from 2008 to 2018).
LONGEST_GAP: Final = 60

# Other sources may have currencies that no document of the bank will ever have.
_BANK_SOURCES: Final = frozenset({ECB, ARCHIVE})


def gap_ends(days: Sequence[int], longest: int) -> Sequence[int]:
    """Returns the indices of days, sorted ordinals, that are more than `longest` days after the day before them."""
    return [index for index in range(1, len(days)) if days[index] - days[index - 1] > longest]


def complete(timelines: Collection[Timeline]) -> set[int]:
    """Returns the days (ordinals) with prices, except those that lack a price the bank quoted before and after them."""
    days = set[int]().union(*(each.days for each in timelines))
    return days - {day for each in timelines for day in _missing_days(each, days)}


def _missing_days(timeline: Timeline, days: set[int]) -> Iterator[int]:
    have = timeline.days
    # Mostly none, and then nothing more is computed.
    missing = [day for day in days.difference(have) if have and have[0] < day < have[-1]]
    if not missing:
        return
    known = zip(have, timeline.origins, strict=True)
    quoted = [day for day, origin in known if origin.source in _BANK_SOURCES]
    for day in missing:
        index = bisect_left(quoted, day)
        if 0 < index < len(quoted) and quoted[index] - quoted[index - 1] <= LONGEST_GAP:
            yield day
