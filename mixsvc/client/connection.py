"""One WebSocket connection to the server (RFC 6455): the websockets library's Sans-I/O protocol on a Twisted transport.

It carries texts and supervises the connection: handshake, pings, close. Its listener interprets the texts.
"""

from http import HTTPStatus
from typing import Any, Final, Protocol

from OpenSSL.SSL import Error as TlsError
from service_identity import VerificationError
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

__all__ = ["ClientConnection", "ConnectionListener"]

DATA_FRAMES: Final = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)


class ConnectionListener(Protocol):
    """What a ClientConnection calls, always in the reactor thread."""

    def opened(self, connection: "ClientConnection") -> None:
        """The WebSocket is open: messages may be sent."""

    def received(self, text: str) -> None:
        """The server sent a message."""

    def ping_sent(self) -> None:
        """A ping was sent; called every `Options.ping_seconds` while the connection is open."""

    def closed(self, code: int, reason: str) -> None:
        """The connection is gone; called once. code: of the server's close frame (RFC 6455, 7.4), 1006 without one."""


@implementer(IPushProducer)
class ClientConnection(TwistedProtocol):
    """One connection, from the handshake to its end. Belongs to the reactor thread."""

    def __init__(
        self, clock: IReactorTime, codec: ClientProtocol, listener: ConnectionListener, options: Options
    ) -> None:
        self._clock, self._codec, self._listener, self._options = clock, codec, listener, options
        self._drop_reason = ""
        self._message = bytearray()
        # Aborts the connection unless the server sends something first.
        self._deadline: IDelayedCall | None = None
        # Aborts it when the closing handshake takes too long, whatever the server sends.
        self._close_timer: IDelayedCall | None = None
        self._ping_timer: IDelayedCall | None = None

    def connectionMade(self) -> None:
        self._codec.send_request(self._codec.connect())
        self._write()
        self._start_deadline(self._options.open_seconds, "the server did not answer the WebSocket handshake")

    def send(self, text: str) -> None:
        """Send a message; does nothing when the connection is not open."""
        if self._codec.state is State.OPEN:
            self._codec.send_text(text.encode())
            self._write()

    def close(self) -> None:
        """Begin the closing handshake (RFC 6455, 7.1.2); what was sent before still arrives."""
        if self._codec.state is State.OPEN:
            self._codec.send_close(CloseCode.NORMAL_CLOSURE)
            self._write()
        elif self._codec.state is State.CONNECTING:
            self.drop("the client was stopped")

    def drop(self, reason: str) -> None:
        """Abort the connection at once. reason: what `closed` reports."""
        self._drop_reason = self._drop_reason or reason
        transport: Any = self.transport
        transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        if self._codec.state is State.OPEN:
            self._cancel_deadline()
        self._codec.receive_data(data)
        for event in self._codec.events_received():
            if self._drop_reason:
                break
            if isinstance(event, Response):
                self._handshake_answered()
            elif isinstance(event, Frame) and event.opcode in DATA_FRAMES:
                self._append(event)
        self._write()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        for timer in (self._deadline, self._close_timer, self._ping_timer):
            if timer is not None and timer.active():
                timer.cancel()
        close = self._codec.close_rcvd
        code = close.code if close is not None else CloseCode.ABNORMAL_CLOSURE
        self._listener.closed(code, self._drop_reason or self._reason() or _why(reason))

    def pauseProducing(self) -> None:
        transport: Any = self.transport
        transport.pauseProducing()

    def resumeProducing(self) -> None:
        transport: Any = self.transport
        transport.resumeProducing()

    def stopProducing(self) -> None:
        """The transport is gone; connectionLost follows."""

    def _handshake_answered(self) -> None:
        if self._codec.state is State.CONNECTING:
            # Refused: the codec knows the reason and ends the connection.
            return
        self._cancel_deadline()
        # Stop reading while the server does not read: answers to its pings would pile up here. Not registered before
        # now, because a TLS handshake has to read in order to write.
        transport: Any = self.transport
        transport.registerProducer(self, True)
        self._ping_timer = self._clock.callLater(self._options.ping_seconds, self._send_ping)
        self._listener.opened(self)

    def _append(self, frame: Frame) -> None:
        # One buffer for all fragments: a list would grow with empty ones, which no size limit counts.
        self._message += frame.data
        if frame.fin:
            data, self._message = bytes(self._message), bytearray()
            try:
                text = data.decode()
            except UnicodeDecodeError:
                self._codec.fail(CloseCode.INVALID_DATA)
                self._drop_reason = "the server sent text that is not UTF-8"
                return
            self._listener.received(text)

    def _send_ping(self) -> None:
        self._ping_timer = self._clock.callLater(self._options.ping_seconds, self._send_ping)
        if self._codec.state is State.OPEN:
            self._codec.send_ping(b"")
            self._write()
            if self._deadline is None:
                self._start_deadline(self._options.pong_seconds, "the server is silent")
            self._listener.ping_sent()

    def _write(self) -> None:
        transport: Any = self.transport
        for data in self._codec.data_to_send():
            if data:
                transport.write(data)
            else:
                if self._ping_timer is not None:
                    # It was opened: loseConnection would wait for its producer.
                    transport.unregisterProducer()
                transport.loseConnection()
        if self._codec.state is State.CLOSING and self._close_timer is None:
            seconds = self._options.close_seconds
            self._close_timer = self._clock.callLater(seconds, self.drop, "the server does not close")

    def _reason(self) -> str:
        """Why the WebSocket ended; "" when the codec does not know."""
        codec = self._codec
        error = codec.handshake_exc or codec.parser_exc
        if isinstance(error, InvalidStatus):
            status = error.response.status_code
            # RFC 9110 section 15.5.20.
            why = "; [server] hosts there has to name this host" if status == HTTPStatus.MISDIRECTED_REQUEST else ""
            return f"the server answered the WebSocket handshake with HTTP status {status}{why}"
        if codec.handshake_exc is not None:
            return "the answer to the WebSocket handshake did not come from a WebSocket server"
        if codec.close_rcvd is not None:
            return codec.close_rcvd.reason or f"the server closed the connection with code {codec.close_rcvd.code}"
        if codec.close_sent is not None and codec.close_sent.code != CloseCode.NORMAL_CLOSURE:
            return f"the server broke the protocol of WebSocket ({codec.close_sent.code} {codec.close_sent.reason})"
        return ""

    def _start_deadline(self, seconds: float, reason: str) -> None:
        self._deadline = self._clock.callLater(seconds, self.drop, reason)

    def _cancel_deadline(self) -> None:
        deadline, self._deadline = self._deadline, None
        if deadline is not None and deadline.active():
            deadline.cancel()


def _why(reason: Failure) -> str:
    """Why the connection was lost, where that was not a WebSocket's end."""
    if isinstance(reason.value, VerificationError):
        return "its certificate is for another host"
    if isinstance(reason.value, TlsError) and reason.value.args:
        said = reason.value.args[0]
        # A list of tuples from OpenSSL, whose last items are the messages, or the number and the text of the system.
        return f"TLS: {', '.join(str(each[-1]) for each in said) if isinstance(said, list) else reason.value.args[-1]}"
    return reason.getErrorMessage()
