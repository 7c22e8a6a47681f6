"""The rooms as topics: who follows a room gets its messages, without being inside.

A follower reads what it has missed, in pages, until it has seen what the members were told; from then on it is told
with them. Whether somebody may read a room is asked before, and again when the view is asked again:
at the latest after a minute, and as soon as a permission is revoked.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import accumulate
from typing import Final

from mixsvc.chat.handlers.pages import CATCH_UP, PageReader
from mixsvc.chat.handlers.state import ChatState
from mixsvc.chat.handlers.telling import Joiner, MessageChange, MessageTeller
from mixsvc.chat.model.epochs import Known
from mixsvc.chat.model.rooms import BadRoom, TooManyRooms
from mixsvc.chat.storage.records import NewMessages, PageQuery
from mixsvc.common.positions import Position
from mixsvc.common.times import utc_milliseconds
from mixsvc.errors import NotPublished
from mixsvc.hooks.closed_lately import ClosedLately
from mixsvc.interfaces import ChatMessage, ChatPage
from mixsvc.interfaces.topics import Following, Subscription, TopicBatch, TopicEnd, TopicEvent, TopicReader

__all__ = ["RoomEvents"]

# How many characters are told at once, unless it is one message; so much waits for each client that is slow.
TELL_AT_ONCE: Final = 2**18


class RoomEvents:
    """Implements Topics (mixsvc.interfaces.topics) for one room at a time, and LoggedInMany. Reactor thread."""

    def __init__(self, state: ChatState, teller: MessageTeller, pages: PageReader) -> None:
        self.state = state
        self.teller = teller
        self.pages = pages
        # By room: those who are told with the members.
        self._live: dict[str, dict[RoomFollowing, None]] = {}
        # All who follow, also those who read what they have missed.
        self._everybody: dict[RoomFollowing, None] = {}
        self._closings = ClosedLately(state.clock)
        teller.listen(self._told, self._changed)

    def follow(self, subscription: Subscription, reader: TopicReader) -> Following:
        """See Topics. Raises NotPublished for a room that does not exist, or for several."""
        room, *others = subscription.topics
        if others or not self.state.rooms.exists(room):
            raise NotPublished(f"there is no room {room!r}" if not others else "one stream has one room")
        following = RoomFollowing(self, subscription, reader)
        self._everybody[following] = None
        reason = self._closings.reason(subscription)
        self.state.clock.callLater(0, following.begin if reason is None else partial(following.end, reason))
        return following

    def add(self, following: "RoomFollowing") -> None:
        """It has seen what the members were told."""
        self._live.setdefault(following.room, {})[following] = None

    def remove(self, following: "RoomFollowing") -> None:
        """It is not told with the members; may be called twice."""
        live = self._live.get(following.room, {})
        if live.pop(following, True) is None and not live:
            del self._live[following.room]

    def forget(self, following: "RoomFollowing") -> None:
        """It has ended; may be called twice."""
        self.remove(following)
        self._everybody.pop(following, None)

    def revoked(self, person: str | None, room: str) -> None:
        """What a person may do in a room has changed: the view decides anew. person: None for strangers.

        It does so as well for whom it had let in before, and who comes only now.
        """
        # For strangers everybody has to ask again: nobody has them as a group.
        self._closings.note(room, person, TopicEnd.AGAIN)
        for each in tuple(self._everybody):
            if each.room == room and each.person == person:
                each.end(TopicEnd.AGAIN)

    def banned(self, person: str) -> None:
        """A person is banned: the view decides anew."""
        self._closings.note(None, person, TopicEnd.AGAIN)
        for each in tuple(self._everybody):
            if each.person == person:
                each.end(TopicEnd.AGAIN)

    def logged_out(self, person: str) -> None:
        """A person has logged out; who comes only now, by a login from before, as well."""
        self._closings.note(None, person, TopicEnd.LOGGED_OUT)
        for each in tuple(self._everybody):
            if each.person == person:
                each.end(TopicEnd.LOGGED_OUT)

    def end_all(self) -> None:
        """Nobody knows what was revoked meanwhile."""
        self._closings.miss()
        for each in tuple(self._everybody):
            each.end(TopicEnd.UNKNOWN)

    def logged_in(self) -> "Sequence[RoomFollowing]":
        """See LoggedInMany."""
        return [each for each in self._everybody if each.identity is not None and each.identity.ended is not None]

    def end_login(self, each: "RoomFollowing") -> None:
        """See LoggedInMany."""
        each.end(TopicEnd.LOGGED_OUT)

    def _changed(self, room: str, change: MessageChange) -> None:
        for following in tuple(self._everybody):
            if following.room == room:
                following.change(change)

    def _told(self, room: str, message: ChatMessage) -> None:
        live = self._live.get(room)
        if live:
            batch = TopicBatch(room, (_event(room, message),))
            for following in list(live):
                following.hear(batch)


class RoomFollowing:
    """Somebody who follows a room; implements Following."""

    def __init__(self, events: RoomEvents, subscription: Subscription, reader: TopicReader) -> None:
        (self.room,) = subscription.topics
        self.identity = subscription.identity
        self._events = events
        self._reader = reader
        self._since = subscription.since
        self._seen = 0
        self._is_reading = self._is_paused = self._is_stopped = self._is_expected = False
        # Whether messages have changed while it was paused.
        self._has_missed = False

    @property
    def person(self) -> str | None:
        """Who follows; None for a stranger."""
        return self.identity.person if self.identity is not None else None

    def begin(self) -> None:
        """Say where it begins, and read what is behind that."""
        if self._is_stopped:
            return
        state, since = self._events.state, self._since
        with suppress(BadRoom, TooManyRooms):
            # It may have been evicted from memory.
            state.rooms.obtain(self.room)
        room = state.rooms.find(self.room)
        last, seen = room.last if room is not None else 0, since.numbers.get(self.room)
        if seen is None or seen <= last or not state.storage.is_shared:
            self._begin(last)
            return
        # Another node may have told it more than this one has heard of yet.
        reading = state.storage.read_new({self.room: seen})
        reading.addCallbacks(
            lambda found: self._begin(max(last, found[self.room].last)), lambda failure: self.end(TopicEnd.UNKNOWN)
        )

    def _begin(self, last: int) -> None:
        """last: the number of the room's newest message."""
        if self._is_stopped:
            return
        since, epoch = self._since, self._events.state.storage.epoch
        seen = since.numbers.get(self.room)
        is_lost = seen is not None and (seen > last or since.epoch not in ("", epoch))
        self._seen = 0 if is_lost else last if seen is None else seen
        self._is_expected = True
        self._events.teller.expect(self.room)
        self._reader.begun(Position({self.room: self._seen}, epoch))
        if is_lost and not self._is_stopped:
            self._reader.reset(self.room, self._seen)
        elif seen:
            self._read_changes()
        self._read()

    def hear(self, batch: TopicBatch) -> None:
        """The members are told this message. Those before it may be missing, if they were deleted before."""
        if batch.events[0].number > self._seen + 1:
            self._events.remove(self)
            self._read()
        elif batch.last > self._seen:
            self._seen = batch.last
            self._reader.events(batch)

    def change(self, change: MessageChange) -> None:
        """A message has changed. What this one has not seen yet, it gets as it is now."""
        if not self._is_expected or change.number > self._seen:
            return
        if self._is_paused:
            self._has_missed = True
        else:
            self._reader.events(TopicBatch(self.room, (_changed(self.room, self._seen, change),)))

    def pause(self) -> None:
        """See Following."""
        self._is_paused = True
        self._events.remove(self)

    def resume(self) -> None:
        """See Following."""
        if self._is_paused and not self._is_stopped:
            self._is_paused = False
            self._events.state.clock.callLater(0, self._go_on)

    def stop(self) -> None:
        """See Following."""
        self._is_stopped = True
        self._events.forget(self)
        if self._is_expected:
            self._is_expected = False
            self._events.teller.unexpect(self.room)

    def end(self, reason: TopicEnd) -> None:
        """Tell nothing more, and why; does nothing if it has stopped."""
        if not self._is_stopped:
            self.stop()
            self._reader.ended(reason)

    def _go_on(self) -> None:
        if self._has_missed:
            self._has_missed = False
            self._read_changes()
        self._read()

    def _read_changes(self) -> None:
        """Find out what has changed of what was seen before. Nobody knows when that was, so all of it is told."""
        seen = self._seen
        reading = self._events.pages.catch_up(PageQuery(self.room, seen, 1, seen=seen))
        reading.addCallbacks(self._tell_changes, lambda failure: self.end(TopicEnd.UNKNOWN))

    def _tell_changes(self, page: ChatPage) -> None:
        changes = [MessageChange(number, None) for number in page.deleted]
        changes += [
            MessageChange(each.number, each.text, each.edited_at) for each in page.edited if not each.is_deleted
        ]
        if self._is_paused:
            self._has_missed = True
        elif changes and not self._is_stopped:
            self._reader.changed(TopicBatch(self.room, [_changed(self.room, self._seen, each) for each in changes]))

    def _read(self) -> None:
        if self._is_reading or self._is_paused or self._is_stopped:
            return
        if self._events.teller.has_told(self.room, self._seen):
            self._events.add(self)
            return
        self._is_reading = True
        reading = self._events.state.storage.read_new({self.room: self._seen})
        reading.addCallbacks(self._found, self._not_found)

    def _found(self, found: Mapping[str, NewMessages]) -> None:
        self._is_reading = False
        new = found.get(self.room)
        if self._is_stopped:
            return
        if self._is_paused or new is None or new.last <= self._seen:
            self._enter_later()
            return
        messages = _beginning([each.message for each in new.messages])
        kept = messages[0].number if messages else new.last + 1
        if kept > self._seen + 1:
            # Those before it are deleted by age or number.
            self._reader.reset(self.room, kept - 1)
        self._seen = messages[-1].number if len(messages) < len(new.messages) else new.last
        if messages and not self._is_stopped:
            self._reader.events(TopicBatch(self.room, tuple(_event(self.room, each) for each in messages)))
        self._read()

    def _enter_later(self) -> None:
        """Be told with the members, once they have been told what was read."""
        if not self._is_paused:
            self._events.teller.enter_when_told(self.room, Joiner(self._seen, self._enter, self._not_found))

    def _enter(self) -> None:
        if self._is_paused or self._is_stopped:
            return
        if self._events.teller.told(self.room) > self._seen:
            self._read()
        else:
            self._events.add(self)

    def _not_found(self, failure: object = None) -> None:
        """The storage queue has logged it. Unless this node remembers the rest, whoever comes back goes on there."""
        self._is_reading = False
        if self._is_stopped or self._is_paused:
            return
        page = self._events.pages.recalled(PageQuery(self.room, self._seen, CATCH_UP, known=Known(None, None, 0)))
        messages = page.messages if page is not None else ()
        if page is None or page.last - self._seen != len(messages):
            self.end(TopicEnd.UNKNOWN)
            return
        self._seen = page.last
        if messages:
            self._reader.events(TopicBatch(self.room, tuple(_event(self.room, each) for each in messages)))
        self._read()


def _beginning(messages: Sequence[ChatMessage]) -> Sequence[ChatMessage]:
    """As many of the messages as are told at once: a client that reads slowly takes them, and pauses."""
    characters = accumulate(len(each.text) for each in messages)
    return messages[: max(1, sum(each <= TELL_AT_ONCE for each in characters))]


def _event(room: str, message: ChatMessage) -> TopicEvent:
    return TopicEvent(room, message.number, "", json.dumps(message.as_json(), ensure_ascii=False))


def _changed(room: str, seen: int, change: MessageChange) -> TopicEvent:
    """The event of a change, for who has seen the messages up to a number: that stays where it stands."""
    if change.text is None:
        return TopicEvent(room, seen, "deleted", json.dumps({"number": change.number}))
    fields: dict[str, object] = {"number": change.number, "text": change.text}
    if change.at is not None:
        fields["edited_at"] = utc_milliseconds(change.at)
    return TopicEvent(room, seen, "edited", json.dumps(fields, ensure_ascii=False))
