"""What a view returns to leave its client to the service: a response of WSGI without content (PEP 3333).

Flask, and whatever else takes a WSGI application as a response, calls it with the environ, and what runs after the view
may still set headers. Any thread.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

from mixsvc.holds.roads import PLAIN_TEXT, road_of
from mixsvc.interfaces.holds import HOLD_HEADER, HOLDS, NOT_COMPRESSED, Hold

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["Answered", "Elsewhere", "HeldResponse", "cannot_hold", "refused"]

TOKEN_BYTES: Final = 16

# What a hold becomes in another server: status, headers and text for this environ.
Answered: TypeAlias = tuple[str, list[tuple[str, str]], bytes]
# What that says of itself, whatever headers the hold has.
OF_ANSWER: Final = frozenset(
    ("cache-control", "connection", "content-encoding", "content-length", "content-type", "location")
)
Elsewhere: TypeAlias = Callable[["WSGIEnvironment", Hold], Answered]


class HeldResponse:
    """Holds the client whose environ it is called with."""

    def __init__(self, hold: Hold, fields: Mapping[str, str], elsewhere: Elsewhere) -> None:
        """fields: headers of the response. elsewhere: answers in a server that is not ours."""
        self._hold = hold
        self._fields = fields
        self._elsewhere = elsewhere
        self._is_used = False

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
        """The response as a WSGI application."""
        if environ.get(HOLDS) is None:
            status, fields, body = self._elsewhere(environ, self._decided())
            more = [pair for pair in self._fields.items() if pair[0].lower() not in OF_ANSWER]
            start_response(status, [*more, *fields, ("Content-Length", str(len(body)))])
            return [body] if environ["REQUEST_METHOD"] != "HEAD" else []
        start_response("200 OK", list(self.headers(environ).items()))
        return []

    def headers(self, environ: "WSGIEnvironment") -> dict[str, str]:
        """The headers of a response with status 200 and no content that holds the client.

        For frameworks that take no WSGI application as a response. Raises RuntimeError in a server that is not ours.
        """
        holds = environ.get(HOLDS)
        if holds is None:
            raise RuntimeError(
                "this server cannot hold a client by headers alone; run the application in `twistd mixsvc`, or answer "
                "with the status, headers and body of werkzeug.wrappers.Response.from_app(hold, environ)"
            )
        token = secrets.token_urlsafe(TOKEN_BYTES)
        holds.append((token, self._decided()))
        road = road_of(environ.get("HTTP_ACCEPT", ""), environ.get("HTTP_UPGRADE", ""))
        ours = {"Content-Type": road.content_type, "Cache-Control": "no-store", HOLD_HEADER: token}
        return {**ours, **dict([NOT_COMPRESSED]), **self._fields}

    def _decided(self) -> Hold:
        """The hold for one request: decided when it was made, or now if the application returns it for another one."""
        hold = self._hold if not self._is_used else replace(self._hold, decided=time.time())
        self._is_used = True
        return hold


def cannot_hold(environ: "WSGIEnvironment", hold: Hold) -> Answered:
    """For a service that has no port of its own beside another server."""
    return refused(
        "501 Not Implemented",
        "This server cannot hold a client, and mixsvc has no port of its own beside it: set [chat] listen to one, such "
        "as tcp:8081, and [chat] url if browsers reach that port at another address.",
    )


def refused(status: str, text: str) -> Answered:
    """An answer of a line of text."""
    return status, [("Content-Type", PLAIN_TEXT)], f"{text}\n".encode()
