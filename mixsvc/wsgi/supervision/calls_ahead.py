"""How many requests a child is given before it has a thread for them."""

from typing import Final

from twisted.internet.interfaces import IReactorTime

__all__ = ["LEAST_AHEAD", "MOST_AHEAD", "CallsAhead"]

# So many while any end, so that no thread waits for the reactor.
LEAST_AHEAD: Final = 2

# A child that ends its requests fast is given what it ends in so many seconds, up to so many requests: the service and
# the child then take turns less often: a small view costs a fifth less CPU on one core.
AHEAD_SECONDS: Final = 0.008
MOST_AHEAD: Final = 64

# The pace of so many seconds counts, and that of the time before it is forgotten.
PACE_SECONDS: Final = 0.02


# Nothing has ended for so many seconds: others may be faster.
STALLED_SECONDS: Final = 1.0


class CallsAhead:
    """The pace of one child. Used in the reactor thread.

    Where a view lasts, the next request waits in the service, for whichever child is free first.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._since = clock.seconds()
        self._ended = 0
        self._number = LEAST_AHEAD

    def ended(self) -> None:
        """A request has ended in the child."""
        self._ended += 1
        now = self._clock.seconds()
        passed = now - self._since
        if passed >= PACE_SECONDS:
            number = round(self._ended / passed * AHEAD_SECONDS)
            self._number = min(max(number, LEAST_AHEAD), MOST_AHEAD)
            self._since, self._ended = now, 0

    @property
    def number(self) -> int:
        """How many requests may wait in the child for a thread."""
        silent = self._clock.seconds() - self._since
        if silent > STALLED_SECONDS:
            return 0
        return LEAST_AHEAD if silent > 2 * PACE_SECONDS else self._number

    @property
    def is_stalled(self) -> bool:
        """Whether no request has ended for long; so it is with a child that has none, too."""
        return self._clock.seconds() - self._since > STALLED_SECONDS
