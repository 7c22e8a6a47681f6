"""What all connections of the IRC door share."""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple, Protocol

from twisted.internet.interfaces import IReactorTime

from mixsvc.common import names
from mixsvc.common.person_tokens import PersonTokens
from mixsvc.common.records import record
from mixsvc.common.token_bucket import Pace
from mixsvc.config.settings import ChatSettings, IrcSettings
from mixsvc.interfaces.doors import ChatDoor, PasswordCheck
from mixsvc.irc.clients.numbers import IrcNumbers
from mixsvc.irc.clients.turns import IrcTurns
from mixsvc.irc.grammar.isupport import ServerTraits
from mixsvc.irc.grammar.names import ident_of, nick_of

__all__ = ["LONGEST_ABOUT", "IrcDoor", "IrcPresence", "IrcDependencies", "SaidMessage", "SeenPerson"]

# Of so many rooms, and of so many messages in each, it is remembered who said them, and in how many lines.
MOST_ROOMS: Final = 1000
MOST_MESSAGES: Final = 200

# Characters of what somebody says of oneself: the real name, and why one is away.
LONGEST_ABOUT: Final = 200

# A client that pastes is slowed down at the door, a little more than the chat's limits ask for, so that they refuse
# nothing of it.
CAUTION: Final = 0.95


@record
class IrcDependencies:
    """What the builder of the door hands in. clock: for what takes time. tokens: reads what the application has signed.

    seconds: returns the time of day, in seconds since 1970, UTC.
    """

    clock: IReactorTime
    seconds: Callable[[], float]
    chat: ChatDoor
    tokens: PersonTokens
    passwords: PasswordCheck


class SaidMessage(NamedTuple):
    """name: of its author. parts: lines that clients got of it, each under an id of its own."""

    name: str
    parts: int


class SeenPerson(NamedTuple):
    """What others see of a person with one connection or several: see IrcDoor.away and IrcDoor.realname."""

    away: str
    realname: str


class IrcPresence(Protocol):
    """A client of the door that has its name, as the others see it."""

    name: str
    away: str
    realname: str

    def hear_of(self, other: "IrcPresence", capability: str, command: str, text: str) -> None:
        """Somebody has changed something; told to those who have the capability and are in a room with that one."""


class IrcDoor:
    """Used in the reactor thread."""

    def __init__(self, settings: IrcSettings, chat: ChatSettings, given: IrcDependencies) -> None:
        self.given = given
        self.settings = settings
        self.chat = chat
        self.turns = IrcTurns(given.clock)
        # How fast each client may write.
        self.writing = Pace(*_writing(chat))
        self.numbers = IrcNumbers()
        limits = given.chat.limits
        self.traits = ServerTraits(settings.name, limits.rooms, limits.topic, limits.reason, limits.page)
        # By the key of the name: a person may have several connections.
        self._present: dict[str, dict[IrcPresence, None]] = {}
        self._said: OrderedDict[str, OrderedDict[int, SaidMessage]] = OrderedDict()
        # The event that was decoded last.
        self._text = ""
        self._event: Mapping[str, Any] = {}

    def reload(self, settings: IrcSettings, chat: ChatSettings) -> None:
        """Take other limits, for all clients."""
        self.settings, self.chat = settings, chat
        self.writing.change(*_writing(chat))
        self.traits = replace(self.traits, rooms=chat.max_joined)

    @property
    def name(self) -> str:
        """The server's."""
        return self.settings.name

    def read(self, text: str) -> Mapping[str, Any]:
        """Returns the event of a text, not to be changed. One that many get in a row is decoded once."""
        if text is not self._text and text != self._text:
            self._event = json.loads(text)
            self._text = text
        return self._event

    def source(self, name: str) -> str:
        """Returns nick!user@host of a person. The host is the same for all: nobody learns addresses."""
        return f"{nick_of(name)}!{ident_of(name)}@{self.name}"

    def is_moderator(self, name: str) -> bool:
        """Whether a person is shown as an operator."""
        facts = self.given.chat.facts(name)
        return facts is not None and facts.is_moderator

    def account(self, name: str) -> str:
        """The account of a person who has logged in, "*" otherwise."""
        facts = self.given.chat.facts(name)
        return nick_of(name) if facts is not None and facts.is_known else "*"

    def is_muted(self, name: str) -> bool:
        """Whether nobody is to read what a person says of itself."""
        return self.given.chat.is_muted(name)

    def enter(self, who: IrcPresence) -> None:
        """A client has its name."""
        before, others = self.seen(who.name), self._present.setdefault(names.key(who.name), {})
        others[who] = None
        if len(others) > 1:
            self.tell_changes(who, before)

    def leave(self, who: IrcPresence) -> None:
        """A client is gone; may be called twice."""
        before, others = self.seen(who.name), self._present.get(names.key(who.name), {})
        others.pop(who, None)
        if others:
            self.tell_changes(who, before)
        else:
            self._present.pop(names.key(who.name), None)

    def away(self, name: str) -> str:
        """Why a person is away; "" if not, or if one of its connections is not."""
        reasons = [each.away for each in self._present.get(names.key(name), ())]
        return reasons[0] if reasons and all(reasons) else ""

    def realname(self, name: str) -> str:
        """What a person says of itself; the name of those who came through another door."""
        found = self._present.get(names.key(name), ())
        return next((each.realname for each in found), name)

    def seen(self, name: str) -> SeenPerson:
        """What others see of a person."""
        return SeenPerson(self.away(name), self.realname(name))

    def tell_changes(self, who: IrcPresence, before: SeenPerson) -> None:
        """Tell those who share a room with a person what they see now, and have not seen before."""
        now = self.seen(who.name)
        if now.away != before.away:
            self._tell_others(who, "away-notify", "AWAY", now.away)
        if now.realname != before.realname:
            self._tell_others(who, "setname", "SETNAME", now.realname)

    def _tell_others(self, who: IrcPresence, capability: str, command: str, text: str) -> None:
        for found in tuple(self._present.values()):
            for each in tuple(found):
                if each is not who:
                    each.hear_of(who, capability, command, text)

    def remember(self, room: str, number: int, said: SaidMessage) -> None:
        """Somebody said a message."""
        messages = self._said.setdefault(room, OrderedDict())
        self._said.move_to_end(room)
        messages[number] = said
        if len(messages) > MOST_MESSAGES:
            messages.popitem(last=False)
        if len(self._said) > MOST_ROOMS:
            self._said.popitem(last=False)

    def said(self, room: str, number: int) -> SaidMessage | None:
        """What is remembered of a message."""
        messages = self._said.get(room)
        return None if messages is None else messages.get(number)

    def users(self) -> int:
        """How many persons are here through this door."""
        return len(self._present)


def _writing(chat: ChatSettings) -> tuple[float, int]:
    """Returns the rate and the burst of one client."""
    return chat.rate * CAUTION, max(1, chat.burst - 1)
