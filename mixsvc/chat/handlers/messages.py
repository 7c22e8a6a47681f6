"""Answers say and history: a message is stored first, then acknowledged and broadcast."""

from typing import Final, NamedTuple

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from mixsvc.chat.handlers.pages import PageReader
from mixsvc.chat.handlers.state import PUBLISHER, ChatState, begin_waiting, end_waiting
from mixsvc.chat.handlers.telling import MessageTeller
from mixsvc.chat.model.people import Client
from mixsvc.chat.model.rooms import BadRoom, Room, TooManyRooms
from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import LONGEST_KEY, refusal
from mixsvc.chat.protocol.rate_answers import answer
from mixsvc.chat.protocol.requests import History, Say
from mixsvc.chat.storage.records import TOPIC, Draft, PageQuery, StoredMessage
from mixsvc.common import commands, names
from mixsvc.common.commands import Action, BadCommand, Convert, Help, Plain, Rate, Topic
from mixsvc.common.numbers import nearest_number
from mixsvc.common.text import is_storable, without_surrogates
from mixsvc.errors import NoSuchRoom
from mixsvc.hooks.listeners import HeardMessage, MessageListeners
from mixsvc.interfaces import ChatMessage, ChatPage, IRates
from mixsvc.interfaces.hooks import HookRunner

__all__ = ["RATES", "MessageHandler", "Post"]

# The name under which the chat answers commands; nobody else may have it.
RATES: Final = "rates"

# The kind of a message that answers another one: it causes no answer itself.
ANSWER: Final = "answer"

# How many pages one client may wait for.
MOST_PAGES: Final = 4


