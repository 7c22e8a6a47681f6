"""The services that the protocol's own tests expect: python -m txsockjs.conformance --port 8081."""

from collections.abc import Sequence
from typing import Final, NoReturn, cast

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IReactorCore, IReactorTime
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import react
from twisted.python.failure import Failure
from twisted.python.usage import Options as UsageOptions
from twisted.python.usage import UsageError, portCoerce

from txsockjs._session.transport import SockJSTransport
from txsockjs.factory import SockJSMultiFactory

__all__ = ["Close", "Echo", "main", "services"]


class Echo(Protocol):
    """Sends each message back."""

    transport: SockJSTransport

    def dataReceived(self, data: bytes) -> None:
        """Send one message back."""
        self.transport.write(data)


class Close(Protocol):
    """Closes every session at once."""

    transport: SockJSTransport

    def connectionMade(self) -> None:
        """Close the session."""
        self.transport.loseConnection()


# The tests measure this limit.
COMMON: Final[dict[str, object]] = {"streaming_limit": 4096, "hixie76": True}


def services(clock: IReactorTime) -> SockJSMultiFactory:
    """The site with all services."""
    site = SockJSMultiFactory(clock)
    site.displayTracebacks = False
    site.addFactory(Factory.forProtocol(Echo), "echo", COMMON)
    site.addFactory(Factory.forProtocol(Close), "close", COMMON)
    site.addFactory(Factory.forProtocol(Echo), "disabled_websocket_echo", {**COMMON, "websocket": False})
    site.addFactory(Factory.forProtocol(Echo), "cookie_needed_echo", {**COMMON, "cookie_needed": True})
    return site


class _CommandLine(UsageOptions):
    synopsis = "python -m txsockjs.conformance [options]"
    optParameters = [
        ["port", "p", 8081, "The TCP port to listen on; 0: any.", portCoerce],
        ["interface", "i", "127.0.0.1", "The address to listen on."],
    ]


def main(reactor: IReactorCore, *words: str) -> "Deferred[None]":
    """Serve until the process gets a signal to end. Prints the URL, as the first line of output.

    words: the arguments of the command line. Raises SystemExit if they are not valid, or the port is taken.
    """
    options = _CommandLine()
    try:
        options.parseOptions(words)
    except UsageError as error:
        raise SystemExit(f"txsockjs.conformance: {error}") from None
    endpoint = TCP4ServerEndpoint(reactor, options["port"], interface=options["interface"])
    listening: Deferred[IListeningPort] = endpoint.listen(services(IReactorTime(reactor)))
    return listening.addCallbacks(_serve, _give_up)


def _serve(port: IListeningPort) -> "Deferred[None]":
    address = cast(IPv4Address, port.getHost())
    print(f"http://{address.host}:{address.port}", flush=True)
    return Deferred()


def _give_up(failure: Failure) -> NoReturn:
    failure.trap(CannotListenError)
    raise SystemExit(f"txsockjs.conformance: {failure.getErrorMessage()}")


def _run(words: Sequence[str]) -> None:
    """The program."""
    react(main, words)


if __name__ == "__main__":
    import sys

    _run(sys.argv[1:])
