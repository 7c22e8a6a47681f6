"""The responses to requests that no view has answered."""

from typing import Final, NamedTuple, TypeAlias

__all__ = ["ENDED", "FAILED", "FAILED_TEXT", "FULL", "TIMED_OUT", "UNAVAILABLE", "Headers", "Refusal"]

# What a client is told of a failure of ours.
FAILED_TEXT: Final = "The server failed to answer; its log says why."

# Names and values.
Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

# After so many seconds a client may try again.
RETRY_SECONDS: Final = 5


class Refusal(NamedTuple):
    """The response to a request that no view has answered: its status, the reason phrase, and the body."""

    code: int
    reason: bytes
    text: bytes

    def headers(self) -> Headers:
        """The headers of the response; status 503 says when to come again."""
        fields = ((b"Content-Type", b"text/plain; charset=utf-8"), (b"Content-Length", b"%d" % len(self.text)))
        return (*fields, (b"Retry-After", b"%d" % RETRY_SECONDS)) if self.code == 503 else fields


ENDED: Final = Refusal(
    502, b"Bad Gateway", b"The process that worked on this request has ended; the server's log says why.\n"
)
FAILED: Final = Refusal(500, b"Internal Server Error", f"{FAILED_TEXT}\n".encode())
FULL: Final = Refusal(
    503, b"Service Unavailable", b"No thread of this server is free for another poll; try again later.\n"
)
TIMED_OUT: Final = Refusal(504, b"Gateway Timeout", b"The server gave this request up: it took too long.\n")
UNAVAILABLE: Final = Refusal(
    503, b"Service Unavailable", b"No process of this server can answer the request now; try again later.\n"
)
