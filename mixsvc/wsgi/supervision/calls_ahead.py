"""How many requests a child is given before it has a thread for them."""

from typing import Final

from twisted.internet.interfaces import IReactorTime

__all__ = ["LEAST_AHEAD", "MOST_AHEAD", "CallsAhead"]

# So many while any end, so that no thread waits for the reactor.
LEAST_AHEAD: Final = 2

# A child that ends its requests fast is given what it ends in so many seconds, up to so many requests. The service and
# the child then take turns less often, and a small view costs a fifth less CPU on one core.
AHEAD_SECONDS: Final = 0.008
MOST_AHEAD: Final = 64

# The pace is that of the last so many requests, and counts for so many seconds.
PACE_REQUESTS: Final = 16
PACE_SECONDS: Final = 0.04

# A child that has ended fewer than PACE_REQUESTS in so many seconds is given none ahead: others may be faster.
SLOW_SECONDS: Final = 1.0


class CallsAhead:
    """The pace of one child. Used in the reactor thread.

    Where a view lasts, the next request waits in the service, for whichever child is free first. If one waits for its
    client, some wait in the child all the same: that ends such a view (mixsvc.wsgi.waiting).
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._since = clock.seconds()
        self._ended = 0
        self._number = LEAST_AHEAD

    def ended(self) -> None:
        """A request has ended in the child."""
        self._ended += 1
        if self._ended == PACE_REQUESTS:
            now = self._clock.seconds()
            passed = max(now - self._since, PACE_REQUESTS * AHEAD_SECONDS / MOST_AHEAD)
            self._number = max(round(PACE_REQUESTS / passed * AHEAD_SECONDS), LEAST_AHEAD)
            self._since, self._ended = now, 0

    @property
    def number(self) -> int:
        """How many requests may wait in the child for a thread; 0 for one that is slow, or has none."""
        passed = self._clock.seconds() - self._since
        if passed > SLOW_SECONDS:
            return 0
        return LEAST_AHEAD if passed > PACE_SECONDS else self._number
