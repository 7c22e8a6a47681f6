"""Helpers for applications: one message to many clients, anything as UTF-8, and TLS with a chain of certificates."""

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
    """A server's private key and its chain of certificates, for reactor.listenSSL.

    Kept for code written for txsockjs 1.2.2; the endpoint ssl:8443:privateKey=...:certKey=...:extraCertChain=... does
    the same.
    """

    def __init__(self, privateKeyFileName: str, certificateChainFileName: str, sslmethod: int | None = None) -> None:
        """Read the files, which are PEM; the chain begins with the server's own certificate.

        sslmethod: a constant of OpenSSL.SSL; None: TLS 1.2 and later. Raises OpenSSL.SSL.Error if a file cannot be read
        or the key does not belong to the certificate, ImportError if pyOpenSSL is not installed.
        """
        # pyOpenSSL is needed for this class only.
        from OpenSSL import SSL

        self._context = SSL.Context(SSL.TLS_METHOD if sslmethod is None else sslmethod)
        if sslmethod is None:
            self._context.set_min_proto_version(SSL.TLS1_2_VERSION)
        self._context.use_certificate_chain_file(certificateChainFileName)
        self._context.use_privatekey_file(privateKeyFileName)
        self._context.check_privatekey()

    def getContext(self) -> "Context":
        """The OpenSSL context; the same for every connection."""
        return self._context


def normalize(data: object, encoding: str) -> bytes:
    """Text as UTF-8; bytes in UTF-8 as they are, other bytes decoded with the encoding; str() of any other object."""
    return as_utf8(as_text(data, encoding))


def broadcast(message: object, targets: Iterable[Any], encoding: str = "cp1252") -> None:
    """Send one message to every target; it is encoded once. Called in the reactor thread.

    message: text, or anything that `normalize` takes, with the encoding. targets: transports of txsockjs; other objects
    get a SockJS frame if they have writeRaw(frame), else UTF-8 by write(data).
    """
    send_to_all(Message(as_text(message, encoding)), targets)
