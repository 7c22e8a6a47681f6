"""The life of one session as a table, and its outbox: pure, without reactor or socket.

A session outlives the requests and connections ("receivers") that carry its frames. What changes its state is an
Input; a move that is not in the table is a mistake of ours and raises.
"""

from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import Final, Protocol

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from txsockjs._frames import Batch, Framing, Message, close_frame

__all__ = ["TRANSITIONS", "Application", "Input", "Keeper", "Receiver", "Session", "State", "Turn"]

# How many messages leave in one frame at most, so that no frame grows with the audience's silence.
FRAME_MESSAGES: Final = 512


class State(Enum):
    """NEW: no receiver yet. CLOSING: the close frame is not delivered yet. CLOSED: the application knows."""

    NEW = auto()
    OPEN = auto()
    CLOSING = auto()
    CLOSED = auto()


class Input(Enum):
    """What happens to a session."""

    ATTACHED = auto()
    CLOSE = auto()
    CLOSE_DELIVERED = auto()
    LOST = auto()


TRANSITIONS: Final[dict[State, dict[Input, State]]] = {
    State.NEW: {Input.ATTACHED: State.OPEN, Input.LOST: State.CLOSED},
    State.OPEN: {Input.ATTACHED: State.OPEN, Input.CLOSE: State.CLOSING, Input.LOST: State.CLOSED},
    State.CLOSING: {
        Input.ATTACHED: State.CLOSING,
        Input.CLOSE_DELIVERED: State.CLOSED,
        Input.LOST: State.CLOSED,
    },
    State.CLOSED: {},
}


class Receiver(Protocol):
    """What carries frames to the client: one HTTP response or one WebSocket."""

    framing: Framing

    @property
    def ready(self) -> bool:
        """Whether the client keeps up; when it does again, the receiver flushes the session."""

    def send(self, data: bytes) -> None:
        """Write framed bytes; a receiver that is full after them ends itself and calls `detach`."""

    def beat(self) -> None:
        """Nothing was sent for a while: show that the session lives."""

    def end(self, code: int, reason: str) -> None:
        """The close frame was sent: finish."""


class Application(Protocol):
    """The side that uses the session."""

    def opened(self) -> None:
        """The client has its open frame."""

    def received(self, message: str | bytes) -> None:
        """One message came: text, or the bytes of a binary one."""

    def lost(self, reason: Failure) -> None:
        """The session is over; told exactly once, and only after `opened`."""


class Turn(Protocol):
    """Collects what must be flushed when the reactor's turn ends."""

    root: Batch
    now: float

    def flush_later(self, session: "Session") -> None:
        """Call session.flush() once, soon."""


class Keeper(Protocol):
    """Keeps the time of sessions and knows them by name."""

    def attached(self, session: "Session") -> None:
        """A receiver came."""

    def detached(self, session: "Session") -> None:
        """The receiver ended as it should; another may follow."""

    def forget(self, session: "Session") -> None:
        """It will never have a receiver again."""


