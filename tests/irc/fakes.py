"""IRC clients without sockets, in front of a whole chat on a fake database."""

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.testing import StringTransport
from zope.interface import directlyProvides, providedBy

from mixsvc.chat.connection import ChatFactory
from mixsvc.chat.doors import DoorBroadcast, DoorIdentifier, door_asked_at, make_door
from mixsvc.config.settings import ChatSettings, IrcSettings, Settings
from mixsvc.interfaces import Identity
from mixsvc.interfaces.doors import SentPassword
from mixsvc.irc.clients.door import IrcDependencies
from mixsvc.irc.service import IrcService
from tests.chat.fakes import ChatHarness

__all__ = ["FakePasswords", "IrcHarness", "LineClient"]


class FakePasswords:
    """A PasswordCheck that knows who has which password. answer: what is returned instead, if it is set."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], Identity] = {}
        self.answer: Deferred[Identity | None] | None = None
        self.sent: list[SentPassword] = []
        self.forgotten: list[Identity | None] = []

    def __call__(self, sent: SentPassword, /) -> Deferred[Identity | None]:
        self.sent.append(sent)
        return self.answer or succeed(self.known.get((sent.name, sent.password)))

    def forget(self, identity: Identity | None, /) -> None:
        self.forgotten.append(identity)


class LineTransport(StringTransport):
    """Tells its protocol that the connection is lost when that closes it, as a socket does later."""

    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True
        self.loseConnection()


class LineClient:
    """An IRC client: what it sends, and the lines that it got."""

    def __init__(self, service: IrcService, address: str, is_secure: bool) -> None:
        self.transport = LineTransport(hostAddress=IPv4Address("TCP", "192.0.2.9", 6667))
        self.transport.peerAddr = IPv4Address("TCP", address, 50_000)
        if is_secure:
            directlyProvides(self.transport, providedBy(self.transport), ISSLTransport)
        made: Any = service.buildProtocol(self.transport.peerAddr)
        self.protocol = made
        made.makeConnection(self.transport)

    @property
    def producer(self) -> Any:
        """What writes to the socket, and is told when that is full."""
        return self.transport.producer

    def send(self, *lines: str) -> None:
        self.send_bytes("".join(f"{each}\r\n" for each in lines).encode())

    def send_bytes(self, data: bytes) -> None:
        self.protocol.dataReceived(data)

    def got(self, command: str = "") -> list[str]:
        """The lines with a command or numeric, without the server's name; all lines for ""."""
        lines = self.transport.value().decode().split("\r\n")[:-1]
        return [each for each in lines if not command or f" {command} " in f"{_without_tags(each)} "]

    def take(self, command: str = "") -> list[str]:
        """The same; nothing of it comes again."""
        found = self.got(command)
        self.transport.clear()
        return found

    def register(self, nick: str = "Ann", *capabilities: str) -> "LineClient":
        if capabilities:
            self.send("CAP LS 302", f"CAP REQ :{' '.join(capabilities)}")
        self.send(f"NICK {nick}", "USER u 0 * :Real Name", *(["CAP END"] if capabilities else []))
        return self

    def lose(self) -> None:
        self.protocol.connectionLost()

    @property
    def is_closed(self) -> bool:
        return self.transport.disconnecting or self.transport.disconnected


class IrcHarness(ChatHarness):
    """A chat with an IRC door."""

    def __init__(self, irc: dict[str, Any] | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self.passwords = FakePasswords()
        self.irc_settings = IrcSettings(**(irc or {}))
        self.service = self.make_service()

    def make_service(self) -> IrcService:
        chat: ChatSettings = self.settings
        factory = ChatFactory(self.clock, self.dispatcher, DoorIdentifier(), door_asked_at)
        door = make_door(factory, self.dispatcher, self.settings.max_joined)
        given = IrcDependencies(self.clock, self.clock.seconds, door, self.tokens, self.passwords)
        return IrcService(Settings(chat=chat, irc=self.irc_settings), given)

    def broadcast(self, text: str, transports: Any) -> None:
        DoorBroadcast(super().broadcast)(text, transports)

    def irc(self, address: str = "192.0.2.1", is_secure: bool = False) -> LineClient:
        return LineClient(self.service, address, is_secure)

    def irc_inside(self, nick: str = "Ann", *capabilities: str, room: str = "lobby") -> LineClient:
        """A client in a room; what it got until then is forgotten."""
        client = self.irc().register(nick, *capabilities)
        client.send(f"JOIN #{room}")
        self.database.settle()
        client.take()
        return client


def _without_tags(line: str) -> str:
    return line.partition(" ")[2] if line.startswith("@") else line
