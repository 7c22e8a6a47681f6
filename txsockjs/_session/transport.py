"""The transport that the wrapped protocol sees."""

import ipaddress
import json
from collections.abc import Iterable
from typing import Any, Final

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import (
    IAddress,
    IConsumer,
    IProtocol,
    IProtocolFactory,
    ITransport,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.server import Request
from zope.interface import implementer

from txsockjs._protocol.frames import BinaryMessage, Message
from txsockjs._protocol.text import as_text, as_utf8
from txsockjs._session.flow import FlowControl, PullFlowControl, PushFlowControl
from txsockjs._session.session import Session

__all__ = ["SockJSTransport", "peer_address"]

BYTES: Final = (bytes, bytearray, memoryview)


@implementer(ITransport, IConsumer)
class SockJSTransport:
    """One session as a Twisted transport: each write is one message, each dataReceived brings one.

    SockJS messages are text, and dataReceived gets them as UTF-8. A raw WebSocket has binary messages, too, of which
    it gets the bytes as they are; `write` then answers in kind: bytes go out as a binary message while the message
    received last was one. `writeText` and `writeBinary` say otherwise. Binary messages to a session with SockJS
    frames go as text.

    It belongs to the reactor thread.
    """

    _log = Logger()

    def __init__(
        self,
        session: Session,
        factory: IProtocolFactory,
        encoding: str,
        addresses: tuple[IAddress, IAddress],
        request: Request | None,
    ) -> None:
        """addresses: the client's and ours. request: the one that opens the session."""
        self.session = session
        self.post = session.post
        self._factory = factory
        self.encoding = encoding
        self._peer, self._host = addresses
        # The request with its headers and cookies, while the protocol is being built and connected; None afterwards,
        # as it takes more memory than the rest of a session.
        self.request = request
        self._protocol: IProtocol | None = None
        self._flow: FlowControl | None = None
        self._answers_binary = False

    # For the session

    def opened(self) -> None:
        """Build the protocol and connect it; a factory that builds none sends the client away."""
        try:
            self._protocol = self._factory.buildProtocol(self._peer)
            if self._protocol is None:
                self.loseConnection()
            else:
                self._protocol.makeConnection(self)
        except Exception:
            self._failed()
        self.request = None

    def received(self, message: str | bytes) -> None:
        """Hand one message to the protocol, text as UTF-8; a lone surrogate is encoded as if it were a character."""
        self._answers_binary = isinstance(message, bytes)
        data = message if isinstance(message, bytes) else as_utf8(message)
        try:
            if self._protocol is not None:
                self._protocol.dataReceived(data)
        except Exception:
            self._failed()

    def lost(self, reason: Failure) -> None:
        """Stop the producer and tell the protocol."""
        flow, protocol, self._protocol = self._flow, self._protocol, None
        self.unregisterProducer()
        try:
            if flow is not None:
                flow.stop()
        except Exception:
            self._log.failure("sockjs: a producer failed in stopProducing")
        try:
            if protocol is not None:
                protocol.connectionLost(reason)
        except Exception:
            self._log.failure("sockjs: a protocol failed in connectionLost")

    def _flushed(self) -> None:
        try:
            if self._flow is not None:
                self._flow.flushed()
        except Exception:
            self.unregisterProducer()
            self._failed()

    def _failed(self) -> None:
        self._log.failure("sockjs: a protocol failed, its session ends")
        self.session.close(1011, "Internal error")

    # For the protocol

    @property
    def disconnecting(self) -> bool:
        """Whether the session is ending or has ended."""
        return self.session.is_closing

    def write(self, data: bytes | str) -> None:
        """Send one message: text, or bytes in UTF-8 (else in the service's encoding).

        Bytes are sent as they are while the message received last was binary. Dropped when the session is closing.
        """
        if self._answers_binary and isinstance(data, BYTES):
            self.writeBinary(data)
        else:
            self.writeText(data)

    def writeText(self, data: bytes | str) -> None:
        """Send one text message, whatever was received last."""
        self.post(Message(as_text(data, self.encoding)))

    def writeBinary(self, data: bytes) -> None:
        """Send one binary message, whatever was received last; TypeError for what is not bytes."""
        # bytes() makes as many zeros of a number.
        self.post(BinaryMessage(data if isinstance(data, bytes) else bytes(memoryview(data)), self.encoding))

    def writeSequence(self, data: Iterable[bytes | str]) -> None:
        """Send one message for each item."""
        for item in data:
            self.write(item)

    def writeRaw(self, frame: bytes | str) -> None:
        """Send a SockJS frame as it is, such as a["one","two"]; ValueError for what is no frame."""
        text = frame if isinstance(frame, str) else frame.decode("utf-8")
        match text[:1], json.loads(text[1:] or "null"):
            case "a", [*messages] if all(isinstance(message, str) for message in messages):
                self.writeSequence(messages)
            case "c", [int(code), str(reason)]:
                self.close(code, reason)
            case "h" | "o", None:
                pass
            case _:
                raise ValueError(f'{text[:20]!r} is no SockJS frame; give one such as a["message"]')

    def loseConnection(self) -> None:
        """Close the session after what was written: the client gets code 3000, Go away!"""
        self.close(3000, "Go away!")

    def close(self, code: int, reason: str) -> None:
        """Close the session after what was written. Only the first close counts; ValueError for a bad code.

        code: 1000 to 4999; 3000 and above are free for applications. A raw WebSocket, which may not send some of the
        others, sends 1000 for those. reason: it is cut after 123 bytes there.
        """
        if not 1000 <= code <= 4999:
            raise ValueError(f"close code {code!r} is not between 1000 and 4999")
        self.session.close(code, reason)

    def pauseProducing(self) -> None:
        """Take nothing more from the client: dataReceived is not called before resumeProducing.

        What had come by then waits; over a WebSocket nothing more is read, and other transports are refused when
        too much waits.
        """
        self.session.pause()

    def resumeProducing(self) -> None:
        """Take messages again; harmless when nothing was paused, and after the end."""
        self.session.resume()

    def stopProducing(self) -> None:
        """The same as loseConnection."""
        self.loseConnection()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Pause the producer while the client does not keep up; RuntimeError if there is one already.

        A pull producer (streaming is False) is asked for one write at a time. Whatever the kind, it is stopped when
        the session ends.
        """
        if self._flow is not None:
            raise RuntimeError(f"a producer is registered already; unregister it before {producer!r}")
        if self._protocol is None and self.session.is_closing:
            producer.stopProducing()
            return
        self._flow = PushFlowControl(self.session, producer) if streaming else PullFlowControl(self.session, producer)
        self.session.watch(self._flushed)

    def unregisterProducer(self) -> None:
        """Leave the producer alone; harmless when there is none."""
        self._flow = None
        self.session.watch(None)

    def getPeer(self) -> IAddress:
        """The client's address; behind a proxy, what the option proxy_header says."""
        return self._peer

    def getHost(self) -> IAddress:
        """Our own address."""
        return self._host


def peer_address(request: Request, proxy_header: str | None) -> IAddress:
    """The client's address: that of the connection, or the last that the proxy's header names."""
    given = request.getHeader(proxy_header) if proxy_header else None
    if given:
        try:
            address = ipaddress.ip_address(given.rpartition(",")[2].strip())
        except ValueError:
            return IAddress(request.getClientAddress())
        kind = IPv4Address if address.version == 4 else IPv6Address
        # The header says nothing of a port.
        return kind("TCP", str(address), None)  # type: ignore[arg-type]  # 1.2.2 gives None here
    return IAddress(request.getClientAddress())
