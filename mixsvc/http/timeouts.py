"""How long a client may take. A client cannot postpone these deadlines by sending or reading single bytes."""

from math import inf
from typing import Final, Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mixsvc.common.records import record
from mixsvc.config.settings import Settings

__all__ = ["NEVER", "Deadline", "DeadlineSweeper", "HasDeadlines", "Timeouts"]

NEVER: Final = inf

# How often deadlines are looked at, in seconds: one timer for all connections, as most deadlines are never reached.
SWEEP_SECONDS: Final = 1.0

# Bytes that a transport buffers before it says that its client does not keep up.
BUFFER_BYTES: Final = 65536


@record
class Timeouts:
    """Seconds, and bytes a second; see [server] in config.example.ini."""

    head: float
    idle: float
    transfer: float
    # Bytes a second of the slowest client that is waited for.
    slowest: float
    # For responses: the older setting [web] slow_client_timeout if it is set, else `transfer`.
    write: float

    @classmethod
    def of(cls, settings: Settings) -> "Timeouts":
        """The timeouts that are set."""
        server, slow_client = settings.server, settings.web.slow_client_timeout
        return cls(
            server.header_timeout,
            server.idle_timeout,
            server.transfer_timeout,
            float(server.slowest_transfer),
            server.transfer_timeout if slow_client is None else slow_client,
        )

    def is_too_slow(self, received: int) -> bool:
        """Whether so many bytes within the time for a transfer are fewer than the slowest client sends."""
        return received < self.transfer * self.slowest

    def writing(self, unread: int) -> float:
        """Seconds that a client may take to read so many bytes; a full buffer at least."""
        return self.write + max(unread, BUFFER_BYTES) / self.slowest


class Deadline(Protocol):
    """A deadline, by the site's clock."""

    @property
    def at(self) -> float:
        """The time; NEVER if there is no deadline."""


class HasDeadlines(Protocol):
    """Something with two deadlines."""

    @property
    def deadline(self) -> float:
        """When what the connection waits for must have happened; NEVER if there is no deadline."""

    @property
    def write_deadline(self) -> Deadline:
        """By when the client must have read what is written."""

    def expired(self) -> None:
        """Called when one of them has passed. Sets another deadline, or ends the connection."""


class DeadlineSweeper:
    """Looks at the deadlines of whatever it watches, once a second, as long as it watches anything."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._watched: set[HasDeadlines] = set()
        self._next: IDelayedCall | None = None

    def watch(self, watched: HasDeadlines) -> None:
        """Watch it from now on."""
        self._watched.add(watched)
        if self._next is None:
            self._next = self._clock.callLater(SWEEP_SECONDS, self._sweep)

    def forget(self, watched: HasDeadlines) -> None:
        """Stop watching it. Does nothing if it is not watched."""
        self._watched.discard(watched)
        if not self._watched and self._next is not None:
            self._next.cancel()
            self._next = None

    def _sweep(self) -> None:
        self._next = self._clock.callLater(SWEEP_SECONDS, self._sweep)
        now = self._clock.seconds()
        late = [each for each in self._watched if each.deadline <= now or each.write_deadline.at <= now]
        for each in late:
            # The end of one may be the end of another.
            if each in self._watched:
                each.expired()
