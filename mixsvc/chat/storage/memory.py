"""What a node remembers of the rooms that its clients are in, to be read while the database is away. Pure."""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final, NamedTuple

from mixsvc.chat.model import epochs
from mixsvc.chat.storage.pages import fitting_edits, size
from mixsvc.chat.storage.records import PageQuery, StorageLimits, StoredMessage
from mixsvc.chat.storage.store import EDITED_PART
from mixsvc.interfaces import ChatMessage, ChatPage

__all__ = ["RememberedRooms", "Surface"]

# How many messages of a room are remembered, how many characters they have at most, and how many changes of messages
# of all rooms.
MESSAGES: Final = 200
CHARACTERS: Final = 2**16
CHANGES: Final = 1000


class Surface(NamedTuple):
    """What a page has of a room that is not in its messages. cutoff: what was said before is too old to be shown."""

    topic: str
    limits: StorageLimits
    cutoff: float


class RememberedRooms:
    """The newest messages of each room that is awake, in the order of their numbers without a gap.

    They come from pages that were read, and from what the members were told. Whatever cannot be answered just as the
    database would is not answered, with one exception: what was deleted or edited before this process began is known of
    the remembered messages only, so somebody who was away then may go on showing an older one as it was. Used in one
    thread.
    """

    def __init__(self) -> None:
        self._rooms: dict[str, _Room] = {}
        # Which messages have changed, also of rooms that are not awake: those who come back may show them. The value
        # says whether a message was deleted.
        self._changes: dict[tuple[str, int], bool] = {}
        # The highest number in each room of which a change was forgotten again, and in all rooms that are not named.
        self._forgotten: dict[str, int] = {}
        self._forgotten_elsewhere = 0

    def read(self, room: str, page: ChatPage) -> None:
        """A page of a room that is awake was read from the database."""
        known = self._rooms.get(room)
        if known is not None:
            known.extend(page)
        elif page.token:
            # It ends with the newest message.
            self._rooms[room] = _Room(page)

    def told(self, room: str, stored: StoredMessage) -> None:
        """The members of a room were told its next message."""
        known = self._rooms.get(room)
        if known is not None and not known.add(stored):
            del self._rooms[room]

    def deleted(self, room: str, number: int) -> None:
        """A message was deleted."""
        self._changed(room, number, is_deleted=True)
        known = self._rooms.get(room)
        if known is not None:
            known.change(number, ChatMessage.without_text)

    def edited(self, room: str, number: int, text: str, at: float | None) -> None:
        """A message that is not deleted has another text. at: as that of Edition."""
        self._changed(room, number, is_deleted=False)
        known = self._rooms.get(room)
        if known is not None:
            known.change(number, lambda message: message.with_text(text, at))

    def forget(self, room: str) -> None:
        """Nobody is in a room any more."""
        self._rooms.pop(room, None)

    def page(self, query: PageQuery, told: int, surface: Surface) -> ChatPage | None:
        """The page of a room whose members were told all messages up to `told`; None if the database must be asked."""
        room = self._rooms.get(query.room)
        if room is None or room.last != told:
            return None
        unknown = min(query.seen, room.oldest - 1)
        if unknown >= room.first and room.first <= self._forgotten.get(query.room, self._forgotten_elsewhere):
            return None
        changes = [
            (number, is_deleted)
            for (name, number), is_deleted in self._changes.items()
            if name == query.room and number <= unknown
        ]
        # The text of a message that is not remembered is not known.
        if any(not is_deleted for _, is_deleted in changes):
            return None
        return room.page(query, [number for number, _ in changes], surface)

    def _changed(self, room: str, number: int, is_deleted: bool) -> None:
        was_deleted = self._changes.pop((room, number), False)
        self._changes[room, number] = is_deleted or was_deleted
        if len(self._changes) > CHANGES:
            self._forget_change(*next(iter(self._changes)))

    def _forget_change(self, room: str, number: int) -> None:
        del self._changes[room, number]
        self._forgotten[room] = max(number, self._forgotten.pop(room, self._forgotten_elsewhere))
        if len(self._forgotten) > CHANGES:
            oldest = next(iter(self._forgotten))
            self._forgotten_elsewhere = max(self._forgotten_elsewhere, self._forgotten.pop(oldest))


