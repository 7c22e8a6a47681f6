"""One WebSocket connection (RFC 6455): the websockets library's Sans-I/O protocol on a Twisted transport.

It carries bytes and keeps the time of the closing handshake; what messages mean is its listener's affair.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Final, Protocol

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IDelayedCall, ISSLTransport, ITCPTransport
from twisted.python.failure import Failure
from websockets.exceptions import ProtocolError
from websockets.extensions import Extension
from websockets.frames import Close, CloseCode, Frame, Opcode
from websockets.protocol import SERVER
from websockets.protocol import Protocol as Codec
from websockets.protocol import State as WebSocketState

from txsockjs._session.registry import Registry
from txsockjs._socket.tcp_info import progress
from txsockjs._socket.writer import Connection, SocketWriter, open_writer

__all__ = ["MessageListener", "WebSocketConnection"]

# How much is read at once, and for how long before the reactor gets its turn, in seconds.
PIECE_BYTES: Final = 4096
SLICE_SECONDS: Final = 0.01

PING: Final = Frame(Opcode.PING, b"").serialize(mask=False)

# A close frame's reason has 125 bytes less those of the code (RFC 6455 section 5.5.1).
REASON_BYTES: Final = 123


class _Codec(Codec):
    """The library's protocol, but for a close frame between the fragments of a message."""

    def recv_frame(self, frame: Frame) -> None:
        """The library takes the message that stays unfinished for a violation and answers 1002 to a clean close.

        RFC 6455 section 5.4 allows control frames there, and section 5.5.1 wants them answered like any other.
        """
        if frame.opcode is Opcode.CLOSE:
            self.current_size = None
        super().recv_frame(frame)


class MessageListener(Protocol):
    """What hears of a wire's messages and end."""

    def opened(self) -> None:
        """Send the first frame, if only an empty one: the answer to the upgrade leaves with it."""

    def message(self, data: bytes, opcode: Opcode) -> None:
        """One whole message; its text, if it is TEXT, is not checked yet."""

    def resumed(self) -> None:
        """The client has caught up."""

    def lost(self, reason: Failure) -> None:
        """The connection is gone; told once."""


