"""CHATHISTORY: pages of what was said (IRCv3 draft/chathistory)."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any, Final, NamedTuple

from mixsvc.common.times import parse_moment
from mixsvc.irc.clients.client import IrcClient
from mixsvc.irc.clients.inquiries import ChatRefused
from mixsvc.irc.grammar.lines import IrcLine
from mixsvc.irc.grammar.names import channel_of, is_channel
from mixsvc.irc.handlers.delivery import Delivery, number_of, replay
from mixsvc.irc.handlers.history_pages import END, HistoryPages, Message
from mixsvc.irc.handlers.table import CommandTable, IrcCommand

__all__ = ["HistoryCommands"]

# The parameters of each subcommand, without itself.
PARAMETERS: Final = {"LATEST": 3, "BEFORE": 3, "AFTER": 3, "AROUND": 3, "BETWEEN": 4, "TARGETS": 3}


class BadReference(ValueError):
    """A reference that names no place in the history; the text is a sentence for the person."""


class HistoryPosition(NamedTuple):
    """A place in the history. low: the first number at it or behind it. high: the first number behind it."""

    low: int
    high: int


class WantedMessages(NamedTuple):
    """Which messages: numbers from `start` and below `end`; of too many those near to `nearest`, the end by default.

    If there are some on both sides of that, up to half of them are from before it.
    """

    start: int
    end: int
    nearest: int = END

    @property
    def is_last(self) -> bool:
        """Whether the last ones are wanted of too many, and not the first."""
        return self.nearest >= self.end


class HistoryCommands:
    """Answers one client. Used in the reactor thread."""

    def __init__(self, client: IrcClient) -> None:
        self._client = client
        self._pages = HistoryPages(client)
        self._batches = count(1)

    def commands(self) -> CommandTable:
        """The command."""
        return {"CHATHISTORY": IrcCommand(self._chathistory)}

    def _chathistory(self, line: IrcLine) -> None:
        client, words = self._client, line.parameters
        subcommand = words[0].upper() if words else ""
        needed = PARAMETERS.get(subcommand)
        if needed is None:
            client.fail("CHATHISTORY", "INVALID_PARAMS", subcommand or "*", "There is no such subcommand")
        elif len(words) <= needed:
            client.fail("CHATHISTORY", "INVALID_PARAMS", subcommand, "Parameters are missing")
        elif not words[needed].isdecimal() or not words[needed].isascii() or not 0 < int(words[needed][:9]):
            client.fail("CHATHISTORY", "INVALID_PARAMS", subcommand, "The limit is not a number above zero")
        else:
            limit = min(int(words[needed][:9]), client.door.traits.page)
            if subcommand == "TARGETS":
                self._targets(words[1], words[2], limit)
            else:
                client.inquire("CHATHISTORY", partial(self._tell, subcommand, words[1:needed], limit))

    def _targets(self, first: str, second: str, limit: int) -> None:
        client = self._client
        try:
            start, end = sorted((_moment(first), _moment(second)))
        except BadReference as bad:
            client.fail("CHATHISTORY", "INVALID_PARAMS", "TARGETS", str(bad))
            return
        found = sorted((each.last_at, each.room) for each in client.channels.values() if start < each.last_at < end)
        with_batch = self._batch("draft/chathistory-targets")
        for last_at, room in found[:limit]:
            client.tell_tagged(with_batch.tags, client.door.name, "CHATHISTORY", "TARGETS", channel_of(room), last_at)
        with_batch.end()

    async def _tell(self, subcommand: str, words: Sequence[str], limit: int) -> None:
        client, target = self._client, words[0]
        room = client.meant_room(target)
        try:
            if not is_channel(target):
                raise BadReference("There are no private messages in this chat")
            wanted = await self._wanted(subcommand, room, words[1:])
            messages = await self._between(room, wanted, limit)
        except BadReference as bad:
            client.fail("CHATHISTORY", "INVALID_PARAMS", subcommand, str(bad))
        except ChatRefused as refused:
            code = "MESSAGE_ERROR" if refused.is_for_now else "INVALID_TARGET"
            client.fail("CHATHISTORY", code, subcommand, target, str(refused))
        else:
            with_batch = self._batch("chathistory", channel_of(room))
            how = Delivery(self._epoch(room), is_replay=True, batch=with_batch.tags.get("batch", ""))
            replay(client, room, messages, wanted.nearest, how)
            with_batch.end()

    async def _wanted(self, subcommand: str, room: str, words: Sequence[str]) -> WantedMessages:
        if subcommand == "LATEST" and words[0] == "*":
            return WantedMessages(0, END)
        positions = [await self._position(room, each) for each in words]
        first = positions[0]
        if subcommand == "LATEST":
            return WantedMessages(first.high, END)
        if subcommand == "BEFORE":
            return WantedMessages(0, first.low)
        if subcommand == "AFTER":
            return WantedMessages(first.high, END, first.high)
        if subcommand == "AROUND":
            return WantedMessages(0, END, first.low)
        if first <= positions[1]:
            return WantedMessages(first.high, positions[1].low, first.low)
        return WantedMessages(positions[1].high, first.low)

    async def _between(self, room: str, wanted: WantedMessages, limit: int) -> Sequence[Message]:
        start, end, nearest = wanted
        if wanted.is_last:
            return await self._pages.newest(room, start, end, limit)
        if start < nearest and limit > 1:
            return await self._pages.around(room, nearest, limit)
        return await self._pages.oldest(room, max(start, nearest), end, limit)

    async def _position(self, room: str, reference: str) -> HistoryPosition:
        if reference.startswith("msgid="):
            number = number_of(reference.removeprefix("msgid="), room, self._epoch(room))
            if number is None:
                raise BadReference("There is no such message in this channel")
            return HistoryPosition(number, number + 1)
        moment = _moment(reference)
        page = await self._pages.page(room, END, self._client.door.traits.page)
        low = await self._first(room, page, lambda time: time >= moment)
        high = await self._first(room, page, lambda time: time > moment)
        return HistoryPosition(low, high)

    async def _first(self, room: str, newest: Mapping[str, Any], is_behind: Callable[[str], bool]) -> int:
        """The number of the first message whose time is behind something. newest: the newest page."""
        messages = newest["messages"]
        if not messages or not is_behind(messages[0]["time"]) or messages[0]["number"] <= newest["first"]:
            return next((each["number"] for each in messages if is_behind(each["time"])), int(newest["last"]) + 1)
        low, high = int(newest["first"]), int(messages[0]["number"])
        # Of all messages, those up to below `low` are before it, and those from `high` on are behind it.
        while low < high:
            middle = (low + high) // 2
            found = (await self._pages.page(room, middle + 1, 1))["messages"]
            if found and is_behind(found[-1]["time"]):
                high = min(middle, int(found[-1]["number"]))
            else:
                low = middle + 1
        return low

    def _epoch(self, room: str) -> str:
        channel = self._client.channels.get(room)
        return channel.epoch if channel is not None else self._client.epoch

    def _batch(self, kind: str, *parameters: str) -> "Batched":
        return Batched(self._client, str(next(self._batches)), kind, parameters)


class Batched:
    """A batch of lines, for clients that know batches. tags: of its lines."""

    def __init__(self, client: IrcClient, id: str, kind: str, parameters: Sequence[str]) -> None:
        self._client = client
        self._id = id
        self.tags: Mapping[str, str] = {"batch": id} if client.has("batch") else {}
        if self.tags:
            client.tell(client.door.name, "BATCH", f"+{id}", kind, *parameters)

    def end(self) -> None:
        """All lines are sent."""
        if self.tags:
            self._client.tell(self._client.door.name, "BATCH", f"-{self._id}")


def _moment(reference: str) -> str:
    """Returns a moment as the chat writes it. Raises BadReference."""
    kind, _, text = reference.partition("=")
    try:
        return parse_moment(text if kind == "timestamp" else "")
    except ValueError:
        raise BadReference("Give timestamp=2026-11-29T14:00:00.000Z, or msgid= and an id of a message") from None
