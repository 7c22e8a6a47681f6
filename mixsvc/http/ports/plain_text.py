"""What a TLS port says to a client that speaks without TLS: OpenSSL would close the connection without a word."""

from typing import Any, Final

from twisted.protocols.tls import BufferingTLSTransport

__all__ = ["TLSConnection"]

# The first byte of a connection: the content type of a handshake (RFC 8446 section 5.1).
HANDSHAKE: Final = 22


class TLSConnection(BufferingTLSTransport):
    """Answers a client that sends something else than a handshake first.

    The answer is the attribute `without_tls` of the factory that TLS is for, bytes of its protocol; without it there is
    none. The client is then to close; else the protocol's own deadline does it, as for a client that says nothing.
    """

    _has_begun = False
    _is_refused = False

    def dataReceived(self, data: bytes) -> None:
        """Called by the transport."""
        if not self._has_begun:
            self._has_begun = True
            if data[0] != HANDSHAKE and (answer := _answer(self.factory)):
                self._is_refused = True
                transport: Any = self.transport
                transport.write(answer)
                transport.loseWriteConnection()
        if self._is_refused:
            return
        BufferingTLSTransport.dataReceived(self, data)
        if getattr(self.transport, "disconnecting", False):
            # TLS is over. A producer that is paused now would keep the connection open, though nothing can be sent.
            self.unregisterProducer()


def _answer(factory: Any) -> bytes:
    """Of the innermost factory: PROXY (HAProxy) may be between."""
    while (inner := getattr(factory, "wrappedFactory", None)) is not None:
        factory = inner
    answer: bytes = getattr(factory, "without_tls", b"")
    return answer
