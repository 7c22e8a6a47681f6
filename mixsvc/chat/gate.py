"""Holds a client's requests until it is known whether it may do the first of them; their order stays."""

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.chat.handlers.access import RoomAccess
from mixsvc.chat.handlers.state import MOST_REQUESTS
from mixsvc.chat.model.people import Client
from mixsvc.chat.protocol.parsing import RequestRefused, refusal
from mixsvc.chat.protocol.requests import (
    MODERATING,
    WRITING,
    Delete,
    Hello,
    History,
    Join,
    ListRooms,
    Request,
    Search,
    Who,
)

__all__ = ["STORING", "RequestGate"]

# What the application is asked about a request. Whoever may not join a room may not know who is inside.
ACTIONS: Final[dict[type[Any], str]] = {
    Join: "join",
    Who: "join",
    **dict.fromkeys(WRITING, "say"),
    History: "history",
    Search: "search",
    **dict.fromkeys(MODERATING, "moderate"),
}

# What somebody reads who may not do it.
REFUSALS: Final = {
    "join": "You may not enter this room.",
    "say": "You may not say anything in this room.",
    "history": "You may not read this room.",
    "search": "You may not search this room.",
    "moderate": "You may not moderate here.",
}

# Their answers list rooms, so it must be known which ones the client sees.
LISTING: Final = (Hello, ListRooms)

# The refusal if it cannot be found out whether something is permitted, and if too much waits for that: of what would be
# stored, and of everything else. Both mean that the client may try again.
STORING: Final = (*WRITING, *MODERATING)


class RequestGate:
    """Handles requests in their order, each once it is permitted. Used in the reactor thread only."""

    _log = Logger()

    def __init__(
        self,
        access: RoomAccess,
        handle: Callable[[Client, Request], "Deferred[None] | None"],
        refuse: Callable[[Client, RequestRefused], None],
        whom: Callable[[Client, Request], str | None],
    ) -> None:
        """handle: checks a request that is permitted, and does it; it may raise RequestRefused.

        If it returns a Deferred, the client's next requests wait until that fires; it may fail with RequestRefused.
        whom: returns the person as whom a client does a request.
        """
        self._whom = whom
        self._access = access
        self._handle = handle
        self._refuse = refuse

    def admit(self, client: Client, request: Request) -> None:
        """Handle a request now or later. Raises RequestRefused if too many wait."""
        if client.held is None:
            held = client.held = deque([request])
            self._go_through(client, held)
        elif len(client.held) < MOST_REQUESTS:
            client.held.append(request)
        else:
            raise _busy(request, f"{MOST_REQUESTS} of your requests wait already; try again a little later.")

    def hold(self, client: Client, request: Request, done: "Deferred[None]") -> None:
        """Let a client's next requests wait until one is done that is being handled, as `handle` says."""
        held = client.held = deque([request])
        self._wait(client, held, done)

    def _go_through(self, client: Client, held: "deque[Request]") -> None:
        """Handle the requests that wait, until one has to wait for something else."""
        # The connection may be closed meanwhile: then nothing of it is done any more.
        while held and client.held is held:
            done = self._attempt(client, held)
            if done is not None:
                self._wait(client, held, done)
                return
            held.popleft()
        if client.held is held:
            client.held = None

    def _wait(self, client: Client, held: "deque[Request]", done: "Deferred[None]") -> None:
        done.addErrback(self._failed, client).addCallback(self._done, client, held)

    def _done(self, _: None, client: Client, held: "deque[Request]") -> None:
        held.popleft()
        self._go_through(client, held)

    def _attempt(self, client: Client, held: "deque[Request]") -> "Deferred[None] | None":
        try:
            return self._try(client, held)
        except Exception:
            self._failed(Failure(), client)
            return None

    def _try(self, client: Client, held: "deque[Request]") -> "Deferred[None] | None":
        """Handle the first request that waits; a Deferred fires when that is done."""
        request, person = held[0], self._whom(client, held[0])
        action = _action(client, request)
        if isinstance(request, LISTING):
            asking = self._access.look(person)
            answer: object = None
        elif action is None:
            asking, answer = None, True
        else:
            room = getattr(request, "room", None)
            answer = self._access.known(person, action, room)
            asking = self._access.ask(person, action, room) if answer is None else None
        if asking is None:
            return self._decide(answer, client, request)
        return asking.addCallback(lambda answer: self._decide(answer, client, request) if client.held is held else None)

    def _decide(self, answer: object, client: Client, request: Request) -> "Deferred[None] | None":
        """Handle a request, or refuse it. answer: for a request that lists rooms, nothing."""
        if not isinstance(request, LISTING):
            if answer is False:
                raise refusal(request, "not_allowed", REFUSALS[_action(client, request) or ""])
            if answer is None:
                raise _busy(request, "It cannot be found out now whether you may do this; try again a little later.")
        return self._handle(client, request)

    def _failed(self, failure: Failure, client: Client) -> None:
        refused = failure.value
        if isinstance(refused, RequestRefused):
            self._refuse(client, refused)
        else:
            self._log.failure("chat: a request failed, its connection ends", failure)
            client.close(1011, "Internal error")


def _action(client: Client, request: Request) -> str | None:
    """What the application is asked about a request; None if it is not asked."""
    if isinstance(request, Delete) and client.is_moderator:
        return "moderate"
    if isinstance(request, Search) and request.room is None:
        # The handler asks about each room.
        return None
    return ACTIONS.get(type(request))


def _busy(request: Request, text: str) -> RequestRefused:
    return refusal(request, "not_saved" if isinstance(request, STORING) else "busy", text)
