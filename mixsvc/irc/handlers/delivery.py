"""Messages of the chat as lines for a client."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from mixsvc.common.records import record
from mixsvc.irc.clients.client import IrcClient
from mixsvc.irc.clients.door import SaidMessage
from mixsvc.irc.grammar.lines import LONGEST_LINE
from mixsvc.irc.grammar.names import channel_of
from mixsvc.irc.grammar.texts import spoken

__all__ = ["Delivery", "deliver", "is_line", "message_id", "number_of", "parts_of", "replay", "room_for_text"]

# Hexadecimal digits that tell rooms apart in the ids of messages.
ROOM_DIGITS: Final = 8

# Of the bytes that may wait for a client, old messages take this part at most: it is not disconnected for having asked.
REPLAY_PART: Final = 4

_spoken = lru_cache(16)(spoken)


@record
class Delivery:
    """How a message comes. epoch: of the history. is_replay: it was said before. batch: that it is a part of, or ""."""

    epoch: str
    is_replay: bool = False
    batch: str = ""


def deliver(client: IrcClient, room: str, message: Mapping[str, Any], how: Delivery) -> None:
    """Send a message as PRIVMSG, one for each of its lines; nothing for one that is deleted, and for old topics."""
    for line in _lines(client, room, message, how):
        client.send(line)


def replay(client: IrcClient, room: str, messages: Sequence[Mapping[str, Any]], nearest: int, how: Delivery) -> None:
    """Send old messages. Of those that are too long together, the ones whose numbers are near to `nearest`."""
    found: dict[int, tuple[str, Sequence[bytes]]] = {}
    left = client.wire.free // REPLAY_PART
    for each in sorted(messages, key=lambda message: abs(message["number"] - nearest)):
        lines = tuple(_lines(client, room, each, how))
        left -= sum(map(len, lines))
        if left < 0 and found:
            break
        found[each["number"]] = each["name"], lines
    for number, (name, sent) in sorted(found.items()):
        client.remember(room, number, SaidMessage(name, len(sent)))
        for line in sent:
            client.send(line)


def is_line(message: Mapping[str, Any]) -> bool:
    """Whether an old message is told: one that is deleted is not, and neither are old topics."""
    return not message.get("deleted") and message.get("kind") != "topic"


def _lines(client: IrcClient, room: str, message: Mapping[str, Any], how: Delivery) -> Iterator[bytes]:
    if not is_line(message):
        return
    channel, source = channel_of(room), client.door.source(message["name"])
    stamp = _stamp(message["time"]) if how.is_replay and not client.has("server-time") else ""
    before, after = _around(message)
    space = room_for_text(source, channel, f"{before}{stamp}{after}")
    for part, text in enumerate(_spoken(message["text"], space)):
        tags = {"time": message["time"], "msgid": message_id(room, message["number"], how.epoch, part)}
        if how.batch:
            tags = {"batch": how.batch, **tags}
        yield client.tagged(tags, source, "PRIVMSG", channel, f"{before}{stamp}{text}{after}")


def parts_of(client: IrcClient, room: str, message: Mapping[str, Any]) -> int:
    """How many lines become of a message when it is said."""
    around = "".join(_around(message))
    return len(_spoken(message["text"], room_for_text(client.door.source(message["name"]), channel_of(room), around)))


def room_for_text(source: str, channel: str, around: str = "") -> int:
    """Bytes of a text in a PRIVMSG or NOTICE, beside what is around it, as everybody gets the line."""
    return LONGEST_LINE - len(f":{source} PRIVMSG {channel} :{around}\r\n".encode())


def message_id(room: str, number: int, epoch: str, part: int = 0) -> str:
    """Returns the id of a message, or of a part of it: unique among all rooms and histories."""
    return f"{number}-{part}-{_digest(room)}-{epoch}"


def number_of(id: str, room: str, epoch: str) -> int | None:
    """Returns the number of the message with this id; None if it is not of this room and history."""
    number, _, rest = id.partition("-")
    part, _, others = rest.partition("-")
    if others != f"{_digest(room)}-{epoch}" or not _is_number(number) or not _is_number(part):
        return None
    return int(number)


def _around(message: Mapping[str, Any]) -> tuple[str, str]:
    """What is written before and after each line of a message."""
    return ("\x01ACTION ", "\x01") if message.get("kind") == "action" else ("", "")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 15


@lru_cache(1024)
def _digest(room: str) -> str:
    return sha256(room.encode()).hexdigest()[:ROOM_DIGITS]


def _stamp(time: str) -> str:
    """When a message was said, for clients that cannot take it otherwise. time: as the chat writes it."""
    return f"[{time[:10]} {time[11:16]}] "
