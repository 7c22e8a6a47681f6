"""Tells the clients of this node what is said in their rooms, whichever node has stored it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from twisted.internet.defer import Deferred

from mixsvc.chat.handlers.state import ChatState
from mixsvc.chat.model.rooms import BadRoom, Room, TooManyRooms
from mixsvc.chat.protocol import events
from mixsvc.chat.storage.records import TOPIC, NewMessages, StoredMessage
from mixsvc.common.records import record
from mixsvc.interfaces import ChatMessage
from mixsvc.nodes.hints import Said
from mixsvc.nodes.tails import Tails

__all__ = ["Joiner", "MessageChange", "MessageTeller"]


@record
class Joiner:
    """A client whose page ends with the message `last`: it enters when the members have been told that one."""

    last: int
    enter: Callable[[], object]
    refuse: Callable[[], object]


@record
class MessageChange:
    """A message was deleted, or has another text. text: None if it was deleted. at: as that of Edition."""

    number: int
    text: str | None
    at: float | None = None


class MessageTeller:
    """Tells each message once, in the order of the numbers. Used in the reactor thread only.

    A message waits for those before it, and what other nodes have stored of them is read. The storage queue delivers
    what is stored and read in one order, so whoever enters with a page gets every message behind it.
    """

    def __init__(self, state: ChatState) -> None:
        self._state = state
        self._memory = state.storage.memory
        self._tails: Tails[StoredMessage] = Tails(_without_text)
        # How many clients are about to join each room, and those of them whose page is ahead of the members.
        self._joining: dict[str, int] = {}
        self._joiners: dict[str, list[Joiner]] = {}
        # What is deleted or edited meanwhile: their pages may still have it.
        self._changes: dict[str, list[str]] = {}
        self._is_reading = False
        self._listeners: list[Callable[[str, ChatMessage], object]] = []
        self._change_listeners: list[Callable[[str, MessageChange], object]] = []
        state.nodes.bus.listen(Said, self._heard)

    def listen(
        self, told: Callable[[str, ChatMessage], object], changed: Callable[[str, MessageChange], object]
    ) -> None:
        """Call told(room, message) whenever the members of a room are told a message.

        changed(room, change) is called whenever a message has changed, whether or not it was told.
        """
        self._listeners.append(told)
        self._change_listeners.append(changed)

    def changed(self, name: str, change: MessageChange) -> None:
        """A message of a room has changed; the room need not be in memory."""
        for listener in self._change_listeners:
            listener(name, change)

    def told(self, name: str) -> int:
        """The number of the newest message that the members of a room were told."""
        return self._tails.told(name)

    def stored(self, name: str, stored: StoredMessage) -> None:
        """This node has stored a message, or stored it before under the same key."""
        number = stored.message.number
        if stored.is_repeated:
            # If the first answer was lost, it was not told here.
            self._tails.heard({name: number})
        else:
            self._state.nodes.bus.tell(Said({name: number}))
            # The author may have left a new room before the message was stored: then the room is made again.
            room = self._obtain(name)
            if room is not None:
                self._add(room, stored)
            if stored.message.kind == TOPIC:
                self._state.nodes.journal.look()
        self._read_missing()

    def is_followed(self, name: str) -> bool:
        """Whether somebody is in a room, is about to join it, or follows it."""
        return name in self._tails.rooms()

    def has_told(self, name: str, number: int) -> bool:
        """Whether this is the newest message of a room, as far as its members were told."""
        return self._tails.is_begun(name) and self._tails.told(name) == number

    def expected(self) -> Collection[str]:
        """The rooms that somebody is about to join, or follows."""
        return self._joining.keys()

    def expect(self, name: str) -> None:
        """A client is about to join a room; `enter_when_told` or `unexpect` follows."""
        self._joining[name] = self._joining.get(name, 0) + 1
        self._tails.open(name)

    def unexpect(self, name: str) -> None:
        """A client does not join a room, or has entered it."""
        self._joining[name] -= 1
        if not self._joining[name]:
            del self._joining[name]
        self.left(name)

    def left(self, name: str) -> None:
        """A client has left a room."""
        room = self._state.rooms.find(name)
        if name in self._joining or (room is not None and room.audience()):
            return
        self._tails.close(name)
        if self._memory is not None:
            self._memory.forget(name)

    def enter_when_told(self, name: str, joiner: Joiner) -> None:
        """Call joiner.enter() when the members have been told all messages of the page, but none behind it."""
        if not self._tails.is_begun(name):
            ready = self._tails.read(name, joiner.last, {})
            joiner.enter()
            self._tell_all(name, ready)
        elif self._tails.told(name) >= joiner.last:
            joiner.enter()
        else:
            self._joiners.setdefault(name, []).append(joiner)
            self._tails.heard({name: joiner.last})
        self._read_missing()

    def deleted(self, room: Room, number: int, text: str) -> None:
        """Tell the members that a message was deleted. One that was not told is told without its text."""
        self._changed(room, text, self._tails.deleted(room.name, number))

    def edited(self, room: Room, number: int, new: str, at: float | None) -> None:
        """Tell the members that a message has another text. One that was not told is told with this text."""
        was_told = self._tails.changed(room.name, number, partial(_with_text, new, at))
        self._changed(room, events.edited(room.name, number, new, at), was_told)

    def _changed(self, room: Room, text: str, was_told: bool) -> None:
        if room.name in self._joiners:
            self._changes.setdefault(room.name, []).append(text)
        if was_told:
            self._state.broadcast(text, room.audience())

    def _add(self, room: Room, stored: StoredMessage) -> None:
        message = stored.message
        room.heard(message.number)
        if room.name in self._tails.rooms():
            self._tell_ready(room.name, room, self._tails.stored(room.name, message.number, stored))
        elif message.kind == TOPIC:
            room.topic = message.text

    def look_at_rooms(self) -> Deferred[None]:
        """Read the newest numbers of all rooms; see NodeHost."""
        reading = self._state.storage.read(self._state.storage.store.messages.read_rooms)
        return reading.addCallback(self._looked)

    def _looked(self, found: Iterable[tuple[str, int, str]]) -> None:
        rooms = self._state.rooms
        # The journal, which tells topics, knows nothing of a room that did not exist here.
        topics = {name: topic for name, _, topic in found if not rooms.exists(name)}
        self._heard(Said({name: last for name, last, _ in found}))
        for name, topic in topics.items():
            rooms.set_topic(name, topic)

    def _heard(self, hint: Said) -> None:
        for name, last in hint.lasts.items():
            self._state.rooms.heard(name, last)
        self._tails.heard(hint.lasts)
        self._read_missing()

    def _read_missing(self) -> None:
        """Read what other nodes have stored, all rooms in one statement, until nothing is missing."""
        missing = {} if self._is_reading else self._tails.missing()
        if not missing:
            return
        self._is_reading = True
        reading = self._state.storage.read_new(missing)
        reading.addCallbacks(self._read, self._not_read)

    def _read(self, found: Mapping[str, NewMessages]) -> None:
        self._is_reading = False
        for name, new in found.items():
            messages = {each.message.number: each for each in new.messages}
            self._tell_all(name, self._tails.read(name, new.last, messages))
        self._read_missing()

    def _not_read(self, failure: object) -> None:
        """The storage queue has logged it. The next hint, or message, leads to the next attempt."""
        self._is_reading = False
        joiners, self._joiners = self._joiners, {}
        self._changes.clear()
        for each in joiners.values():
            for joiner in each:
                joiner.refuse()

    def _obtain(self, name: str) -> Room | None:
        """The room of this name, restored if it was evicted from memory: somebody may follow it."""
        with suppress(BadRoom, TooManyRooms):
            return self._state.rooms.accept(name)
        return None

    def _tell_all(self, name: str, ready: Sequence[StoredMessage]) -> None:
        self._tell_ready(name, self._obtain(name) if ready else None, ready)

    def _tell_ready(self, name: str, room: Room | None, ready: Sequence[StoredMessage]) -> None:
        for each in ready:
            if self._joiners:
                self._let_enter(name, each.message.number - 1)
            if room is not None:
                self._tell(room, each)
        if self._joiners:
            self._let_enter(name, self._tails.told(name))

    def _tell(self, room: Room, stored: StoredMessage) -> None:
        message = stored.message
        room.heard(message.number)
        if self._memory is not None:
            self._memory.told(room.name, stored)
        if message.kind == TOPIC:
            room.topic = message.text
        audience = room.audience()
        if audience:
            self._state.broadcast(events.message(room.name, message, stored.token), audience)
        for listener in self._listeners:
            listener(room.name, message)

    def _let_enter(self, name: str, told: int) -> None:
        """Let those enter whose page the members have been told."""
        joiners = self._joiners.get(name, ())
        ready = [each for each in joiners if each.last <= told]
        if not ready:
            return
        waiting = [each for each in joiners if each.last > told]
        if waiting:
            self._joiners[name] = waiting
        else:
            del self._joiners[name]
        for each in ready:
            each.enter()
        room = self._state.rooms.find(name)
        # Members who have heard of it hear it again, which changes nothing.
        for text in self._changes.pop(name, ()) if not waiting else ():
            self._state.broadcast(text, room.audience() if room is not None else ())


def _without_text(stored: StoredMessage) -> StoredMessage:
    return replace(stored, message=stored.message.without_text())


def _with_text(text: str, at: float | None, stored: StoredMessage) -> StoredMessage:
    message = stored.message
    return stored if message.is_deleted else replace(stored, message=message.with_text(text, at))
