"""The head of an answer as a WSGI application gives it: a status and a list of headers, checked. Knows no server."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from mixsvc.common.http_grammar import TOKEN

__all__ = ["BadAnswer", "Head", "read_head"]

# RFC 9110 section 15: what is below 200 is not a final answer; section 5.6.2: a name is a token.
STATUS: Final = re.compile(r"([2-9][0-9]{2})(?: (.*))?")
FIELD_NAME: Final = re.compile(TOKEN)
# PEP 3333: neither CR nor LF nor any other control character; RFC 9110 section 5.5 allows a tab.
CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
LENGTH: Final = re.compile(r"[0-9]{1,18}")

# PEP 3333: whether a connection lasts, and how a body is framed on it, is the server's business alone.
HOP_BY_HOP: Final = frozenset(
    "connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding "
    "upgrade".split()
)

NO_CONTENT: Final = 204
WITHOUT_BODY: Final = frozenset((NO_CONTENT, 304))

# The value of a header that is kept for the next time is no longer than that.
REMEMBERED_CHARS: Final = 200

# Of what an application gave: how much of it an error shows.
SHOWN_CHARS: Final = 100


class BadAnswer(ValueError):
    """The application gave what cannot be sent; the text says what and why. It is raised into the application."""


@dataclass(frozen=True)
class Head:
    """Status and headers as they go over the wire. length: the Content-Length that the application promised."""

    code: int
    reason: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    length: int | None

    @property
    def has_body(self) -> bool:
        """Whether the status allows one."""
        return self.code not in WITHOUT_BODY

    def without_content(self) -> "Head":
        """The same as it may be sent for a status that has no body (RFC 9110 section 8.6)."""
        if self.code != NO_CONTENT or self.length is None:
            return self
        headers = tuple(pair for pair in self.headers if pair[0].lower() != b"content-length")
        return replace(self, headers=headers, length=None)

    def with_length(self, length: int) -> "Head":
        """The same with a Content-Length."""
        return replace(self, headers=(*self.headers, (b"Content-Length", b"%d" % length)), length=length)


def read_head(status: str, headers: Sequence[tuple[str, str]]) -> Head:
    """What start_response was called with; BadAnswer when it cannot be sent as it is."""
    if not isinstance(status, str):
        raise BadAnswer(f"the status must be a str, not {type(status).__name__}")
    code, reason = _status(status)
    if not isinstance(headers, list):
        raise BadAnswer(f"the headers must be a list, not {type(headers).__name__}")
    pairs = tuple([_known(header) if _is_small(header) else _header(header) for header in headers])
    lengths = [pair[1] for pair in pairs if pair[0].lower() == b"content-length"]
    if len(lengths) > 1:
        raise BadAnswer("there is more than one Content-Length")
    return Head(code, reason, pairs, int(lengths[0]) if lengths else None)


def _is_small(header: tuple[str, str]) -> bool:
    """Whether it is worth remembering, as it may well come again; and whether it can be."""
    is_pair = type(header) is tuple and len(header) == 2 and type(header[0]) is str and type(header[1]) is str
    return is_pair and len(header[1]) <= REMEMBERED_CHARS


@lru_cache(256)
def _status(status: str) -> tuple[int, bytes]:
    found = STATUS.fullmatch(status)
    if found is None or CONTROL.search(status):
        raise BadAnswer(f"the status must be like '200 OK', not {status[:SHOWN_CHARS]!r}")
    return int(found[1]), _latin_1(found[2] or "", "the status")


def _header(header: tuple[str, str]) -> tuple[bytes, bytes]:
    is_pair = isinstance(header, tuple) and len(header) == 2
    if not is_pair or not isinstance(header[0], str) or not isinstance(header[1], str):
        raise BadAnswer(f"a header must be a tuple of two str, not {repr(header)[:SHOWN_CHARS]}")
    name, value = header
    if CONTROL.search(value):
        raise BadAnswer(f"the header {name[:SHOWN_CHARS]} has control characters in its value")
    if name.lower() == "content-length" and not LENGTH.fullmatch(value):
        raise BadAnswer(f"Content-Length must be a whole number, not {value[:SHOWN_CHARS]!r}")
    return _name(name), _latin_1(value.strip(" \t"), f"the header {name}")


@lru_cache(256)
def _name(name: str) -> bytes:
    """A header's name, checked; applications use few."""
    if not FIELD_NAME.fullmatch(name):
        raise BadAnswer(f"{name[:SHOWN_CHARS]!r} is no name of a header")
    if name.lower() in HOP_BY_HOP:
        raise BadAnswer(f"the header {name} is the server's business, not the application's (PEP 3333)")
    return name.encode("ascii")


# Most headers of an application are the same every time.
_known = lru_cache(1024)(_header)


def _latin_1(text: str, what: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise BadAnswer(f"{what} has characters outside ISO-8859-1: {text[:SHOWN_CHARS]!r}") from None
