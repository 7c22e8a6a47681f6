"""Shares the reactor's time among the clients whose lines take long, so that they do not add up for all others."""

from collections import deque
from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["CLIENT_SECONDS", "TURN_SECONDS", "IrcTurns"]

# How long one client's lines may take before it is the others' turn, and those of all who wait in one turn of the
# reactor. The line that is being taken then is the last.
CLIENT_SECONDS: Final = 0.002
TURN_SECONDS: Final = 0.01


class IrcTurns:
    """Who waits is called in the order of arrival. Used in the reactor thread."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._waiting: deque[Callable[[], object]] = deque()
        self._next: IDelayedCall | None = None
        self._is_calling = False

    @property
    def is_free(self) -> bool:
        """Whether lines may be taken now: nobody waits, or who asks has waited."""
        return self._is_calling or not self._waiting

    def wait(self, go_on: Callable[[], object]) -> None:
        """Call go_on() in a later turn of the reactor."""
        self._waiting.append(go_on)
        if self._next is None:
            self._next = self._clock.callLater(0, self._call)

    def leave(self, go_on: Callable[[], object]) -> None:
        """Do not call it. Does nothing if it does not wait."""
        if go_on in self._waiting:
            self._waiting.remove(go_on)
        if not self._waiting and self._next is not None:
            self._next.cancel()
            self._next = None

    def _call(self) -> None:
        self._next = None
        until = self._clock.seconds() + TURN_SECONDS
        self._is_calling = True
        try:
            for _ in range(len(self._waiting)):
                # Whoever is called may wait again, or leave, and others with it.
                if not self._waiting or self._clock.seconds() >= until:
                    break
                self._waiting.popleft()()
        finally:
            self._is_calling = False
        if self._waiting and self._next is None:
            self._next = self._clock.callLater(0, self._call)
