"""The open ports of one setting of the service, and what operators read of all of them."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.logger import Logger

from mixsvc.http.ports.certificates import RenewingFactory
from mixsvc.http.ports.links import address_text, link_to
from mixsvc.http.ports.listening import close_port, open_port

__all__ = ["OpenPorts", "PortLog"]


class OpenPorts:
    """Opened before the reactor runs, and closed in its thread."""

    def __init__(self, reactor: Any, setting: str, tell: Callable[[IListeningPort, str], object]) -> None:
        """setting: names the endpoints. tell(port, endpoint): called for each open port when the reactor runs."""
        self._reactor = reactor
        self._setting = setting
        self._tell = tell
        self._ports: list[IListeningPort] = []

    def open(self, descriptions: Sequence[str], factory: IProtocolFactory) -> None:
        """Open them all. Raises the error of the first that cannot be opened, a MixError for those of the user."""
        failures: list[BaseException] = []

        def keep(port: IListeningPort, description: str) -> None:
            self._ports.append(port)
            # Logged when the reactor runs: no request is answered before that.
            self._reactor.callWhenRunning(self._tell, port, description)

        for description in descriptions:
            opening = Deferred.fromCoroutine(open_port(self._reactor, description, factory, self._setting))
            opening.addCallbacks(keep, lambda failure: failures.append(failure.value), callbackArgs=(description,))
        if failures:
            raise failures[0]

    def certificates(self) -> list[RenewingFactory]:
        """The factories of those with a certificate, which can be read anew."""
        factories = [getattr(port, "factory", None) for port in self._ports]
        return [each for each in factories if isinstance(each, RenewingFactory)]

    def close(self) -> "Deferred[Any]":
        """Close them; fires when they are closed."""
        return gatherResults([Deferred.fromCoroutine(close_port(port)) for port in self._ports], consumeErrors=True)

    def pause(self) -> None:
        """Accept no connections for now; they wait."""
        for port in self._ports:
            untyped: Any = port
            untyped.stopReading()

    def resume(self) -> None:
        """Accept connections again."""
        for port in self._ports:
            untyped: Any = port
            untyped.startReading()

    def sockets(self) -> list[Any]:
        """The ports."""
        return list(self._ports)


class PortLog:
    """Logs what the service listens on, and keeps it. Used in the reactor thread. lines: what is listened on."""

    _log = Logger()

    def __init__(self, hosts: Collection[str]) -> None:
        """hosts: those of [server] hosts."""
        self.lines: list[str] = []
        self._hosts = hosts

    def site(self, port: IListeningPort, description: str) -> None:
        """The site listens on a port."""
        link = link_to(port, description, self._hosts)
        self.lines.append(link)
        self._log.info("mixsvc: listening on {link}", link=link)

    def other(self, what: str) -> Callable[[IListeningPort, str], None]:
        """Returns what is called for each port of something else, such as IRC."""
        return partial(self._other, what)

    def _other(self, what: str, port: IListeningPort, description: str) -> None:
        address = address_text(port.getHost())
        self.lines.append(f"{address} ({what})")
        self._log.info("mixsvc: {what} on {address}", what=what, address=address)
