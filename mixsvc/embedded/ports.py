"""The ports of the chat in a process that has its turn."""

from dataclasses import replace
from typing import Any, Final

from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger
from twisted.web.resource import IResource

from mixsvc.config.settings import Settings
from mixsvc.embedded.turns import ChatLocation
from mixsvc.http.ports.listening import open_port
from mixsvc.http.routing import ChatOnlyRoot
from mixsvc.http.site import MixSite
from mixsvc.shutdown import StopDeadline

__all__ = ["LISTEN", "ChatPorts"]

LISTEN: Final = "[chat] listen"


class ChatPorts:
    """Opens and closes the ports of [chat] listen. Used in the reactor thread.

    location: where the chat is; empty unless the ports are open.
    """

    _log = Logger()

    def __init__(self, reactor: Any, settings: Settings) -> None:
        self._reactor = reactor
        self._settings = settings
        self._ports: list[IListeningPort] = []
        self.location = ChatLocation()

    async def open(self, chat: IResource, rpc: IResource | None = None) -> None:
        """Open all of them, and one on the loopback for other processes if there is what to serve them.

        Raises MixError if one cannot be opened; those before it are open then.
        """
        site = MixSite(self._reactor, ChatOnlyRoot(chat, self._settings.chat.prefix), self._settings)
        for description in self._settings.chat.listen:
            self._ports.append(await open_port(self._reactor, description, site, LISTEN))
        usual, rpc_port = next(filter(None, map(_number, self._ports)), None), None
        if rpc is not None:
            private = MixSite(self._reactor, rpc, _for_any_host(self._settings))
            self._ports.append(self._reactor.listenTCP(0, private, interface="127.0.0.1"))
            rpc_port = _number(self._ports[-1])
        self.location = ChatLocation(usual, rpc_port)

    def say(self) -> None:
        """Log that the chat is served here."""
        self._log.info("mixsvc: the chat is served here, on port {port}", port=self.location.port)

    def drop(self) -> None:
        """Close them without waiting."""
        for port in self._ports:
            port.stopListening()
        self._ports = []
        self.location = ChatLocation()

    async def close(self, deadline: StopDeadline) -> None:
        """Close them within a share of the deadline."""
        for port in self._ports:
            await deadline.share(0.3, "closing the chat's port", lambda port=port: maybeDeferred(port.stopListening))  # type: ignore[misc]
        self.location = ChatLocation()

    def abandon(self) -> None:
        """In a forked process: close the parent's ports here, so that they are free when the parent has ended."""
        for port in self._ports:
            # Twisted's ports have this attribute until they are closed.
            socket = getattr(port, "socket", None)
            if socket is not None:
                socket.close()


def _number(port: IListeningPort) -> int | None:
    """None for a UNIX socket."""
    return getattr(port.getHost(), "port", None)


def _for_any_host(settings: Settings) -> Settings:
    """Settings of a site for other processes, which ask 127.0.0.1: [server] hosts names what browsers ask for."""
    return replace(settings, server=replace(settings.server, hosts=()))
