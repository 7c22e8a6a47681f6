"""One request to a resource, through a whole site in memory."""

from dataclasses import dataclass

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.resource import IResource

from mixsvc.config.settings import Settings
from mixsvc.http.site import MixSite

__all__ = ["Exchange", "send_request"]


@dataclass(frozen=True)
class Exchange:
    """A site and one connection to it; the properties read what has come back so far."""

    site: MixSite
    transport: StringTransport
    # The status of each request that the site has logged.
    logged: list[int]

    @property
    def status(self) -> int:
        return int(self.transport.value().split(b" ")[1])

    @property
    def headers(self) -> dict[str, str]:
        """By name in small letters."""
        lines = self.transport.value().partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def body(self) -> bytes:
        body: bytes = self.transport.value().partition(b"\r\n\r\n")[2]
        return body

    def lose(self) -> None:
        """The client leaves."""
        for channel in list(self.site.channels):
            channel.connectionLost()


def send_request(root: IResource, path: bytes, method: bytes = b"GET", headers: bytes = b"") -> Exchange:
    """Send a request to a site with this root."""
    site = MixSite(Clock(), root, Settings())
    logged: list[int] = []
    site.on_answer = lambda request, seconds: logged.append(request.code)
    transport = StringTransport()
    channel = site.buildProtocol(transport.getPeer())
    assert channel is not None
    channel.makeConnection(transport)
    channel.dataReceived(method + b" " + path + b" HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n")
    return Exchange(site, transport, logged)
