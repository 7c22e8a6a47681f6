"""txsockjs, used as its users do: a protocol, an ordinary set of transports, and utils.broadcast."""

import os
import sys

from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from txsockjs.factory import SockJSMultiFactory
from txsockjs.utils import broadcast

__all__ = ["Broadcast", "Echo"]


class Broadcast(Protocol):
    """Sends what one client says to all."""

    transports: set[object] = set()

    def connectionMade(self) -> None:
        """Add the client."""
        self.transports.add(self.transport)

    def dataReceived(self, data: bytes) -> None:
        """Send it to all clients."""
        broadcast(data, self.transports)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Remove the client."""
        self.transports.discard(self.transport)


class Echo(Protocol):
    """Sends back what it receives."""

    def dataReceived(self, data: bytes) -> None:
        """Send it back."""
        assert self.transport is not None
        self.transport.write(data)


def _main() -> None:
    from twisted.internet import reactor

    options = {"streaming_limit": int(sys.argv[1])}
    site = SockJSMultiFactory()
    site.addFactory(Factory.forProtocol(Broadcast), "broadcast", options)
    site.addFactory(Factory.forProtocol(Echo), "echo", options)
    # By Twisted's types a Site is not a ServerFactory, and a TCP port's address has no port.
    port = reactor.listenTCP(0, site, backlog=1024, interface="127.0.0.1")  # type: ignore[arg-type]
    print(f"ready {port.getHost().port} {os.getpid()}", flush=True)  # type: ignore[attr-defined]
    reactor.run()


if __name__ == "__main__":
    _main()
