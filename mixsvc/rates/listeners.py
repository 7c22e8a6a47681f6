"""Who wants to know of new quotes."""

from collections.abc import Callable

from twisted.logger import Logger

__all__ = ["Listeners"]

_log = Logger()


class Listeners:
    """Calls everybody in turn. Belongs to the reactor thread."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[], None]] = []

    def add(self, listener: Callable[[], None]) -> None:
        """Call it, too, from now on."""
        self._listeners.append(listener)

    def tell(self) -> None:
        """Call each of them; one that raises is told in the log, and the others are called all the same."""
        for each in tuple(self._listeners):
            try:
                each()
            except Exception:
                _log.failure("rates: somebody who was told of new quotes failed; the others are told")
