"""What the endpoints of one service share: its options, its sessions, and the factory that it serves."""

import hashlib
import secrets
import time
from collections.abc import Callable

from twisted.internet.interfaces import IAddress, IProtocolFactory, IReactorTime, ISSLTransport
from twisted.web.server import Request

from txsockjs._http.ownership import Ownership
from txsockjs._protocol.addresses import counted_as
from txsockjs._protocol.options import Options
from txsockjs._session.registry import Registry
from txsockjs._session.session import Session
from txsockjs._session.transport import SecureSockJSTransport, SockJSTransport, peer_address

__all__ = ["Service"]


class Service:
    """One factory, served over SockJS. wall_clock: returns the time in seconds since 1970."""

    def __init__(self, clock: IReactorTime, factory: IProtocolFactory, options: Options) -> None:
        self.factory = factory
        self.options = options
        self.registry = Registry(clock, options)
        self.wall_clock: Callable[[], float] = time.time
        self._mask_key = secrets.token_bytes(16)
        # None: whoever knows the name of a session may use it.
        self.ownership = Ownership(clock, options.same_owner) if options.same_owner is not None else None

    def change(self, options: Options) -> None:
        """Take other options, for sessions and requests from now on; same_owner stays."""
        self.options = self.registry.options = options

    def named(self, name: bytes, request: Request) -> Session:
        """The session of this name; a new one for the client of the request if there is none. Raises Refused."""
        is_new = self.registry.get(name) is None
        peer = peer_address(request, self.options.proxy_header)
        session = self.registry.find_or_make(name, _host(peer), lambda session: self._transport(session, request, peer))
        if is_new and self.ownership is not None:
            self.ownership.opened(session, request)
        return session

    def mask(self, request: Request, segments: int) -> None:
        """Replace the name of a session in the request's uri, which logs show; whoever knows it can use the session.

        segments: how many there are in the path from the server's number on; the second one is the name. The same name
        gives the same text for as long as the service runs.
        """
        path, mark, query = request.uri.partition(b"?")
        parts = path.split(b"/")
        if segments > 1 and len(parts) > segments and parts[1 - segments]:
            digest = hashlib.blake2b(parts[1 - segments], digest_size=4, key=self._mask_key).hexdigest()
            parts[1 - segments] = b"~" + digest.encode("ascii")
            request.uri = b"/".join(parts) + mark + query

    def unnamed(self, request: Request) -> Session:
        """A new session for the WebSocket that the request opens. Raises Refused."""
        peer = peer_address(request, self.options.proxy_header)
        return self.registry.make(_host(peer), lambda session: self._transport(session, request, peer))

    def _transport(self, session: Session, request: Request, peer: IAddress) -> SockJSTransport:
        kind = SecureSockJSTransport if ISSLTransport.providedBy(request.transport) else SockJSTransport
        return kind(session, self.factory, self.options.encoding, (peer, request.getHost()), request)


def _host(peer: IAddress) -> str:
    """The address by which sessions are counted; "" for clients without an IP address."""
    return counted_as(str(getattr(peer, "host", "")))
