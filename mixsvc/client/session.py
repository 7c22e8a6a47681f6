"""The client's state in the protocol: which request is sent next, and what survives the loss of a connection.

There is no network in here: each connection hands in its `send`, and handlers.py feeds the answers.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mixsvc.client import parsing
from mixsvc.client.cursor import Cursor
from mixsvc.client.errors import Banned, ClientError, NotInside, QueueFull, Refused
from mixsvc.client.events import RoomListener
from mixsvc.client.options import Options
from mixsvc.client.outbox import Outbox, OutboxEntry
from mixsvc.client.reconnecting import Backoff
from mixsvc.client.requests import (
    AskedRequest,
    ChangeRequest,
    ClientRequest,
    GapRequest,
    HelloRequest,
    HistoryRequest,
    JoinRequest,
    LeaveRequest,
    SearchRequest,
)
from mixsvc.client.rooms import JoinedRoom, JoinedRooms
from mixsvc.common.text import without_surrogates
from mixsvc.interfaces import ChatPage, SearchPage

__all__ = ["BANNED", "TOO_LONG", "ClientSession", "SessionOwner"]

# Close codes: docs/reference/chat-protocol.md.
BANNED: Final = 4003
TOO_LONG: Final = 1009


class SessionOwner(Protocol):
    """What a ClientSession calls."""

    def welcomed(self, name: str) -> None:
        """The server has accepted this name; called once a connection."""

    def sent_away(self, seconds: float | None) -> None:
        """The server closes the connection, and asks for the next one after so many seconds; None: it does not say."""

    def outbox_emptied(self) -> None:
        """Every text in the outbox is acknowledged, refused or cancelled."""

    def ended(self, error: ClientError) -> None:
        """The server has refused the name or banned the client: connecting again is of no use."""


class ClientSession:
    """Joined rooms, the outbox and the requests that wait. Belongs to the reactor thread.

    trouble: what holds the client up at the moment, a sentence for the user; "" when nothing does. name: as the server
    spells it; "" while it has not accepted one. pending: the request whose answer is awaited. max_text: characters
    that the server accepts in one text; None: not known.
    """

    def __init__(self, clock: IReactorTime, hello: HelloRequest, options: Options, owner: SessionOwner) -> None:
        self._clock, self._hello, self._options, self._owner = clock, hello, options, owner
        self.trouble = ""
        self.name = ""
        self.max_text: int | None = None
        self.rooms = JoinedRooms()
        self.outbox = Outbox(self._entry_removed)
        self.pending: ClientRequest | None = None
        self._pending_since = 0.0
        self._asked: deque[AskedRequest] = deque()
        self._send: Callable[[str], object] | None = None
        self._retry = Backoff(options)
        self._pause_timer: IDelayedCall | None = None
        self._name_ours_until = clock.seconds()
        self._error: ClientError | None = None

    # Called for the user

    def join(self, name: str, listener: RoomListener, since: int | None, token: str = "") -> "Deferred[None]":
        """See ChatClient."""
        if self._error is not None:
            return fail(self._error)
        if name in self.rooms:
            return fail(Refused("already_inside", f"You listen to {name} already."))
        room = JoinedRoom(name, Cursor(since, token), listener, Deferred(lambda _: self._remove_room(name)))
        self.rooms.add(room)
        self.send_next()
        return room.first_join

    def token(self, name: str) -> str:
        """See ChatClient."""
        room = self.rooms.get(name)
        return room.cursor.token if room is not None else ""

    def leave(self, name: str) -> None:
        """See ChatClient."""
        room = self.rooms.get(name)
        self._remove_room(name)
        if room is not None:
            room.fail_join(NotInside(f"You left {name} before you were inside."))

    def _remove_room(self, name: str) -> None:
        self.rooms.leave(name)
        self.outbox.fail_room(name, NotInside(f"You left {name} before it was acknowledged; it may have been stored."))
        self.send_next()

    def say(self, room: str, text: str) -> "Deferred[int]":
        """See ChatClient."""
        if self._error is not None:
            return fail(self._error)
        if room not in self.rooms:
            return fail(NotInside(f"Join {room} before you say something there."))
        if self._is_full():
            return fail(self._full())
        answer = self.outbox.add(room, without_surrogates(text))
        self.send_next()
        return answer

    def history(self, room: str, before: int | None, limit: int | None) -> "Deferred[ChatPage]":
        """See ChatClient."""
        return self._ask(HistoryRequest(room, before, limit, Deferred()))

    def search(
        self, text: str, room: str, before: Mapping[str, int] | None, limit: int | None
    ) -> "Deferred[SearchPage]":
        """See ChatClient; room "" for all."""
        return self._ask(SearchRequest(text, room, before, limit, Deferred()))

    def change(self, room: str, number: int, text: str | None) -> "Deferred[None]":
        """See ChatClient.edit, and for text None ChatClient.delete."""
        if self._error is not None:
            return fail(self._error)
        if room not in self.rooms:
            return fail(NotInside(f"Join {room} before you change something there."))
        return self._ask(ChangeRequest(room, number, text, Deferred()))

    def _ask(self, request: AskedRequest) -> "Deferred[Any]":
        """Let a request of the user's wait for its turn; fires with its answer."""
        if self._error is not None:
            return fail(self._error)
        if self._is_full():
            return fail(self._full())
        self._asked.append(request)
        self.send_next()
        return request.answer

    def end(self, error: ClientError) -> None:
        """Stop sending, and fail everything that waits with the error. A second call does nothing."""
        if self._error is not None:
            return
        self._error, self._send = error, None
        self._cancel_pause()
        waiting, self._asked = self._asked, deque()
        if isinstance(self.pending, AskedRequest):
            waiting.appendleft(self.pending)
        self.pending = None
        self.rooms.remove_all(error)
        self.outbox.fail_all(error)
        for each in waiting:
            if not each.answer.called:
                each.answer.errback(error)

    # Called for the connection

    def connected(self, send: Callable[[str], object]) -> None:
        """A connection is open; send takes the JSON text of a message."""
        self._send = send
        self.send_next()

    def disconnected(self, code: int, reason: str) -> None:
        """The connection is lost; what waits is sent over the next one. code: of the close frame (RFC 6455, 7.4)."""
        if self.name or isinstance(self.pending, HelloRequest):
            self._name_ours_until = self._clock.seconds() + self._options.name_seconds
        if isinstance(self.pending, AskedRequest):
            self._asked.appendleft(self.pending)
        if isinstance(self.pending, ChangeRequest):
            self.pending.is_repeated = True
        sent = self.outbox.sent()
        self._send, self.pending, self.name = None, None, ""
        self.rooms.disconnected()
        self.outbox.mark_unsent()
        self._cancel_pause()
        self.trouble = reason
        if code == BANNED:
            self.give_up(Banned(reason))
        elif code == TOO_LONG and sent:
            longest = max(sent, key=lambda entry: len(entry.text))
            self.outbox.fail(longest, Refused("bad_text", "The text is too long for the server."))

    @property
    def is_stored(self) -> bool:
        """Whether every text and every change of the user's is acknowledged, refused or cancelled."""
        return not self.outbox and not any(isinstance(each, ChangeRequest) for each in (self.pending, *self._asked))

    def is_overdue(self) -> bool:
        """Whether an answer takes longer than `Options.answer_seconds`."""
        since = self._clock.seconds() - self._options.answer_seconds
        sent = self.outbox.sent()
        return (self.pending is not None and self._pending_since < since) or any(
            entry.sent_at is not None and entry.sent_at < since for entry in sent
        )

    # Called by the handlers

    @property
    def name_may_be_ours(self) -> bool:
        """Whether a name in use may be held by our own lost connection, which the server still takes for alive."""
        return self._clock.seconds() < self._name_ours_until

    def welcomed(self, name: str, max_text: int | None) -> None:
        """The server has accepted the name."""
        self.name, self.max_text = name, max_text
        self.request_succeeded()
        self._owner.welcomed(name)

    def request_succeeded(self) -> None:
        """Note that the server accepts requests again: the next pause is a short one."""
        self.trouble = ""
        self._retry.reset()

    def goodbye(self, seconds: float | None) -> None:
        """The server closes the connection, as it stops or lets another process take over."""
        self._owner.sent_away(seconds)

    def pause(self, seconds: float | None, why: str) -> None:
        """Send nothing for this time in seconds; None: a little longer each time. why: a sentence for the user."""
        self._cancel_pause()
        self.trouble = why
        delay = self._retry.next() if seconds is None else seconds
        self._pause_timer = self._clock.callLater(delay, self._pause_over)

    def give_up(self, error: ClientError) -> None:
        """End for good: the server has refused the name or banned the client."""
        self.end(error)
        self._owner.ended(error)

    def fail_room(self, name: str, error: ClientError) -> None:
        """Close a room that the server refuses, and fail what was to be said there."""
        self.rooms.remove(name, error)
        self.outbox.fail_room(name, error)

    def send_next(self) -> None:
        """Send the next request, and the first text of each room, as far as the connection and a pause allow."""
        if self._send is None or self._pause_timer is not None:
            return
        if self.pending is None:
            self.pending, self._pending_since = self._next_request(), self._clock.seconds()
            if self.pending is not None:
                self._send(self.pending.encoded())
        for entry in self.outbox.heads():
            if entry.sent_at is None and self.rooms.inside(entry.room) is not None:
                self._send_entry(entry)

    def _send_entry(self, entry: OutboxEntry) -> None:
        if self.max_text is not None and len(entry.text) > self.max_text:
            # A text far too long would make the server end the connection, again and again.
            text = f"The text has more than {self.max_text} characters."
            self.outbox.fail(entry, Refused("bad_text", text))
        elif self._send is not None and self.outbox.get(entry.key) is not None:
            entry.sent_at = self._clock.seconds()
            self._send(parsing.encode("say", room=entry.room, text=entry.text, key=entry.key))

    def _next_request(self) -> ClientRequest | None:
        if not self.name:
            return self._hello
        for name in self.rooms.to_leave:
            return LeaveRequest(name)
        room = self.rooms.next_to_join()
        if room is not None:
            return JoinRequest(room)
        if self._asked:
            return self._asked.popleft()
        gap = self.rooms.next_gap()
        return GapRequest(*gap) if gap is not None else None

    def repeat(self, request: ClientRequest) -> None:
        """Send a request again that was refused for now. What is not in a queue follows from the rooms' state."""
        if isinstance(request, AskedRequest):
            self._asked.appendleft(request)

    def _is_full(self) -> bool:
        return len(self.outbox) + len(self._asked) >= self._options.max_waiting

    def _full(self) -> QueueFull:
        return QueueFull(f"{self._options.max_waiting} requests wait for the server; try again after the next answer.")

    def _entry_removed(self) -> None:
        if not self.outbox:
            self._owner.outbox_emptied()
        self.send_next()

    def _pause_over(self) -> None:
        self._pause_timer = None
        self.send_next()

    def _cancel_pause(self) -> None:
        timer, self._pause_timer = self._pause_timer, None
        if timer is not None:
            timer.cancel()
