"""Where clients come whom a view in another server has sent here: PREFIX/hold/TICKET, beside the chat."""

from typing import Any, Final

from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request

from mixsvc.holds.elsewhere import TICKETS
from mixsvc.holds.holder import ClientHolder
from mixsvc.holds.text_response import answer_text
from mixsvc.holds.tickets import BadTicket, HoldTickets

__all__ = ["ChatAndTickets"]

SEGMENT: Final = TICKETS.encode()


class ChatAndTickets(Resource):
    """The chat, with the place for tickets at a path that the chat does not use. Reactor thread."""

    def __init__(self, chat: IResource, holder: ClientHolder, tickets: HoldTickets) -> None:
        Resource.__init__(self)
        self._chat = chat
        self._tickets = _TicketResource(holder, tickets)

    def getChildWithDefault(self, path: bytes, request: Request) -> IResource:
        """The place for tickets, if just a ticket follows; else what the chat has there."""
        if path == SEGMENT and len(request.postpath or ()) == 1:
            return self._tickets
        child: IResource = self._chat.getChildWithDefault(path, request)
        return child

    def render(self, request: Request) -> Any:
        """The chat's greeting."""
        return self._chat.render(request)


class _TicketResource(Resource):
    """Holds the clients that bring a ticket."""

    isLeaf = True

    def __init__(self, holder: ClientHolder, tickets: HoldTickets) -> None:
        Resource.__init__(self)
        self._holder = holder
        self._tickets = tickets

    def render_GET(self, request: Any) -> int:
        """Hold the client; 403 without a good ticket."""
        # The page has another origin, as its port is another one.
        self._holder.allow_cross_origin(request)
        fields = ((b"Cache-Control", b"no-store"),)
        try:
            hold = self._tickets.read((request.postpath or [b""])[-1].decode("ascii", "replace"))
        except BadTicket as error:
            answer_text(request, 403, b"Forbidden", str(error), *fields)
        else:
            self._holder.hold(request, fields, hold)
        return NOT_DONE_YET

    def render_HEAD(self, request: Any) -> bytes:
        """Nobody is held who wants the head alone."""
        return b""
