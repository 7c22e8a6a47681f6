"""What TCP transports have besides those of sessions, so that protocols written for TCP run over a session as well."""

from twisted.internet.interfaces import ISSLTransport, ITCPTransport

__all__ = ["TCPMethods", "peer_certificate"]


class TCPMethods:
    """The methods of ITCPTransport that concern a connection, for a transport that outlives its connections.

    The options of TCP are those of the connection that carries the session at the moment. Between two polls there is
    none, and a connection that is not TCP has no options: setting does nothing then, and an option is False.
    """

    __slots__ = ()

    @property
    def connection(self) -> object:
        """The Twisted transport of the connection that carries the session at the moment; None if there is none."""
        raise NotImplementedError

    def loseConnection(self) -> None:
        """Close after what was written."""
        raise NotImplementedError

    def unregisterProducer(self) -> None:
        """Forget the producer."""
        raise NotImplementedError

    def loseWriteConnection(self) -> None:
        """The same as loseConnection: a session has no direction of its own that could be closed."""
        self.loseConnection()

    def stopProducing(self) -> None:
        """The same as loseConnection."""
        self.loseConnection()

    def stopConsuming(self) -> None:
        """Forget the producer, and close after what was written."""
        self.unregisterProducer()
        self.loseConnection()

    def getTcpNoDelay(self) -> bool:
        """Whether the present connection sends small segments at once."""
        tcp = ITCPTransport(self.connection, None)
        return tcp is not None and bool(tcp.getTcpNoDelay())

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Let the present connection send small segments at once, or collect them."""
        tcp = ITCPTransport(self.connection, None)
        if tcp is not None:
            tcp.setTcpNoDelay(enabled)

    def getTcpKeepAlive(self) -> bool:
        """Whether the system probes the present connection while it is idle."""
        tcp = ITCPTransport(self.connection, None)
        return tcp is not None and bool(tcp.getTcpKeepAlive())

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Let the system probe the present connection while it is idle, or not."""
        tcp = ITCPTransport(self.connection, None)
        if tcp is not None:
            tcp.setTcpKeepAlive(enabled)


def peer_certificate(connection: object) -> object:
    """The certificate of the client at the other end; None if it has shown none, or if there is no TLS."""
    tls = ISSLTransport(connection, None)
    return tls.getPeerCertificate() if tls is not None else None
