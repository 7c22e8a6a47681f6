"""The bytes between a client and the view that has taken its connection."""

from enum import Enum, auto
from typing import Any, Final, Protocol

from twisted.internet.interfaces import ISSLTransport, ITCPTransport
from twisted.python.failure import Failure
from websockets.frames import CloseCode

from mixsvc.holds.record import HeldRecord
from mixsvc.sockets.frames import PING, SWITCHING, SentFrames, close_frame
from mixsvc.sockets.pair_end import PairEnd
from txsockjs.sockets import SocketWriter, open_writer, progress

__all__ = ["Ending", "PumpOwner", "SocketPump"]

# How long a frame that has begun may take to be complete at the end, and how long a client may then take to close.
FRAME_SECONDS: Final = 1.0
CLOSE_SECONDS: Final = 5.0

# How long the threads of a view that has returned may take to close. simple-websocket's tells the view that the client
# has closed, and then answers it.
THREAD_SECONDS: Final = 0.5

# A client that is silent between so many looks gets pings, and is given up at the next look but one.
SILENT_LOOKS: Final = 2


class Ending(Enum):
    """Why the service ends a connection: the code (RFC 6455 section 7.4.1 and its registry) and the reason."""

    FAILED = (CloseCode.INTERNAL_ERROR, "The server has failed.")
    RESTART = (CloseCode.SERVICE_RESTART, "The server restarts.")


class PumpOwner(Protocol):
    """Looks after a pump. Reactor thread."""

    def lost(self) -> None:
        """The connection is closed."""

    def too_slow(self) -> None:
        """The connection is closed, as its client does not read or has gone."""

    def abort_later(self, seconds: float) -> None:
        """Abort the connection after so many seconds, if it is not closed before; replaces what was to come later."""

    def look_later(self, seconds: float) -> None:
        """Call the pump's `look_whether_over` after so many seconds, likewise."""


class State(Enum):
    """How far the conversation is."""

    OPEN = auto()
    # The service ends it: the frame that has begun is completed.
    COMPLETING = auto()
    # Nothing more is sent. The client may still answer the close frame.
    CLOSING = auto()
    LOST = auto()


class SocketPump:
    """Has the connection (txsockjs.interfaces.UpgradedProtocol) and our end of the pair. Reactor thread.

    record: for the access log, which gets its line at the end.
    """

    _transport: Any
    _writer: SocketWriter

    def __init__(self, owner: PumpOwner, record: HeldRecord, pair: PairEnd) -> None:
        self._owner = owner
        self._record = record
        self._pair = pair
        self._frames = SentFrames()
        self._state = State.OPEN
        self._ending = Ending.FAILED
        self._may_be_over = False
        # Whether the client has sent something since the last look, and at how many looks in a row it had not.
        self._has_heard = False
        self._silent = 0
        # What the client had acknowledged at the last look at which it had not read everything; -1: it had.
        self._acknowledged = -1

    # From the client

    def makeConnection(self, transport: Any) -> None:
        """See UpgradedProtocol."""
        self._transport = transport
        self._writer = open_writer(transport, self._client_reads)
        # The channel may have paused it, or have seen that the client sends no more; then this says so again.
        transport.resumeProducing()

    def dataReceived(self, data: bytes) -> None:
        """See UpgradedProtocol."""
        self._has_heard = True
        if self._state is not State.OPEN:
            return
        self._pair.send(data)
        if self._pair.is_full:
            self._transport.pauseProducing()

    def connectionLost(self, reason: Failure) -> None:
        """See UpgradedProtocol. The view reads what has come, and then the end."""
        if self._state is State.LOST:
            return
        self._state = State.LOST
        try:
            self._pair.finish()
            self._record.code = self._frames.status or SWITCHING
            self._record.sentLength = self._frames.size
            self._record.answered()
        finally:
            self._owner.lost()

    def _client_reads(self) -> None:
        self._acknowledged = -1
        if self._state in (State.OPEN, State.COMPLETING):
            self._pair.start_reading()
            if self._may_be_over:
                self.look_whether_over()

    # From the view

    def came(self, data: bytes) -> None:
        """See PairOwner."""
        if self._state is State.COMPLETING:
            data = data[: self._frames.finish_frame(data)]
        else:
            self._frames.feed(data)
        self._writer.write(data)
        if self._state is State.COMPLETING and self._frames.is_between:
            self._say_close()
        elif not self._writer.ready:
            self._pair.stop_reading()

    def ended(self) -> None:
        """See PairOwner. Nothing follows, and a view that has not closed has failed."""
        if self._state in (State.OPEN, State.COMPLETING):
            self._say_close()

    def taken(self) -> None:
        """See PairOwner."""
        self._has_heard = True
        if self._state is State.OPEN:
            self._transport.resumeProducing()

    def view_returned(self) -> None:
        """The view's call has ended; what it wrote may wait. It may have left the closing to a thread of its own."""
        self._pair.read_now()
        if self._state is not State.OPEN:
            return
        if self._frames.has_closed:
            self.look_whether_over()
        else:
            self._owner.look_later(THREAD_SECONDS)

    def look_whether_over(self) -> None:
        """A view that has returned has failed if nobody has closed until now."""
        self._may_be_over = True
        self._pair.read_now()
        if self._state is not State.OPEN or not self._writer.ready:
            return
        if self._frames.has_closed:
            self._owner.abort_later(CLOSE_SECONDS)
        else:
            self.end(Ending.FAILED)

    # The end

    def end(self, ending: Ending) -> None:
        """Close with this code, behind the frame that has begun."""
        if self._state is not State.OPEN:
            return
        self._ending = ending
        if self._frames.is_between:
            self._say_close()
        else:
            self._state = State.COMPLETING
            self._owner.abort_later(FRAME_SECONDS)

    def abort(self) -> None:
        """Close the connection at once."""
        self._transport.abortConnection()

    def _say_close(self) -> None:
        """Nothing follows what was written; the client gets a close frame, unless one has come before."""
        self._state = State.CLOSING
        self._pair.close()
        if self._frames.is_between and not self._frames.has_closed:
            self._writer.write(close_frame(*self._ending.value))
        self._writer.release()
        transport = self._transport
        # It may have been paused, and the client's own close frame or end is waited for.
        transport.resumeProducing()
        if ITCPTransport.providedBy(transport) and not ISSLTransport.providedBy(transport):
            # Closing at once would reset a connection on which bytes still come, and the frame could be lost.
            transport.loseWriteConnection()
        else:
            transport.loseConnection()
        self._owner.abort_later(CLOSE_SECONDS)

    # From time to time

    def look(self) -> None:
        """See whether the client is there; called from time to time."""
        if self._state is not State.OPEN:
            return
        is_silent = not self._has_heard and not self._pair.is_full
        self._has_heard = False
        self._silent = self._silent + 1 if is_silent else 0
        if self._silent > SILENT_LOOKS or not self._takes_anything():
            self._owner.too_slow()
            self.abort()
        elif self._silent and self._writer.ready and self._frames.is_between and not self._frames.has_closed:
            self._writer.write(PING)

    def _takes_anything(self) -> bool:
        """Whether the client has taken something of what waits for it, if anything does."""
        if self._writer.ready:
            return True
        before, self._acknowledged = self._acknowledged, progress(self._transport)[0]
        return self._acknowledged != before
