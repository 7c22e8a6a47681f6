"""Whole responses of text: to a client that is not held, or cannot be told yet where it stands. Reactor thread."""

from typing import Final

from mixsvc.holds.roads import PLAIN_TEXT
from mixsvc.http.request import MixRequest

__all__ = ["answer_text"]

CONTENT_TYPE: Final = (b"Content-Type", PLAIN_TEXT.encode())


def answer_text(request: MixRequest, code: int, reason: bytes, text: str, *fields: tuple[bytes, bytes]) -> None:
    """Respond with a line of text. fields: other headers of the response."""
    body = f"{text}\n".encode()
    request.respond(code, reason, (CONTENT_TYPE, *fields, (b"Content-Length", b"%d" % len(body))), body)
