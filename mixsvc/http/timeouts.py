"""How long a client may take. Nothing here is put off by single bytes that trickle in or out."""

from dataclasses import dataclass
from math import inf
from typing import Final, Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mixsvc.config.settings import ServerSettings

__all__ = ["NEVER", "Patience", "Sweeper", "Watched"]

NEVER: Final = inf

# How often deadlines are looked at, in seconds: one timer for all connections, as most deadlines are never reached.
SWEEP_SECONDS: Final = 1.0

# What a transport holds back before it says that a client does not keep up, in bytes.
BUFFER_BYTES: Final = 65536


@dataclass(frozen=True)
class Patience:
    """Seconds; see [server] in config.example.ini."""

    head: float
    idle: float
    transfer: float
    slowest: float

    @classmethod
    def of(cls, settings: ServerSettings) -> "Patience":
        """What is set."""
        return cls(
            settings.header_timeout, settings.idle_timeout, settings.transfer_timeout, float(settings.slowest_transfer)
        )

    def is_too_slow(self, received: int) -> bool:
        """Whether so many bytes within the time for a transfer are fewer than the slowest client sends."""
        return received < self.transfer * self.slowest

    def taking(self, unread: int) -> float:
        """How long a client may take to read what waits for it, a full buffer at least."""
        return self.transfer + max(unread, BUFFER_BYTES) / self.slowest


class Watched(Protocol):
    """Something with two deadlines, as the clock tells the time; NEVER while there is none."""

    deadline: float
    unread_deadline: float

    def expired(self) -> None:
        """Called when one of them has come; it sets another, or ends."""


class Sweeper:
    """Looks at the deadlines of whatever it watches, as long as it watches anything."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._watched: set[Watched] = set()
        self._next: IDelayedCall | None = None

    def watch(self, watched: Watched) -> None:
        """From now on."""
        self._watched.add(watched)
        if self._next is None:
            self._next = self._clock.callLater(SWEEP_SECONDS, self._sweep)

    def forget(self, watched: Watched) -> None:
        """Harmless for what is not watched."""
        self._watched.discard(watched)
        if not self._watched and self._next is not None:
            self._next.cancel()
            self._next = None

    def _sweep(self) -> None:
        self._next = self._clock.callLater(SWEEP_SECONDS, self._sweep)
        now = self._clock.seconds()
        late = [each for each in self._watched if each.deadline <= now or each.unread_deadline <= now]
        for each in late:
            # The end of one may be the end of another.
            if each in self._watched:
                each.expired()
