"""Reads as many messages of the history as are asked for, among those that are lines for a client."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, Final

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
        found: list[Message] = []
        for size in self._sizes(limit):
            page = await self.page(room, end, size)
            messages = [each for each in page["messages"] if each["number"] >= start]
            found = [*filter(is_line, messages), *found]
            end = messages[0]["number"] if messages else 0
            if len(found) >= limit or end <= max(start, page["first"]):
                return found[-limit:]
        return _some(found)

    async def oldest(self, room: str, start: int, end: int, limit: int) -> Sequence[Message]:
        """The first lines, at most so many, with numbers from `start` and below `end`."""
        kept = await self.page(room, END, 1)
        # Whatever is not kept any more is not there.
        start, end = max(start, kept["first"]), min(end, kept["last"] + 1)
        found: list[Message] = []
        for size in self._sizes(limit):
            found += filter(is_line, await self._stretch(room, start, min(start + size, end)))
            start += size
            if len(found) >= limit or start >= end:
                return found[:limit]
        return _some(found)

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


def _some(found: Sequence[Message]) -> Sequence[Message]:
    """What was found of what may be more. Raises ChatRefused for nothing, which would mean that there is no more."""
    if not found:
        raise ChatRefused("busy", "Too many deleted messages are there; ask for another place in the history")
    return found
