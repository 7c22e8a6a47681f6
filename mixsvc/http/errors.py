"""The response to a request that is not read any further: a status and one sentence. The connection then ends."""

from typing import Final

__all__ = ["REFUSALS", "RefusedRequest"]

REASONS: Final = {
    400: b"Bad Request",
    408: b"Request Timeout",
    413: b"Content Too Large",
    414: b"URI Too Long",
    431: b"Request Header Fields Too Large",
    501: b"Not Implemented",
    503: b"Service Unavailable",
}

# What a site counts as refused: these statuses, the one for a host that is not ours, and connections that it closed.
REFUSALS: Final = (*map(str, REASONS), "421", "unread", "evicted")

RESPONSE: Final = b"""\
HTTP/1.1 %d %b\r
Connection: close\r
%bContent-Type: text/plain; charset=utf-8\r
X-Content-Type-Options: nosniff\r
Content-Length: %d\r
\r
"""

# Seconds after which a client may come back to a server that is full.
RETRY_SECONDS: Final = 5


class RefusedRequest(Exception):
    """The request is refused. status: one of REASONS. sentence: for the person who sent it."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"{status} {sentence}")
        self.status = status
        self.sentence = sentence

    def response(self) -> bytes:
        """The whole response."""
        text = self.sentence.encode() + b"\n"
        retry = b"Retry-After: %d\r\n" % RETRY_SECONDS if self.status == 503 else b""
        return RESPONSE % (self.status, REASONS[self.status], retry, len(text)) + text
