"""The header fields of a request, checked as a whole: none with two meanings, one Host, one length (RFC 9112).

A header whose name has an underscore is left out: a WSGI application could not tell X_Forwarded_For from
X-Forwarded-For, which a trusted proxy has set.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from mixsvc.http.errors import Refused
from mixsvc.http.hosts import is_host

__all__ = ["MOST_FIELDS", "TOKEN", "Fields", "check_trailers", "read_fields"]

# How many there may be.
MOST_FIELDS: Final = 100

# Of a Content-Length: 10**18 bytes are an exabyte.
MOST_DIGITS: Final = 19

# Fields are remembered when they have no more bytes: a client sends the same with most of its requests.
REMEMBERED_BYTES: Final = 2048

TOKEN: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# Nothing that ends a line or a string somewhere, no white space before the colon, no folded lines.
VALUE: Final = rb":[\t\x20-\x7e\x80-\xff]*\r\n"

FIELDS: Final = re.compile(rb"(?:" + TOKEN.replace(b"_", b"") + VALUE + rb")*")
FIELDS_WITH_UNDERSCORES: Final = re.compile(rb"(?:" + TOKEN + VALUE + rb")*")
FIELD_WITH_UNDERSCORE: Final = re.compile(rb"^[^:\r\n_]*_[^:\r\n]*:[^\r\n]*\r\n", re.MULTILINE)

# What follows the end of a line, in fields in lower case.
HOST: Final = b"\r\nhost:"
LENGTH: Final = b"\r\ncontent-length:"
CODING: Final = b"\r\ntransfer-encoding:"


class Fields(NamedTuple):
    """raw: lines with their ends. pairs: name and value of each. has_body: whether one says that a body follows."""

    raw: bytes
    pairs: tuple[tuple[bytes, bytes], ...]
    has_body: bool


def read_fields(raw: bytes, minor: bytes) -> Fields:
    """The fields that the lines are. minor: 1 for HTTP/1.1, 0 for HTTP/1.0. Raises Refused."""
    return _remembered(raw, minor) if len(raw) <= REMEMBERED_BYTES else _read(raw, minor)


def check_trailers(raw: bytes) -> None:
    """Whether the lines, which may be none, are fields at all, and not too many. Raises Refused."""
    if not FIELDS_WITH_UNDERSCORES.fullmatch(raw):
        raise _unlike_fields(raw)
    _check_number(raw)


def _read(raw: bytes, minor: bytes) -> Fields:
    if not FIELDS.fullmatch(raw):
        raw = _without_underscores(raw)
    lowered = b"\r\n" + raw.lower()
    _check_number(raw)
    _check_host(lowered, minor)
    has_body = LENGTH in lowered or CODING in lowered
    if has_body:
        _check_lengths(lowered, minor)
    return Fields(raw, tuple(_pair(line) for line in raw.split(b"\r\n")[:-1]), has_body)


_remembered = lru_cache(256)(_read)


def _pair(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name, value.strip(b" \t")


def _without_underscores(raw: bytes) -> bytes:
    if FIELDS_WITH_UNDERSCORES.fullmatch(raw):
        return FIELD_WITH_UNDERSCORE.sub(b"", raw)
    raise _unlike_fields(raw)


def _unlike_fields(raw: bytes) -> Refused:
    if re.search(rb"(?:\A|\r\n)[\t ]", raw):
        return Refused(400, "A header is folded over several lines.")
    return Refused(400, "A header is not a name, a colon and text on one line.")


def _check_number(raw: bytes) -> None:
    if raw.count(b"\r\n") > MOST_FIELDS:
        raise Refused(431, f"The request has too many headers: this server takes {MOST_FIELDS}.")


def _check_host(lowered: bytes, minor: bytes) -> None:
    """RFC 9112 section 3.2."""
    hosts = _values(lowered, HOST)
    if len(hosts) > 1:
        raise Refused(400, "The request has more than one Host header.")
    if not hosts and minor == b"1":
        raise Refused(400, "The request has no Host header.")
    if hosts and not is_host(hosts[0]):
        raise Refused(400, "The Host header is not the name of a host.")


def _check_lengths(lowered: bytes, minor: bytes) -> None:
    """One way to tell where the body ends, of those that everybody knows (RFC 9112 section 6.3)."""
    codings, lengths = _values(lowered, CODING), _values(lowered, LENGTH)
    if len(codings) + len(lengths) > 1:
        raise Refused(400, "The request says more than once where its body ends.")
    if codings and minor == b"0":
        raise Refused(400, "HTTP/1.0 has no Transfer-Encoding.")
    if codings and codings[0] != b"chunked":
        raise Refused(400, "The Transfer-Encoding is none that this server knows: chunked is.")
    if lengths and not re.fullmatch(b"[0-9]+", lengths[0]):
        raise Refused(400, "The Content-Length is no number.")
    if lengths and len(lengths[0]) > MOST_DIGITS:
        raise Refused(413, "The body is too large: its Content-Length has more digits than any length.")


def _values(lowered: bytes, name: bytes) -> list[bytes]:
    return [rest.partition(b"\r\n")[0].strip(b" \t") for rest in lowered.split(name)[1:]]
