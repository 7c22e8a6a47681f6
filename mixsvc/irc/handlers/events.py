"""What happens in the chat, as lines: each event of the chat's protocol has a function here."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from mixsvc.irc.clients.channel_names import ChannelNames
from mixsvc.irc.clients.client import IrcChannel, IrcClient
from mixsvc.irc.clients.door import SaidMessage
from mixsvc.irc.grammar.capabilities import CHATHISTORY, REDACTION
from mixsvc.irc.grammar.names import channel_of, nick_of
from mixsvc.irc.grammar.texts import spoken
from mixsvc.irc.handlers.delivery import Delivery, deliver, message_id, parts_of, replay, room_for_text
from mixsvc.irc.handlers.people import name_lines

__all__ = ["EventTeller"]

Event = Mapping[str, Any]

# The tag by which a line points to another message (IRCv3 client-only tags).
REPLY: Final = "+draft/reply"


class EventTeller:
    """Tells one client. Used in the reactor thread."""

    def __init__(self, client: IrcClient) -> None:
        self._client = client
        self._table: Mapping[str, Callable[[Event], None]] = {
            "joined": self._joined,
            "left": self._left,
            "message": self._message,
            "said": self._said,
            "came": self._came,
            "went": self._went,
            "presence": self._presence,
            "kicked": self._kicked,
            "deleted": self._deleted,
            "edited": self._edited,
            "banned": lambda event: self._sanctioned(event, "ban", "+b"),
            "muted": lambda event: self._sanctioned(event, "mute", "+q"),
            "unmuted": lambda event: self._sanctioned(event, "unmute", "-q"),
            "notice": self._notice,
        }

    def tell(self, event: Event) -> None:
        """Tell of an event; there is nothing to say of some."""
        found = self._table.get(event["type"])
        if found is not None:
            found(event)

    def _joined(self, event: Event) -> None:
        client, room = self._client, event["room"]
        channel = IrcChannel(room, event["topic"], event["epoch"], ChannelNames((*event["members"], client.name)))
        client.channels[room] = channel
        self._tell_join(room, client.name)
        if channel.topic:
            client.reply("332", channel_of(room), channel.topic)
        name_lines(client, room, channel.names)
        for message in event["messages"]:
            self._remember(channel, message)
        # A client that asks for the history itself would get it twice.
        if not client.has(CHATHISTORY):
            replay(client, room, event["messages"], event["last"], Delivery(channel.epoch, is_replay=True))

    def _tell_join(self, room: str, name: str) -> None:
        client, channel = self._client, channel_of(room)
        source = client.door.source(name)
        if client.has("extended-join"):
            client.tell(source, "JOIN", channel, client.door.account(name), client.door.realname(name))
        else:
            client.tell(source, "JOIN", channel)
        if client.door.is_moderator(name) and name != client.name:
            client.tell(client.door.name, "MODE", channel, "+o", nick_of(name))
        away = client.door.away(name)
        if away and client.has("away-notify") and name != client.name:
            client.tell(source, "AWAY", away)

    def _left(self, event: Event) -> None:
        if self._client.channels.pop(event["room"], None) is not None:
            self._client.tell(self._client.source, "PART", channel_of(event["room"]))

    def _message(self, event: Event) -> None:
        client, room = self._client, event["room"]
        channel = client.channels.get(room)
        if channel is None:
            return
        self._remember(channel, event)
        if event.get("kind") == "topic":
            self._tell_topic(channel, event["name"], event["text"])
        elif client.has("echo-message") or (room, event["number"]) not in client.own:
            deliver(client, room, event, Delivery(channel.epoch))

    def _remember(self, channel: IrcChannel, message: Event) -> None:
        channel.last_at = message["time"]
        door, room, number, name = self._client.door, channel.room, message["number"], message["name"]
        known = door.said(room, number)
        if known is None or known.name != name or message.get("edited"):
            # A message that was edited may have had more lines.
            parts = max(parts_of(self._client, room, message), known.parts if known is not None else 1)
            door.remember(room, number, SaidMessage(name, parts))

    def _tell_topic(self, channel: IrcChannel, by: str, topic: str) -> None:
        channel.topic = topic
        self._client.tell(self._client.door.source(by), "TOPIC", channel_of(channel.room), topic)

    def _said(self, event: Event) -> None:
        self._client.own.append((event["room"], event["number"]))

    def _came(self, event: Event) -> None:
        channel = self._client.channels.get(event["room"])
        if channel is not None and event["name"] not in channel.names:
            channel.names.add(event["name"])
            self._tell_join(channel.room, event["name"])

    def _went(self, event: Event) -> None:
        channel = self._client.channels.get(event["room"])
        if channel is not None and event["name"] in channel.names:
            channel.names.discard(event["name"])
            self._client.tell(self._client.door.source(event["name"]), "PART", channel_of(channel.room))

    def _presence(self, event: Event) -> None:
        """Who came and went while the room was large is told when it is small again."""
        channel = self._client.channels.get(event["room"])
        if channel is None or "members" not in event:
            return
        members, known = set(event["members"]), set(channel.names)
        for name in sorted(known - members - {self._client.name}):
            self._went({"room": channel.room, "name": name})
        for name in sorted(members - known):
            self._came({"room": channel.room, "name": name})

    def _kicked(self, event: Event) -> None:
        client, room, name = self._client, event["room"], event["name"]
        source = client.door.source(event["by"])
        channel = client.channels.get(room)
        if channel is None:
            return
        channel.names.discard(name)
        if name == client.name:
            del client.channels[room]
        client.tell(source, "KICK", channel_of(room), nick_of(name), event["reason"] or nick_of(event["by"]))

    def _deleted(self, event: Event) -> None:
        client, channel = self._client, self._client.channels.get(event["room"])
        if channel is None:
            return
        number, by, name = event["number"], event["by"], channel_of(channel.room)
        said = client.said(channel.room, number)
        if client.has(REDACTION):
            for part in range(said.parts if said is not None else 1):
                id = message_id(channel.room, number, channel.epoch, part)
                client.tell(client.door.source(by), "REDACT", name, id)
        else:
            whose = f"a message of {said.name}" if said is not None else f"message {number}"
            client.tell(client.door.source(by), "NOTICE", name, f"* deleted {whose}")
        if event["topic"] != channel.topic:
            self._tell_topic(channel, by, event["topic"])

    def _edited(self, event: Event) -> None:
        client, channel = self._client, self._client.channels.get(event["room"])
        if channel is None:
            return
        number, name = event["number"], channel_of(channel.room)
        door, said = client.door, client.said(channel.room, number)
        source, mark = (door.source(said.name), "* ") if said is not None else (door.name, f"* {number}: ")
        tags = {REPLY: message_id(channel.room, number, channel.epoch)}
        for text in spoken(event["text"], room_for_text(source, name, mark)):
            client.tell_tagged(tags, source, "NOTICE", name, f"{mark}{text}")

    def _sanctioned(self, event: Event, request: str, mode: str) -> None:
        """A mute or ban, as a mode of the channels in which the client sees the person."""
        client, name = self._client, event["name"]
        if event["by"] == client.name and client.inquiries.is_about(request, name):
            # It is told when the chat has done it.
            return
        for channel in client.channels.values():
            if name in channel.names:
                mask = f"{nick_of(name)}!*@*"
                client.tell(client.door.source(event["by"]), "MODE", channel_of(channel.room), mode, mask)
        if name == client.name and mode == "+q":
            client.notice(f"{event['by']} has muted you until {event['until']}: {event['reason'] or 'no reason given'}")

    def _notice(self, event: Event) -> None:
        for line in event["text"].splitlines():
            self._client.notice(line)