class Session:
    """One client's session."""

    __slots__ = (
        "_batch",
        "_close",
        "_flushed",
        "_keeper",
        "_outbox",
        "_outbox_size",
        "_turn",
        "application",
        "name",
        "outbox_limit",
        "receiver",
        "sent_at",
        "state",
        "timer",
    )

    def __init__(self, name: bytes | None, turn: Turn, keeper: Keeper, outbox_limit: int) -> None:
        """name: its id in the URL, None for a WebSocket. outbox_limit: bytes that may wait for the client."""
        self.name = name
        self.state = State.NEW
        self.receiver: Receiver | None = None
        self.application: Application
        # The keeper's: one timer, for the heartbeat while a receiver is attached, for the end while none is.
        self.timer: IDelayedCall | None = None
        self.sent_at = 0.0
        self.outbox_limit = outbox_limit
        self._turn = turn
        self._keeper = keeper
        self._batch: Batch | None = None
        self._outbox: list[Message] = []
        self._outbox_size = 0
        self._close = (1000, "Normal closure")
        self._flushed: Callable[[], None] | None = None

    def _move(self, what: Input) -> State:
        before, self.state = self.state, TRANSITIONS[self.state][what]
        return before

    # From the client's side

    def attach(self, receiver: Receiver) -> None:
        """Send through this receiver from now on; one that comes while another is there is told so and ended."""
        if self.receiver is not None:
            _end(receiver, 2010, "Another connection still open")
        elif self.state is State.CLOSED:
            _end(receiver, *self._close)
        else:
            self.receiver = receiver
            is_new = self._move(Input.ATTACHED) is State.NEW
            self._keeper.attached(self)
            if is_new:
                self._send(receiver, receiver.framing.wrap(b"o"))
                self.application.opened()
            self.flush()

    def detach(self, receiver: Receiver) -> None:
        """A receiver has ended as it should: a poll was answered, a stream is full."""
        if self.receiver is receiver:
            self.receiver = None
            self._keeper.detached(self)

    def lose(self, receiver: Receiver | None, reason: Failure) -> None:
        """The client is gone: this receiver's connection was lost, or (None) no receiver came in time.

        Harmless a second time, and for a receiver that is not the session's.
        """
        if self.receiver is not receiver:
            return
        self.receiver = None
        self._batch = None
        self._outbox.clear()
        self._keeper.forget(self)
        if self.state is not State.CLOSED and self._move(Input.LOST) is not State.NEW:
            self.application.lost(reason)

    def receive(self, messages: Iterable[str | bytes]) -> None:
        """Hand the client's messages to the application; what comes after its close is dropped."""
        for message in messages:
            if self.state is not State.OPEN:
                return
            self.application.received(message)

    # From the application's side

    def post(self, message: Message) -> None:
        """Send a message with whatever else this turn brings; dropped when the session is closing.

        This is the hot path of a broadcast: one look-up, no encoding and no system call for each recipient.
        """
        if self.state is not State.OPEN:
            return
        batch = self._batch
        if batch is None:
            self._turn.flush_later(self)
            batch = self._turn.root
        self._batch = batch.then(message)

    def close(self, code: int, reason: str) -> None:
        """Close after what was posted before; the first close counts. Nothing happens before the turn's end."""
        if self.state is State.OPEN:
            self._close = (code, reason)
            self._move(Input.CLOSE)
            self._turn.flush_later(self)

    def disconnect(self) -> None:
        """End it now: a client that is there and reads gets the close frame, and the name is free."""
        self.close(3000, "Go away!")
        self.flush()
        receiver = self.receiver
        self.lose(receiver, Failure(ConnectionDone("The session was disconnected")))
        if receiver is not None:
            receiver.end(*self._close)

    def watch(self, flushed: Callable[[], None] | None) -> None:
        """Call this soon, and after every flush; None: no more."""
        self._flushed = flushed
        if flushed is not None:
            self._turn.flush_later(self)

    @property
    def is_lagging(self) -> bool:
        """Whether the application should wait: the client does not keep up, or half of the outbox is full."""
        receiver = self.receiver
        return self._outbox_size * 2 > self.outbox_limit or (receiver is not None and not receiver.ready)

    @property
    def is_closing(self) -> bool:
        """Whether the application has closed it, or knows that it is lost."""
        return self.state in (State.CLOSING, State.CLOSED)

    # Carrying out

    def flush(self) -> None:
        """Send what waits as far as the receiver takes it; called at the end of a turn and when it is ready again."""
        batch, self._batch = self._batch, None
        receiver = self.receiver
        if batch is not None:
            if receiver is not None and receiver.ready and not self._outbox:
                self._send(receiver, batch.encoded(receiver.framing))
            else:
                self._keep(batch)
        if self._outbox or self.state is State.CLOSING:
            self._drain()
        if self._flushed is not None:
            self._flushed()

    def _send(self, receiver: Receiver, data: bytes) -> None:
        self.sent_at = self._turn.now
        receiver.send(data)

    def _keep(self, batch: Batch) -> None:
        if self._outbox_size + batch.size <= self.outbox_limit:
            self._outbox.extend(batch.messages)
            self._outbox_size += batch.size
        else:
            # The client reads too slowly. What it misses it must fetch anew, so nothing is worth keeping.
            self._outbox.clear()
            self._outbox_size = 0
            self.close(1008, "Reads too slowly")

    def _drain(self) -> None:
        while self._outbox and self.receiver is not None and self.receiver.ready:
            some = self._outbox[:FRAME_MESSAGES]
            del self._outbox[:FRAME_MESSAGES]
            self._outbox_size -= sum(message.size for message in some)
            self._send(self.receiver, self.receiver.framing.encode(some))
        if self.state is State.CLOSING and not self._outbox and self.receiver is not None:
            self._move(Input.CLOSE_DELIVERED)
            _end(self.receiver, *self._close)
            self.application.lost(Failure(ConnectionDone(self._close[1])))


def _end(receiver: Receiver, code: int, reason: str) -> None:
    receiver.send(receiver.framing.wrap(close_frame(code, reason)))
    receiver.end(code, reason)
