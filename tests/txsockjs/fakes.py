"""Applications that record what happens to them, and a service in memory that serves them."""

from collections.abc import Mapping

from twisted.internet.interfaces import IAddress, IProtocolFactory
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from websockets.frames import Frame, Opcode

from txsockjs._session.transport import SockJSTransport
from txsockjs.testing import MemoryService

__all__ = ["App", "Apps", "Service", "texts"]


class App(Protocol):
    """Records what happens to it, and calls its factory."""

    transport: SockJSTransport

    def __init__(self, apps: "Apps") -> None:
        self.apps = apps
        self.messages: list[bytes] = []
        self.reasons: list[Failure] = []
        self.is_made = False

    def connectionMade(self) -> None:
        self.is_made = True
        self.apps.made(self)

    def dataReceived(self, data: bytes) -> None:
        self.messages.append(data)
        self.apps.came(self, data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.reasons.append(reason)
        self.apps.gone(self)


class Apps(Factory):
    """The applications of a service, in the order in which they were built. Tests override made, came and gone."""

    def __init__(self) -> None:
        self.all: list[App] = []

    def buildProtocol(self, addr: IAddress | None) -> App:
        self.all.append(App(self))
        return self.all[-1]

    @property
    def last(self) -> App:
        return self.all[-1]

    def made(self, app: App) -> None:
        """Called in connectionMade."""

    def came(self, app: App, data: bytes) -> None:
        """Called in dataReceived."""

    def gone(self, app: App) -> None:
        """Called in connectionLost."""


class Service(MemoryService):
    """A service at /echo of a site. apps: its factory, if no other kind of factory is given."""

    def __init__(self, factory: IProtocolFactory | None = None, options: Mapping[str, object] | None = None) -> None:
        self.apps = factory if isinstance(factory, Apps) else Apps()
        super().__init__(factory or self.apps, options, "echo")


def texts(frames: list[Frame]) -> list[str]:
    """The text messages among frames."""
    return [bytes(frame.data).decode("utf-8") for frame in frames if frame.opcode is Opcode.TEXT]
