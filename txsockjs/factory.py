"""SockJS services: a factory on a port of its own, several on one port, or one in your own site."""

from collections.abc import Mapping

from twisted.internet.interfaces import IProtocolFactory, IReactorTime
from twisted.web.resource import Resource
from twisted.web.server import Site

from txsockjs._resource import SockJSResource

__all__ = ["SockJSFactory", "SockJSMultiFactory", "SockJSResource"]


class SockJSFactory(Site):
    """One factory as a whole site: reactor.listenTCP(8080, SockJSFactory(factory))."""

    def __init__(
        self,
        factory: IProtocolFactory,
        options: Mapping[str, object] | None = None,
        clock: IReactorTime | None = None,
    ) -> None:
        """See SockJSResource."""
        Site.__init__(self, SockJSResource(factory, options, clock))


class SockJSMultiFactory(Site):
    """Several factories in one site, each below a prefix of its own."""

    def __init__(self, clock: IReactorTime | None = None) -> None:
        self._root = Resource()
        self._clock = clock
        Site.__init__(self, self._root)

    def addFactory(
        self, factory: IProtocolFactory, prefix: str | bytes, options: Mapping[str, object] | None = None
    ) -> None:
        """Serve a factory below a prefix: one segment of a path, without slashes."""
        name = prefix.encode("utf-8") if isinstance(prefix, str) else prefix
        self._root.putChild(name, SockJSResource(factory, options, self._clock))
