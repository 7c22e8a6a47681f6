"""The two ends of an HTTP connection, which every request wants to know and none of them changes."""

from twisted.internet.interfaces import IAddress
from twisted.web.http import HTTPChannel

__all__ = ["EndsChannel"]


class EndsChannel(HTTPChannel):
    """Asks its transport once, at the first request: before that a PROXY header may still tell of another client."""

    _peer: IAddress | None = None
    _host: IAddress | None = None
    _is_secure: bool | None = None

    def getPeer(self) -> IAddress:
        """The client's address."""
        if self._peer is None:
            self._peer = HTTPChannel.getPeer(self)
        return self._peer

    def getHost(self) -> IAddress:
        """The address that the client has connected to."""
        if self._host is None:
            self._host = HTTPChannel.getHost(self)
        return self._host

    def isSecure(self) -> bool:
        """Whether this is TLS."""
        if self._is_secure is None:
            self._is_secure = bool(HTTPChannel.isSecure(self))
        return self._is_secure
