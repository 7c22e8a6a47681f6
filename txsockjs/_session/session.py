"""One client's session: its state, its receiver, the messages that come and those that go.

There is no reactor and no clock in it: its neighbours (see `interfaces`) tell it what happens.
_session/__init__.py has the theory, `states` the table of its states.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.logger import Logger
from twisted.python.failure import Failure

from txsockjs._protocol.frames import Framing, Message, close_frame
from txsockjs._session.batch import Batch
from txsockjs._session.interfaces import Application, FrameWriter, Receiver, SessionObserver, SessionScheduler
from txsockjs._session.outbox import Outbox
from txsockjs._session.states import CLOSING, FINISHING, OPEN, TRANSITIONS, Input, State
from txsockjs._session.timers import TimerGroup
from txsockjs._socket.writer import DirectWriter, write_to_all

__all__ = ["Session", "flush_together"]

# The most messages that the application gets in one turn, if the client sent them together.
SLICE_MESSAGES: Final = 100

# The inbox of a session while no messages wait. Shared by all sessions, so it must not be appended to.
EMPTY: Final[deque[str | bytes]] = deque()

# The outbox of a session that has not needed one yet. Shared as well.
NOTHING_WAITS: Final = Outbox()


class Session:
    """One client's session. Belongs to the reactor thread."""

    _log = Logger()

    __slots__ = (
        "_close",
        "_flushed",
        "_framing",
        "_inbox",
        "_is_paused",
        "_observer",
        "_outbox",
        "_socket",
        "_writer",
        "application",
        "batch",
        "checked_at",
        "name",
        "opened_at",
        "outbox_limit",
        "proof",
        "receiver",
        "sent_at",
        "silent_beats",
        "state",
        "timer",
        "transport",
        "scheduler",
    )

    def __init__(
        self,
        name: bytes | None,
        scheduler: "SessionScheduler[Session]",
        observer: "SessionObserver[Session]",
        outbox_limit: int,
    ) -> None:
        """name: the session's name in the URL; None for a WebSocket. outbox_limit: bytes; see Options.max_outbox."""
        self.name = name
        self.state = State.NEW
        # When, in seconds of the scheduler's clock.
        self.opened_at = 0.0
        # The name of the transport, for Numbers; set by the endpoint.
        self.transport = ""
        # Of the client whose session it is; for the endpoints, which compare it with that of each request.
        self.proof = b""
        self.receiver: Receiver | None = None
        # The receiver's, kept here because they are read for each frame; _socket: the writer if it is one of a socket.
        self._writer: FrameWriter | None = None
        self._socket: DirectWriter | None = None
        self._framing: Framing
        self.application: Application
        # For the observer: the session's timer, and when (in seconds) the last frame was sent and the client checked.
        self.timer: TimerGroup[Session] | None = None
        self.sent_at = self.checked_at = 0.0
        # How many heartbeats in a row found that a close waits for a producer that has sent nothing.
        self.silent_beats = 0
        self.outbox_limit = outbox_limit
        self.scheduler = scheduler
        self._observer = observer
        # The messages of this turn.
        self.batch: Batch | None = None
        self._inbox: deque[str | bytes] = EMPTY
        self._is_paused = False
        self._outbox = NOTHING_WAITS
        self._close = (1000, "Normal closure")
        self._flushed: Callable[[], None] | None = None

    def _move(self, what: Input) -> State:
        before, self.state = self.state, TRANSITIONS[self.state][what]
        return before

    # From the client's side

    def attach(self, receiver: Receiver) -> None:
        """Send through this receiver from now on.

        A receiver that comes while another is attached gets a close frame with 2010 and is ended (SockJS protocol
        0.3.3, section HandlingClose).
        """
        if self.receiver is not None:
            _end(receiver, 2010, "Another connection still open")
        elif self.state is State.CLOSED:
            _end(receiver, *self._close)
        else:
            self.receiver, self._writer, self._framing = receiver, receiver.writer, receiver.framing
            self._socket = self._writer if isinstance(self._writer, DirectWriter) else None
            is_new = self._move(Input.ATTACHED) is State.NEW
            self._observer.attached(self)
            if is_new:
                receiver.send(receiver.framing.open)
                self.application.opened()
            self.flush()

    def detach(self, receiver: Receiver) -> None:
        """A receiver has ended as it should: a poll was answered, or a stream is full."""
        if self.receiver is receiver:
            self._let_go()
            self._observer.detached(self)

    def _let_go(self) -> None:
        self.receiver = self._writer = self._socket = None

    def lose(self, receiver: Receiver | None, reason: Failure) -> None:
        """End the session: this receiver's connection was lost, or (None) no receiver came in time.

        Does nothing if the session has ended already, or if the receiver is not attached.
        """
        if self.receiver is not receiver:
            return
        self._let_go()
        self._drop_unsent()
        # What came before the end still counts, unless the application has paused the session.
        inbox, self._inbox = self._inbox, EMPTY
        self._deliver(inbox)
        self._inbox = EMPTY
        self._observer.ended(self)
        if self.state is not State.CLOSED and self._move(Input.LOST) is not State.NEW:
            self.application.lost(reason)

    def drop(self, reason: Failure) -> None:
        """End the session and its client's connection now, without a close frame."""
        receiver = self.receiver
        try:
            self.lose(receiver, reason)
        finally:
            if receiver is not None:
                receiver.abort()

    def _drop_unsent(self) -> None:
        if self.batch is not None:
            self.batch.holders -= 1
            self.batch = None
        self._outbox.drop()

    def receive(self, messages: Sequence[str | bytes]) -> None:
        """Hand the client's messages to the application, in slices if there are many.

        Messages that come after the application has closed the session are dropped.
        """
        if self._inbox:
            self._inbox.extend(messages)
        elif len(messages) > SLICE_MESSAGES or self._is_paused:
            self._inbox = deque(messages)
            self.deliver()
        else:
            self._deliver(messages)

    def deliver(self) -> None:
        """Hand over a slice of the messages that wait; called each turn until none wait."""
        if self._is_paused:
            return
        inbox = self._inbox
        self._deliver([inbox.popleft() for _ in range(min(SLICE_MESSAGES, len(inbox)))])
        if inbox:
            self.scheduler.deliver_later(self)

    def _deliver(self, messages: Sequence[str | bytes]) -> None:
        for index, message in enumerate(messages):
            if self.state is not OPEN:
                return
            if self._is_paused:
                self._inbox = deque([*messages][index:] + [*self._inbox])
                return
            self.application.received(message)

    def pause(self) -> None:
        """Hand over no more messages, and stop reading from the client where it has a connection of its own."""
        self._is_paused = True
        if self.receiver is not None:
            self.receiver.pause()

    def resume(self) -> None:
        """Hand over messages again. Does nothing if nothing was paused."""
        self._is_paused = False
        if self.receiver is not None:
            self.receiver.resume()
        if self._inbox:
            self.scheduler.deliver_later(self)

    @property
    def is_paused(self) -> bool:
        """Whether the application has paused the session."""
        return self._is_paused

    @property
    def backlog(self) -> int:
        """How many messages of the client wait for the application."""
        return len(self._inbox)

    # From the application's side

    def post(self, message: Message) -> None:
        """Send a message at the end of this turn, with the others of the turn; dropped when the session is closing."""
        if self.state is not OPEN and self.state is not FINISHING:
            return
        batch = self.batch
        if batch is None:
            self.replace_batch(Batch([message], message.size))
        elif batch.holders == 1:
            batch.add(message)
        else:
            self.replace_batch(batch.with_another(message))

    def replace_batch(self, batch: Batch) -> None:
        """Make this the messages of the turn; it begins with the messages so far, and the session is open.

        A broadcast calls this for each recipient, so nothing is encoded and nothing is written here.
        """
        before = self.batch
        if before is None:
            self.scheduler.flush_later(self)
        else:
            before.holders -= 1
        batch.holders += 1
        self.batch = batch

    def discard(self, is_unwanted: Callable[[str], bool]) -> list[str]:
        """Send none of the messages that still wait and whose text is unwanted; returns these texts, oldest first."""
        discarded = self._outbox.discard(is_unwanted)
        batch = self.batch
        unwanted = [each.text for each in batch.messages if is_unwanted(each.text)] if batch is not None else []
        if batch is not None and unwanted:
            # Not changed in place: others may share the batch.
            batch.holders -= 1
            self.batch = None
            for message in batch.messages:
                if not is_unwanted(message.text):
                    self.post(message)
        return discarded + unwanted

    def close(self, code: int, reason: str) -> None:
        """Close the session after what was posted before, at the end of this turn. Only the first close counts.

        A close that waits for a producer is replaced.
        """
        if self.state in (State.OPEN, State.FINISHING):
            self._close = (code, reason)
            self._move(Input.CLOSE)
            self.scheduler.flush_later(self)
            self._leave_shared_batch()

    def finish(self, code: int, reason: str) -> None:
        """The same as close, but if a producer is registered (`watch`) it may write to its end first."""
        if self._flushed is None:
            self.close(code, reason)
        elif self.state is State.OPEN:
            self._close = (code, reason)
            self._move(Input.FINISH)
            self._leave_shared_batch()

    def _leave_shared_batch(self) -> None:
        # What is added to it from now on comes after the close.
        if self.batch is not None:
            self.replace_batch(Batch(self.batch.messages, self.batch.size))

    @property
    def waits_for_producer(self) -> bool:
        """Whether the session would be closed if it had no producer, and the producer may write."""
        return self.state is State.FINISHING and not self.is_lagging

    def wait_no_longer(self) -> None:
        """Close the session now, if its close waits for a producer."""
        if self.state is State.FINISHING:
            self.close(*self._close)

    def abort(self) -> None:
        """Drop what waits, and at the end of this turn the client's connection; the application is told then."""
        if self.state in (State.OPEN, State.FINISHING, State.CLOSING):
            self._move(Input.ABORT)
            self._drop_unsent()
            self.scheduler.flush_later(self)

    def disconnect(self) -> None:
        """End the session now. A client that is connected and reads gets the close frame; the name is free again."""
        self.close(3000, "Go away!")
        self.flush()
        receiver = self.receiver
        self.lose(receiver, Failure(ConnectionDone("The session was disconnected")))
        if receiver is not None:
            receiver.end(*self._close)

    def watch(self, flushed: Callable[[], None] | None) -> None:
        """Call this at the end of this turn, and after every flush; None: stop calling, there is no producer."""
        self._flushed = flushed
        if flushed is not None or self.state is State.FINISHING:
            self.scheduler.flush_later(self)

    @property
    def is_lagging(self) -> bool:
        """Whether a producer should wait: the client does not keep up, or the outbox is half full."""
        writer = self._writer
        return self._outbox.size * 2 > self.outbox_limit or (writer is not None and not writer.ready)

    @property
    def unsent(self) -> int:
        """Bytes that wait for the client, as Options.max_outbox counts them."""
        return self._outbox.size

    @property
    def is_closing(self) -> bool:
        """Whether the application has closed the session, or was told of its end."""
        return self.state not in (State.NEW, State.OPEN)

    @property
    def may_send(self) -> bool:
        """Whether messages are taken: the session is open, or its close waits for a producer."""
        return self.state in (State.OPEN, State.FINISHING)

    # Sending

    def flush(self) -> None:
        """Send what waits, as far as the client takes it.

        Called at the end of a turn, and when the client has caught up. If this fails, which is a mistake in txsockjs,
        the session is dropped.
        """
        try:
            self._flush()
        except Exception:
            self._log.failure("sockjs: a session could not be flushed")
            self.drop(Failure(ConnectionLost("The session could not be flushed")))

    def _flush(self) -> None:
        batch, self.batch = self.batch, None
        if batch is not None:
            batch.holders -= 1
            self.silent_beats = 0
            writer = self._writer
            if writer is not None and writer.ready and not self._outbox and batch.fits(self.scheduler.frame_messages):
                self.sent_at = self.scheduler.now
                writer.write(batch.encoded(self._framing))
            else:
                self._keep(batch)
                self._drain()
                self._check_room()
        elif self._outbox:
            self._drain()
        if self.state is not OPEN:
            self._go_on_to_the_end()
        if self._flushed is not None:
            self._flushed()

    def _go_on_to_the_end(self) -> None:
        if self.state is State.FINISHING and self._flushed is None:
            self._move(Input.CLOSE)
        if self.state is State.ABORTING:
            self.drop(Failure(ConnectionAborted()))
        elif self.state is CLOSING and not self._outbox and self.receiver is not None:
            self._move(Input.CLOSE_DELIVERED)
            try:
                _end(self.receiver, *self._close)
            finally:
                self.application.lost(Failure(ConnectionDone(self._close[1])))

    def _keep(self, batch: Batch) -> None:
        if self._outbox is NOTHING_WAITS:
            self._outbox = Outbox()
        self._outbox.add(batch)

    def _drain(self) -> None:
        while self._outbox and self._writer is not None and self._writer.ready:
            data = self._framing.encode(self._outbox.take(self.scheduler.frame_messages))
            self.silent_beats = 0
            self.sent_at = self.scheduler.now
            self._writer.write(data)

    def _check_room(self) -> None:
        outbox, limit = self._outbox, self.outbox_limit
        if outbox.size > limit and outbox.is_exceeded(limit, self.scheduler.now, self._writer):
            # The messages that wait are lost with the session, so there is no use in keeping them.
            outbox.drop()
            self._observer.overflowed(self)
            self.close(1008, "Reads too slowly")


def flush_together(sessions: Iterable[Session], now: float, most: int) -> list[Session]:
    """Send their batch to those sessions that share one and whose sockets take it now; returns the others.

    now: of the flush, in seconds. most: the messages that one frame may have. This is what a broadcast costs for each
    recipient, besides `send_to_all`: sessions that follow each other with one batch and one framing are one loop. A
    session that is closing shares no batch.
    """
    others: list[Session] = []
    sockets: list[DirectWriter] = []
    batch, framing, data = None, None, b""
    for session in sessions:
        own, socket = session.batch, session._socket
        if own is None or socket is None or not socket.ready or session._outbox or session._flushed is not None:
            others.append(session)
            continue
        if own is not batch or session._framing is not framing:
            write_to_all(sockets, data)
            sockets.clear()
            batch = None
            if own.holders < 2 or not own.fits(most):
                others.append(session)
                continue
            batch, framing, data = own, session._framing, own.encoded(session._framing)
        own.holders -= 1
        session.batch = None
        session.sent_at = now
        sockets.append(socket)
    write_to_all(sockets, data)
    return others


def _end(receiver: Receiver, code: int, reason: str) -> None:
    receiver.send(receiver.framing.wrap(close_frame(code, reason)))
    receiver.end(code, reason)
