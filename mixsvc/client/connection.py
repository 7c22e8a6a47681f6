"""One WebSocket connection to the server (RFC 6455): the websockets library's Sans-I/O protocol on a Twisted transport.

It carries text and looks after the connection's life; what the text means is its listener's affair.
"""

from typing import Any, Final, Protocol

from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from zope.interface import implementer

from mixsvc.client.options import Options

__all__ = ["Link", "LinkListener"]

DATA: Final = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)


class LinkListener(Protocol):
    """What hears of a connection."""

    def opened(self, link: "Link") -> None:
        """Messages may be sent."""

    def received(self, text: str) -> None:
        """A message came."""

    def ticked(self) -> None:
        """Now and then, as long as the connection is open."""

    def closed(self, code: int, reason: str) -> None:
        """It is gone; told once. code: of the server's close frame, 1006 without one."""


@implementer(IPushProducer)
class Link(TwistedProtocol):
    """The connection, from the handshake to its end. Belongs to the reactor thread."""

    def __init__(self, clock: IReactorTime, codec: ClientProtocol, listener: LinkListener, options: Options) -> None:
        self._clock, self._codec, self._listener, self._options = clock, codec, listener, options
        self._why = ""
        self._message = bytearray()
        # The end, unless something comes from the server first; the end, whatever comes; and the next ping.
        self._deadline: IDelayedCall | None = None
        self._last_call: IDelayedCall | None = None
        self._ping: IDelayedCall | None = None

    def connectionMade(self) -> None:
        self._codec.send_request(self._codec.connect())
        self._write()
        self._arm(self._options.open_seconds, "the server did not answer the WebSocket handshake")

    def send(self, text: str) -> None:
        """Send a message; dropped when the connection is not open."""
        if self._codec.state is State.OPEN:
            self._codec.send_text(text.encode())
            self._write()

    def close(self) -> None:
        """Say goodbye; what was sent before still arrives."""
        if self._codec.state is State.OPEN:
            self._codec.send_close(CloseCode.NORMAL_CLOSURE)
            self._write()
        elif self._codec.state is State.CONNECTING:
            self.drop("the client was stopped")

    def drop(self, why: str) -> None:
        """End the connection at once, without a word."""
        self._why = self._why or why
        transport: Any = self.transport
        transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        if self._codec.state is State.OPEN:
            self._disarm()
        self._codec.receive_data(data)
        for event in self._codec.events_received():
            if self._why:
                break
            if isinstance(event, Response):
                self._answered()
            elif isinstance(event, Frame) and event.opcode in DATA:
                self._take(event)
        self._write()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        for timer in (self._deadline, self._last_call, self._ping):
            if timer is not None and timer.active():
                timer.cancel()
        close = self._codec.close_rcvd
        code = close.code if close is not None else CloseCode.ABNORMAL_CLOSURE
        self._listener.closed(code, self._why or self._reason() or reason.getErrorMessage())

    def pauseProducing(self) -> None:
        transport: Any = self.transport
        transport.pauseProducing()

    def resumeProducing(self) -> None:
        transport: Any = self.transport
        transport.resumeProducing()

    def stopProducing(self) -> None:
        """The transport is gone; connectionLost follows."""

    def _answered(self) -> None:
        if self._codec.state is State.CONNECTING:
            # Refused; the codec says why, and ends the connection.
            return
        self._disarm()
        # We stop reading while the server does not read: its pings would pile up answers here. Not before: to write
        # during a TLS handshake means to wait for what is read.
        transport: Any = self.transport
        transport.registerProducer(self, True)
        self._ping = self._clock.callLater(self._options.ping_seconds, self._tick)
        self._listener.opened(self)

    def _take(self, frame: Frame) -> None:
        # One buffer for all fragments: a list would grow with empty ones, which no size limit counts.
        self._message += frame.data
        if frame.fin:
            data, self._message = bytes(self._message), bytearray()
            try:
                text = data.decode()
            except UnicodeDecodeError:
                self._codec.fail(CloseCode.INVALID_DATA)
                self._why = "the server sent what is not UTF-8"
                return
            self._listener.received(text)

    def _tick(self) -> None:
        self._ping = self._clock.callLater(self._options.ping_seconds, self._tick)
        if self._codec.state is State.OPEN:
            self._codec.send_ping(b"")
            self._write()
            if self._deadline is None:
                self._arm(self._options.pong_seconds, "the server is silent")
            self._listener.ticked()

    def _write(self) -> None:
        transport: Any = self.transport
        for data in self._codec.data_to_send():
            if data:
                transport.write(data)
            else:
                if self._ping is not None:
                    # It was opened; an end would wait for its producer.
                    transport.unregisterProducer()
                transport.loseConnection()
        if self._codec.state is State.CLOSING and self._last_call is None:
            self._last_call = self._clock.callLater(self._options.close_seconds, self.drop, "the server does not close")

    def _reason(self) -> str:
        """Why the WebSocket ended, as far as it knows."""
        codec = self._codec
        error = codec.handshake_exc or codec.parser_exc
        if isinstance(error, InvalidStatus):
            return f"the server answered the WebSocket handshake with HTTP status {error.response.status_code}"
        if codec.handshake_exc is not None:
            return "what answered the WebSocket handshake is no WebSocket server"
        if codec.close_rcvd is not None:
            return codec.close_rcvd.reason or f"the server closed the connection with code {codec.close_rcvd.code}"
        if codec.close_sent is not None and codec.close_sent.code != CloseCode.NORMAL_CLOSURE:
            return f"the server broke the protocol of WebSocket ({codec.close_sent.code} {codec.close_sent.reason})"
        return ""

    def _arm(self, seconds: float, why: str) -> None:
        self._deadline = self._clock.callLater(seconds, self.drop, why)

    def _disarm(self) -> None:
        deadline, self._deadline = self._deadline, None
        if deadline is not None and deadline.active():
            deadline.cancel()
