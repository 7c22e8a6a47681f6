"""Whole responses of text: to a client that is not held, or cannot be told yet where it stands. Reactor thread."""

from http import HTTPStatus
from typing import Final

from mixsvc.holds.roads import PLAIN_TEXT
from mixsvc.http.request import MixRequest
from txsockjs.sockets import RefusedHandshake

__all__ = ["answer_busy", "answer_refused", "answer_text"]

# Retry-After: in so many seconds there may be room, or what was asked for can be read.
RETRY_SECONDS: Final = 5

CONTENT_TYPE: Final = (b"Content-Type", PLAIN_TEXT.encode())


def answer_text(request: MixRequest, code: int, reason: bytes, text: str, *fields: tuple[bytes, bytes]) -> None:
    """Respond with a line of text. fields: other headers of the response."""
    body = f"{text}\n".encode()
    request.respond(code, reason, (CONTENT_TYPE, *fields, (b"Content-Length", b"%d" % len(body))), body)


def answer_refused(request: MixRequest, refused: RefusedHandshake) -> None:
    """Respond that a request opens no WebSocket, why, and which version there is (RFC 6455 section 4.2.2)."""
    fields = [(b"Sec-WebSocket-Version", b"13")]
    if refused.status == HTTPStatus.UPGRADE_REQUIRED:
        # RFC 9110 section 15.5.22.
        fields += [(b"Upgrade", b"websocket"), (b"Connection", b"Upgrade")]
    answer_text(request, refused.status, HTTPStatus(refused.status).phrase.encode(), str(refused), *fields)


def answer_busy(request: MixRequest, text: str) -> None:
    """Respond that it cannot be done now, and when to come again. text: why."""
    answer_text(request, 503, b"Service Unavailable", text, (b"Retry-After", b"%d" % RETRY_SECONDS))
