"""One client of the door: what it has told of itself, its channels, and what is sent to it."""

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Any, Final, Protocol

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress
from twisted.python.failure import Failure

from mixsvc.interfaces import Identity
from mixsvc.irc.clients.channel_names import ChannelNames
from mixsvc.irc.clients.chat_link import ChatLink
from mixsvc.irc.clients.door import IrcDoor, IrcPresence, SaidMessage
from mixsvc.irc.clients.inquiries import Inquiries, Inquiry
from mixsvc.irc.clients.leaving import Leaving
from mixsvc.irc.clients.pending_joins import PendingJoins
from mixsvc.irc.grammar.lines import as_bytes, as_word
from mixsvc.irc.grammar.names import folded, ident_of, nick_of, room_of

__all__ = ["IrcChannel", "IrcClient", "IrcWire"]

# The messages that a client has said last: it does not get them again.
OWN_MESSAGES: Final = 128

# So many ids of messages that it has asked to delete are kept until the answer: a refusal names the id as it was given.
REDACTED: Final = 128

# The old messages that it got last, of which it is known who said them: the longest page of the history.
OLD_MESSAGES: Final = 200


class IrcWire(Protocol):
    """The connection of a client. Used in the reactor thread."""

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way can read a password."""

    @property
    def is_secure(self) -> bool:
        """Whether TLS is used."""

    @property
    def is_ended(self) -> bool:
        """Whether the connection is lost, or is being closed."""

    @property
    def free(self) -> int:
        """Bytes that may wait for the client in addition to those that do."""

    def send(self, line: bytes, about: str = "") -> None:
        """Send a line. about: the event of the chat that it tells of, "" for none."""

    def discard(self, is_unwanted: Callable[[str], bool]) -> list[str]:
        """Take back lines that wait; see IrcOutbox."""

    def hold(self, is_held: bool) -> None:
        """Take no more lines until each hold has ended."""

    def end(self, reason: str) -> None:
        """Say why, and close the connection; what waits for the client is lost."""

    def finish(self, reason: str) -> None:
        """The same, once what waits for the client is sent."""

    def peer(self) -> IAddress:
        """The client's address."""

    def host(self) -> IAddress:
        """The address of this end."""


@dataclass
class IrcChannel:
    """A room that the client is in. names: of those inside, as far as the client was told. last_at: see `message`."""

    room: str
    topic: str
    epoch: str
    names: ChannelNames = field(default_factory=ChannelNames)
    last_at: str = ""


