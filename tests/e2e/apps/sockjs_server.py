"""A site with one page, the SockJS client and an echo service; run as a program: it prints its port."""

import sys
from typing import Any

from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import Data, File

from txsockjs.factory import SockJSResource

# Small, so that streams end and begin again during a test.
STREAMING_LIMIT = 4096


class Echo(Protocol):
    """Sends back what it gets; CLOSE:4001:why closes with that."""

    def dataReceived(self, data: bytes) -> None:
        if data.startswith(b"CLOSE:"):
            _, code, reason = data.decode().split(":")
            self.transport.close(int(code), reason)  # type: ignore[union-attr]  # a SockJS transport has it
        else:
            self.transport.write(data)  # type: ignore[union-attr]  # there is one by now


def site(client: str) -> Site:
    """client: the path of sockjs.min.js."""
    root = Resource()
    root.putChild(b"", Data(b"<!doctype html><title>SockJS</title><script src=/sockjs.js></script>", "text/html"))
    root.putChild(b"sockjs.js", File(client, defaultType="text/javascript"))
    options: dict[str, object] = {"streaming_limit": STREAMING_LIMIT, "sockjs_url": "/sockjs.js", "timeout": 30}
    root.putChild(b"echo", SockJSResource(Factory.forProtocol(Echo), options))
    return Site(root)


if __name__ == "__main__":
    core: Any = reactor
    port = core.listenTCP(0, site(sys.argv[1]), interface="127.0.0.1")
    print(port.getHost().port, flush=True)
    core.run()
