"""The timelines of all pairs, some of which nobody has read yet. Any thread may read them."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock

from mixsvc.rates.model.timeline import Pair, Timeline, merge

__all__ = ["Timelines", "UnreadTimeline"]


class UnreadTimeline:
    """A timeline that is made when it is asked for, and once. Any thread; immutable as seen from outside."""

    def __init__(self, make: Callable[[], Timeline], days: Sequence[int], later: Timeline | None = None) -> None:
        """make: called in the thread that asks first; must not fail. days: those that it may have, sorted.

        later: what is merged into its timeline.
        """
        self._make = make
        self._days = days
        self._later = later
        self._lock = Lock()
        self._made: Timeline | None = None

    @property
    def most(self) -> int:
        """About how many prices it has at most. Does not make it."""
        if self._later is None:
            return len(self._days)
        # Nearly all of the later ones that are within the days are among them.
        within = bisect_right(self._later.days, self._days[-1]) if self._days else 0
        return len(self._days) + len(self._later.days) - within

    def read(self) -> Timeline:
        """Returns the timeline, the same object each time. The first call makes it; others wait for that."""
        with self._lock:
            if self._made is None:
                made = self._make()
                self._made = made if self._later is None else merge(made, self._later)
            return self._made

    def merged(self, new: Timeline) -> "Timeline | UnreadTimeline":
        """Returns this timeline with another one merged into it, see timeline.merge. Does not make it."""
        made = self._made
        if made is not None:
            return merge(made, new)
        return UnreadTimeline(self._make, self._days, new if self._later is None else merge(self._later, new))


class Timelines(Mapping[Pair, Timeline]):
    """Timelines by pair; immutable. The first access to one that nobody has read yet takes some 10 ms."""

    def __init__(self, entries: Mapping[Pair, Timeline | UnreadTimeline]) -> None:
        """entries: must not change any more."""
        self._entries = entries

    def __getitem__(self, pair: Pair) -> Timeline:
        found = self._entries[pair]
        return found if isinstance(found, Timeline) else found.read()

    def __contains__(self, pair: object) -> bool:
        return pair in self._entries

    def __iter__(self) -> Iterator[Pair]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def longest(self, base: str) -> Timeline:
        """Returns the one with the most prices in a base. Reads no more than it takes to be about sure of that."""
        found = Timeline.empty(base, base)
        for pair in sorted((each for each in self if each[0] == base), key=self._most, reverse=True):
            if len(found.days) >= self._most(pair):
                break
            found = max(found, self[pair], key=lambda each: len(each.days))
        return found

    def merged(self, new: Mapping[Pair, Timeline]) -> "Timelines":
        """Returns these with others merged into them, see timeline.merge. Reads none that nobody has read yet."""
        added = new._entries if isinstance(new, Timelines) else new
        both = {pair: self._both(pair, each) for pair, each in added.items()}
        return Timelines({**self._entries, **both})

    def replaced(self, pair: Pair, timeline: Timeline) -> "Timelines":
        """Returns these with another timeline in place of that of a pair."""
        return Timelines({**self._entries, pair: timeline})

    def _most(self, pair: Pair) -> int:
        entry = self._entries[pair]
        return len(entry.days) if isinstance(entry, Timeline) else entry.most

    def _both(self, pair: Pair, new: Timeline | UnreadTimeline) -> Timeline | UnreadTimeline:
        old = self._entries.get(pair)
        if old is None:
            return new
        timeline = new if isinstance(new, Timeline) else new.read()
        return merge(old, timeline) if isinstance(old, Timeline) else old.merged(timeline)
