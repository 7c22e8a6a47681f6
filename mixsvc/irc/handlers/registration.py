"""CAP, PASS, NICK, USER and AUTHENTICATE: until a client has its name in the chat."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from mixsvc.common import names
from mixsvc.irc.clients.client import IrcClient
from mixsvc.irc.clients.door import LONGEST_ABOUT
from mixsvc.irc.grammar.capabilities import SASL, listed, wanted
from mixsvc.irc.grammar.lines import IrcLine, as_word
from mixsvc.irc.grammar.names import name_of, nick_of
from mixsvc.irc.handlers.manners import welcome
from mixsvc.irc.handlers.sasl import (
    MOST_ATTEMPTS,
    MOST_PIECES,
    PIECE,
    BadCredentials,
    Credentials,
    LoginCheck,
    plain_credentials,
)
from mixsvc.irc.handlers.table import CommandTable, IrcCommand

__all__ = ["Registration"]

NOT_PRIVATE: Final = "Passwords are taken over TLS only"


class Registration:
    """Registers one client. Used in the reactor thread."""

    def __init__(self, client: IrcClient, connect: Callable[[], None]) -> None:
        """connect: connects the client to the chat, as whom it is by then."""
        self._client = client
        self._connect = connect
        self._login = LoginCheck(client)
        self._is_negotiating = self._has_user = False
        self._wanted = ""
        self._password: Credentials | None = None
        # What has come of a message of SASL; None while none is expected.
        self._message: list[str] | None = None

    def commands(self) -> CommandTable:
        """The commands, of which CAP goes on afterwards, and the others are refused."""
        return {
            "CAP": IrcCommand(self._cap, 1),
            "PASS": IrcCommand(self._pass, 1),
            "NICK": IrcCommand(self._nick),
            "USER": IrcCommand(self._user, 4),
            "AUTHENTICATE": IrcCommand(self._authenticate, 1),
        }

    def welcomed(self, event: Mapping[str, Any]) -> None:
        """The chat has given the client its name."""
        client = self._client
        client.name, client.epoch = str(event["name"]), str(event["epoch"])
        client.nick, client.is_moderator = nick_of(client.name), bool(event["moderator"])
        if not client.realname or client.door.is_muted(client.name):
            client.realname = client.name
        client.door.enter(client)
        welcome(client)
        client.wire.hold(False)

    def refused(self, event: Mapping[str, Any]) -> None:
        """The chat has refused hello."""
        client, code, text = self._client, event["code"], str(event["text"])
        if code in ("name_taken", "bad_name") and client.fixed_name is None:
            numeric, asked = "433" if code == "name_taken" else "432", as_word(self._wanted)
            client.tell(client.door.name, numeric, "*", asked, text)
            self._wanted = ""
            client.wire.hold(False)
            return
        if code in ("not_allowed", "bad_token"):
            client.reply("464", text)
        client.wire.end(text)

    def _cap(self, line: IrcLine) -> None:
        client, subcommand = self._client, line.parameters[0].upper()
        if subcommand == "LS":
            version = line.parameters[1] if len(line.parameters) > 1 else ""
            self._is_negotiating = self._is_negotiating or not client.is_registered
            number = int(version) if version.isascii() and version.isdecimal() and len(version) < 6 else 301
            client.tell(client.door.name, "CAP", client.nick, "LS", listed(number, client.wire.is_private))
        elif subcommand == "LIST":
            client.tell(client.door.name, "CAP", client.nick, "LIST", " ".join(sorted(client.capabilities)))
        elif subcommand == "REQ":
            self._is_negotiating = self._is_negotiating or not client.is_registered
            self._request(line.parameters[1] if len(line.parameters) > 1 else "")
        elif subcommand == "END":
            self._is_negotiating = False
            self._register()
        else:
            client.reply("410", line.parameters[0], "There is no such subcommand of CAP")

    def _request(self, text: str) -> None:
        client = self._client
        found = wanted(text.split(), client.wire.is_private)
        if found is not None:
            taken, given_back = found
            client.capabilities = (client.capabilities | taken) - given_back
        client.tell(client.door.name, "CAP", client.nick, "NAK" if found is None else "ACK", text)

    def _nick(self, line: IrcLine) -> None:
        client, wanted_nick = self._client, line.parameters[0] if line.parameters else ""
        if not wanted_nick:
            client.reply("431", "Give a nickname")
            return
        if client.is_registered:
            if wanted_nick != client.nick:
                client.reply("447", "Connect again to have another name")
            return
        try:
            name = names.normalise(name_of(wanted_nick))
        except names.BadName as bad:
            client.reply("432", wanted_nick, str(bad))
            return
        client.nick = nick_of(name)
        self._wanted = wanted_nick
        self._register()

    def _user(self, line: IrcLine) -> None:
        client = self._client
        if client.is_registered:
            client.reply("462", "You may not register twice")
            return
        self._has_user = True
        client.realname = line.parameters[3][:LONGEST_ABOUT]
        self._register()

    def _pass(self, line: IrcLine) -> None:
        client, text = self._client, line.parameters[-1]
        if client.is_registered:
            client.reply("462", "You may not register twice")
        elif not client.wire.is_private:
            client.reply("464", NOT_PRIVATE)
            client.wire.end(NOT_PRIVATE)
        else:
            name, colon, password = text.partition(":")
            self._password = (name, password) if colon else ("", text)

    def _authenticate(self, line: IrcLine) -> None:
        client, text = self._client, line.parameters[0]
        if client.is_registered:
            client.reply("907", "You have registered already")
        elif not client.wire.is_private or not client.has(SASL):
            client.reply("904", "Ask for the capability sasl first" if client.wire.is_private else NOT_PRIVATE)
        elif text == "*":
            self._message = None
            client.reply("906", "SASL was aborted")
        elif self._message is None:
            self._begin(text)
        else:
            self._add(text, self._message)

    def _begin(self, mechanism: str) -> None:
        if mechanism.upper() == "PLAIN":
            self._message = []
            self._client.tell(self._client.door.name, "AUTHENTICATE", "+")
        else:
            self._client.reply("908", "PLAIN", "are available SASL mechanisms")
            self._client.reply("904", "There is no such SASL mechanism")

    def _add(self, text: str, message: list[str]) -> None:
        if text != "+":
            message.append(text)
        if len(text) == PIECE and len(message) < MOST_PIECES:
            return
        self._message = None
        try:
            credentials = plain_credentials("".join(message))
        except BadCredentials as bad:
            self._client.reply("905" if len(text) >= PIECE else "904", str(bad))
            return
        self._client.wire.hold(True)
        self._login.check(credentials).addCallback(self._checked)

    def _checked(self, trouble: str) -> None:
        client = self._client
        if trouble:
            client.reply("904", trouble)
        else:
            account = nick_of(client.fixed_name) if client.fixed_name else client.nick
            client.reply("900", f"{account}!*@{client.door.name}", account, f"You are logged in as {account}")
            client.reply("903", "SASL authentication was successful")
        if self._login.failures >= MOST_ATTEMPTS:
            client.wire.end("Too many wrong passwords")
        client.wire.hold(False)

    def _register(self) -> None:
        """Begin, once everything is there, as whoever has logged in, or as a guest."""
        if self._is_negotiating or not self._has_user or not self._wanted or self._client.is_registered:
            return
        self._client.wire.hold(True)
        password, self._password = self._password, None
        if password is not None and self._client.identity is None and not self._client.token:
            self._login.check(password).addCallback(self._password_checked)
        else:
            self._say_hello()

    def _password_checked(self, trouble: str) -> None:
        if trouble:
            self._client.reply("464", trouble)
            self._client.wire.end(trouble)
        else:
            self._say_hello()

    def _say_hello(self) -> None:
        client = self._client
        if client.link is None:
            self._connect()
        fields: dict[str, str] = {"identity": client.token} if client.token else {}
        if client.fixed_name is None:
            fields["name"] = name_of(self._wanted)
        client.ask("hello", **fields)
