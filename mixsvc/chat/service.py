"""The chat: who is there under which name, what they ask for, and what everyone is told."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol, TypeAlias

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.chat import names, wire
from mixsvc.chat.history import History
from mixsvc.chat.rooms import Rooms
from mixsvc.chat.store import Page, Stored
from mixsvc.chat.wire import Hello, Join, Leave, Request, Say, refusal
from mixsvc.settings import ChatSettings

__all__ = ["MOST_REQUESTS", "Broadcast", "ChatService", "Guest", "Transport"]

# Requests of one connection that may wait for the database; one more is refused.
MOST_REQUESTS: Final = 64

# Messages that whoever comes back gets at most.
CATCH_UP: Final = 1000

_log = Logger()


class Transport(Protocol):
    """A SockJS session: one write is one message."""

    def write(self, data: str) -> object: ...


Broadcast: TypeAlias = Callable[[str, Iterable[Transport]], None]


class Guest:
    """One connection as the chat sees it: in some rooms once it has a name."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.send: Callable[[str], object] = transport.write
        self.name = ""
        self.waiting = 0
        # The request that a room's page is being read for; a later one, or none, makes the page useless.
        self.joining: dict[str, Join] = {}
        self.inside: set[str] = set()


class ChatService:
    """All rooms of this process; used in the reactor thread only, but for `rooms` and `members`."""

    def __init__(self, settings: ChatSettings, history: History, broadcast: Broadcast) -> None:
        """broadcast(text, transports) writes one text to many transports; it may lose some of them meanwhile."""
        self._settings = settings
        self._history = history
        self._broadcast = broadcast
        self._rooms: Rooms[Transport] = Rooms(settings.rooms)
        self._names: set[str] = set()
        self._outgoing: deque[tuple[str, Sequence[Transport]]] = deque()
        self._closing = False

    def rooms(self) -> Sequence[str]:
        """The names of the rooms; any thread."""
        return self._rooms.names()

    def members(self, room: str) -> Sequence[str]:
        """The names of those in a room, sorted, as of now; empty for no such room; any thread."""
        return self._rooms.members(room)

    def arrive(self, transport: Transport) -> Guest:
        """A connection is there; `depart` ends what begins here."""
        return Guest(transport)

    def depart(self, guest: Guest) -> None:
        """The connection is lost: its name is free and nothing is sent to it any more. Harmless a second time."""
        guest.send = _send_nothing
        guest.joining.clear()
        self._names.discard(names.key(guest.name))
        name, guest.name = guest.name, ""
        for room in sorted(guest.inside):
            self._leave_room(guest, room, name)

    def ask(self, guest: Guest, request: Request) -> None:
        """Do what a guest asks for and answer it, now or later. Raises WireError for what is refused at once."""
        if isinstance(request, Hello):
            self._hello(guest, request)
            return
        if not guest.name:
            raise refusal(request, "no_name", "Say hello with your name first.")
        if request.room not in self._rooms:
            raise refusal(request, "no_such_room", "There is no such room; welcome lists the rooms.")
        match request:
            case Join():
                self._join(guest, request)
            case Leave():
                self._leave(guest, request)
            case _:
                self._say(guest, request)

    def publish(self, room: str, name: str, text: str) -> Deferred[Stored]:
        """Say a text in a room for somebody without a connection; fires once it is stored and shown.

        Raises ValueError for a room, name or text that is refused. Fails with NotSaved.
        """
        if room not in self._rooms:
            raise ValueError(f"There is no room {room!r}; there are: {', '.join(self._rooms.names())}.")
        line = self._checked(wire.whole(text))
        return self._history.append(room, names.normalise(name), line, None).addCallback(self._show, room)

    def close(self) -> None:
        """All connections are about to end: nobody is told any more who leaves, which would take n * n messages."""
        self._closing = True

    def flush(self) -> Deferred[None]:
        """Fires when everything said so far is stored or refused."""
        return self._history.flush()

    def _hello(self, guest: Guest, request: Hello) -> None:
        if guest.name:
            raise refusal(request, "already_named", f"Your name is {guest.name}; it stays until you come anew.")
        try:
            name = names.normalise(request.name)
        except names.BadName as bad:
            raise refusal(request, "bad_name", str(bad)) from None
        if names.key(name) in self._names:
            suggestion = names.suggest(name, self._names)
            raise refusal(request, "name_taken", f"Somebody else is {name}; {suggestion} is free.", suggestion)
        self._names.add(names.key(name))
        guest.name = name
        guest.send(wire.welcome(name, self._rooms.names(), self._settings.max_text))

    def _join(self, guest: Guest, request: Join) -> None:
        room = request.room
        if room in guest.inside or room in guest.joining:
            raise refusal(request, "already_inside", f"You are in {room} already.")
        _take_place(guest, request, "busy")
        guest.joining[room] = request
        if request.since is None:
            page = self._history.newest(room, self._settings.history)
        else:
            page = self._history.since(room, request.since, CATCH_UP)
        page.addCallbacks(self._joined, self._not_joined, (guest, request), errbackArgs=(guest, request))

    def _joined(self, page: Page, guest: Guest, request: Join) -> None:
        guest.waiting -= 1
        room = request.room
        if guest.joining.get(room) is not request:
            return
        del guest.joining[room]
        guest.inside.add(room)
        others = self._rooms.audience(room)
        self._rooms.enter(room, guest.transport, guest.name)
        members = self._rooms.members(room)
        _log.info("chat: {name!r} joined {room!r}, {size} inside", name=guest.name, room=room, size=len(members))
        came = wire.came(room, guest.name)
        guest.send(wire.joined(room, members, page))
        # What was just sent may have been too much for the connection.
        if room in guest.inside:
            self._announce(came, others)

    def _not_joined(self, failure: Failure, guest: Guest, request: Join) -> None:
        guest.waiting -= 1
        if guest.joining.get(request.room) is request:
            del guest.joining[request.room]
            guest.send(
                wire.error(refusal(request, "busy", "The history cannot be read now; join again a little later."))
            )

    def _leave(self, guest: Guest, request: Leave) -> None:
        guest.joining.pop(request.room, None)
        guest.send(wire.left(request.room))
        if request.room in guest.inside:
            self._leave_room(guest, request.room, guest.name)

    def _leave_room(self, guest: Guest, room: str, name: str) -> None:
        guest.inside.remove(room)
        self._rooms.leave(room, guest.transport)
        size = len(self._rooms.members(room))
        _log.info("chat: {name!r} left {room!r}, {size} inside", name=name, room=room, size=size)
        if not self._closing:
            self._announce(wire.went(room, name), self._rooms.audience(room))

    def _say(self, guest: Guest, request: Say) -> None:
        if request.room not in guest.inside and request.room not in guest.joining:
            raise refusal(request, "not_inside", f"Join {request.room} before you say something there.")
        try:
            text = self._checked(request.text)
        except ValueError as bad:
            raise refusal(request, "bad_text", str(bad)) from None
        _take_place(guest, request, "not_saved")
        stored = self._history.append(request.room, guest.name, text, request.key)
        stored.addCallbacks(self._said, self._not_said, (guest, request), errbackArgs=(guest, request))

    def _said(self, stored: Stored, guest: Guest, request: Say) -> None:
        guest.waiting -= 1
        guest.send(wire.said(request.room, stored.number, request.key))
        self._show(stored, request.room)

    def _not_said(self, failure: Failure, guest: Guest, request: Say) -> None:
        guest.waiting -= 1
        text = "The message could not be stored; say it again with the same key."
        guest.send(wire.error(refusal(request, "not_saved", text)))

    def _checked(self, text: str) -> str:
        if not text.strip():
            raise ValueError("The text is empty.")
        if len(text) > self._settings.max_text:
            raise ValueError(f"The text has more than {self._settings.max_text} characters.")
        return text

    def _show(self, stored: Stored, room: str) -> Stored:
        if not stored.repeated:
            self._announce(wire.message(room, stored), self._rooms.audience(room))
        return stored

    def _announce(self, text: str, audience: Sequence[Transport]) -> None:
        """Send a text to many, after whatever is being sent: a broadcast that loses members makes more of them."""
        self._outgoing.append((text, audience))
        if len(self._outgoing) > 1:
            return
        while self._outgoing:
            try:
                self._broadcast(*self._outgoing[0])
            except Exception:
                _log.failure("chat: a broadcast failed")
            self._outgoing.popleft()


def _take_place(guest: Guest, request: Request, code: str) -> None:
    """One request more waits for the database; refused with the code when too many do."""
    if guest.waiting >= MOST_REQUESTS:
        raise refusal(request, code, f"{MOST_REQUESTS} of your requests are waiting; try again after the next answer.")
    guest.waiting += 1


def _send_nothing(text: str) -> None:
    """In place of the transport's write once the connection is lost."""
