"""A client's cursor in one room: the last message its listener got, and which messages are missing. Pure.

The server numbers a room's messages 1, 2, 3 … The cursor delivers them in that order, each once. A message that comes
before the one it follows is buffered; the gap is fetched page by page with `history` requests. Messages that cannot be
fetched are reported as Missed, so the numbers that a listener sees have no hole.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from mixsvc.client.events import BegunAnew, Deleted, Edited, Missed, RoomEvent
from mixsvc.interfaces import ChatMessage, ChatPage

__all__ = ["MAX_BUFFERED", "MAX_GAP", "PAGE_SIZE", "Cursor"]

# Messages in one page of the history, as the protocol allows.
PAGE_SIZE: Final = 200

# Messages that are buffered while a gap before them is fetched; later ones are fetched again.
MAX_BUFFERED: Final = 2000

# Of a longer gap the newest part is fetched and the rest reported as Missed.
MAX_GAP: Final = 10_000


class Cursor:
    """Delivers each message of a room once and in order, or reports it as missed.

    since: the number of the last message that was delivered or missed; None before the first join. epoch, token: which
    history that is, as the server said last; "" while that is not known. Each method returns the events for the
    listener, in order.
    """

    def __init__(self, since: int | None, token: str = "") -> None:
        """since: the number of the last message the user knows; None: begin with the newest messages of the room.

        token: the one that came with it, if the user knows it.
        """
        self.since = since
        self.epoch, self.token = "", token
        self._first = 0
        self._last = since or 0
        self._buffered: dict[int, ChatMessage] = {}

    def joined(self, page: ChatPage) -> Sequence[RoomEvent]:
        """The server has let the client in. page: the messages after `since`, or the newest of them."""
        events: list[RoomEvent] = []
        if self.since is None:
            self.since = page.messages[0].number - 1 if page.messages else page.last
        elif page.is_reset or page.last < self.since:
            events.append(BegunAnew())
            self.since = 0
        else:
            if page.deleted:
                events.append(Deleted(tuple(page.deleted)))
            events += [Edited(each.number, each.text, each.edited_at) for each in page.edited]
        self.epoch, self.token = page.epoch, page.token
        self._buffered = {each.number: each for each in page.messages if each.number > self.since}
        self._last = 0
        self._update_bounds(page)
        if self._gap_end() - self.since > MAX_GAP:
            self._first = max(self._first, self._gap_end() - MAX_GAP + 1)
        return [*events, *self._advance()]

    def message(self, message: ChatMessage, token: str = "") -> Sequence[RoomEvent]:
        """The server sent a new message, and its token."""
        self.token = token or self.token
        if self.since is None or message.number <= self.since:
            return []
        self._last = max(self._last, message.number)
        if message.number == self.since + 1 or len(self._buffered) < MAX_BUFFERED:
            self._buffered[message.number] = message
        return list(self._advance())

    def deleted(self, number: int) -> Sequence[RoomEvent]:
        """A message was deleted, perhaps one that is still buffered."""
        if number in self._buffered:
            self._buffered[number] = self._buffered[number].without_text()
        if self.since is None or number > self.since:
            return []
        return [Deleted((number,))]

    def edited(self, number: int, text: str, at: float | None) -> Sequence[RoomEvent]:
        """A message has another text, perhaps one that is still buffered. at: as ChatMessage.edited_at."""
        if number in self._buffered:
            self._buffered[number] = self._buffered[number].with_text(text, at)
        if self.since is None or number > self.since:
            return []
        return [Edited(number, text, at)]

    def next_gap(self) -> tuple[int, int] | None:
        """The next page to fetch, as `before` and `limit` of a `history` request; None when nothing is missing."""
        if self.since is None or self._gap_end() <= self.since:
            return None
        limit = min(PAGE_SIZE, self._gap_end() - self.since)
        return self.since + limit + 1, limit

    def fill(self, before: int, page: ChatPage) -> Sequence[RoomEvent]:
        """The server sent a page of the gap. before: as it was requested."""
        since = self.since or 0
        found = [each for each in page.messages if since < each.number < before]
        self._buffered.update((each.number, each) for each in found)
        self._update_bounds(page)
        if not found and self._first <= since + 1:
            return self.skip_gap()
        return list(self._advance())

    def skip_gap(self) -> Sequence[RoomEvent]:
        """The server cannot send the gap: report it as missed."""
        self._first = max(self._first, self._gap_end() + 1)
        return list(self._advance())

    def _update_bounds(self, page: ChatPage) -> None:
        self._last = max([self._last, page.last, *self._buffered])
        # The next message at the latest is kept, whatever the server says.
        self._first = min(page.first, self._last + 1)

    def _gap_end(self) -> int:
        """The number before the first buffered message; the room's last number when none is buffered."""
        return min(self._buffered) - 1 if self._buffered else self._last

    def _advance(self) -> Iterator[RoomEvent]:
        assert self.since is not None
        while True:
            following = self._buffered.pop(self.since + 1, None)
            if following is not None:
                self.since += 1
                yield following
            elif self.since + 1 < self._first and self._gap_end() > self.since:
                first, self.since = self.since + 1, min(self._first - 1, self._gap_end())
                yield Missed(first, self.since)
            else:
                return
