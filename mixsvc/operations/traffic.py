"""Counts and times the HTTP responses, for graphs and alerts."""

from collections import Counter
from functools import lru_cache
from itertools import product
from typing import Final

from twisted.web.server import Request

from mixsvc.common.histogram import SECONDS, Histogram

__all__ = ["Traffic"]

# A client may invent any number of others, so these are counted together.
METHODS: Final = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"))

HELD: Final = "held"
PARTS: Final = ("chat", "pages", HELD)


class Traffic:
    """Counts responses. Used in the reactor thread only.

    answers: by method ("other" for what is not in METHODS), class of the status ("2xx") and part. seconds: by part,
    from the first byte of a request to the end of its response. A part is "chat", "held" or "pages": polls and streams
    of the chat, and clients that views leave to the service, last until something happens, and would hide how fast
    the pages are.
    """

    def __init__(self, chat_prefix: str) -> None:
        """chat_prefix: the chat's path, such as /chat."""
        # From the start, as Prometheus sees no increase from nothing to one.
        self.answers = Counter({each: 0 for each in product(("GET", "POST"), ("2xx", "4xx", "5xx"), PARTS)})
        self.seconds = {part: Histogram(SECONDS) for part in PARTS}
        self._prefix = chat_prefix.encode("ascii")

    def answered(self, request: Request, seconds: float) -> None:
        """Count a complete response, and how many seconds after its request began it was complete."""
        # A request of another server than ours is not held.
        part = HELD if getattr(request, "is_held", False) else self._part(request.path)
        self.answers[_labels(request.method, request.code, part)] += 1
        self.seconds[part].observe(seconds)

    def _part(self, path: bytes) -> str:
        is_below = path.startswith(self._prefix) and path[len(self._prefix) :][:1] in (b"", b"/")
        return "chat" if is_below else "pages"


@lru_cache(256)
def _labels(method: bytes, code: int, part: str) -> tuple[str, str, str]:
    return method.decode("ascii") if method in METHODS else "other", f"{code // 100}xx", part
