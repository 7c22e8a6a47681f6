"""In another server: a view that holds its client sends it to the port of the service."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, quote

from mixsvc.common.positions import Position, name_position
from mixsvc.holds.response import Answered, refused
from mixsvc.holds.roads import PLAIN_TEXT, Road, road_of
from mixsvc.holds.standing import standing
from mixsvc.holds.tickets import HoldTickets
from mixsvc.http.refusals import FAILED_TEXT
from mixsvc.interfaces import Authenticator
from mixsvc.interfaces.holds import Hold

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

__all__ = ["TICKETS", "ClientRedirect"]

# The segment of the path below the chat's prefix, before the ticket.
TICKETS: Final = "hold"

# After so many seconds the view is asked again for those whose login may end.
LOGIN_SECONDS: Final = 60.0

# Characters: the port takes no longer line (mixsvc.http.head), nor do usual proxies.
LONGEST_LOCATION: Final = 8000


class ClientRedirect:
    """Answers for HeldResponse in a server that is not ours. Any thread."""

    def __init__(
        self, tickets: HoldTickets, url: Callable[["WSGIEnvironment"], str], authenticate: Authenticator
    ) -> None:
        """url: of the chat, as the client of this environ reaches it. authenticate: says who has sent the
        request, and logs it if it cannot.
        """
        self._tickets = tickets
        self._url = url
        self._authenticate = authenticate

    def __call__(self, environ: "WSGIEnvironment", hold: Hold) -> Answered:
        """307 to the service's port, which holds the client by a ticket; 501 where that cannot be done."""
        if road_of("", environ.get("HTTP_UPGRADE", "")) is Road.WEBSOCKET:
            return refused("501 Not Implemented", "This server cannot hand a WebSocket over; open an event stream.")
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return refused("501 Not Implemented", "This server can hold a client that sends GET, and no other.")
        given, seen = _since(environ), _utf_8(environ.get("HTTP_LAST_EVENT_ID", ""))
        try:
            since, known = standing(hold, given, seen)
        except ValueError as error:
            return refused("400 Bad Request", str(error))
        try:
            hold = self._of_person(environ, hold)
        except Exception:
            # The caller's function has logged it.
            return refused("500 Internal Server Error", FAILED_TEXT)
        port, content_type = f"{self._url(environ)}/{TICKETS}", ("Content-Type", PLAIN_TEXT)
        location = self._location(port, hold, since, known) if given or seen else f"{port}/{self._tickets.write(hold)}"
        return "307 Temporary Redirect", [("Location", location), ("Cache-Control", "no-store"), content_type], b""

    def _of_person(self, environ: "WSGIEnvironment", hold: Hold) -> Hold:
        """The hold with who is held: a browser sends no cookie to the other port, which is another origin."""
        identity = self._authenticate(environ) if hold.person is None else None
        if identity is None:
            return hold
        again_after = hold.again_after
        if identity.ended is not None:
            # That port cannot ask whether the login has ended.
            again_after = min(LOGIN_SECONDS, again_after or LOGIN_SECONDS)
        return replace(hold, person=identity.person, again_after=again_after)

    def _location(self, port: str, hold: Hold, since: Position, known: Position) -> str:
        """The URL for a client that has said where it stands."""
        # What a hold has first is for others.
        hold = replace(hold, first=None)
        place = name_position(since) if since.numbers else ""
        if place and since.numbers.keys() == known.numbers.keys():
            # The whole position, as some clients forget the header when they follow a redirect.
            location = f"{port}/{self._tickets.write(hold)}?since={quote(place, safe='')}"
            if len(location) <= LONGEST_LOCATION:
                return location
        # The port tells the client its place, as it has not said all of it. Or it is too long for the URL: the ticket
        # has the names already, and is compressed.
        placed = replace(hold, since=place or None)
        return f"{port}/{self._tickets.write(placed, LONGEST_LOCATION - len(port) - 1)}"


def _since(environ: "WSGIEnvironment") -> str:
    return parse_qs(_utf_8(environ.get("QUERY_STRING", ""))).get("since", [""])[-1]


def _utf_8(text: str) -> str:
    """A text of the environ, whose characters are bytes (PEP 3333)."""
    return text.encode("latin-1").decode("utf-8", "replace")
