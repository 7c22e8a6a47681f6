"""PING, AWAY, SETNAME, QUIT, and what tells of the server and of oneself."""

from typing import Final

from mixsvc import __version__
from mixsvc.common.times import utc_seconds
from mixsvc.irc.clients.client import IrcClient
from mixsvc.irc.clients.door import LONGEST_ABOUT
from mixsvc.irc.grammar.isupport import isupport
from mixsvc.irc.grammar.lines import IrcLine
from mixsvc.irc.handlers.table import CommandTable, IrcCommand

__all__ = ["Manners", "welcome"]

# What others read of a muted person who is away, whatever the text.
AWAY: Final = "Away"

# Characters of the texts of PING and QUIT that are repeated.
REPEATED: Final = 200


def welcome(client: IrcClient) -> None:
    """Tell a client that it is registered, and what server this is."""
    name = client.door.name
    client.reply("001", f"Welcome to the chat, {client.nick}")
    client.reply("002", f"Your host is {name}, running mixsvc {__version__}")
    client.reply("003", "Its rooms are those of the web page")
    client.reply("004", name, f"mixsvc-{__version__}", "i", "bno", "bo")
    for words in isupport(client.door.traits):
        client.reply("005", *words, "are supported by this server")
    _lusers(client)
    client.reply("422", "There is no message of the day")


def _lusers(client: IrcClient) -> None:
    users = client.door.users()
    client.reply("251", f"There are {users} users and 0 invisible on 1 servers")
    client.reply("255", f"I have {users} clients and 0 servers")
    client.reply("265", str(users), str(users), f"Current local users {users}, max {users}")


class Manners:
    """Answers one client. Used in the reactor thread."""

    def __init__(self, client: IrcClient) -> None:
        self._client = client

    def early(self) -> CommandTable:
        """The commands that a client may send before it is registered, too."""
        return {
            "PING": IrcCommand(self._ping),
            "PONG": IrcCommand(self._ignore),
            "ERROR": IrcCommand(self._ignore),
            "QUIT": IrcCommand(self._quit),
        }

    def commands(self) -> CommandTable:
        """The others."""
        return {
            "AWAY": IrcCommand(self._away),
            "SETNAME": IrcCommand(self._setname, 1),
            "MOTD": IrcCommand(lambda line: self._client.reply("422", "There is no message of the day")),
            "LUSERS": IrcCommand(lambda line: _lusers(self._client)),
            "VERSION": IrcCommand(self._version),
            "TIME": IrcCommand(self._time),
            "OPER": IrcCommand(lambda line: self._client.reply("491", "The moderators are those of the settings")),
            "TAGMSG": IrcCommand(self._ignore),
        }

    def _ping(self, line: IrcLine) -> None:
        if not line.parameters:
            self._client.reply("409", "No origin specified")
            return
        name = self._client.door.name
        self._client.tell(name, "PONG", name, line.parameters[0][:REPEATED])

    def _ignore(self, line: IrcLine) -> None:
        """There is nothing to do."""

    def _quit(self, line: IrcLine) -> None:
        self._client.leave(f"Quit: {line.parameters[0][:REPEATED]}" if line.parameters else "Quit")

    def _away(self, line: IrcLine) -> None:
        client = self._client
        before = client.door.seen(client.name)
        text = line.parameters[0][:LONGEST_ABOUT] if line.parameters else ""
        client.away = AWAY if text and client.door.is_muted(client.name) else text
        if client.away:
            client.reply("306", "You are marked as away, for those who use IRC")
        else:
            client.reply("305", "You are not marked as away any more")
        client.door.tell_changes(client, before)

    def _setname(self, line: IrcLine) -> None:
        client = self._client
        if client.door.is_muted(client.name):
            client.fail("SETNAME", "CANNOT_CHANGE_REALNAME", "You are muted")
            return
        before = client.door.seen(client.name)
        client.realname = line.parameters[0][:LONGEST_ABOUT]
        if client.has("setname"):
            client.tell(client.source, "SETNAME", client.realname)
        client.door.tell_changes(client, before)

    def _version(self, line: IrcLine) -> None:
        client = self._client
        client.reply("351", f"mixsvc-{__version__}", client.door.name, "a chat for the web and IRC")
        for words in isupport(client.door.traits):
            client.reply("005", *words, "are supported by this server")

    def _time(self, line: IrcLine) -> None:
        self._client.reply("391", self._client.door.name, utc_seconds(self._client.door.given.seconds()))
