"""How long to wait before the next attempt: longer each time, and never quite the same for two clients."""

from mixsvc.client.options import Options

__all__ = ["Backoff"]


class Backoff:
    """Delays in seconds, doubling from the least to the most."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._delay = options.least_delay

    def next(self) -> float:
        """The next delay, between half of it and all of it."""
        delay, most = self._delay, self._options.most_delay
        self._delay = min(2 * delay, most)
        return min(delay, most) * (1 + self._options.random()) / 2

    def reset(self) -> None:
        """All is well: the next delay is the least."""
        self._delay = self._options.least_delay
