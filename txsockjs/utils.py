"""Helpers for applications: UTF-8 from anything, and one message to many."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IOpenSSLContextFactory
from zope.interface import implementer

from txsockjs._protocol.frames import Message
from txsockjs._protocol.text import as_text, as_utf8
from txsockjs._session.broadcast import send_to_all

if TYPE_CHECKING:
    from OpenSSL.SSL import Context

__all__ = ["ChainedOpenSSLContextFactory", "broadcast", "normalize"]


@implementer(IOpenSSLContextFactory)
class ChainedOpenSSLContextFactory:
    """A server's key and its certificate with those that vouch for it, for reactor.listenSSL.

    Raises OpenSSL.SSL.Error for files that cannot be read or do not belong together. New code says
    `ssl:8443:privateKey=...:certKey=...:extraCertChain=...` instead.
    """

    def __init__(self, privateKeyFileName: str, certificateChainFileName: str, sslmethod: int | None = None) -> None:
        """The files are PEM; the chain begins with the server's own certificate. sslmethod: TLS 1.2 and later."""
        # Only those who have pyOpenSSL come here.
        from OpenSSL import SSL

        self._context = SSL.Context(SSL.TLS_METHOD if sslmethod is None else sslmethod)
        if sslmethod is None:
            self._context.set_min_proto_version(SSL.TLS1_2_VERSION)
        self._context.use_certificate_chain_file(certificateChainFileName)
        self._context.use_privatekey_file(privateKeyFileName)
        self._context.check_privatekey()

    def getContext(self) -> "Context":
        """The same context for every connection."""
        return self._context


def normalize(data: object, encoding: str) -> bytes:
    """UTF-8 from text, from bytes in UTF-8 (else in the encoding), or from what str() makes of any other object."""
    return as_utf8(as_text(data, encoding))


def broadcast(message: object, targets: Iterable[Any], encoding: str = "cp1252") -> None:
    """Send one message to every target, encoding it once; called in the reactor thread.

    message: text, or bytes as for normalize. targets: transports, ours and others; what has writeRaw(frame) gets a
    SockJS frame.
    """
    send_to_all(Message(as_text(message, encoding)), targets)
