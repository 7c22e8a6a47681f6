"""Where clients come whom a view in another server has sent here: PREFIX/hold/TICKET, beside the chat."""

import re
from typing import Any, Final

from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request

from mixsvc.common.http_grammar import TOKEN
from mixsvc.holds.elsewhere import TICKETS
from mixsvc.holds.holder import ClientHolder
from mixsvc.holds.text_response import answer_text
from mixsvc.holds.tickets import BadTicket, HoldTickets
from mixsvc.interfaces.holds import Hold

__all__ = ["ChatAndTickets"]

SEGMENT: Final = TICKETS.encode()

FIELDS: Final = ((b"Cache-Control", b"no-store"),)

# The names of header fields, as a browser asks for them.
NAMES: Final = re.compile(rf"{TOKEN}(?:[ \t]*,[ \t]*{TOKEN})*")


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
        hold = self._ticket_of(request)
        if hold is not None:
            self._holder.hold(request, FIELDS, hold)
        return NOT_DONE_YET

    def render_HEAD(self, request: Any) -> bytes | int:
        """Nobody is held who wants the head alone."""
        return b"" if self._ticket_of(request) is not None else NOT_DONE_YET

    def render_OPTIONS(self, request: Any) -> bytes:
        """A browser asks before a script of the page sends headers of its own (WHATWG Fetch, section 4.8)."""
        self._holder.allow_cross_origin(request)
        fields = request.responseHeaders
        if fields.hasHeader(b"access-control-allow-origin"):
            fields.setRawHeaders(b"access-control-allow-methods", [b"GET"])
        if not NAMES.fullmatch((request.getHeader(b"access-control-request-headers") or b"").decode("latin-1")):
            fields.removeHeader(b"access-control-allow-headers")
        request.setResponseCode(204)
        return b""

    def _ticket_of(self, request: Any) -> Hold | None:
        """The hold of a good ticket. Responds with 403, and returns None, if it is not."""
        # The page has another origin, as its port is another one.
        self._holder.allow_cross_origin(request)
        try:
            return self._tickets.read((request.postpath or [b""])[-1].decode("ascii", "replace"))
        except BadTicket as error:
            answer_text(request, 403, b"Forbidden", str(error), *FIELDS)
            return None
