"""Holds a client's requests until it is known whether it may do the first of them; their order stays."""

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from mixsvc.chat.handlers.access import RoomAccess
from mixsvc.chat.handlers.state import MOST_REQUESTS
from mixsvc.chat.model.people import Client
from mixsvc.chat.protocol.parsing import RequestRefused, refusal
from mixsvc.chat.protocol.requests import MODERATING, Hello, History, Join, ListRooms, Request, Say, Who

__all__ = ["RequestGate"]

# What the application is asked about a request. Whoever may not join a room may not know who is inside.
ACTIONS: Final[dict[type[Any], str]] = {
    Join: "join",
    Who: "join",
    Say: "say",
    History: "history",
    **dict.fromkeys(MODERATING, "moderate"),
}

# What somebody reads who may not do it.
REFUSALS: Final = {
    "join": "You may not enter this room.",
    "say": "You may not say anything in this room.",
    "history": "You may not read this room.",
    "moderate": "You may not moderate here.",
}

# Their answers list rooms, so it must be known which ones the client sees.
LISTING: Final = (Hello, ListRooms)

# The refusal if it cannot be found out whether something is permitted, and if too much waits for that: of what would be
# stored, and of everything else. Both mean that the client may try again.
STORING: Final = (Say, *MODERATING)


class RequestGate:
    """Handles requests in their order, each once it is permitted. Used in the reactor thread only."""

    _log = Logger()

    def __init__(
        self,
        access: RoomAccess,
        handle: Callable[[Client, Request], None],
        refuse: Callable[[Client, RequestRefused], None],
    ) -> None:
        """handle: checks a request that is permitted, and does it; it may raise RequestRefused."""
        self._access = access
        self._handle = handle
        self._refuse = refuse

    def admit(self, client: Client, request: Request) -> None:
        """Handle a request now or later. Raises RequestRefused if it is refused at once."""
        if client.held is not None:
            if len(client.held) >= MOST_REQUESTS:
                raise _busy(request, f"{MOST_REQUESTS} of your requests wait already; try again a little later.")
            client.held.append(request)
            return
        waiting = self._try(client, request)
        if waiting is not None:
            held = client.held = deque([request])
            waiting.addCallback(self._go_on, client, held)

    def _try(self, client: Client, request: Request) -> "Deferred[Any] | None":
        """Handle a request, or return the Deferred of an answer that it has to wait for."""
        person, action = client.identified, ACTIONS.get(type(request))
        if isinstance(request, LISTING):
            looking = self._access.look(person)
            if looking is None:
                self._handle(client, request)
            return looking
        room = getattr(request, "room", None)
        answer = True if action is None else self._access.known(person, action, room)
        if answer is None and action is not None:
            return self._access.ask(person, action, room)
        self._decide(client, request, answer)
        return None

    def _decide(self, client: Client, request: Request, answer: object) -> None:
        """Handle a request, or refuse it. answer: for a request that lists rooms, nothing."""
        if not isinstance(request, LISTING):
            if answer is False:
                raise refusal(request, "not_allowed", REFUSALS[ACTIONS[type(request)]])
            if answer is None:
                raise _busy(request, "It cannot be found out now whether you may do this; try again a little later.")
        self._handle(client, request)

    def _go_on(self, answer: object, client: Client, held: "deque[Request]") -> None:
        """The first request has its answer: handle it, and those behind it until one has to wait again."""
        has_answer = True
        # The connection may be closed meanwhile: then nothing of it is done any more.
        while held and client.held is held:
            try:
                if has_answer:
                    has_answer = False
                    self._decide(client, held[0], answer)
                else:
                    waiting = self._try(client, held[0])
                    if waiting is not None:
                        waiting.addCallback(self._go_on, client, held)
                        return
            except RequestRefused as refused:
                self._refuse(client, refused)
            except Exception:
                self._log.failure("chat: a request failed, its connection ends")
                client.close(1011, "Internal error")
            held.popleft()
        if client.held is held:
            client.held = None


def _busy(request: Request, text: str) -> RequestRefused:
    return refusal(request, "not_saved" if isinstance(request, STORING) else "busy", text)
