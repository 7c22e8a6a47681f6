"""Joins the parts of one client: its lines go to the commands, and the chat's events to what tells of them."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from twisted.internet.interfaces import IAddress
from twisted.python.failure import Failure

from mixsvc.irc.clients.chat_link import ChatLink, IrcArrival
from mixsvc.irc.clients.client import IrcClient, IrcWire
from mixsvc.irc.clients.door import IrcDoor
from mixsvc.irc.grammar.lines import BadLine, IrcLine, NoCommand
from mixsvc.irc.handlers.events import EventTeller
from mixsvc.irc.handlers.history import HistoryCommands
from mixsvc.irc.handlers.manners import Manners
from mixsvc.irc.handlers.operators import OperatorCommands
from mixsvc.irc.handlers.people import PeopleCommands
from mixsvc.irc.handlers.refusals import tell_refusal
from mixsvc.irc.handlers.registration import Registration
from mixsvc.irc.handlers.speaking import Speaking
from mixsvc.irc.handlers.table import run

__all__ = ["IrcSession"]

# Close codes of the chat: of somebody who is banned.
BANNED: Final = 4003

# Characters of an unknown command that the answer repeats.
REPEATED: Final = 32

# What begins the version at the end of a request line.
HTTP: Final = "HTTP/"
NOT_HTTP: Final = "This is IRC, and no web server"


class IrcSession:
    """One client; implements LinkedClient. Used in the reactor thread."""

    def __init__(self, door: IrcDoor, wire: IrcWire) -> None:
        self._wire = wire
        self._client = client = IrcClient(door, wire)
        self._registration = Registration(client, self._connect)
        manners = Manners(client)
        self._early = {**self._registration.commands(), **manners.early()}
        self._commands = {
            **manners.commands(),
            **Speaking(client).commands(),
            **PeopleCommands(client).commands(),
            **OperatorCommands(client).commands(),
            **HistoryCommands(client).commands(),
        }
        self._teller = EventTeller(client)

    @property
    def is_registered(self) -> bool:
        """Whether it has its name."""
        return self._client.is_registered

    @property
    def name(self) -> str:
        """Its name in the chat; "" before it has one."""
        return self._client.name

    @property
    def rooms(self) -> int:
        """In how many channels it is."""
        return len(self._client.channels)

    def line(self, line: IrcLine) -> None:
        """Do what a line says."""
        client = self._client
        if run(client, self._early, line):
            return
        if not client.is_registered and line.parameters and line.parameters[-1].startswith(HTTP):
            self._is_http()
        elif not client.is_registered:
            client.reply("451", "Give NICK and USER first")
        elif not run(client, self._commands, line):
            client.reply("421", line.command[:REPEATED], "There is no such command here")

    def bad_line(self, bad: BadLine) -> None:
        """A line is none."""
        self._client.fail("*", bad.code, str(bad))
        if isinstance(bad, NoCommand) and not self._client.is_registered:
            # A header: the request line was too long.
            self._is_http()

    def too_long(self) -> None:
        """A line was too long, and is lost."""
        self._client.reply("417", "The line was too long and was ignored")

    def leave(self, reason: str) -> None:
        """Close the connection when all that the client has asked for is done and told."""
        self._client.leave(reason)

    def lost(self, reason: Failure) -> None:
        """The connection is lost."""
        client = self._client
        try:
            client.stop()
            client.door.given.passwords.forget(client.identity)
            if client.is_registered:
                client.door.leave(client)
        finally:
            if client.link is not None:
                client.link.lost(reason)

    def _is_http(self) -> None:
        """End it: a page that somebody visits lets their browser send requests, whose bodies may be lines of IRC."""
        self._client.door.numbers.refused["http"] += 1
        self._wire.end(NOT_HTTP)

    def _connect(self) -> None:
        client = self._client
        client.link = ChatLink(client.door, self, IrcArrival(client.identity, client.asked_at))
        client.link.open()

    # For the chat

    def heard(self, event: Mapping[str, Any], text: str) -> None:
        """See LinkedClient."""
        client, before = self._client, self._client.about
        client.about = text
        try:
            self._tell(event)
        finally:
            client.about = before

    def _tell(self, event: Mapping[str, Any]) -> None:
        if event["type"] == "welcome":
            self._registration.welcomed(event)
        elif self._client.inquiries.heard(event):
            return
        elif event["type"] != "error":
            self._teller.tell(event)
        elif event.get("of") == "hello":
            self._registration.refused(event)
        else:
            tell_refusal(self._client, event)
        self._client.heard(event)

    def chat_closed(self, code: int, reason: str) -> None:
        """See LinkedClient."""
        if code == BANNED:
            self._client.reply("465", reason)
        self._wire.end(reason)

    def hold(self, is_held: bool) -> None:
        """See LinkedClient."""
        self._wire.hold(is_held)

    def discard(self, is_unwanted: Callable[[str], bool]) -> list[str]:
        """See LinkedClient."""
        return self._wire.discard(is_unwanted)

    def peer(self) -> IAddress:
        """See LinkedClient."""
        return self._wire.peer()