class IrcClient:
    """Used in the reactor thread. Implements IrcPresence.

    nick: "*" before the client has named one. name: in the chat, "" before it is welcome. capabilities: those that it
    has asked for. identity: who it is, if it has logged in. asked_at: when that was asked (DoorArrival). token: what
    the application has signed for it. fixed_name: that these say; None to let the client choose one.
    """

    def __init__(self, door: IrcDoor, wire: IrcWire) -> None:
        self.door = door
        self.wire = wire
        self.link: ChatLink | None = None
        self.inquiries = Inquiries(door.given.clock)
        self._joins = PendingJoins(door.given.clock, wire.hold)
        self._leaving = Leaving(door.given.clock, self.inquiries)
        self.nick, self.name, self.realname, self.away = "*", "", "", ""
        self.capabilities: set[str] = set()
        self.identity: Identity | None = None
        self.asked_at = door.given.clock.seconds()
        self.token = ""
        self.fixed_name: str | None = None
        self.epoch = ""
        self.is_moderator = False
        self.channels: dict[str, IrcChannel] = {}
        self.own: deque[tuple[str, int]] = deque(maxlen=OWN_MESSAGES)
        self._redacted: deque[tuple[str, int, str]] = deque(maxlen=REDACTED)
        self._old: OrderedDict[tuple[str, int], SaidMessage] = OrderedDict()
        # The event of the chat that is being told.
        self.about = ""

    @property
    def is_registered(self) -> bool:
        """Whether it has its name."""
        return bool(self.name)

    @property
    def source(self) -> str:
        """Its nick!user@host."""
        return self.door.source(self.name)

    def has(self, capability: str) -> bool:
        """Whether it has asked for a capability."""
        return capability in self.capabilities

    def reply(self, numeric: str, *parameters: str) -> None:
        """Send a numeric reply; the client's nickname comes before the parameters. The last one may be a text."""
        self.tell(self.door.name, numeric, self.nick, *map(as_word, parameters[:-1]), *parameters[-1:])

    def tell(self, source: str, command: str, *parameters: str) -> None:
        """Send a line. source: a server's name or nick!user@host."""
        self.wire.send(as_bytes(source, command, parameters), self.about)

    def tell_tagged(self, tags: Mapping[str, str], source: str, command: str, *parameters: str) -> None:
        """Send a line with those of the tags that the client has asked for."""
        self.send(self.tagged(tags, source, command, *parameters))

    def tagged(self, tags: Mapping[str, str], source: str, command: str, *parameters: str) -> bytes:
        """Returns a line with those of the tags that the client has asked for."""
        return as_bytes(source, command, parameters, {name: tags[name] for name in tags if self._takes(name)})

    def send(self, line: bytes) -> None:
        """Send a line that is made already."""
        self.wire.send(line, self.about)

    def fail(self, command: str, code: str, *context: str) -> None:
        """Send a FAIL (IRCv3 "Standard Replies"). context: ends with a sentence for the person."""
        self.tell(self.door.name, "FAIL", command, code, *map(as_word, context[:-1]), *context[-1:])

    def notice(self, text: str) -> None:
        """Tell the client alone."""
        self.tell(self.door.name, "NOTICE", self.nick, text)

    def prefixed(self, name: str) -> str:
        """The nickname of a person as NAMES lists it."""
        shown = self.door.source(name) if self.has("userhost-in-names") else nick_of(name)
        return f"@{shown}" if self.door.is_moderator(name) else shown

    def become(self, identity: Identity | None, token: str, fixed_name: str | None) -> None:
        """It has logged in, and is nobody any more who it was by another password before."""
        if self.identity is not None:
            self.door.given.passwords.forget(self.identity)
        self.identity, self.token, self.fixed_name = identity, token, fixed_name
        link, self.link = self.link, None
        if link is not None:
            # The chat has refused the name that it asked for before.
            link.lost(Failure(ConnectionDone()))

    def ask(self, type: str, **fields: Any) -> None:
        """Ask the chat for something; see ChatLink."""
        if self.link is not None:
            self._leaving.asked(type)
            self.link.ask(type, **fields)

    def join(self, room: str) -> None:
        """Ask the chat to let the client into a room; its next lines wait for the answer."""
        self._joins.begin(room)
        self.ask("join", room=room)

    def part(self, room: str) -> None:
        """Ask the chat to let the client out of a room; its next lines wait for the answer."""
        self._joins.begin(room)
        self.ask("leave", room=room)

    def redact(self, room: str, number: int, id: str) -> None:
        """Ask the chat to delete a message. id: as the client has given it."""
        self._redacted.append((room, number, id))
        self.ask("delete", room=room, number=number)

    def redacted(self, room: str, number: int | None) -> str:
        """The id by which the client has asked for what is answered now; "*" if that is not known."""
        found = next((each for each in self._redacted if each[:2] == (room, number)), None)
        if found is None:
            return "*"
        self._redacted.remove(found)
        return found[2]

    def heard(self, event: Mapping[str, Any]) -> None:
        """It was told of an event of the chat."""
        if event["type"] == "kicked" and event["name"] != self.name:
            return
        if event["type"] == "done" and event["of"] == "delete":
            self.redacted(event["room"], event["number"])
        self._joins.heard(event)
        self._leaving.heard(event)

    def leave(self, reason: str) -> None:
        """Take no more lines, and close the connection when all that it has asked for is done and told."""
        self.wire.hold(True)
        self._leaving.begin(partial(self.wire.finish, reason))

    def stop(self) -> None:
        """It is gone."""
        self._joins.stop()
        self._leaving.stop()
        self.inquiries.stop()

    def inquire(self, command: str, inquiry: Inquiry) -> None:
        """Run an inquiry when those before it have ended."""
        if not self.inquiries.begin(inquiry):
            self.reply("263", command, "Too many of your questions wait; try again")

    async def answer(self, type: str, answer: str, **fields: Any) -> Mapping[str, Any]:
        """Returns the chat's answer, in an inquiry. Raises ChatRefused."""
        assert self.link is not None
        return await self.inquiries.ask(self.link, type, answer, **fields)

    def remember(self, room: str, number: int, said: SaidMessage) -> None:
        """It got an old message, in so many lines."""
        self._old[room, number] = said
        self._old.move_to_end((room, number))
        if len(self._old) > OLD_MESSAGES:
            self._old.popitem(last=False)

    def said(self, room: str, number: int) -> SaidMessage | None:
        """What is remembered of a message, with the most lines that the client may have got of it."""
        known = (self.door.said(room, number), self._old.get((room, number)))
        return max(filter(None, known), key=attrgetter("parts"), default=None)

    def hear_of(self, other: IrcPresence, capability: str, command: str, text: str) -> None:
        """See IrcPresence."""
        if self.has(capability) and any(other.name in each.names for each in self.channels.values()):
            self.tell(self.door.source(other.name), command, *([text] if text else ()))

    def name_of_ident(self, ident: str) -> str:
        """The name of somebody in its channels with this ident; "" for nobody."""
        for channel in self.channels.values():
            for name in channel.names:
                if ident_of(name) == ident:
                    return name
        return ""

    def channel(self, text: str) -> IrcChannel | None:
        """The channel of this name that the client is in; None if it is in none."""
        exact = self.channels.get(room_of(text))
        if exact is not None:
            return exact
        meant = folded(room_of(text))
        return next((each for each in self.channels.values() if folded(each.room) == meant), None)

    def room(self, text: str) -> str:
        """The room of a channel, as it is spelled if the client is in it."""
        found = self.channel(text)
        return found.room if found is not None else room_of(text)

    def is_other_room(self, text: str, inside: IrcChannel) -> bool:
        """Whether a channel is the exact name of another room than the one inside, and the same channel to IRC."""
        room = room_of(text)
        return room != inside.room and room == self.door.given.chat.spelling(room)

    def meant_room(self, text: str) -> str:
        """The room that a channel means, in the room's own spelling; see ChatDoor.spelling.

        It is for questions to the chat: whoever may not see the room is not told its spelling.
        """
        return self.door.given.chat.spelling(self.room(text))

    def _takes(self, tag: str) -> bool:
        if tag == "time":
            return "server-time" in self.capabilities
        if tag == "batch":
            return "batch" in self.capabilities
        return "message-tags" in self.capabilities