class WebSocketConnection:
    """The connection, from the answer to the upgrade to its end. Belongs to the reactor thread."""

    # Here, as a connection is rarely paused and there are thousands.
    _is_paused = False

    def __init__(
        self, registry: Registry, listener: MessageListener, answer: bytes, extensions: Sequence[Extension] = ()
    ) -> None:
        """answer: to the upgrade. extensions: those that the handshake has agreed on."""
        self._registry = registry
        self._options = registry.options
        self.max_messages = registry.options.max_messages
        self._listener = listener
        self._answer = answer
        self._extensions = extensions
        self._is_open = True
        self._opcode = Opcode.TEXT
        self._message = bytearray()
        self._pong = b""
        self._unread = bytearray()
        self._reading: IDelayedCall | None = None
        self._timer: IDelayedCall | None = None
        self._reason: Failure | None = None
        self._transport: Connection
        self.writer: SocketWriter

    @cached_property
    def _codec(self) -> _Codec:
        # Made at the first need: it is larger than all the rest of a connection that only listens.
        codec = _Codec(SERVER, max_size=self._options.max_message)
        codec.extensions = list(self._extensions)
        return codec

    # For the listener

    def send(self, frames: bytes) -> None:
        """Write whole frames, encoded already; dropped after a close frame."""
        if self._is_open:
            # The answer to the upgrade leaves with the first frame: one system call, and one segment.
            answer, self._answer = self._answer, b""
            self.writer.write(answer + frames)

    def ping(self, beat: bytes) -> None:
        """Send this frame and ask for a sign of life, if the client keeps up; it is dropped if it gives none in time.

        One that does not keep up is dropped if it takes nothing for so long.
        """
        if not self._is_open:
            return
        acknowledged, is_all = progress(self._transport)
        is_sent = self.writer.ready
        if is_sent:
            self.send(beat + PING)
        # While it is paused, the answer is not read.
        if self._timer is None and not (is_sent and self._is_paused):
            self._wait(acknowledged, not (is_sent and is_all))

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake; what was sent before still arrives. 1000 stands in for what may not be sent."""
        if self._codec.state is WebSocketState.OPEN:
            # The client's answer must be read.
            self.resume()
            try:
                Close(code, "").check()
            except ProtocolError:
                code = CloseCode.NORMAL_CLOSURE
            self._codec.send_close(code, reason.encode("utf-8", "replace")[:REASON_BYTES].decode("utf-8", "ignore"))
            self._write()

    def pause(self) -> None:
        """Read nothing more, until it is resumed; what the socket has waits there, an answer to a ping included."""
        if self._is_open:
            self._is_paused = True
            self._stop_timer()
            self._transport.pauseProducing()

    def resume(self) -> None:
        """Read on, but nothing before this returns: it may be called for a message that others wait behind.

        Harmless when nothing was paused.
        """
        if self._is_paused:
            self._is_paused = False
            if not self._unread:
                self._transport.resumeProducing()
            elif self._reading is None:
                self._reading = self._registry.clock.callLater(0, self._read)

    def fail(self, code: CloseCode, reason: str) -> None:
        """The client broke the protocol: say so and end the connection (RFC 6455 section 7.1.7)."""
        if self._codec.state is WebSocketState.OPEN:
            self._codec.fail(code, reason)
            self._write()

    def drop(self, why: str) -> None:
        """End the connection at once, without a word."""
        self._reason = Failure(ConnectionLost(why))
        self._transport.abortConnection()

    def abort(self) -> None:
        """Drop it: the server is stopping and has waited long enough."""
        self.drop("The server is stopping")

    # For the connection

    def makeConnection(self, transport: Connection) -> None:
        """Called once, first."""
        self._transport = transport
        self.writer = open_writer(transport, self._resumed)
        self._registry.connection_opened(self)
        self._listener.opened()

    def dataReceived(self, data: bytes) -> None:
        """Bytes came; whatever they are, the client lives."""
        if self._is_open:
            self._stop_timer()
        if self._unread or self._is_paused or len(data) > PIECE_BYTES:
            self._unread += data
            if self._reading is None and not self._is_paused:
                self._read()
        else:
            self._feed(data)

    def _clean_end(self) -> Failure | None:
        codec = self._codec
        if codec.close_rcvd is None or codec.close_sent is None:
            return None
        return Failure(ConnectionDone(f"WebSocket closed with {codec.close_rcvd.code}"))

    def _read(self) -> None:
        """Read piece by piece: a segment may hold thousands of tiny messages, and others wait."""
        clock = self._registry.clock
        self._reading, until = None, clock.seconds() + SLICE_SECONDS
        while self._unread and not self._is_paused:
            if clock.seconds() >= until:
                self._transport.pauseProducing()
                self._reading = self._reading or clock.callLater(0, self._read)
                return
            piece = bytes(self._unread[:PIECE_BYTES])
            del self._unread[:PIECE_BYTES]
            self._feed(piece)
        if not self._is_paused:
            self._transport.resumeProducing()

    def _feed(self, data: bytes) -> None:
        self._codec.receive_data(data)
        for frame in self._codec.events_received():
            assert isinstance(frame, Frame)
            self._take(frame)
        self._write()

    def connectionLost(self, reason: Failure) -> None:
        """The connection is gone; a close that both sides have sent makes it a clean end."""
        self._stop_timer()
        self._unread.clear()
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        if self._reason is None and not self._is_open:
            self._reason = self._clean_end()
        self._registry.connection_lost(self)
        self._listener.lost(self._reason or reason)

    # Carrying out

    def _wait(self, acknowledged: int, is_behind: bool) -> None:
        seconds = self._options.pong_timeout
        self._timer = self._registry.clock.callLater(seconds, self._overdue, acknowledged, is_behind)

    def _overdue(self, before: int, was_behind: bool) -> None:
        """No pong came in time. A client that was behind, but makes progress, may not have read the ping yet."""
        acknowledged, is_all = progress(self._transport)
        if was_behind and acknowledged != before:
            self._wait(acknowledged, not is_all)
        else:
            self.drop("The client is silent")

    def _resumed(self) -> None:
        # What drains is a sign of life; the next ping asks for another.
        self._stop_timer()
        if self._pong:
            pong, self._pong = self._pong, b""
            self.writer.write(pong)
        self._listener.resumed()

    def _take(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._opcode = frame.opcode
        elif frame.opcode is not Opcode.CONT:
            return
        # One buffer for all fragments: a list would grow with empty ones, which no size limit counts.
        self._message += frame.data
        if frame.fin:
            data, self._message = bytes(self._message), bytearray()
            # What came before the client's close or fault counts, though the codec has read on to it and its answer
            # waits; what comes after ours does not.
            if self._is_open:
                self._listener.message(data, self._opcode)

    def _write(self) -> None:
        for data in self._codec.data_to_send():
            if not data:
                self._end()
            elif self.writer.ready or data[0] & 0x0F != Opcode.PONG:
                self.writer.write(data)
            else:
                # Of the pings of a client that reads nothing only the last is answered (RFC 6455 section 5.5.3).
                self._pong = data
        if self._is_open and self._codec.state is WebSocketState.CLOSING:
            self._is_open = False
            # Nothing but control frames may follow a close frame (RFC 6455 section 5.5.1).
            self.writer.end_flow_control()
            self._stop_timer()
            seconds = self._options.close_timeout
            self._timer = self._registry.clock.callLater(seconds, self.drop, "The client did not answer the close")

    def _end(self) -> None:
        """The codec has nothing more to say."""
        self.writer.release()
        tcp = ITCPTransport(self._transport, None)
        if self._codec.close_rcvd is not None or tcp is None or ISSLTransport.providedBy(tcp):
            # TLS sends its own farewell, and reads until the client's.
            self._transport.loseConnection()
        else:
            # A client in the midst of sending would get a reset and never see the close frame's code: what it sends
            # is read and thrown away until it closes, too.
            tcp.loseWriteConnection()

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