class _Room:
    """One room. last: the number of its newest message. first: the lowest number that the database had."""

    def __init__(self, page: ChatPage) -> None:
        self.last = page.last
        self.first = page.first
        self._messages: deque[ChatMessage] = deque()
        self._characters = 0
        # The tokens of those messages whose token is known; a page has only that of the newest.
        self._tokens = {page.last: page.token}
        self.extend(page)

    @property
    def oldest(self) -> int:
        """The lowest number that is remembered; one more than `last` if none is."""
        return self.last - len(self._messages) + 1

    def extend(self, page: ChatPage) -> None:
        """Take what is older than what is remembered."""
        self.first = max(self.first, page.first)
        for each in reversed(page.messages):
            if each.number == self.oldest - 1 and self._has_room(len(each.text)):
                self._messages.appendleft(each)
                self._characters += len(each.text)

    def add(self, stored: StoredMessage) -> bool:
        """Take the next message; returns False if one before it is missing."""
        message = stored.message
        if message.number > self.last + 1:
            return False
        self._tokens[message.number] = stored.token
        if message.number == self.last + 1:
            self._messages.append(message)
            self._characters += len(message.text)
            self.last += 1
            while (len(self._messages) > MESSAGES or self._characters > CHARACTERS) and len(self._messages) > 1:
                self._characters -= len(self._messages.popleft().text)
        while next(iter(self._tokens)) < self.oldest - 1:
            del self._tokens[next(iter(self._tokens))]
        return True

    def change(self, number: int, change: Callable[[ChatMessage], ChatMessage]) -> None:
        """A message has changed, unless it was deleted before."""
        index = number - self.oldest
        if 0 <= index < len(self._messages) and not self._messages[index].is_deleted:
            before = self._messages[index]
            after = self._messages[index] = change(before)
            self._characters += len(after.text) - len(before.text)

    def page(self, query: PageQuery, deleted: Sequence[int], surface: Surface) -> ChatPage | None:
        """See RememberedRooms.page. deleted: messages that are not remembered."""
        first, limits = self._kept(surface), surface.limits
        end = min(query.before or self.last + 1, self.last + 1)
        if not self._is_known(query, first, limits.epoch) or (query.before is not None and first < end <= self.oldest):
            return None
        seen = [each for each in self._messages if first <= each.number <= query.seen]
        edited = fitting_edits([each for each in seen if each.is_edited], limits.page_bytes // EDITED_PART)
        gone = (*deleted, *(each.number for each in seen if each.is_deleted))
        wanted = [each for each in self._messages if max(query.after, first - 1) < each.number < end]
        messages = _newest(wanted, query.limit, limits.page_bytes - sum(map(size, edited)))
        token = self._tokens.get(self.last, "") if query.before is None else ""
        return ChatPage(messages, first, self.last, surface.topic, gone, limits.epoch, token, edited=edited)

    def _kept(self, surface: Surface) -> int:
        """The lowest number that is kept."""
        old = [each.number for each in self._messages if each.said_at < surface.cutoff]
        return max(self.first, self.last - surface.limits.keep + 1, *(number + 1 for number in old[-1:]))

    def _is_known(self, query: PageQuery, first: int, epoch: str) -> bool:
        """Whether all is remembered that a client has missed, and it has seen this history."""
        known = query.known
        if known is None:
            return True
        if known.epoch not in (None, epoch) or not max(first, self.oldest) - 1 <= query.after <= self.last:
            return False
        number = epochs.token_number(known.token) if known.token is not None else None
        return known.token is None or (number is not None and self._tokens.get(number) == known.token)

    def _has_room(self, characters: int) -> bool:
        """Whether one more message may be remembered."""
        return len(self._messages) < MESSAGES and self._characters + characters <= CHARACTERS


def _newest(messages: Sequence[ChatMessage], limit: int, page_bytes: int) -> tuple[ChatMessage, ...]:
    """The newest of these messages, as many as fit into a page."""
    found: list[ChatMessage] = []
    for each in islice(reversed(messages), limit):
        page_bytes -= size(each)
        if page_bytes < 0 and found:
            break
        found.append(each)
    return tuple(reversed(found))
