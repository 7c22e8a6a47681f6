"""Tickets: what a view in another server has decided, for the port of the service that holds the client.

A view that runs in gunicorn cannot leave its client to a reactor. It sends the client there: to a URL whose last part
is the hold itself, signed with the key of the sessions, and good for as long as a client takes to follow a redirect.
After that the client comes back to the view, which decides anew.
"""

from collections.abc import Callable
from typing import Final

from itsdangerous import BadData, URLSafeSerializer

from mixsvc.interfaces.holds import Hold

__all__ = ["LONGEST_TICKET", "BadTicket", "HoldTickets"]

# For so many seconds a ticket is good.
TICKET_SECONDS: Final = 30

# Characters: a URL must fit into a line of a request's head (mixsvc.http.head).
LONGEST_TICKET: Final = 6000


class BadTicket(ValueError):
    """The ticket is not ours, or not good any more; the text is a sentence for the client."""


class HoldTickets:
    """Writes and reads tickets. Any thread."""

    def __init__(self, key: bytes, wall: Callable[[], float]) -> None:
        """key: that of the sessions. wall: seconds since 1970, UTC."""
        self._serializer = URLSafeSerializer(key, salt="mixsvc.hold")
        self._wall = wall

    def write(self, hold: Hold, longest: int = LONGEST_TICKET) -> str:
        """The ticket for a hold, for a URL. longest: characters. Raises ValueError if it is longer."""
        ticket = self._serializer.dumps([self._wall() + TICKET_SECONDS, hold.encode().decode()])
        text = ticket.decode() if isinstance(ticket, bytes) else ticket
        if len(text) > longest:
            raise ValueError("the hold has too much text for a redirect; give less as first, or fewer topics")
        return text

    def read(self, ticket: str) -> Hold:
        """The hold of a ticket. Raises BadTicket."""
        try:
            until, hold = self._serializer.loads(ticket)
        except (BadData, ValueError, TypeError):
            raise BadTicket("This ticket is not valid.") from None
        if not self._wall() <= until:
            raise BadTicket("This ticket is too old; ask the page anew that has sent you here.")
        return Hold.decode(hold.encode())
