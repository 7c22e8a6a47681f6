"""NAMES, LIST, WHO, WHOIS and the like."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from mixsvc.common import names
from mixsvc.irc.clients.client import IrcClient
from mixsvc.irc.clients.inquiries import ChatRefused
from mixsvc.irc.grammar.lines import LONGEST_LINE, IrcLine, as_word
from mixsvc.irc.grammar.names import channel_of, folded, ident_of, is_channel, name_of, nick_of, room_of
from mixsvc.irc.handlers.table import CommandTable, IrcCommand

__all__ = ["PeopleCommands", "name_lines"]

# How many answers of the chat one list has at most: each has 500 names, or 100 rooms.
MOST_PAGES: Final = 20

# The fields of WHOX, in the order of the answer (https://ircv3.net/specs/extensions/whox).
WHOX_FIELDS: Final = "tcuihsnfdlaor"

# Names in one answer of USERHOST. ISON has as many as its line: who is left out of the answer would seem offline.
MOST_NAMES: Final = 5


def name_lines(client: IrcClient, room: str, inside: Iterable[str]) -> None:
    """Send the persons in a room, as after JOIN."""
    channel = channel_of(room)
    head = f":{client.door.name} 353 {client.nick} = {channel} :\r\n"
    for line in _filled([client.prefixed(each) for each in inside], LONGEST_LINE - len(head.encode())):
        client.reply("353", "=", channel, line)
    client.reply("366", channel, "End of /NAMES list")


def _filled(words: Sequence[str], room: int) -> Iterator[str]:
    """Yields lines of words, each of at most `room` bytes."""
    line: list[str] = []
    size = 0
    for each in words:
        length = len(each.encode()) + 1
        if line and size + length > room:
            yield " ".join(line)
            line, size = [], 0
        line.append(each)
        size += length
    if line:
        yield " ".join(line)


class PeopleCommands:
    """Answers one client. Used in the reactor thread."""

    def __init__(self, client: IrcClient) -> None:
        self._client = client

    def commands(self) -> CommandTable:
        """The commands."""
        return {
            "NAMES": IrcCommand(self._names),
            "LIST": IrcCommand(self._list),
            "WHO": IrcCommand(self._who),
            "WHOIS": IrcCommand(self._whois, 1),
            "WHOWAS": IrcCommand(self._whowas, 1),
            "ISON": IrcCommand(self._ison, 1),
            "USERHOST": IrcCommand(self._userhost, 1),
        }

    def _names(self, line: IrcLine) -> None:
        if not line.parameters:
            self._client.reply("366", "*", "End of /NAMES list")
            return
        for each in line.parameters[0].split(","):
            self._client.inquire("NAMES", partial(self._tell_names, each))

    async def _tell_names(self, channel: str) -> None:
        room = self._client.meant_room(channel)
        try:
            inside = await self._members(room)
        except ChatRefused as refused:
            self._tell_to_try_again("NAMES", refused)
            self._client.reply("366", channel, "End of /NAMES list")
        else:
            name_lines(self._client, room, inside)

    def _tell_to_try_again(self, command: str, refused: ChatRefused) -> None:
        """If it was refused for now only: else the room would look empty."""
        if refused.is_for_now:
            self._client.reply("263", command, str(refused))

    async def _members(self, room: str) -> Sequence[str]:
        found: list[str] = []
        for _ in range(MOST_PAGES):
            after = {"after": found[-1]} if found else {}
            event = await self._client.answer("who", "who", room=room, **after)
            found.extend(event["members"])
            if not event["more"] or not event["members"]:
                break
        return found

    def _list(self, line: IrcLine) -> None:
        words = line.parameters[0].split(",") if line.parameters else []
        channels = [each for each in words if is_channel(each)]
        self._client.inquire("LIST", partial(self._tell_list, {folded(room_of(each)) for each in channels}))

    async def _tell_list(self, wanted: Collection[str]) -> None:
        client, after, more = self._client, None, True
        client.reply("321", "Channel", "Users  Name")
        try:
            for _ in range(MOST_PAGES):
                event = await client.answer("rooms", "rooms", **({"after": after} if after is not None else {}))
                for each in event["rooms"]:
                    if not wanted or folded(each["room"]) in wanted:
                        client.reply("322", channel_of(each["room"]), str(each["members"]), each["topic"])
                more = event["more"] and bool(event["rooms"])
                if not more:
                    break
                after = event["rooms"][-1]["room"]
        except ChatRefused as refused:
            client.reply("263", "LIST", str(refused))
        client.reply("323", "End of /LIST")

    def _who(self, line: IrcLine) -> None:
        mask = line.parameters[0] if line.parameters else "*"
        fields = next((each for each in line.parameters[1:] if each.startswith("%")), "")
        only_operators = any("o" in each for each in line.parameters[1:] if not each.startswith("%"))
        self._client.inquire("WHO", partial(self._tell_who, mask, fields, only_operators))

    async def _tell_who(self, mask: str, fields: str, only_operators: bool) -> None:
        client, room, found = self._client, "", []
        if is_channel(mask):
            room = client.meant_room(mask)
            try:
                found = list(await self._members(room))
            except ChatRefused as refused:
                # As for a channel that there is not.
                self._tell_to_try_again("WHO", refused)
        elif name := self._known(mask):
            found = [name]
        for name in found:
            if not only_operators or client.door.is_moderator(name):
                self._tell_person(name, room, fields)
        client.reply("315", mask, "End of /WHO list")

    def _tell_person(self, name: str, room: str, fields: str) -> None:
        client, door = self._client, self._client.door
        channel = channel_of(room) if room else self._shared(name)
        flags = ("G" if door.away(name) else "H") + ("@" if door.is_moderator(name) else "")
        if not fields:
            words = (channel, ident_of(name), door.name, door.name, nick_of(name), flags, f"0 {door.realname(name)}")
            client.reply("352", *words)
            return
        wanted, _, token = fields[1:].partition(",")
        values = self._values(name, channel, flags, token)
        client.reply("354", *(values[each] for each in WHOX_FIELDS if each in wanted))

    def _values(self, name: str, channel: str, flags: str, token: str) -> Mapping[str, str]:
        """The fields of WHOX for a person."""
        door = self._client.door
        account = door.account(name)
        return {
            "t": as_word(token[:3]) if token else "0",
            "c": channel,
            "u": ident_of(name),
            # Addresses are shown to nobody.
            "i": "255.255.255.255",
            "h": door.name,
            "s": door.name,
            "n": nick_of(name),
            "f": flags,
            "d": "0",
            "l": "0",
            "a": "0" if account == "*" else account,
            "o": "n/a",
            "r": door.realname(name),
        }

    def _shared(self, name: str) -> str:
        """A channel that the client is in with a person, "*" without one."""
        return next((channel_of(each.room) for each in self._client.channels.values() if name in each.names), "*")

    def _known(self, nick: str) -> str:
        """The name of a person whom the client can know; "" for nobody."""
        key = names.key(name_of(nick))
        if key == names.key(self._client.name):
            return self._client.name
        for channel in self._client.channels.values():
            if found := channel.names.find(key):
                return found
        facts = self._client.door.given.chat.facts(name_of(nick))
        return facts.name if facts is not None and facts.is_here else ""

    def _whois(self, line: IrcLine) -> None:
        client, door, nick = self._client, self._client.door, line.parameters[-1]
        name = self._known(nick)
        if not name:
            client.reply("401", nick, "There is no such nickname")
            client.reply("318", nick, "End of /WHOIS list")
            return
        nick = nick_of(name)
        client.reply("311", nick, ident_of(name), door.name, "*", door.realname(name))
        sign = "@" if door.is_moderator(name) else ""
        shared = [f"{sign}{channel_of(each.room)}" for each in client.channels.values() if name in each.names]
        for each in _filled(shared, LONGEST_LINE // 2):
            client.reply("319", nick, each)
        client.reply("312", nick, door.name, "mixsvc")
        if sign:
            client.reply("313", nick, "is a moderator")
        if door.account(name) != "*":
            client.reply("330", nick, door.account(name), "is logged in as")
        if door.away(name):
            client.reply("301", nick, door.away(name))
        client.reply("318", nick, "End of /WHOIS list")

    def _whowas(self, line: IrcLine) -> None:
        self._client.reply("406", line.parameters[0], "Nobody is remembered")
        self._client.reply("369", line.parameters[0], "End of WHOWAS")

    def _ison(self, line: IrcLine) -> None:
        words = dict.fromkeys(word for each in line.parameters for word in each.split())
        self._client.reply("303", " ".join(nick_of(name) for each in words if (name := self._known(each))))

    def _userhost(self, line: IrcLine) -> None:
        client, found = self._client, []
        for each in line.parameters[:MOST_NAMES]:
            if name := self._known(each):
                sign = "*" if client.door.is_moderator(name) else ""
                away = "-" if client.door.away(name) else "+"
                found.append(f"{nick_of(name)}{sign}={away}{ident_of(name)}@{client.door.name}")
        client.reply("302", " ".join(found))
