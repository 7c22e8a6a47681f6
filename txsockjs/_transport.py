"""The transport that the wrapped protocol sees."""

import ipaddress
import json
from collections.abc import Iterable

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory, ITransport
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.server import Request
from zope.interface import implementer

from txsockjs._frames import Message
from txsockjs._session import Session
from txsockjs._text import as_text

__all__ = ["SockJSTransport", "peer_address"]


@implementer(ITransport)
class SockJSTransport:
    """One session as a Twisted transport: each write is one message, each dataReceived brings one.

    It belongs to the reactor thread.
    """

    _log = Logger()

    def __init__(
        self, session: Session, factory: IProtocolFactory, encoding: str, addresses: tuple[IAddress, IAddress]
    ) -> None:
        """addresses: the client's and ours."""
        self.post = session.post
        self._session = session
        self._factory = factory
        self._encoding = encoding
        self._peer, self._host = addresses
        self._protocol: IProtocol | None = None

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

    def received(self, text: str) -> None:
        """Hand one message to the protocol, as UTF-8; a lone surrogate is encoded as if it were a character."""
        try:
            if self._protocol is not None:
                self._protocol.dataReceived(text.encode("utf-8", "surrogatepass"))
        except Exception:
            self._failed()

    def lost(self, reason: Failure) -> None:
        """Tell the protocol."""
        protocol, self._protocol = self._protocol, None
        try:
            if protocol is not None:
                protocol.connectionLost(reason)
        except Exception:
            self._log.failure("sockjs: a protocol failed in connectionLost")

    def _failed(self) -> None:
        self._log.failure("sockjs: a protocol failed, its session ends")
        self._session.close(1011, "Internal error")

    # For the protocol

    @property
    def disconnecting(self) -> bool:
        """Whether the session is ending or has ended."""
        return self._session.is_closing

    def write(self, data: bytes | str) -> None:
        """Send one message: text, or bytes in UTF-8 (else in the service's encoding)."""
        self.post(Message(as_text(data, self._encoding)))

    def writeSequence(self, data: Iterable[bytes | str]) -> None:
        """Send one message for each item."""
        for item in data:
            self.write(item)

    def writeRaw(self, frame: bytes | str) -> None:
        """Send a SockJS frame as it is, such as a["one","two"]; ValueError for what is no frame."""
        text = frame if isinstance(frame, str) else frame.decode("utf-8")
        if text[:1] == "a":
            for item in json.loads(text[1:]):
                self.write(item)
        elif text[:1] == "c":
            code, reason = json.loads(text[1:])
            self._session.close(code, reason)
        elif text not in ("h", "o"):
            raise ValueError(f'{text[:20]!r} is no SockJS frame; give one such as a["message"]')

    def loseConnection(self) -> None:
        """Close the session after what was written: the client gets code 3000, Go away!"""
        self.close(3000, "Go away!")

    def close(self, code: int, reason: str) -> None:
        """Close the session with a code (1000 to 4999) and a reason of at most 123 bytes."""
        self._session.close(code, reason)

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