class MessageHandler:
    """Answers say and history, and publishes messages that come by HTTP. Used in the reactor thread only."""

    def __init__(
        self, state: ChatState, teller: MessageTeller, pages: PageReader, rates: IRates, runner: HookRunner
    ) -> None:
        self._state = state
        self._teller = teller
        self._pages = pages
        self._rates = rates
        self._listeners = MessageListeners(state.clock, runner, self._answer_message)

    def close(self) -> None:
        """Give no more messages to the application's functions."""
        self._listeners.stop()

    def say(self, client: Client, request: Say) -> None:
        """Store a message, or do what its command says; answer when that is done. Raises RequestRefused."""
        self._state.check_inside(client, request, request.room)
        self._state.check_mute(client, request)
        try:
            text = self._state.checked(request.text)
            meant = commands.parse(text) if text.startswith("/") else Plain(text)
        except BadCommand as bad:
            raise refusal(request, "bad_command", str(bad)) from None
        except ValueError as bad:
            raise refusal(request, "bad_text", str(bad)) from None
        match meant:
            case Help():
                client.send(events.notice(commands.HELP))
            case Action(text):
                self._store(client, request, text, "action")
            case Topic(text):
                self._store(client, request, text, TOPIC)
            case Plain(text):
                self._store(client, request, text, "")
            case Rate() | Convert():
                self._store(client, request, text, "")
                self._answer(request, meant)

    def publish(self, room: str, name: str, text: str, key: str | None = None) -> "Deferred[StoredMessage]":
        """Post a message for somebody without a connection; fires once it is stored and broadcast.

        Raises ValueError for a room, name, text or key that is refused. Fails with NotSaved.
        """
        _check_key(key)
        return self.post(Post(room, name, text, key))

    def answer(self, room: str, name: str, text: str, key: str | None = None) -> "Deferred[StoredMessage]":
        """Post what the application answers to a message: like `publish`, but it is not given to its functions."""
        _check_key(key)
        return self.post(Post(room, name, text, key, ANSWER))

    def history(self, client: Client, request: History) -> None:
        """Answer with a page of older messages. Raises RequestRefused."""
        if not self._state.rooms.exists(request.room):
            raise refusal(request, "no_such_room", "There is no room of this name; ask for the list of rooms.")
        begin_waiting(client, request, "busy", MOST_PAGES)
        client.reading[id(request)] = request
        page = self._pages.page(PageQuery(request.room, 0, request.limit, request.before))
        page.addCallbacks(self._read, self._not_read, (client, request), errbackArgs=(client, request))

    def page(self, room: str, before: int | None, limit: int) -> "Deferred[ChatPage]":
        """Read a page for somebody without a connection. Raises NoSuchRoom; fails with NotRead."""
        if not self._state.rooms.exists(room):
            raise NoSuchRoom(f"There is no room {room!r}.")
        # A database takes no others, and all pages that are read together would fail.
        below = None if before is None else nearest_number(before, 1)
        return self._pages.page(PageQuery(room, 0, nearest_number(limit, 0), below))

    def post(self, post: "Post") -> "Deferred[StoredMessage]":
        """Post a message of any kind, with any key; see `publish`."""
        room = post.room
        line, author = (
            self._state.checked(without_surrogates(post.text)),
            names.normalise(without_surrogates(post.name)),
        )
        try:
            found = self._state.rooms.obtain(room)
        except (BadRoom, TooManyRooms) as bad:
            raise NoSuchRoom(str(bad)) from None
        if found is None:
            others = ", ".join(each.room for each in self._state.access.public())
            raise NoSuchRoom(f"There is no room {room!r}; there are: {others}.")
        stored = self._state.storage.append(room, author, line, post.key, post.kind)
        return stored.addCallbacks(self._broadcast, self._release, (room,), errbackArgs=(found,))

    def _answer_message(self, room: str, name: str, text: str) -> "Deferred[StoredMessage]":
        return self.answer(room, name or PUBLISHER, text)

    def _store(self, client: Client, request: Say, text: str, kind: str) -> None:
        begin_waiting(client, request, "not_saved")
        said_at = self._state.wall.seconds()
        draft = Draft(request.room, client.name, text, said_at, request.key, kind, client.author)
        stored = self._state.storage.add(draft)
        stored.addCallbacks(self._said, self._not_said, (client, request), errbackArgs=(client, request))

    def _answer(self, request: Say, asked: Rate | Convert) -> None:
        # A key that no client can choose, made from the question's: a repeated question is answered once.
        key = None if request.key is None else "?" * LONGEST_KEY + request.key
        text = answer(asked, self._rates)
        stored = self._state.storage.append(request.room, RATES, text, key, ANSWER)
        # A failure is not reported: the author asks again if no answer comes.
        stored.addCallbacks(self._broadcast, lambda failure: None, (request.room,))

    def _said(self, stored: StoredMessage, client: Client, request: Say) -> None:
        end_waiting(client)
        client.send(events.said(request.room, stored.message.number, request.key))
        self._broadcast(stored, request.room, client)

    def _not_said(self, failure: Failure, client: Client, request: Say) -> None:
        end_waiting(client)
        text = "The message could not be stored; say it again with the same key."
        self._state.refuse(client, refusal(request, "not_saved", text))

    def _broadcast(self, stored: StoredMessage, name: str, author: Client | None = None) -> StoredMessage:
        """Send a new message to the members, and to the application's functions. author: None without a connection."""
        self._teller.stored(name, stored)
        if self._listeners.is_listening and not stored.is_repeated and stored.message.kind != ANSWER:
            self._listeners.hear(_heard(name, stored.message, author))
        return stored

    def _release(self, failure: Failure, room: Room) -> Failure:
        self._state.rooms.release(room)
        return failure

    def _read(self, page: ChatPage, client: Client, request: History) -> None:
        end_waiting(client)
        if client.reading.pop(id(request), None) is not None:
            client.send(events.history(request.room, page))

    def _not_read(self, failure: Failure, client: Client, request: History) -> None:
        end_waiting(client)
        if client.reading.pop(id(request), None) is not None:
            text = "The history cannot be read now; ask again a little later."
            self._state.refuse(client, refusal(request, "busy", text))


class Post(NamedTuple):
    """A message of somebody without a connection."""

    room: str
    name: str
    text: str
    key: str | None
    kind: str = ""


def _check_key(key: str | None) -> None:
    if key is not None and (not 1 <= len(key) <= LONGEST_KEY or not is_storable(key)):
        raise ValueError(f"A key has 1 to {LONGEST_KEY} characters, none of which is U+0000 or half a surrogate pair.")


def _heard(room: str, message: ChatMessage, author: Client | None) -> HeardMessage:
    person = author.identified if author is not None else None
    return HeardMessage(room, message.number, message.name, person, message.text, message.said_at, message.kind)
