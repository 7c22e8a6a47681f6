"""Host names to addresses in daemon threads, so that a silent name server cannot delay the end of the process."""

import socket
from collections.abc import Sequence
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress, IHostnameResolver, IHostResolution, IResolutionReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from mixsvc.threads.pool import DaemonThreadPool

__all__ = ["DaemonThreadResolver"]


@implementer(IHostResolution)
class Resolution:
    """One look-up; see IHostResolution."""

    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """Does nothing: a look-up in a thread cannot be interrupted. It ends without being waited for."""


@implementer(IHostnameResolver)
class DaemonThreadResolver:
    """The resolver of the system (getaddrinfo). Twisted's own uses the reactor's pool, which is joined at the end."""

    def __init__(self, pool: DaemonThreadPool) -> None:
        self._pool = pool

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """See IHostnameResolver. Finds the addresses for streams only. Called in the reactor thread."""
        resolution = Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        looking = self._pool.defer(_look_up, hostName, portNumber)

        def found(answer: Any) -> None:
            for address in answer if not isinstance(answer, Failure) else []:
                if addressTypes is None or isinstance(address, tuple(addressTypes)):
                    resolutionReceiver.addressResolved(address)
            resolutionReceiver.resolutionComplete()

        looking.addBoth(found)
        return resolution


def _look_up(name: str, port: int) -> list[IPv4Address | IPv6Address]:
    answers = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    kinds = {socket.AF_INET: IPv4Address, socket.AF_INET6: IPv6Address}
    return [kinds[family]("TCP", *address[:2]) for family, _, _, _, address in answers if family in kinds]
