"""Reactor lag: how long an event waits because the reactor thread is busy with something else."""

from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mixsvc.common.histogram import SECONDS, Histogram

__all__ = ["INTERVAL", "ReactorLag"]

# Seconds between two measurements.
INTERVAL: Final = 0.5


class ReactorLag:
    """Schedules a call and measures how much later it happens, again and again. Used in the reactor thread."""

    def __init__(self, clock: IReactorTime) -> None:
        self.seconds = Histogram(SECONDS)
        self._clock = clock
        self._next: IDelayedCall | None = None

    def start(self) -> None:
        """Begin to measure; called when the reactor runs, so that a slow start does not count."""
        self._next = self._clock.callLater(INTERVAL, self._called, self._clock.seconds() + INTERVAL)

    def stop(self) -> None:
        """End. A second call does nothing."""
        called, self._next = self._next, None
        if called is not None and called.active():
            called.cancel()

    def _called(self, due: float) -> None:
        self.seconds.observe(max(self._clock.seconds() - due, 0.0))
        self.start()
