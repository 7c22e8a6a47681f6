"""What was closed a moment ago: it ends those, too, who begin to follow by a decision from before."""

from collections.abc import Iterator
from math import inf
from typing import Final, TypeAlias

from twisted.internet.interfaces import IReactorTime

from mixsvc.interfaces.topics import Subscription, TopicEnd

__all__ = ["ClosedLately"]

# A topic, None for all; a person, None for everybody.
_Closed: TypeAlias = tuple[str | None, str | None]

# For so many seconds a closing is remembered: longer than a view takes that has decided, and than a ticket is good.
KEPT_SECONDS: Final = 60.0

# How many closings are remembered.
MOST: Final = 10_000


class ClosedLately:
    """Closings of the last minute. Reactor thread."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        # In the order of their times.
        self._closings: dict[_Closed, tuple[float, TopicEnd]] = {}
        # Nobody knows what was closed up to this time.
        self._unknown_until = -inf

    def note(self, topic: str | None, person: str | None, reason: TopicEnd) -> None:
        """Now this was closed. topic: None for all. person: None for everybody."""
        now = self._clock.seconds()
        self._closings.pop((topic, person), None)
        self._closings[topic, person] = now, reason
        while True:
            oldest = next(iter(self._closings))
            at, _ = self._closings[oldest]
            if now - at < KEPT_SECONDS:
                break
            del self._closings[oldest]
        if len(self._closings) > MOST:
            del self._closings[oldest]
            self._unknown_until = at

    def miss(self) -> None:
        """Nobody knows what was closed until now."""
        self._unknown_until = self._clock.seconds()

    def reason(self, subscription: Subscription) -> TopicEnd | None:
        """Why somebody may not follow, as what was decided is closed since; None if it is not."""
        if subscription.decided <= max(self._unknown_until, self._clock.seconds() - KEPT_SECONDS):
            return TopicEnd.UNKNOWN
        for closed in _ways(subscription) if self._closings else ():
            at, reason = self._closings.get(closed, (-inf, None))
            if subscription.decided <= at:
                return reason
        return None


def _ways(subscription: Subscription) -> Iterator[_Closed]:
    """All by which it may be closed."""
    persons = (None,) if subscription.identity is None else (None, subscription.identity.person)
    for topic in (None, *subscription.topics):
        for person in persons:
            yield topic, person
