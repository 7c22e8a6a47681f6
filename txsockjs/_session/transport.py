"""A session as a Twisted transport, and the address of its client."""

import json
from collections.abc import Callable, Iterable
from typing import Any, Final

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import (
    IAddress,
    IConsumer,
    IProtocol,
    IProtocolFactory,
    IPushProducer,
    ISSLTransport,
    ITCPTransport,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.server import Request
from zope.interface import implementer

from txsockjs._protocol.addresses import parse_address
from txsockjs._protocol.frames import BinaryMessage, Message, check_close
from txsockjs._protocol.text import as_text, as_utf8
from txsockjs._session.ending import OF_SESSION, end_application
from txsockjs._session.flow import FlowControl, PullFlowControl, PushFlowControl
from txsockjs._session.session import Session
from txsockjs._session.tcp import TCPMethods, peer_certificate

__all__ = ["SecureSockJSTransport", "SockJSTransport", "peer_address"]

BYTES: Final = (bytes, bytearray, memoryview)


@implementer(ITCPTransport, IPushProducer, IConsumer)
class SockJSTransport(TCPMethods):
    """One session as a Twisted transport: each write sends one message, each dataReceived brings one.

    SockJS messages are text; dataReceived gets them as UTF-8. A raw WebSocket also has binary messages; dataReceived
    gets their bytes. `write` sends bytes as the client does: as a binary message while the message received last was
    binary. `writeText` and `writeBinary` always send the one kind. To a session with SockJS frames, which carry only
    text, a binary message is sent as text.

    Belongs to the reactor thread.
    """

    _log = Logger()

    # A broadcast reads `session` of each recipient: a slot is found with half the memory reads. Applications may set
    # attributes of their own.
    __slots__ = (
        "__dict__",
        "__weakref__",
        "_answers_binary",
        "_factory",
        "_flow",
        "_host",
        "_peer",
        "_protocol",
        "encoding",
        "post",
        "request",
        "session",
    )

    def __init__(
        self,
        session: Session,
        factory: IProtocolFactory,
        encoding: str,
        addresses: tuple[IAddress, IAddress],
        request: Request | None,
    ) -> None:
        """addresses: of the client, and of this end. request: the one that opens the session."""
        self.session = session
        self.post = session.post
        self._factory = factory
        self.encoding = encoding
        self._peer, self._host = addresses
        # The request with its headers and cookies, until the protocol is connected; None afterwards, because it takes
        # more memory than the rest of a session.
        self.request = request
        self._protocol: IProtocol | None = None
        self._flow: FlowControl | None = None
        self._answers_binary = False

    # For the session

    def opened(self) -> None:
        """Build the protocol and connect it; close the session if the factory builds none."""
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
        """Call the protocol's dataReceived with one message.

        Text is encoded as UTF-8; a lone surrogate as if it were a character.
        """
        self._answers_binary = isinstance(message, bytes)
        data = message if isinstance(message, bytes) else as_utf8(message)
        try:
            if self._protocol is not None:
                self._protocol.dataReceived(data)
        except Exception:
            self._failed()

    def lost(self, reason: Failure) -> None:
        """Stop the producer, and call the protocol's connectionLost."""
        flow, protocol, self._protocol = self._flow, self._protocol, None
        self.unregisterProducer()
        end_application(OF_SESSION, flow, protocol, reason)

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
    def protocol(self) -> IProtocol | None:
        """The protocol that the factory built for the session; None before it is built, and after the end."""
        return self._protocol

    @property
    def opened_at(self) -> float:
        """When the session was opened, in seconds of the reactor's clock."""
        return self.session.opened_at

    @property
    def unsent(self) -> int:
        """Bytes that wait for the client, counting 160 more for each message."""
        return self.session.unsent

    @property
    def disconnecting(self) -> bool:
        """Whether the session is closing or has ended."""
        return self.session.is_closing

    def write(self, data: bytes | str) -> None:
        """Send one message: text, or bytes in UTF-8 (else in the service's encoding).

        Bytes are sent as a binary message while the message received last was binary. What is written when the session
        is closing is dropped.
        """
        if self._answers_binary and isinstance(data, BYTES):
            self.writeBinary(data)
        else:
            self.writeText(data)

    def writeText(self, data: bytes | str) -> None:
        """Send one text message, whatever the kind of the message received last."""
        self.post(Message(as_text(data, self.encoding)))

    def writeBinary(self, data: bytes) -> None:
        """Send one binary message, whatever the kind of the message received last.

        Raises TypeError for other than bytes.
        """
        # memoryview refuses a number; bytes(5) would make five zeros.
        self.post(BinaryMessage(data if isinstance(data, bytes) else bytes(memoryview(data)), self.encoding))

    def writeSequence(self, data: Iterable[bytes | str]) -> None:
        """Send one message for each item."""
        for item in data:
            self.write(item)

    def writeRaw(self, frame: bytes | str) -> None:
        """Send the messages of a SockJS frame such as a["one","two"]; close the session for c[3000,"Go away!"].

        Frames o and h are ignored. Raises ValueError if the text is not a frame.
        """
        text = frame if isinstance(frame, str) else frame.decode("utf-8")
        match text[:1], json.loads(text[1:] or "null"):
            case "a", [*messages] if all(isinstance(message, str) for message in messages):
                self.writeSequence(messages)
            case "c", [int(code), str(reason)]:
                self.close(code, reason)
            case "h" | "o", None:
                pass
            case _:
                raise ValueError(f'{text[:20]!r} is not a SockJS frame: give one such as a["message"]')

    def discard(self, is_unwanted: Callable[[str], bool]) -> list[str]:
        """Send none of the messages that still wait for the client and whose text is unwanted.

        is_unwanted: called with the text of each message that waits, perhaps twice. What has gone into the connection's
        own buffer is sent. Returns the texts that are not sent, oldest first.
        """
        return self.session.discard(is_unwanted)

    def loseConnection(self) -> None:
        """Close the session after what was written, with code 3000 and reason Go away!; see `close`."""
        self.close(3000, "Go away!")

    def close(self, code: int, reason: str) -> None:
        """Close the session after what was written. Only the first close counts.

        While a producer is registered the session stays open for what is written, until the producer is unregistered or
        writes nothing for twice the heartbeat's seconds, though the client keeps up; nothing is taken from the client.

        code: 1000 to 4999; applications choose from 3000 (RFC 6455 section 7.4.2). A raw WebSocket sends 1000 in place
        of a code that must not be sent, such as 1005. reason: text; a raw WebSocket sends its first 123 bytes. Raises
        ValueError for another code, TypeError for what is no whole number or no text.
        """
        check_close(code, reason)
        self.session.finish(code, reason)

    def abortConnection(self) -> None:
        """Drop the session, what waits for the client, and the client's connection if there is one.

        The protocol's connectionLost is called with ConnectionAborted at the end of this turn. Does nothing if the
        session has ended.
        """
        self.session.abort()

    def pauseProducing(self) -> None:
        """Take no more messages from the client: dataReceived is not called before resumeProducing.

        Messages that came already wait. From a WebSocket nothing more is read; requests that bring messages by other
        transports are answered 503 when too many wait.
        """
        self.session.pause()

    def resumeProducing(self) -> None:
        """Take messages again. Does nothing if nothing was paused, or if the session has ended."""
        self.session.resume()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Pause the producer while the client does not keep up, and stop it when the session ends.

        streaming: True for a push producer; False for a pull producer, which is asked for one write a turn. Raises
        RuntimeError if another producer is registered.
        """
        if self._flow is not None:
            raise RuntimeError(f"a producer is registered already; unregister it before {producer!r}")
        if self._protocol is None and self.session.is_closing:
            producer.stopProducing()
            return
        self._flow = PushFlowControl(self.session, producer) if streaming else PullFlowControl(self.session, producer)
        self.session.watch(self._flushed)

    def unregisterProducer(self) -> None:
        """Forget the producer: it is not paused, resumed or stopped any more. Does nothing if there is none."""
        self._flow = None
        self.session.watch(None)

    @property
    def connection(self) -> object:
        """The Twisted transport of the connection that carries the session at the moment; None between two polls."""
        receiver = self.session.receiver
        return receiver.connection if receiver is not None else None

    def getPeer(self) -> IAddress:  # type: ignore[override]  # not every client has an IP address
        """The client's address; behind a proxy, the one in the header that the option proxy_header names."""
        return self._peer

    def getHost(self) -> IAddress:  # type: ignore[override]
        """The address of this end of the connection."""
        return self._host


@implementer(ISSLTransport)
class SecureSockJSTransport(SockJSTransport):  # type: ignore[override]  # its addresses are those above
    """The transport of a session whose first connection has come over TLS."""

    __slots__ = ()

    def getPeerCertificate(self) -> object:
        """The certificate that the client has shown on the present connection; None without one, and between polls."""
        return peer_certificate(self.connection)


def peer_address(request: Request, proxy_header: str | None) -> IAddress:
    """The client's address: the last one in the proxy's header if it is valid, else that of the connection."""
    # As bytes: asked for text, Twisted raises an error for other bytes than UTF-8.
    given = request.getHeader(proxy_header.encode("ascii")) if proxy_header else None
    if given:
        try:
            address = parse_address(given.decode("latin-1").rpartition(",")[2].strip(" \t"))
        except ValueError:
            return IAddress(request.getClientAddress())
        kind = IPv4Address if address.version == 4 else IPv6Address
        # The header has no port.
        return kind("TCP", str(address), None)  # type: ignore[arg-type]  # 1.2.2 gives None here
    return IAddress(request.getClientAddress())
