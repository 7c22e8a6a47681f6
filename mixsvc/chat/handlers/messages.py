"""What is said: stored first, then acknowledged and shown; and what was said before."""

from contextlib import suppress
from math import ceil
from typing import Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from mixsvc.chat.handlers.state import Hall, leave_place, take_place
from mixsvc.chat.model.people import Guest
from mixsvc.chat.model.rooms import BadRoom, Room, TooManyRooms
from mixsvc.chat.protocol import commands, events
from mixsvc.chat.protocol.commands import Action, BadCommand, Convert, Help, Plain, Rate, Topic
from mixsvc.chat.protocol.parsing import LONGEST_KEY, refusal
from mixsvc.chat.protocol.requests import History, Say
from mixsvc.chat.storage.messages import TOPIC, Query, Stored
from mixsvc.common import names
from mixsvc.common.text import without_surrogates
from mixsvc.errors import NoSuchRoom
from mixsvc.interfaces import ChatMessage, ChatPage, IRates

__all__ = ["PUBLISHER", "RATES", "Speech"]

# The name under which the chat answers; nobody else may have it.
RATES: Final = "rates"

# Who says what comes by HTTP without a name; this one is taken, too.
PUBLISHER: Final = "mixsvc"

# Pages that one connection may wait for.
MOST_PAGES: Final = 4


class Speech:
    """Answers say and history, and publishes for those without a connection. Used in the reactor thread only."""

    def __init__(self, hall: Hall, rates: IRates) -> None:
        self._hall = hall
        self._rates = rates

    def say(self, guest: Guest, request: Say) -> None:
        """Store what a guest says and answer when it is; see also `commands`. Raises WireError."""
        if request.room not in guest.inside and request.room not in guest.joining:
            self._hall.room(request, request.room)
            raise refusal(request, "not_inside", f"Join {request.room} before you say something there.")
        self._check_voice(guest, request)
        try:
            text = self._checked(request.text)
            meant = commands.parse(text) if text.startswith("/") else Plain(text)
        except BadCommand as bad:
            raise refusal(request, "bad_command", str(bad)) from None
        except ValueError as bad:
            raise refusal(request, "bad_text", str(bad)) from None
        match meant:
            case Help():
                guest.send(events.notice(commands.HELP))
            case Action(text):
                self._store(guest, request, text, "action")
            case Topic(text):
                self._store(guest, request, text, TOPIC)
            case Plain(text):
                self._store(guest, request, text, "")
            case Rate() | Convert():
                self._store(guest, request, text, "")
                self._answer(request, meant)

    def publish(self, room: str, name: str, text: str, key: str | None = None) -> "Deferred[Stored]":
        """Say a text in a room for somebody without a connection; fires once it is stored and shown.

        Raises ValueError for a room, name, text or key that is refused. Fails with NotSaved.
        """
        if key is not None and not 1 <= len(key) <= LONGEST_KEY:
            raise ValueError(f"A key has 1 to {LONGEST_KEY} characters.")
        line, author = self._checked(without_surrogates(text)), names.normalise(without_surrogates(name))
        try:
            found = self._hall.rooms.obtain(room)
        except (BadRoom, TooManyRooms) as bad:
            raise NoSuchRoom(str(bad)) from None
        if found is None:
            raise NoSuchRoom(f"There is no room {room!r}; there are: {', '.join(self._hall.rooms.names())}.")
        stored = self._hall.history.append(room, author, line, key)
        return stored.addCallbacks(self._show, self._release, (room,), errbackArgs=(found,))

    def history(self, guest: Guest, request: History) -> None:
        """Answer with a page of what was said before. Raises WireError."""
        if not self._hall.rooms.exists(request.room):
            raise refusal(request, "no_such_room", "There is no such room; ask for rooms to see which there are.")
        take_place(guest, request, "busy", MOST_PAGES)
        page = self._hall.history.page(Query(request.room, 0, request.limit, request.before))
        page.addCallbacks(self._read, self._not_read, (guest, request), errbackArgs=(guest, request))

    def page(self, room: str, before: int | None, limit: int) -> "Deferred[ChatPage]":
        """A page for somebody without a connection. Raises NoSuchRoom; fails with NotRead."""
        if not self._hall.rooms.exists(room):
            raise NoSuchRoom(f"There is no room {room!r}.")
        return self._hall.history.page(Query(room, 0, limit, before))

    def _check_voice(self, guest: Guest, request: Say) -> None:
        person = guest.person
        assert person is not None
        now = self._hall.clock.seconds()
        mute = self._hall.sanctions.muted(person.key, person.id, now)
        if mute is not None:
            wait = ceil(mute.until - now)
            raise refusal(request, "muted", f"{mute.by} took your voice for {_span(wait)} more.", wait=wait)

    def _checked(self, text: str) -> str:
        if not text.strip():
            raise ValueError("The text is empty.")
        if len(text) > self._hall.settings.max_text:
            raise ValueError(f"The text has more than {self._hall.settings.max_text} characters.")
        return text

    def _store(self, guest: Guest, request: Say, text: str, kind: str) -> None:
        take_place(guest, request, "not_saved")
        stored = self._hall.history.append(request.room, guest.name, text, request.key, kind)
        stored.addCallbacks(self._said, self._not_said, (guest, request), errbackArgs=(guest, request))

    def _answer(self, request: Say, asked: Rate | Convert) -> None:
        # A key that no client can choose, so that the question repeated is not answered twice.
        key = None if request.key is None else "?" * LONGEST_KEY + request.key
        text = commands.answer(asked, self._rates)
        stored = self._hall.history.append(request.room, RATES, text, key, "answer")
        # Nobody waits for it: whoever gets no answer asks again.
        stored.addCallbacks(self._show, lambda failure: None, (request.room,))

    def _said(self, stored: Stored, guest: Guest, request: Say) -> None:
        leave_place(guest)
        guest.send(events.said(request.room, stored.message.number, request.key))
        self._show(stored, request.room)

    def _not_said(self, failure: Failure, guest: Guest, request: Say) -> None:
        leave_place(guest)
        text = "The message could not be stored; say it again with the same key."
        self._hall.refuse(guest, refusal(request, "not_saved", text))

    def _show(self, stored: Stored, name: str) -> Stored:
        if stored.is_repeated:
            return stored
        # Whoever said it may have left a new room before it was stored; it is kept, and so the room is there again.
        with suppress(BadRoom, TooManyRooms):
            room = self._hall.rooms.obtain(name)
            if room is not None:
                self._remember(room, stored.message)
                self._hall.announce(events.message(name, stored.message), room.audience())
        return stored

    def _release(self, failure: Failure, room: Room) -> Failure:
        self._hall.rooms.release(room)
        return failure

    def _remember(self, room: Room, message: ChatMessage) -> None:
        room.last, room.is_kept = message.number, True
        if message.kind == TOPIC:
            room.topic = message.text

    def _read(self, page: ChatPage, guest: Guest, request: History) -> None:
        leave_place(guest)
        guest.send(events.history(request.room, page))

    def _not_read(self, failure: Failure, guest: Guest, request: History) -> None:
        leave_place(guest)
        self._hall.refuse(guest, refusal(request, "busy", "The history cannot be read now; ask again a little later."))


def _span(seconds: int) -> str:
    """A time for people."""
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
