"""A server on the loopback that sends the test's bytes, and a source that reports when it was asked."""

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol, ServerFactory
from zope.interface import implementer

from mixsvc.interfaces import IRateSource, Quote
from tests.rates.samples import DAILY

__all__ = ["RawServer", "Watched", "http"]


def http(body: bytes = DAILY, status: str = "200 OK", **headers: str) -> bytes:
    """An answer; an underscore in the name of a header stands for its hyphen."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class _Saying(Protocol):
    def __init__(self, server: "RawServer") -> None:
        self._server = server
        self._head = b""

    def dataReceived(self, data: bytes) -> None:
        self._head += data
        if self._head.endswith(b"\r\n\r\n"):
            self._server.asked.append(self._head)
            transport: Any = self.transport
            transport.write(self._server.says)
            if self._server.hangs_up:
                transport.loseConnection()


class RawServer(ServerFactory):
    """Answers every request with `says`, and then closes the connection if `hangs_up` is true."""

    def __init__(self) -> None:
        self.says = http()
        self.hangs_up = True
        self.asked: list[bytes] = []

    def buildProtocol(self, addr: IAddress | None) -> Any:
        return _Saying(self)


@implementer(IRateSource)
class Watched:
    """A source, and for each fetch something that fires once it has ended."""

    def __init__(self, source: IRateSource) -> None:
        self.name = source.name
        self._source = source
        self.ends: list[Deferred[None]] = []

    def fetch(self) -> "Deferred[Sequence[Quote]]":
        end: Deferred[None] = Deferred()
        self.ends.append(end)

        def ended(answer: Any) -> Any:
            # In a later turn, after the poller has handled it.
            from twisted.internet import reactor

            untyped: Any = reactor
            untyped.callLater(0, end.callback, None)
            return answer

        return self._source.fetch().addBoth(ended)
