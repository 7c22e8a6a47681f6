"""How late the reactor is: how long whatever comes to it has to wait for its turn."""

from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mixsvc.common.histogram import SECONDS, Histogram

__all__ = ["INTERVAL", "Lag"]

# Seconds between two looks at the clock.
INTERVAL: Final = 0.5


class Lag:
    """Asks to be called at a time, and notes how much later that happens. Lives in the reactor thread."""

    def __init__(self, clock: IReactorTime) -> None:
        self.seconds = Histogram(SECONDS)
        self._clock = clock
        self._next: IDelayedCall | None = None

    def start(self) -> None:
        """Begin; what holds up the start itself is not counted."""
        self._next = self._clock.callLater(INTERVAL, self._called, self._clock.seconds() + INTERVAL)

    def stop(self) -> None:
        """End; harmless a second time."""
        called, self._next = self._next, None
        if called is not None and called.active():
            called.cancel()

    def _called(self, due: float) -> None:
        # The clock may have been set back meanwhile.
        self.seconds.observe(max(self._clock.seconds() - due, 0.0))
        self.start()
