"""The rates of a node among others: the leader asks the sources, and the others read what it has stored."""

from collections.abc import Callable, Sequence
from math import ceil
from typing import Final, NoReturn

from twisted.application.service import IService
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.errors import MixError, StorageError
from mixsvc.nodes.hints import NewRates
from mixsvc.nodes.interfaces import Nodes

__all__ = ["LOOK_SECONDS", "READ_SECONDS", "REPAIR_LOOKS", "SETTLING_SECONDS", "LedRates"]

# How often a node looks whether it leads, and whether there are hints of new rates, in seconds.
LOOK_SECONDS: Final = 1.0

# After how many looks it reads without a hint: one may have been lost.
REPAIR_LOOKS: Final = 300

# How long a read may take, in seconds: a connection may be silent, and the server ends no statement then.
READ_SECONDS: Final = 30.0

# After a start: for how long a leader that has begun about then may still fill in the past (history.backfill awaits it
# for a minute), in seconds.
SETTLING_SECONDS: Final = 90.0


class LedRates:
    """Runs services while this node leads, and reads what is stored while it does not. Reactor thread."""

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        nodes: Nodes,
        services: Sequence[IService],
        read: Callable[[], "Deferred[None]"],
        heed: Callable[[], "Deferred[None]"],
    ) -> None:
        """services: those that ask the sources. read: reads what is stored, and publishes what is new; may fail.

        heed: takes over what the sources have told other nodes, before this one asks; does not fail.
        """
        self._heed = heed
        self._nodes = nodes
        self._services = services
        self._read = read
        self._clock = clock
        self._is_asking = self._is_awaited = False
        self._looks_left = 0
        self._settles_at = 0.0
        self._loop = LoopingCall(self._look)
        self._loop.clock = clock
        nodes.bus.listen(NewRates, self._heard)

    def start(self) -> None:
        """Begin to look: nobody leads before the first heartbeat is answered."""
        self._is_awaited, self._settles_at = True, self._clock.seconds() + SETTLING_SECONDS
        self._loop.start(LOOK_SECONDS)

    def is_awaited(self) -> bool:
        """Whether another node may be filling in more of the past than this one has read. Any thread.

        So it is until the services of this node have begun, or it has read once SETTLING_SECONDS had passed.
        """
        return self._is_awaited

    def stop(self) -> "Deferred[None]":
        """Stop what runs; fires when it has ended."""
        if self._loop.running:
            self._loop.stop()
        return self._stop_asking()

    def stored(self) -> None:
        """Tell the other nodes that there is something to read."""
        self._nodes.bus.tell(NewRates())

    def _heard(self, hint: NewRates) -> None:
        self._looks_left = 0

    def _look(self) -> "Deferred[None] | None":
        # The loop waits for what is returned, and a failure would end it.
        leads = self._nodes.heart.is_leader
        if leads and not self._is_asking:
            self._is_asking = True
            return self._heed().addCallback(self._begin)
        if self._is_asking and not leads:
            return self._stop_asking().addErrback(self._failed)
        if not leads and self._nodes.heart.is_trusted:
            return self._read_in_time()
        return None

    def _begin(self, _: None) -> None:
        # It may have been stopped meanwhile.
        if self._is_asking:
            for each in self._services:
                each.startService()
            self._is_awaited = False

    def _read_in_time(self) -> "Deferred[None] | None":
        if self._looks_left > 0:
            self._looks_left -= 1
            return None
        settles_in = ceil((self._settles_at - self._clock.seconds()) / LOOK_SECONDS)
        self._looks_left = settles_in if 0 < settles_in < REPAIR_LOOKS else REPAIR_LOOKS
        reading = self._read().addTimeout(READ_SECONDS, self._clock, _too_late)
        return reading.addCallbacks(self._was_read, self._failed, callbackArgs=(settles_in <= 0,))

    def _was_read(self, _: None, is_all: bool) -> None:
        if is_all:
            self._is_awaited = False

    def _stop_asking(self) -> "Deferred[None]":
        self._is_asking = False
        stopping = gatherResults([each.stopService() for each in self._services], consumeErrors=True)
        return stopping.addCallback(lambda _: None)

    def _failed(self, failure: Failure) -> None:
        # Soon again.
        self._looks_left = min(self._looks_left, 5)
        if failure.check(MixError):
            self._log.warn("rates: what another node has stored cannot be read: {reason}", reason=str(failure.value))
        else:
            self._log.failure("rates: reading what another node has stored failed", failure)


def _too_late(_: object, seconds: float) -> NoReturn:
    raise StorageError(f"PostgreSQL has not answered for {seconds:g} s")
