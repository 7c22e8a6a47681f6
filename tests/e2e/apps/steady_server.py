"""A SockJS service with quick heartbeats, on the reactor of the given class; run as a program: it prints its port."""

import sys
from typing import Any

from twisted.internet.main import installReactor
from twisted.internet.protocol import Factory, Protocol
from twisted.python.reflect import namedAny

from txsockjs.clock import steady
from txsockjs.factory import SockJSFactory

HEARTBEAT = 0.125

if __name__ == "__main__":
    core: Any = namedAny(sys.argv[1])()
    installReactor(core)
    steady(core)
    factory = SockJSFactory(Factory.forProtocol(Protocol), {"heartbeat": HEARTBEAT})
    port = core.listenTCP(0, factory, interface="127.0.0.1")
    print(port.getHost().port, flush=True)
    core.run()
