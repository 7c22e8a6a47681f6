"""Every session of one service: by name and by address, with its timer, and what must be flushed in this turn.

A session has one timer. While it has a receiver, the timer is for the next heartbeat or check; while it has none, for
its end.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from math import ceil
from typing import Final, Protocol
from weakref import ref

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IDelayedCall, IReactorCore, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from txsockjs._protocol.errors import Refused
from txsockjs._protocol.frames import Message, check_close
from txsockjs._protocol.options import Options
from txsockjs._session.batch import LastBroadcast
from txsockjs._session.interfaces import Application
from txsockjs._session.session import Session, flush_together
from txsockjs._session.states import State
from txsockjs._session.stats import Numbers
from txsockjs._session.timers import Timers

__all__ = ["Registry", "AbortableConnection"]

# How many seconds one call may flush sessions. The clock is read after each SLICE_SESSIONS of them.
SLICE_SECONDS: Final = 0.01
SLICE_SESSIONS: Final = 100

# How many heartbeats in a row the close of a session waits for a producer that writes nothing.
SILENT_BEATS: Final = 2


class AbortableConnection(Protocol):
    """A WebSocket; its closing handshake may go on when its session has ended."""

    def abort(self) -> None:
        """Drop the connection now."""


class Registry:
    """The sessions of a service; their SessionScheduler and SessionObserver. Belongs to the reactor thread.

    last_broadcast, now, frame_messages: what a SessionScheduler has. now: seconds, as of the last flush.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, options: Options) -> None:
        self.clock = clock
        self.options = options
        self.last_broadcast: LastBroadcast | None = None
        self.now = clock.seconds()
        self.frame_messages = options.messages_per_frame
        self._named: dict[bytes, Session] = {}
        # The sessions that have not ended, each with its client's address.
        self._live: dict[Session, str] = {}
        self._addresses: Counter[str] = Counter()
        self._is_full = False
        self._opened = self._overflows = 0
        self._refused: Counter[str] = Counter()
        self._connections: set[AbortableConnection] = set()
        self._timers = Timers(clock, self._due)
        self._dirty: list[Session] = []
        self._turn: IDelayedCall | None = None
        self._stopped: Deferred[None] | None = None

    def __len__(self) -> int:
        return len(self._live)

    @property
    def named(self) -> dict[bytes, Session]:
        """The sessions that have a name; also those that are closed and keep it for the client's next poll."""
        return dict(self._named)

    @property
    def addresses(self) -> dict[str, int]:
        """How many sessions each address has; addresses without sessions are left out."""
        return dict(self._addresses)

    def numbers(self) -> Numbers:
        """What was counted so far."""
        sessions = Counter(session.transport for session in self._live)
        return Numbers(sessions, self._opened, self._refused, self._overflows)

    def newest(self) -> Iterator[Session]:
        """The sessions that have not ended, the newest first; nothing is opened or closed meanwhile."""
        return reversed(self._live)

    # Finding and making

    def find(self, name: bytes) -> Session | None:
        """The open session of this name, which takes messages; None if there is none."""
        session = self._named.get(name)
        return session if session is not None and session.state is State.OPEN else None

    def get(self, name: bytes) -> Session | None:
        """The session that has this name, also one that is closed and keeps it; None if there is none."""
        return self._named.get(name)

    def find_or_make(self, name: bytes, address: str, application: Callable[[Session], Application]) -> Session:
        """The session of this name; a new one if there is none. Raises Refused when there are too many.

        address: what the limit max_sessions_per_address counts by. application: builds the session's application.
        """
        session = self._named.get(name)
        if session is None:
            session = self._named[name] = self._make(name, address, application)
            self._arm(session, self.options.timeout)
        return session

    def make(self, address: str, application: Callable[[Session], Application]) -> Session:
        """A new session without a name, for a WebSocket. Raises Refused when there are too many."""
        return self._make(None, address, application)

    def _make(self, name: bytes | None, address: str, application: Callable[[Session], Application]) -> Session:
        self._check_room(address)
        if not self._opened:
            self._end_with_reactor()
        session = Session(name, self, self, self.options.max_outbox)
        session.opened_at = self.clock.seconds()
        session.application = application(session)
        self._live[session] = address
        self._addresses[address] += 1
        self._opened += 1
        return session

    def _end_with_reactor(self) -> None:
        reactor = IReactorCore(self.clock, None)
        if reactor is not None:
            # Behind the reactor's own trigger, which drops all connections. It must not keep a service that has gone.
            reactor.addSystemEventTrigger("during", "shutdown", _reactor_stopped, ref(self))

    def reactor_stopped(self) -> None:
        """The reactor has dropped all connections: end what is left, the sessions of clients between two polls."""
        for session in list(self._live):
            session.lose(session.receiver, Failure(ConnectionLost("The reactor has stopped")))

    def _check_room(self, address: str) -> None:
        if self._stopped is not None:
            self._refused["stopping"] += 1
            raise Refused(503, "Server is stopping")
        if self._addresses[address] >= self.options.max_sessions_per_address:
            self._refused["address"] += 1
            raise Refused(503, "Too many sessions from this address")
        if len(self._live) >= self.options.max_sessions:
            if not self._is_full:
                # One line for all clients that are refused until there is room again.
                self._is_full = True
                limit = self.options.max_sessions
                self._log.warn("sockjs: {limit} sessions are open, new ones are refused", limit=limit)
            self._refused["sessions"] += 1
            raise Refused(503, "Too many sessions")
        self._is_full = False

    # SessionObserver

    def attached(self, session: Session) -> None:
        """Start the heartbeat."""
        session.sent_at = session.checked_at = self.now = self.clock.seconds()
        self._arm(session, self.options.heartbeat)

    def detached(self, session: Session) -> None:
        """Wait for the next receiver."""
        self._arm(session, self.options.timeout)
        self._check_stopped()

    def overflowed(self, session: Session) -> None:
        """Count the session."""
        self._overflows += 1

    def ended(self, session: Session) -> None:
        """Free the name and the place of the session. A second call does nothing."""
        self._disarm(session)
        if session.name is not None and self._named.get(session.name) is session:
            del self._named[session.name]
        address = self._live.pop(session, None)
        if address is not None:
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]
            self._check_stopped()

    def _arm(self, session: Session, seconds: float) -> None:
        self._disarm(session)
        session.timer = self._timers.start(session, seconds)

    def _disarm(self, session: Session) -> None:
        timer, session.timer = session.timer, None
        if timer is not None:
            self._timers.stop(session, timer)

    def _due(self, session: Session) -> None:
        # To move the timer at each frame would cost more than the frame, so the time of the last frame is read here.
        now, heartbeat, receiver = self.clock.seconds(), self.options.heartbeat, session.receiver
        if receiver is None:
            session.lose(None, Failure(ConnectionLost("The client did not come back in time")))
            return
        is_quiet, is_unchecked = (now - each >= heartbeat for each in (session.sent_at, session.checked_at))
        if is_quiet:
            session.sent_at = now
        if is_quiet or is_unchecked:
            session.checked_at = now
        self._arm(session, min(session.sent_at, session.checked_at) + heartbeat - now)
        if is_quiet:
            self._check_producer(session)
            receiver.heartbeat()
        elif is_unchecked:
            # Frames that are sent to a client that is gone must not keep it.
            receiver.check()

    def _check_producer(self, session: Session) -> None:
        """Nothing was sent for a whole heartbeat: a close that waits for a producer must not wait for ever."""
        if session.waits_for_producer:
            session.silent_beats += 1
            if session.silent_beats >= SILENT_BEATS:
                session.wait_no_longer()

    # SessionScheduler

    def flush_later(self, session: Session) -> None:
        """Flush the session when the reactor's turn ends."""
        self._dirty.append(session)
        if self._turn is None:
            self._turn = self.clock.callLater(0, self._flush)

    def flush_all_later(self, sessions: Iterable[Session]) -> None:
        """Flush the sessions when the reactor's turn ends."""
        self._dirty += sessions
        if self._turn is None:
            self._turn = self.clock.callLater(0, self._flush)

    def deliver_later(self, session: Session) -> None:
        """Go on handing over a client's messages in another turn."""
        self.clock.callLater(0, session.deliver)

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, []
        self._turn = None
        self.last_broadcast = None
        self.now = self.clock.seconds()
        for start in range(0, len(dirty), SLICE_SESSIONS):
            if self.clock.seconds() - self.now >= SLICE_SECONDS:
                # Let the reactor serve others. These sessions come before those that are written to meanwhile.
                self._dirty[:0] = dirty[start:]
                self._turn = self._turn or self.clock.callLater(0, self._flush)
                return
            self._flush_slice(dirty[start : start + SLICE_SESSIONS])

    def _flush_slice(self, sessions: list[Session]) -> None:
        try:
            others = flush_together(sessions, self.now, self.frame_messages)
        except Exception:
            # Somebody's messages cannot be encoded: the loop finds out whose.
            others = sessions
        for session in others:
            session.flush()

    # WebSockets, and the end

    def connection_opened(self, connection: AbortableConnection) -> None:
        """A WebSocket was opened."""
        self._connections.add(connection)

    def connection_lost(self, connection: AbortableConnection) -> None:
        """A WebSocket's connection was lost."""
        self._connections.discard(connection)
        self._check_stopped()

    def stop(self, code: int, reason: str, farewell: Callable[[], str] | None = None) -> Deferred[None]:
        """Close every session and refuse new ones; called once. farewell: returns the last message of a session.

        The Deferred fires when the clients that are connected have answered; by then every application was told of the
        end. Cancel it to stop waiting: connections that are still open are dropped. Raises what check_close raises.
        """
        check_close(code, reason)
        self._stopped = Deferred(lambda _: self._abort())
        self._close_all(list(self._live), code, reason, farewell)
        self.clock.callLater(0, self._check_stopped)
        return self._stopped

    def close_some(self, share: float, code: int, reason: str, farewell: Callable[[], str] | None = None) -> None:
        """Close this share of the sessions that are open. farewell: as for stop. Raises what check_close raises."""
        check_close(code, reason)
        still = [session for session in self._live if session.state is State.OPEN]
        self._close_all(still[: ceil(share * len(still))], code, reason, farewell)

    def _close_all(self, sessions: list[Session], code: int, reason: str, farewell: Callable[[], str] | None) -> None:
        # In slices, as there may be thousands.
        for session in sessions[:SLICE_SESSIONS]:
            if farewell is not None:
                session.post(Message(farewell()))
            session.close(code, reason)
        if rest := sessions[SLICE_SESSIONS:]:
            self.clock.callLater(0, self._close_all, rest, code, reason, farewell)

    def _abort(self) -> None:
        for connection in list(self._connections):
            connection.abort()
        for session in list(self._live):
            session.disconnect()

    def _check_stopped(self) -> None:
        if self._stopped is None or self._stopped.called:
            return
        if not self._connections and all(session.receiver is None for session in self._live):
            live, self._live = self._live, {}
            for session in live:
                session.lose(None, Failure(ConnectionDone("The server has stopped")))
            self._stopped.callback(None)


def _reactor_stopped(reference: "ref[Registry]") -> None:
    registry = reference()
    if registry is not None:
        registry.reactor_stopped()
