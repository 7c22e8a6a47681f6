"""Where a client stands in one room: what it has told its listener, and what is missing until the next. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from mixsvc.client.events import BegunAnew, Deleted, Missed, RoomEvent
from mixsvc.interfaces import ChatMessage, ChatPage

__all__ = ["MOST_FILLED", "MOST_HELD", "PAGE", "Place"]

# What one page of the history holds at most.
PAGE: Final = 200

# Messages that wait for those before them; later ones are fetched again.
MOST_HELD: Final = 2000

# A longer gap is filled in its newest part only.
MOST_FILLED: Final = 10_000


class Place:
    """Tells each message of a room once and in order, or that it is missed.

    Each method returns what the listener is to be told, in order.
    """

    def __init__(self, since: int | None) -> None:
        """since: the highest number that was told; None when the newest messages are wanted, whatever they are."""
        self.since = since
        self._first = 0
        self._last = since or 0
        self._held: dict[int, ChatMessage] = {}

    def joined(self, page: ChatPage) -> Sequence[RoomEvent]:
        """We are inside, and these are the messages after `since`, perhaps the newest of them only."""
        events: list[RoomEvent] = []
        if self.since is None:
            self.since = page.messages[0].number - 1 if page.messages else page.last
        elif page.last < self.since:
            events.append(BegunAnew())
            self.since = 0
        elif page.deleted:
            events.append(Deleted(tuple(page.deleted)))
        self._held = {each.number: each for each in page.messages if each.number > self.since}
        self._last = 0
        self._bounds(page)
        if self._gap_end() - self.since > MOST_FILLED:
            self._first = max(self._first, self._gap_end() - MOST_FILLED + 1)
        return [*events, *self._advance()]

    def message(self, message: ChatMessage) -> Sequence[RoomEvent]:
        """A message came by itself."""
        if self.since is None or message.number <= self.since:
            return []
        self._last = max(self._last, message.number)
        if message.number == self.since + 1 or len(self._held) < MOST_HELD:
            self._held[message.number] = message
        return list(self._advance())

    def deleted(self, number: int) -> Sequence[RoomEvent]:
        """A message was deleted, perhaps one that was not told yet."""
        if number in self._held:
            self._held[number] = replace(self._held[number], text="", is_deleted=True)
        if self.since is None or number > self.since:
            return []
        return [Deleted((number,))]

    def wanted(self) -> tuple[int, int] | None:
        """The page that is needed to go on, as `before` and `limit` of a `history` request; None when none is."""
        if self.since is None or self._gap_end() <= self.since:
            return None
        limit = min(PAGE, self._gap_end() - self.since)
        return self.since + limit + 1, limit

    def page(self, before: int, page: ChatPage) -> Sequence[RoomEvent]:
        """The answer to a wanted page; `before` as it was asked for."""
        since = self.since or 0
        found = [each for each in page.messages if since < each.number < before]
        self._held.update((each.number, each) for each in found)
        self._bounds(page)
        if not found and self._first <= since + 1:
            return self.give_up()
        return list(self._advance())

    def give_up(self) -> Sequence[RoomEvent]:
        """The gap cannot be filled."""
        self._first = max(self._first, self._gap_end() + 1)
        return list(self._advance())

    def _bounds(self, page: ChatPage) -> None:
        self._last = max([self._last, page.last, *self._held])
        # Whoever says that nothing is kept, not even what comes next, is wrong.
        self._first = min(page.first, self._last + 1)

    def _gap_end(self) -> int:
        """The number before the next message that is here; the room's last when none is."""
        return min(self._held) - 1 if self._held else self._last

    def _advance(self) -> Iterator[RoomEvent]:
        assert self.since is not None
        while True:
            following = self._held.pop(self.since + 1, None)
            if following is not None:
                self.since += 1
                yield following
            elif self.since + 1 < self._first and self._gap_end() > self.since:
                first, self.since = self.since + 1, min(self._first - 1, self._gap_end())
                yield Missed(first, self.since)
            else:
                return
