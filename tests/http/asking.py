"""Asking a resource through a whole site in memory."""

from dataclasses import dataclass

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.resource import IResource

from mixsvc.config.settings import Settings
from mixsvc.http.site import MixSite

__all__ = ["Asked", "ask"]


@dataclass(frozen=True)
class Asked:
    """A site and one connection to it; what came back is read anew each time."""

    site: MixSite
    wire: StringTransport
    # The status of each answer, as the site's log is told of it.
    told: list[int]

    @property
    def status(self) -> int:
        return int(self.wire.value().split(b" ")[1])

    @property
    def headers(self) -> dict[str, str]:
        """By name in small letters."""
        lines = self.wire.value().partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def body(self) -> bytes:
        body: bytes = self.wire.value().partition(b"\r\n\r\n")[2]
        return body

    def lose(self) -> None:
        """The client goes."""
        for channel in list(self.site.channels):
            channel.connectionLost()


def ask(root: IResource, path: bytes, method: bytes = b"GET", headers: bytes = b"") -> Asked:
    """What a site with this root answers."""
    site = MixSite(Clock(), root, Settings())
    told: list[int] = []
    site.on_answer = lambda request, seconds: told.append(request.code)
    wire = StringTransport()
    channel = site.buildProtocol(wire.getPeer())
    assert channel is not None
    channel.makeConnection(wire)
    channel.dataReceived(method + b" " + path + b" HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n")
    return Asked(site, wire, told)
