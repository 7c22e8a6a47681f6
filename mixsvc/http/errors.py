"""What is answered to a client whose request is not read any further: a status and one sentence, then the end."""

from typing import Final

__all__ = ["Refused"]

REASONS: Final = {
    400: b"Bad Request",
    408: b"Request Timeout",
    413: b"Content Too Large",
    414: b"URI Too Long",
    431: b"Request Header Fields Too Large",
    501: b"Not Implemented",
    503: b"Service Unavailable",
}

ANSWER: Final = b"""\
HTTP/1.1 %d %b\r
Connection: close\r
%bContent-Type: text/plain; charset=utf-8\r
X-Content-Type-Options: nosniff\r
Content-Length: %d\r
\r
"""

# When to come back to a server that is full, in seconds.
RETRY_SECONDS: Final = 5


class Refused(Exception):
    """The request is refused; status is one of REASONS, the sentence is for the person who sent it."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"{status} {sentence}")
        self.status = status
        self.sentence = sentence

    def answer(self) -> bytes:
        """The whole response."""
        text = self.sentence.encode() + b"\n"
        retry = b"Retry-After: %d\r\n" % RETRY_SECONDS if self.status == 503 else b""
        return ANSWER % (self.status, REASONS[self.status], retry, len(text)) + text
