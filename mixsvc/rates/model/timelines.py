"""The timelines of all pairs, some of which nobody has read yet. Any thread may read them."""

from collections.abc import Callable, Iterator, Mapping
from threading import Lock

from mixsvc.rates.model.timeline import Pair, Timeline, merge

__all__ = ["Timelines", "UnreadTimeline"]


class UnreadTimeline:
    """A timeline that is made when it is asked for, and once. Any thread; immutable as seen from outside."""

    def __init__(self, make: Callable[[], Timeline], later: Timeline | None = None) -> None:
        """make: called in the thread that asks first; must not fail. later: what is merged into its timeline."""
        self._make = make
        self._later = later
        self._lock = Lock()
        self._made: Timeline | None = None

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
        return UnreadTimeline(self._make, new if self._later is None else merge(self._later, new))


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

    def merged(self, new: Mapping[Pair, Timeline]) -> "Timelines":
        """Returns these with others merged into them, see timeline.merge. Reads none that nobody has read yet."""
        added = new._entries if isinstance(new, Timelines) else new
        both = {pair: self._both(pair, each) for pair, each in added.items()}
        return Timelines({**self._entries, **both})

    def replaced(self, pair: Pair, timeline: Timeline) -> "Timelines":
        """Returns these with another timeline in place of that of a pair."""
        return Timelines({**self._entries, pair: timeline})

    def _both(self, pair: Pair, new: Timeline | UnreadTimeline) -> Timeline | UnreadTimeline:
        old = self._entries.get(pair)
        if old is None:
            return new
        timeline = new if isinstance(new, Timeline) else new.read()
        return merge(old, timeline) if isinstance(old, Timeline) else old.merged(timeline)
