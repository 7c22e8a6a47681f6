"""One WebSocket connection (RFC 6455): the websockets library's Sans-I/O protocol on a Twisted transport.

The library reads and checks frames. This file carries the bytes and keeps the time: of pings, of the closing handshake,
of a client that reads nothing. What the messages mean is up to the connection's listener.
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
from txsockjs._socket.life_sign import LifeSign
from txsockjs._socket.writer import Connection, SocketWriter, open_writer
from txsockjs._websocket.short_texts import SHORT_BYTES, short_texts

__all__ = ["MessageListener", "WebSocketConnection"]

# How many bytes are read in one piece, and how many seconds before the reactor serves others.
PIECE_BYTES: Final = 4096
SLICE_SECONDS: Final = 0.01

# Read for each frame; reading a member of an Enum costs more than reading a name.
TEXT: Final = Opcode.TEXT
MESSAGE_OPCODES: Final = (Opcode.TEXT, Opcode.BINARY)
CONTINUATION: Final = Opcode.CONT
CLOSE: Final = Opcode.CLOSE
CLOSING: Final = WebSocketState.CLOSING
PING: Final = Frame(Opcode.PING, b"").serialize(mask=False)

# A close frame has 125 bytes, of which the code takes two (RFC 6455 section 5.5.1).
REASON_BYTES: Final = 123


class _Codec(Codec):
    """The library's protocol, which also accepts a close frame between the fragments of a message.

    is_between: whether nothing of a message has come yet, neither a fragment of it nor a part of a frame.
    """

    is_between = True

    def receive_data(self, data: bytes | bytearray) -> None:
        """Read bytes, which begin a frame or go on with one."""
        self.is_between = False
        super().receive_data(data)

    def recv_frame(self, frame: Frame) -> None:
        """Forget the unfinished message when a close frame comes; the library would answer it with 1002.

        RFC 6455 section 5.4 allows control frames between fragments, and section 5.5.1 says how to answer a close.
        """
        if frame.opcode is CLOSE:
            self.current_size = None
        super().recv_frame(frame)
        self.is_between = self.current_size is None and not self.reader.buffer


class MessageListener(Protocol):
    """Hears of the messages and the end of a WebSocket."""

    def opened(self) -> None:
        """The connection is open. Send the first frame, or b"": the answer to the upgrade is sent with it."""

    def message(self, data: bytes, opcode: Opcode) -> None:
        """One whole message came. opcode: TEXT or BINARY. Whether a text is UTF-8 was not checked."""

    def resumed(self) -> None:
        """The client has caught up."""

    def lost(self, reason: Failure) -> None:
        """The connection was lost; called once."""


class WebSocketConnection:
    """A WebSocket of RFC 6455, from the answer to the upgrade to its end. Belongs to the reactor thread.

    max_messages: see Options. writer: takes encoded frames while it is ready. transport: of the connection.
    """

    # Attributes of the class: there are thousands of connections, and few are ever paused. _is_ended: whether our side
    # has closed both directions, so that nothing is read any more.
    _is_paused = _is_ended = False

    def __init__(
        self, registry: Registry, listener: MessageListener, answer: bytes, extensions: Sequence[Extension] = ()
    ) -> None:
        """answer: to the upgrade, as bytes. extensions: those that the handshake has agreed on."""
        self._registry = registry
        self._options = registry.options
        self.max_messages = registry.options.max_messages
        self._listener = listener
        self._answer = answer
        self._extensions = extensions
        self._is_open = True
        # Whether short texts may pass the codec by now, and ever.
        self._reads_short = self._may_read_short
        self._opcode = Opcode.TEXT
        self._message = bytearray()
        self._pong = b""
        self._unread = bytearray()
        self._reading: IDelayedCall | None = None
        self._life_sign: LifeSign | None = None
        # For the answer to our close frame.
        self._timer: IDelayedCall | None = None
        self._reason: Failure | None = None
        self.transport: Connection
        self.writer: SocketWriter

    @cached_property
    def _codec(self) -> _Codec:
        # Made when it is first needed: it takes more memory than the rest of a connection whose client only listens.
        codec = _Codec(SERVER, max_size=self._options.max_message)
        codec.extensions = list(self._extensions)
        return codec

    # For the listener

    def send(self, frames: bytes) -> None:
        """Write whole frames that are encoded already; dropped after a close frame."""
        if self._is_open:
            # The answer to the upgrade is sent with the first frame, in one system call and one segment.
            answer, self._answer = self._answer, b""
            self.writer.write(answer + frames)

    def ping(self, beat: bytes) -> None:
        """Send this heartbeat and a ping, and drop the client if it does not answer within pong_timeout.

        To a client that does not keep up nothing is sent; it is dropped if it acknowledges nothing within that time.
        """
        if not self._is_open:
            return
        is_sent = self.writer.ready
        if is_sent:
            self.send(beat + PING)
        if self._life_sign is None:
            clock, seconds = self._registry.clock, self._options.pong_timeout
            self._life_sign = LifeSign(clock, self.transport, seconds, self._silent)
        # While the connection is paused, a pong is not read, so it is not waited for.
        self._life_sign.wait(is_sent, must_answer=not self._is_paused)

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake (RFC 6455 section 7.1.2). What was sent before still arrives.

        code: 1000 is sent in place of a code that must not be sent (section 7.4). reason: cut after 123 bytes.
        """
        if self._codec.state is WebSocketState.OPEN:
            # The client's close frame must be read.
            self.resume()
            try:
                Close(code, "").check()
            except ProtocolError:
                code = CloseCode.NORMAL_CLOSURE
            self._codec.send_close(code, reason.encode("utf-8", "replace")[:REASON_BYTES].decode("utf-8", "ignore"))
            self._write()

    def pause(self) -> None:
        """Stop reading. What the client sends waits in the socket, an answer to a ping as well."""
        if self._is_open:
            self._is_paused = True
            self._stop_life_sign()
            self.transport.pauseProducing()

    def resume(self) -> None:
        """Read again, in a later turn: this may be called while a message is handed over, before those behind it.

        Does nothing if nothing was paused.
        """
        if self._is_paused:
            self._is_paused = False
            if not self._unread:
                self._resume_reading()
            elif self._reading is None:
                self._reading = self._registry.clock.callLater(0, self._read)

    def fail(self, code: CloseCode, reason: str) -> None:
        """The client broke the protocol: send a close frame and end the connection (RFC 6455 section 7.1.7)."""
        if self._codec.state is WebSocketState.OPEN:
            self._codec.fail(code, reason)
            self._write()

    def drop(self, why: str) -> None:
        """End the connection at once, without a close frame. why: the text of the reason that the listener gets."""
        self._reason = Failure(ConnectionLost(why))
        self.transport.abortConnection()

    def abort(self) -> None:
        """Drop the connection now, without a close frame."""
        self.drop("The connection was aborted")

    # For the connection

    def makeConnection(self, transport: Connection) -> None:
        """Begin with this transport; called once, first."""
        self.transport = transport
        self.writer = open_writer(transport, self._resumed)
        self._registry.connection_opened(self)
        self._listener.opened()

    def dataReceived(self, data: bytes) -> None:
        """Read bytes. Whatever they are, they show that the client is alive."""
        if self._life_sign is not None:
            self._stop_life_sign()
        if self._unread or self._is_paused or len(data) > PIECE_BYTES:
            self._unread += data
            if self._reading is None and not self._is_paused:
                self._read()
        else:
            self._feed(data)

    @property
    def _may_read_short(self) -> bool:
        return not self._extensions and self._options.max_message >= SHORT_BYTES

    def _clean_end(self) -> Failure | None:
        codec = self._codec
        if codec.close_rcvd is None or codec.close_sent is None:
            return None
        return Failure(ConnectionDone(f"WebSocket closed with {codec.close_rcvd.code}"))

    def _read(self) -> None:
        """Read piece by piece: one segment may have thousands of small messages, and other clients wait."""
        clock = self._registry.clock
        self._reading, until = None, clock.seconds() + SLICE_SECONDS
        while self._unread and not self._is_paused:
            if clock.seconds() >= until:
                self.transport.pauseProducing()
                self._reading = self._reading or clock.callLater(0, self._read)
                return
            piece = bytes(self._unread[:PIECE_BYTES])
            del self._unread[:PIECE_BYTES]
            self._feed(piece)
        if not self._is_paused:
            self._resume_reading()

    def _resume_reading(self) -> None:
        # A transport that is closing must not be told to read.
        if not self._is_ended:
            self.transport.resumeProducing()

    def _feed(self, data: bytes) -> None:
        texts = short_texts(data) if self._reads_short else None
        if texts is None:
            self._decode(data)
            return
        for text in texts:
            # What comes after a close frame does not count.
            if self._is_open:
                self._listener.message(text, TEXT)

    def _decode(self, data: bytes) -> None:
        codec = self._codec
        codec.receive_data(data)
        for frame in codec.events_received():
            assert isinstance(frame, Frame)
            self._take(frame)
        self._write()
        self._reads_short = codec.is_between and self._may_read_short

    def connectionLost(self, reason: Failure) -> None:
        """The connection was lost. The end is clean if both sides had sent a close frame."""
        self._stop_life_sign()
        self._stop_timer()
        self._unread.clear()
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        if self._reason is None and not self._is_open:
            self._reason = self._clean_end()
        self._registry.connection_lost(self)
        self._listener.lost(self._reason or reason)

    # Pings, frames and closing

    def _silent(self) -> None:
        self.drop("The client is silent")

    def _resumed(self) -> None:
        if self._life_sign is not None:
            self._life_sign.caught_up()
        if self._pong:
            pong, self._pong = self._pong, b""
            self.writer.write(pong)
        self._listener.resumed()

    def _take(self, frame: Frame) -> None:
        if frame.opcode in MESSAGE_OPCODES:
            self._opcode = frame.opcode
        elif frame.opcode is not CONTINUATION:
            return
        # One buffer for all fragments: a list would grow with empty fragments, which count for no size limit.
        self._message += frame.data
        if frame.fin:
            data, self._message = bytes(self._message), bytearray()
            # The codec may have read on to the client's close frame or to a violation, but a message before them
            # counts. A message after our close frame does not.
            if self._is_open:
                self._listener.message(data, self._opcode)

    def _write(self) -> None:
        for data in self._codec.data_to_send():
            if not data:
                self._end()
            elif self.writer.ready or data[0] & 0x0F != Opcode.PONG:
                self.writer.write(data)
            else:
                # A client that does not read gets a pong for its last ping only (RFC 6455 section 5.5.3).
                self._pong = data
        if self._is_open and self._codec.state is CLOSING:
            self._is_open = False
            # No message may follow a close frame (RFC 6455 section 5.5.1).
            self.writer.end_flow_control()
            self._stop_life_sign()
            seconds = self._options.close_timeout
            self._timer = self._registry.clock.callLater(seconds, self.drop, "The client did not answer the close")

    def _end(self) -> None:
        """The codec has nothing more to send: end the connection (RFC 6455 section 7.1.1)."""
        self.writer.release()
        # The client's end is still to be read, and is under TLS a message of its own.
        self.resume()
        tcp = ITCPTransport(self.transport, None)
        if self._codec.close_rcvd is not None or tcp is None or ISSLTransport.providedBy(tcp):
            # TLS sends its own close, and reads until that of the client.
            self._unread.clear()
            self.transport.resumeProducing()
            self._is_ended = True
            self.transport.loseConnection()
        else:
            # A client that is still sending would get a reset before it reads the close frame. So only this direction
            # is closed, and what the client sends is discarded until it closes, too.
            tcp.loseWriteConnection()

    def _stop_life_sign(self) -> None:
        sign, self._life_sign = self._life_sign, None
        if sign is not None:
            sign.stop()

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
