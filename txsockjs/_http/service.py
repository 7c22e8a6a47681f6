"""What the endpoints of one service share: its options, its sessions, and the factory that it serves."""

import time
from collections.abc import Callable

from twisted.internet.interfaces import IAddress, IProtocolFactory, IReactorTime
from twisted.web.server import Request

from txsockjs._protocol.addresses import counted_as
from txsockjs._protocol.options import Options
from txsockjs._session.registry import Registry
from txsockjs._session.session import Session
from txsockjs._session.transport import SockJSTransport, peer_address

__all__ = ["Service"]


class Service:
    """One factory, served over SockJS. wall_clock: returns the time in seconds since 1970."""

    def __init__(self, clock: IReactorTime, factory: IProtocolFactory, options: Options) -> None:
        self.factory = factory
        self.options = options
        self.registry = Registry(clock, options)
        self.wall_clock: Callable[[], float] = time.time

    def named(self, name: bytes, request: Request) -> Session:
        """The session of this name; a new one for the client of the request if there is none. Raises Refused."""
        peer = peer_address(request, self.options.proxy_header)
        return self.registry.find_or_make(name, _host(peer), lambda session: self._transport(session, request, peer))

    def unnamed(self, request: Request) -> Session:
        """A new session for the WebSocket that the request opens. Raises Refused."""
        peer = peer_address(request, self.options.proxy_header)
        return self.registry.make(_host(peer), lambda session: self._transport(session, request, peer))

    def _transport(self, session: Session, request: Request, peer: IAddress) -> SockJSTransport:
        return SockJSTransport(session, self.factory, self.options.encoding, (peer, request.getHost()), request)


def _host(peer: IAddress) -> str:
    """The address by which sessions are counted; "" for clients without an IP address."""
    return counted_as(str(getattr(peer, "host", "")))
