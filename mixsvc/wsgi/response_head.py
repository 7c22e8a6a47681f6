"""The status and headers that a WSGI application passes to start_response, checked (PEP 3333). Knows no server."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from mixsvc.common.http_grammar import TOKEN
from mixsvc.common.records import record

__all__ = ["InvalidResponse", "ResponseHead", "read_response_head"]

# RFC 9110 section 15: a status below 200 is not a final response; section 5.6.2: a header's name is a token.
STATUS: Final = re.compile(r"([2-9][0-9]{2})(?: (.*))?")
FIELD_NAME: Final = re.compile(TOKEN)
# PEP 3333 forbids control characters in a value; RFC 9110 section 5.5 allows a tab.
CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
LENGTH: Final = re.compile(r"[0-9]{1,18}")

# PEP 3333: only the server decides whether a connection stays open and how a body is framed on it.
HOP_BY_HOP: Final = frozenset(
    "connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding "
    "upgrade".split()
)

NO_CONTENT: Final = 204
RESET_CONTENT: Final = 205
WITHOUT_BODY: Final = frozenset((NO_CONTENT, RESET_CONTENT, 304))

# Characters of a head. Browsers take no more; and it has to fit into a frame (mixsvc.wsgi.children.frames).
MAX_HEAD_CHARS: Final = 262_144

# So many heads of up to so many characters are cached.
MAX_CACHED: Final = 512
MAX_CACHED_CHARS: Final = 2000

# An error quotes so many characters of the application's text.
MAX_QUOTED_CHARS: Final = 100


class InvalidResponse(ValueError):
    """The application gave a response that cannot be sent; the text says why. start_response and write raise it."""


@record
class ResponseHead:
    """Status and headers as they are sent. length: the Content-Length among them; None without one."""

    code: int
    reason: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    length: int | None

    @property
    def has_body(self) -> bool:
        """Whether the status allows a body."""
        return self.code not in WITHOUT_BODY

    def without_content(self) -> "ResponseHead":
        """The head of a response without content.

        204 has no Content-Length (RFC 9110 section 8.6). 205 has one of 0: clients expect a body behind it
        (section 15.3.6, RFC 9112 section 6.3). For any other status the head is the same.
        """
        if self.code not in (NO_CONTENT, RESET_CONTENT):
            return self
        headers = tuple(pair for pair in self.headers if pair[0].lower() != b"content-length")
        head = replace(self, headers=headers, length=None)
        return head if self.code == NO_CONTENT else head.with_length(0)

    def with_length(self, length: int) -> "ResponseHead":
        """The head with a Content-Length added."""
        return replace(self, headers=(*self.headers, (b"Content-Length", b"%d" % length)), length=length)


def read_response_head(status: str, headers: Sequence[tuple[str, str]]) -> ResponseHead:
    """Check the arguments of start_response. Raises InvalidResponse if they cannot be sent as they are."""
    try:
        # Most responses of an application have a head that it has sent before.
        known = _heads.get((status, *headers)) if type(headers) is list else None
    except TypeError:
        # It cannot be a dictionary's key, so something in it is no text.
        known = None
    return known or _checked_head(status, headers)


# Heads that were checked, by status and headers. Changed by one operation of the interpreter at a time.
_heads: dict[tuple[object, ...], ResponseHead] = {}


def _checked_head(status: str, headers: Sequence[tuple[str, str]]) -> ResponseHead:
    if not isinstance(status, str):
        raise InvalidResponse(f"the status must be a str, not {type(status).__name__}")
    code, reason = _status(status)
    if not isinstance(headers, list):
        raise InvalidResponse(f"the headers must be a list, not {type(headers).__name__}")
    pairs = tuple([_header(header) for header in headers])
    size = len(status) + sum(len(name) + len(value) for name, value in pairs)
    if size > MAX_HEAD_CHARS:
        raise InvalidResponse(f"the status and the headers have {size} characters; there may be {MAX_HEAD_CHARS}")
    lengths = [pair[1] for pair in pairs if pair[0].lower() == b"content-length"]
    if len(lengths) > 1:
        raise InvalidResponse("there is more than one Content-Length")
    head = ResponseHead(code, reason, pairs, int(lengths[0]) if lengths else None)
    if size <= MAX_CACHED_CHARS:
        if len(_heads) >= MAX_CACHED:
            _heads.clear()
        _heads[(status, *headers)] = head
    return head


@lru_cache(256)
def _status(status: str) -> tuple[int, bytes]:
    found = STATUS.fullmatch(status)
    if found is None or CONTROL.search(status):
        raise InvalidResponse(f"the status must be like '200 OK', not {status[:MAX_QUOTED_CHARS]!r}")
    return int(found[1]), _latin_1(found[2] or "", "the status")


def _header(header: tuple[str, str]) -> tuple[bytes, bytes]:
    is_pair = isinstance(header, tuple) and len(header) == 2
    if not is_pair or not isinstance(header[0], str) or not isinstance(header[1], str):
        raise InvalidResponse(f"a header must be a tuple of two str, not {repr(header)[:MAX_QUOTED_CHARS]}")
    name, value = header
    if CONTROL.search(value):
        raise InvalidResponse(f"the header {name[:MAX_QUOTED_CHARS]} has control characters in its value")
    if name.lower() == "content-length" and not LENGTH.fullmatch(value):
        raise InvalidResponse(f"Content-Length must be a whole number, not {value[:MAX_QUOTED_CHARS]!r}")
    return _name(name), _latin_1(value.strip(" \t"), f"the header {name}")


@lru_cache(256)
def _name(name: str) -> bytes:
    """A header's name, checked; cached, as applications use few names."""
    if not FIELD_NAME.fullmatch(name):
        raise InvalidResponse(f"{name[:MAX_QUOTED_CHARS]!r} is not the name of a header")
    if name.lower() in HOP_BY_HOP:
        raise InvalidResponse(f"the header {name} may be set by the server only, not by the application (PEP 3333)")
    return name.encode("ascii")


def _latin_1(text: str, what: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise InvalidResponse(f"{what} has characters outside ISO-8859-1: {text[:MAX_QUOTED_CHARS]!r}") from None
