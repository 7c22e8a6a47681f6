"""What the client says to the server and when, over one connection after the other; no network in here."""

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mixsvc.client import parsing
from mixsvc.client.backoff import Backoff
from mixsvc.client.cursor import Place
from mixsvc.client.errors import Banned, ClientError, NotInside, QueueFull, Refused
from mixsvc.client.events import RoomListener
from mixsvc.client.options import Options
from mixsvc.client.outbox import Saying, Sayings
from mixsvc.client.requests import Hello, History, Join, Leave, Page, Request
from mixsvc.client.rooms import Room, Rooms
from mixsvc.interfaces import ChatPage

__all__ = ["BANNED", "TOO_LONG", "Dialogue", "Owner"]

# Close codes: docs/reference/chat-protocol.md.
BANNED: Final = 4003
TOO_LONG: Final = 1009


class Owner(Protocol):
    """Whoever has the connections."""

    def greeted(self, name: str) -> None:
        """The server knows us, by this name."""

    def settled(self) -> None:
        """Nothing waits to be said any more."""

    def ended(self, error: ClientError) -> None:
        """The server does not want us; no further connection is of use."""


class Dialogue:
    """What is wanted, what is under way, and what comes next. Belongs to the reactor thread.

    trouble: what stands in the way at the moment, for the person; "" when nothing does.
    """

    def __init__(self, clock: IReactorTime, hello: Hello, options: Options, owner: Owner) -> None:
        self._clock, self._hello, self._options, self._owner = clock, hello, options, owner
        self.trouble = ""
        self.name = ""
        self.max_text: int | None = None
        self.rooms = Rooms()
        self.sayings = Sayings(self._changed)
        # The request whose answer is awaited.
        self.asked: Request | None = None
        self._asked_at = 0.0
        self._histories: deque[History] = deque()
        self._send: Callable[[str], object] | None = None
        self._retry = Backoff(options)
        self._pausing: IDelayedCall | None = None
        self._old_name_until = clock.seconds()
        self._error: ClientError | None = None

    # For the user

    def join(self, name: str, listener: RoomListener, since: int | None) -> "Deferred[None]":
        """See ChatClient."""
        if self._error is not None:
            return fail(self._error)
        if name in self.rooms:
            return fail(Refused("already_inside", f"You listen to {name} already."))
        room = Room(name, Place(since), listener, Deferred(lambda _: self._forsake(name)))
        self.rooms.add(room)
        self.pump()
        return room.arrived

    def leave(self, name: str) -> None:
        """See ChatClient."""
        room = self.rooms.get(name)
        self._forsake(name)
        if room is not None and not room.arrived.called:
            room.arrived.errback(NotInside(f"You left {name} before you were inside."))

    def _forsake(self, name: str) -> None:
        self.rooms.leave(name)
        self.sayings.fail_room(name, NotInside(f"You left {name} before it was acknowledged; it may have been stored."))
        self.pump()

    def say(self, room: str, text: str) -> "Deferred[int]":
        """See ChatClient."""
        if self._error is not None:
            return fail(self._error)
        if room not in self.rooms:
            return fail(NotInside(f"Join {room} before you say something there."))
        if self._is_full():
            return fail(self._full())
        answer = self.sayings.add(room, parsing.whole(text))
        self.pump()
        return answer

    def history(self, room: str, before: int | None, limit: int | None) -> "Deferred[ChatPage]":
        """See ChatClient."""
        if self._error is not None:
            return fail(self._error)
        if self._is_full():
            return fail(self._full())
        history = History(room, before, limit, Deferred())
        self._histories.append(history)
        self.pump()
        return history.answer

    def end(self, error: ClientError) -> None:
        """Nothing more is sent, and whoever waits is told why. Harmless a second time."""
        if self._error is not None:
            return
        self._error, self._send = error, None
        self._resume()
        waiting, self._histories = self._histories, deque()
        if isinstance(self.asked, History):
            waiting.appendleft(self.asked)
        self.asked = None
        self.rooms.remove_all(error)
        self.sayings.fail_room(None, error)
        for each in waiting:
            each.answer.errback(error)

    # For the connection

    def connected(self, send: Callable[[str], object]) -> None:
        """There is a connection; send takes a message."""
        self._send = send
        self.pump()

    def disconnected(self, code: int, reason: str) -> None:
        """It is lost. code: of WebSocket's close frame; what waits will be sent over the next one."""
        if self.name or isinstance(self.asked, Hello):
            self._old_name_until = self._clock.seconds() + self._options.name_seconds
        if isinstance(self.asked, History):
            self._histories.appendleft(self.asked)
        under_way = self.sayings.under_way()
        self._send, self.asked, self.name = None, None, ""
        self.rooms.lost()
        self.sayings.unsend()
        self._resume()
        self.trouble = reason
        if code == BANNED:
            self.refuse_all(Banned(reason))
        elif code == TOO_LONG and under_way:
            longest = max(under_way, key=lambda saying: len(saying.text))
            self.sayings.fail(longest, Refused("bad_text", "The text is too long for the server."))

    def hangs(self) -> bool:
        """Whether the server has not answered something in the time that it has for that."""
        since = self._clock.seconds() - self._options.answer_seconds
        under_way = self.sayings.under_way()
        return (self.asked is not None and self._asked_at < since) or any(
            saying.sent_at is not None and saying.sent_at < since for saying in under_way
        )

    # For the answers

    @property
    def takes_name_for_our_own(self) -> bool:
        """Whether a name in use may be that of our lost connection, which the server takes for alive."""
        return self._clock.seconds() < self._old_name_until

    def greeted(self, name: str, max_text: int | None) -> None:
        """The server knows us."""
        self.name, self.max_text = name, max_text
        self.went_well()
        self._owner.greeted(name)

    def went_well(self) -> None:
        """The server does what is asked."""
        self.trouble = ""
        self._retry.reset()

    def pause(self, seconds: float | None, why: str) -> None:
        """Ask for nothing for some time, or, without one, a little longer each time."""
        self._resume()
        self.trouble = why
        delay = self._retry.next() if seconds is None else seconds
        self._pausing = self._clock.callLater(delay, self._pause_over)

    def refuse_all(self, error: ClientError) -> None:
        """The server will not have us."""
        self.end(error)
        self._owner.ended(error)

    def refuse_room(self, name: str, error: ClientError) -> None:
        """The server will not have us in a room."""
        self.rooms.remove(name, error)
        self.sayings.fail_room(name, error)

    def pump(self) -> None:
        """Send what can be sent now."""
        if self._send is None or self._pausing is not None:
            return
        if self.asked is None:
            self.asked, self._asked_at = self._next_request(), self._clock.seconds()
            if self.asked is not None:
                self._send(self.asked.encoded())
        for saying in self.sayings.heads():
            if saying.sent_at is None and self.rooms.inside(saying.room) is not None:
                self._say(saying)

    def _say(self, saying: Saying) -> None:
        if self.max_text is not None and len(saying.text) > self.max_text:
            # Not left to the server: a text far too long would end the connection, again and again.
            text = f"The text has more than {self.max_text} characters."
            self.sayings.fail(saying, Refused("bad_text", text))
        elif self._send is not None and self.sayings.get(saying.key) is not None:
            saying.sent_at = self._clock.seconds()
            self._send(parsing.encode("say", room=saying.room, text=saying.text, key=saying.key))

    def _next_request(self) -> Request | None:
        if not self.name:
            return self._hello
        for name in self.rooms.to_leave:
            return Leave(name)
        room = self.rooms.to_join()
        if room is not None:
            return Join(room)
        if self._histories:
            return self._histories.popleft()
        wanted = self.rooms.to_fill()
        return Page(*wanted) if wanted is not None else None

    def ask_again(self, request: Request) -> None:
        """A request was refused for now."""
        if isinstance(request, History):
            self._histories.appendleft(request)

    def _is_full(self) -> bool:
        return len(self.sayings) + len(self._histories) >= self._options.max_waiting

    def _full(self) -> QueueFull:
        return QueueFull(f"{self._options.max_waiting} requests wait for the server; try again after the next answer.")

    def _changed(self) -> None:
        if not self.sayings:
            self._owner.settled()
        self.pump()

    def _pause_over(self) -> None:
        self._pausing = None
        self.pump()

    def _resume(self) -> None:
        pausing, self._pausing = self._pausing, None
        if pausing is not None:
            pausing.cancel()
