"""Registers the endpoint description `sockjs:`. Imports nothing of txsockjs, as `twistd --help` loads every plugin."""

from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import IReactorCore, IStreamServerEndpointStringParser
from twisted.plugin import IPlugin
from zope.interface import implementer

if TYPE_CHECKING:
    from txsockjs.endpoint import SockJSEndpoint

__all__ = ["sockjs"]


@implementer(IPlugin, IStreamServerEndpointStringParser)
class _Parser:
    prefix = "sockjs"

    def parseStreamServer(self, reactor: IReactorCore, *args: Any, **kwargs: Any) -> "SockJSEndpoint":
        """The endpoint for the parts of a description after `sockjs:`. Raises BadOption."""
        from txsockjs.endpoint import parse_server

        return parse_server(reactor, args, kwargs)


sockjs: Final = _Parser()
