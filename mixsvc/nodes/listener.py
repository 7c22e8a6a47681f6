"""Hears what nodes tell each other: a connection of its own, whose descriptor the reactor watches.

psycopg's connection executes nothing after its LISTEN, since it would take notifications off the socket without waking
the reactor. The reactor gets a copy of the descriptor: libpq closes its own in `consume_input` when the connection has
broken, and its number may then be somebody else's.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mixsvc.interfaces import DeferToThread
from mixsvc.nodes import statements
from mixsvc.threads.hanging_up import hang_up

__all__ = ["HintListener", "ListeningConnection"]

# How long connecting may take, and the time between two attempts: it doubles from the first to the last. In seconds.
OPENING: Final = 8.0
FIRST_PAUSE: Final = 0.1
LAST_PAUSE: Final = 1.0


class ListeningConnection(Protocol):
    """A psycopg.Connection in autocommit mode."""

    pgconn: Any

    def fileno(self) -> int: ...

    def cursor(self) -> Any: ...

    def close(self) -> None: ...


class HintListener:
    """Listens for as long as it runs, and connects anew whenever the connection breaks. Reactor thread."""

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        connect: Callable[[], ListeningConnection],
        defer_to_thread: DeferToThread,
        heard: Callable[[str], object],
        listening: Callable[[], object],
    ) -> None:
        """connect: opens a connection in autocommit mode; it is called in a thread, and may block.

        heard(text): called with each notification. listening(): called after each LISTEN; what was told before is lost.
        """
        self._reactor = reactor
        self._connect = connect
        self._defer_to_thread = defer_to_thread
        self._heard = heard
        self._listening = listening
        self._is_running = False
        self._reader: _Descriptor | None = None
        self._opening: ListeningConnection | None = None
        self._retry: IDelayedCall | None = None
        self._pause = FIRST_PAUSE
        self._is_broken = False
        # How often the connection was lost.
        self.losses = 0

    def start(self) -> None:
        """Connect and listen."""
        self._is_running = True
        self._open()

    def stop(self) -> "Deferred[None]":
        """Stop listening; fires when the connection is closed. A second call does nothing more."""
        self._is_running = False
        if self._retry is not None and self._retry.active():
            self._retry.cancel()
        return self._close()

    def sockets(self) -> Sequence[Any]:
        """What no child of this process may keep open, each with a fileno."""
        return [] if self._reader is None else [self._reader, self._reader.connection]

    def renew(self) -> None:
        """Connect anew, as nothing is heard any more; does nothing while there is no connection."""
        if self._reader is not None:
            self._lost("nothing is heard")

    def _open(self) -> None:
        late = self._reactor.callLater(OPENING, self._hang_up)
        self._defer_to_thread(self._opened_in_thread).addBoth(self._tried, late)

    def _opened_in_thread(self) -> "_Descriptor":
        connection = self._opening = self._connect()
        try:
            statements.listen(connection.cursor())
            if not self._is_running:
                # The reactor may have ended, too, and not close what it is given any more.
                raise ConnectionAbortedError("the node has stopped")
            return _Descriptor(self._reactor, connection, self._heard, self._lost)
        except BaseException:
            connection.close()
            raise
        finally:
            self._opening = None

    def _hang_up(self) -> None:
        """Shut the socket down on which a thread waits for an engine that is silent."""
        connection = self._opening
        if connection is not None:
            # It may have been closed meanwhile.
            with suppress(Exception):
                hang_up(connection.fileno())

    def _tried(self, result: "_Descriptor | Failure", late: IDelayedCall) -> None:
        if late.active():
            late.cancel()
        if isinstance(result, Failure):
            self._failed(result.getErrorMessage())
            return
        self._reader = result
        if not self._is_running:
            self._close()
            return
        self._reader.begin()
        self._pause = FIRST_PAUSE
        if self._is_broken:
            self._is_broken = False
            self._log.info("nodes: this node hears the others again")
        self._listening()

    def _lost(self, why: str) -> None:
        self.losses += 1
        self._close()
        self._failed(why)

    def _failed(self, why: str) -> None:
        if not self._is_running:
            return
        if not self._is_broken:
            self._is_broken = True
            # libpq's text has several lines.
            reason = why.partition("\n")[0] or "the connection broke"
            self._log.warn("nodes: this node does not hear the others ({reason}); it tries again", reason=reason)
        self._retry = self._reactor.callLater(self._pause, self._open)
        self._pause = min(LAST_PAUSE, 2 * self._pause)

    def _close(self) -> "Deferred[None]":
        reader, self._reader = self._reader, None
        if reader is None:
            return succeed(None)
        connection = reader.end()
        # In a thread, as a TLS connection says goodbye.
        return self._defer_to_thread(connection.close).addErrback(lambda failure: None)


@implementer(IReadDescriptor)
class _Descriptor:
    """A connection that listens, as the reactor sees it; made in any thread. Raises OSError without a descriptor."""

    def __init__(
        self,
        reactor: Any,
        connection: ListeningConnection,
        heard: Callable[[str], object],
        lost: Callable[[str], object],
    ) -> None:
        self._reactor = reactor
        self.connection = connection
        self._heard = heard
        self._lost = lost
        self._descriptor = os.dup(connection.fileno())

    def begin(self) -> None:
        self._reactor.addReader(self)
        # What came between the LISTEN and now has been read already.
        self.doRead()

    def end(self) -> ListeningConnection:
        descriptor, self._descriptor = self._descriptor, -1
        self._reactor.removeReader(self)
        os.close(descriptor)
        return self.connection

    def fileno(self) -> int:
        return self._descriptor

    def logPrefix(self) -> str:
        return "mixsvc.nodes"

    def doRead(self) -> None:
        try:
            self.connection.pgconn.consume_input()
        except Exception as error:
            self._lost(str(error))
            return
        while self._descriptor >= 0 and (notification := self.connection.pgconn.notifies()) is not None:
            self._heard(notification.extra.decode(errors="replace"))

    def connectionLost(self, reason: Failure) -> None:
        if self._descriptor >= 0:
            self._lost(reason.getErrorMessage())
