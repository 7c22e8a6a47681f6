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
        self._factory = factory
        Site.__init__(self, SockJSResource(factory, options, clock), reactor=clock)

    def doStart(self) -> None:
        """Start the factory with its site."""
        super().doStart()  # type: ignore[no-untyped-call]  # Twisted gives it no types
        self._factory.doStart()

    def doStop(self) -> None:
        """Stop the factory with its site."""
        self._factory.doStop()
        super().doStop()  # type: ignore[no-untyped-call]  # Twisted gives it no types


class SockJSMultiFactory(Site):
    """Several factories in one site, each below a prefix of its own."""

    def __init__(self, clock: IReactorTime | None = None) -> None:
        self._root = Resource()
        self._clock = clock
        self._factories: list[IProtocolFactory] = []
        Site.__init__(self, self._root, reactor=clock)

    def addFactory(
        self, factory: IProtocolFactory, prefix: str | bytes, options: Mapping[str, object] | None = None
    ) -> None:
        """Serve a factory below a prefix: one segment of a path, without slashes."""
        name = prefix.encode("utf-8") if isinstance(prefix, str) else prefix
        self._root.putChild(name, SockJSResource(factory, options, self._clock))
        self._factories.append(factory)
        for _ in range(self.numPorts):
            factory.doStart()

    def doStart(self) -> None:
        """Start the factories with their site."""
        super().doStart()  # type: ignore[no-untyped-call]  # Twisted gives it no types
        for factory in self._factories:
            factory.doStart()

    def doStop(self) -> None:
        """Stop the factories with their site."""
        for factory in self._factories:
            factory.doStop()
        super().doStop()  # type: ignore[no-untyped-call]  # Twisted gives it no types
