"""Reads as many messages of the history as are asked for, among those that are lines for a client."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, Final

from mixsvc.common.records import record
from mixsvc.irc.clients.client import IrcClient
from mixsvc.irc.clients.inquiries import ChatRefused
from mixsvc.irc.handlers.delivery import is_line

__all__ = ["END", "HistoryPages", "Message"]

# Beyond every number of a message.
END: Final = 2**53 - 1

# So many pages are read behind the first one in search of messages.
MOST_PAGES: Final = 10

Message = Mapping[str, Any]


class HistoryPages:
    """Asks the chat for one client, in an inquiry. All methods raise ChatRefused. Used in the reactor thread."""

    def __init__(self, client: IrcClient) -> None:
        self._client = client

    async def page(self, room: str, before: int, limit: int) -> Mapping[str, Any]:
        """The newest messages with numbers below one, of every kind."""
        if before < 1:
            return {"messages": [], "first": 1, "last": 0}
        return await self._client.answer("history", "history", room=room, limit=limit, before=before)

    async def newest(self, room: str, start: int, end: int, limit: int) -> Sequence[Message]:
        """The last lines, at most so many, with numbers from `start` and below `end`."""
        return _some(await self._last(room, start, end, limit))

    async def oldest(self, room: str, start: int, end: int, limit: int) -> Sequence[Message]:
        """The first lines, at most so many, with numbers from `start` and below `end`."""
        return _some(await self._first(room, start, end, limit))

    async def around(self, room: str, place: int, limit: int) -> Sequence[Message]:
        """At most so many lines, two at least, half of them before a place."""
        before = await self._last(room, 0, place, limit // 2)
        behind = await self._first(room, place, END, limit - len(before.lines))
        return _some(Found([*before.lines, *behind.lines], before.is_all and behind.is_all))

    async def _last(self, room: str, start: int, end: int, limit: int) -> "Found":
        found: list[Message] = []
        for size in self._sizes(limit):
            page = await self.page(room, end, size)
            messages = [each for each in page["messages"] if each["number"] >= start]
            found = [*filter(is_line, messages), *found]
            end = messages[0]["number"] if messages else 0
            if len(found) >= limit or end <= max(start, page["first"]):
                return Found(found[-limit:], True)
        return Found(found, False)

    async def _first(self, room: str, start: int, end: int, limit: int) -> "Found":
        kept = await self.page(room, END, 1)
        # Whatever is not kept any more is not there.
        start, end = max(start, kept["first"]), min(end, kept["last"] + 1)
        found: list[Message] = []
        for size in self._sizes(limit):
            found += filter(is_line, await self._stretch(room, start, min(start + size, end)))
            start += size
            if len(found) >= limit or start >= end:
                return Found(found[:limit], True)
        return Found(found, False)

    async def _stretch(self, room: str, start: int, end: int) -> Sequence[Message]:
        """All messages with numbers from `start` and below `end`: a page has fewer of those that are long."""
        found: list[Message] = []
        while start < end:
            page = await self.page(room, end, end - start)
            messages = [each for each in page["messages"] if each["number"] >= start]
            if not messages:
                break
            found = [*messages, *found]
            end = messages[0]["number"]
        return found

    def _sizes(self, limit: int) -> Iterator[int]:
        """How many messages are read at a time: mostly the first ones are enough."""
        return chain((limit,), repeat(self._client.door.traits.page, MOST_PAGES))


@record
class Found:
    """Lines of a stretch of the history. is_all: whether as many as were asked for, or all that there are."""

    lines: Sequence[Message]
    is_all: bool


def _some(found: Found) -> Sequence[Message]:
    """The lines of what was found. Raises ChatRefused for none of more, which would mean that there is none."""
    if not found.lines and not found.is_all:
        raise ChatRefused("busy", "Too many deleted messages are there; ask for another place in the history")
    return found.lines
