"""What the URLs of one service share: its options, its sessions, and the factory that it serves."""

import ipaddress
import time
from collections.abc import Callable

from twisted.internet.interfaces import IAddress, IProtocolFactory, IReactorTime
from twisted.web.server import Request

from txsockjs._protocol.options import Options
from txsockjs._session.registry import Registry
from txsockjs._session.session import Session
from txsockjs._session.transport import SockJSTransport, peer_address

__all__ = ["Service"]


class Service:
    """One factory, served over SockJS."""

    def __init__(self, clock: IReactorTime, factory: IProtocolFactory, options: Options) -> None:
        self.factory = factory
        self.options = options
        self.registry = Registry(clock, options)
        self.wall_clock: Callable[[], float] = time.time

    def named(self, name: bytes, request: Request) -> Session:
        """The session of this name, made if it is new, for the client that asks. Raises Refused."""
        peer = peer_address(request, self.options.proxy_header)
        return self.registry.find_or_make(name, _host(peer), lambda session: self._transport(session, request, peer))

    def unnamed(self, request: Request) -> Session:
        """A session for a WebSocket. Raises Refused."""
        peer = peer_address(request, self.options.proxy_header)
        return self.registry.make(_host(peer), lambda session: self._transport(session, request, peer))

    def _transport(self, session: Session, request: Request, peer: IAddress) -> SockJSTransport:
        return SockJSTransport(session, self.factory, self.options.encoding, (peer, request.getHost()), request)


def _host(peer: IAddress) -> str:
    """What sessions are counted by; those without an IP address count as one.

    IPv6 addresses count by their /64 network, of which one subscriber chooses freely (RFC 6177).
    """
    host = str(getattr(peer, "host", ""))
    if ":" not in host:
        return host
    try:
        address = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return host
    return str(address.ipv4_mapped or ipaddress.IPv6Address(int(address) >> 64 << 64))
