"""The head of a request, checked as a whole before anything else reads it (RFC 9112).

Where two servers on the way read one request differently, somebody can hide a second request in it (request
smuggling). So a head that allows more than one reading is refused, and what remains is made plain: one Host, one length
of the body, the target as a path. A header whose name has an underscore is left out: a WSGI application could not tell
X_Forwarded_For from X-Forwarded-For, which a trusted proxy has set.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from mixsvc.common.http_grammar import TOKEN, is_host
from mixsvc.http.errors import RefusedRequest

__all__ = [
    "BARE_LF",
    "MAX_FIELDS",
    "MAX_HEAD",
    "MAX_LINE",
    "MAX_NAME",
    "HeaderFields",
    "RequestHead",
    "check_beginning",
    "check_trailers",
    "read_fields",
    "read_head",
    "without_line_end",
]

# Header fields of one request.
MAX_FIELDS: Final = 100

# Bytes of the name of one. twisted.web remembers 10 000 names for good, and we some of them.
MAX_NAME: Final = 256

# Of a Content-Length: 10**18 bytes are an exabyte.
MAX_DIGITS: Final = 19

# Header fields of at most so many bytes are cached: a client sends the same with most of its requests.
CACHED_BYTES: Final = 2048

TOKEN_BYTES: Final = TOKEN.encode()
# No byte that ends a line or a string in some program, no white space before the colon, no folded lines.
VALUE: Final = rb":[\t\x20-\x7e\x80-\xff]*\r\n"

FIELDS: Final = re.compile(rb"(?:" + TOKEN_BYTES.replace(b"_", b"") + VALUE + rb")*")
FIELDS_WITH_UNDERSCORES: Final = re.compile(rb"(?:" + TOKEN_BYTES + VALUE + rb")*")
FIELD_WITH_UNDERSCORE: Final = re.compile(rb"^[^:\r\n_]*_[^:\r\n]*:[^\r\n]*\r\n", re.MULTILINE)

# The beginnings of lines that are looked for in fields in lower case.
HOST: Final = b"\r\nhost:"
LENGTH: Final = b"\r\ncontent-length:"
CODING: Final = b"\r\ntransfer-encoding:"

# Bytes of a request line, and of a whole head.
MAX_LINE: Final = 8192
MAX_HEAD: Final = 16384

# No fragment: clients never send it, and some servers would cut it off.
REQUEST_LINE: Final = re.compile(rb"(" + TOKEN_BYTES + rb") ([!\x22\x24-\x7e]+) HTTP/1\.([01])\r\n")
BARE_LF: Final = re.compile(rb"(?<!\r)\n")
HOST_FIELD: Final = re.compile(rb"^host:[^\r\n]*\r\n", re.IGNORECASE | re.MULTILINE)
ABSOLUTE: Final = re.compile(rb"https?://([^/?]*)(.*)", re.IGNORECASE)

SLASH: Final = ord("/")

# Methods whose targets are not resources of this server.
UNSUPPORTED: Final = (b"CONNECT", b"TRACE")


@dataclass(frozen=True, slots=True, eq=False)
class HeaderFields:
    """Header fields that have one meaning. One object is compared by identity only, and has what is asked of it often.

    raw: the lines with their ends. pairs: name and value of each. body_length: bytes of the body that follows, 0
    without one; None if it comes in chunks. values: by name in lower case, the last one of several. closes: whether the
    connection is to end with the response. is_plain: whether they ask for nothing but a response: not for an upgrade,
    and not to be told to go on.
    """

    raw: bytes
    pairs: tuple[tuple[bytes, bytes], ...]
    body_length: int | None
    values: Mapping[bytes, bytes]
    closes: bool
    is_plain: bool

    @classmethod
    def of(cls, raw: bytes, pairs: tuple[tuple[bytes, bytes], ...], body_length: int | None) -> "HeaderFields":
        """The fields of checked lines."""
        values = {name.lower(): value for name, value in pairs}
        closes = b"connection" in values and _wants_close(v for name, v in pairs if name.lower() == b"connection")
        return cls(raw, pairs, body_length, values, closes, values.keys().isdisjoint((b"upgrade", b"expect")))

    @property
    def is_short(self) -> bool:
        """Whether this object, and what is made of it, may be cached."""
        return len(self.raw) <= CACHED_BYTES

    def with_host(self, host: bytes) -> "HeaderFields":
        """The same with another Host. host: checked."""
        pairs = tuple(pair for pair in self.pairs if pair[0].lower() != b"host")
        return HeaderFields.of(_with_host(self.raw, host), ((b"Host", host), *pairs), self.body_length)


def read_fields(raw: bytes, minor: bytes) -> HeaderFields:
    """Parse lines of header fields. minor: b"1" for HTTP/1.1, b"0" for HTTP/1.0. Raises RefusedRequest."""
    return _read_cached(raw, minor) if len(raw) <= CACHED_BYTES else _read(raw, minor)


def check_trailers(raw: bytes) -> None:
    """Check the lines behind a chunked body, of which there may be none. Raises RefusedRequest."""
    if not FIELDS_WITH_UNDERSCORES.fullmatch(raw):
        raise _not_fields(raw)
    _check_number(raw)


def without_line_end(data: bytes) -> bytes:
    """The data without the empty line before a head, which some send after a body (RFC 9112 section 2.2)."""
    return data.removeprefix(b"\r\n")


def _wants_close(values: Iterable[bytes]) -> bool:
    """Whether the values of Connection headers name `close`, which may stand anywhere in a list."""
    return any(option.strip(b" \t").lower() == b"close" for value in values for option in value.split(b","))


def _read(raw: bytes, minor: bytes) -> HeaderFields:
    if not FIELDS.fullmatch(raw):
        raw = _without_underscores(raw)
    lowered = b"\r\n" + raw.lower()
    _check_number(raw)
    _check_host(lowered, minor)
    length = _body_length(lowered, minor) if LENGTH in lowered or CODING in lowered else 0
    pairs = tuple(_pair(line) for line in raw.split(b"\r\n")[:-1])
    if any(len(name) > MAX_NAME for name, _ in pairs):
        raise RefusedRequest(431, f"The name of a header is too long: this server takes {MAX_NAME} bytes.")
    return HeaderFields.of(raw, pairs, length)


_read_cached = lru_cache(256)(_read)


def _with_host(raw: bytes, host: bytes) -> bytes:
    return b"Host: %b\r\n" % host + HOST_FIELD.sub(b"", raw)


def _pair(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name, value.strip(b" \t")


def _without_underscores(raw: bytes) -> bytes:
    if FIELDS_WITH_UNDERSCORES.fullmatch(raw):
        return FIELD_WITH_UNDERSCORE.sub(b"", raw)
    raise _not_fields(raw)


def _not_fields(raw: bytes) -> RefusedRequest:
    if re.search(rb"(?:\A|\r\n)[\t ]", raw):
        return RefusedRequest(400, "A header is folded over several lines.")
    return RefusedRequest(400, "A header is not a name, a colon and text on one line.")


def _check_number(raw: bytes) -> None:
    if raw.count(b"\r\n") > MAX_FIELDS:
        raise RefusedRequest(431, f"The request has too many headers: this server takes {MAX_FIELDS}.")


def _check_host(lowered: bytes, minor: bytes) -> None:
    """RFC 9112 section 3.2."""
    hosts = _values(lowered, HOST)
    if len(hosts) > 1:
        raise RefusedRequest(400, "The request has more than one Host header.")
    if not hosts and minor == b"1":
        raise RefusedRequest(400, "The request has no Host header.")
    if hosts and not is_host(hosts[0].decode("latin-1")):
        raise RefusedRequest(400, "The Host header is not the name of a host.")


def _body_length(lowered: bytes, minor: bytes) -> int | None:
    """The length of the body, None for chunks (RFC 9112 section 6.3). Refuses what servers understand differently."""
    codings, lengths = _values(lowered, CODING), _values(lowered, LENGTH)
    if len(codings) + len(lengths) > 1:
        raise RefusedRequest(400, "The request says more than once where its body ends.")
    if codings and minor == b"0":
        raise RefusedRequest(400, "HTTP/1.0 has no Transfer-Encoding.")
    if codings and codings[0] != b"chunked":
        # RFC 9112 section 6.3: the end of the body is known only if chunked comes last, and once.
        has_end = re.search(rb",[ \t]*chunked\Z", codings[0]) and codings[0].count(b"chunked") == 1
        raise RefusedRequest(
            501 if has_end else 400, "The Transfer-Encoding is not supported: this server supports only chunked."
        )
    if codings:
        return None
    if not re.fullmatch(b"[0-9]+", lengths[0]):
        raise RefusedRequest(400, "The Content-Length is not a number.")
    if len(lengths[0]) > MAX_DIGITS:
        raise RefusedRequest(413, f"The body is too large: its Content-Length has more than {MAX_DIGITS} digits.")
    return int(lengths[0])


def _values(lowered: bytes, name: bytes) -> list[bytes]:
    return [rest.partition(b"\r\n")[0].strip(b" \t") for rest in lowered.split(name)[1:]]


class RequestHead(NamedTuple):
    """A head that has one meaning. version: HTTP/1.0 or HTTP/1.1."""

    method: bytes
    target: bytes
    version: bytes
    fields: HeaderFields


def check_beginning(data: bytes) -> None:
    """Check the beginning of a head that is not complete. Raises RefusedRequest if no more bytes can make it valid."""
    if BARE_LF.search(data):
        raise RefusedRequest(400, "A line of the request's head ends without a carriage return.")
    if data and not (33 <= data[0] < 127 or data == b"\r"):
        raise RefusedRequest(400, "This is not an HTTP request.")
    _check_size(data)


def read_head(data: bytes) -> RequestHead:
    """Parse a head. data: all of it, up to and including its empty line. Raises RefusedRequest."""
    if len(data) > MAX_LINE:
        _check_size(data)
    line = REQUEST_LINE.match(data)
    if line is None:
        raise RefusedRequest(400, "The first line of the request is not a method, a target and HTTP/1.1 or HTTP/1.0.")
    method, target, minor = line.groups()
    head = RequestHead(method, target, b"HTTP/1." + minor, read_fields(data[line.end() : -2], minor))
    if head.fields.body_length != 0 and method == b"GET":
        _check_no_upgrade(head.fields)
    if target[0] != SLASH or method in UNSUPPORTED:
        return _with_path(head, minor)
    return head


def _check_no_upgrade(fields: HeaderFields) -> None:
    """Refuse a request for a WebSocket that has a body: one server would read that as frames (RFC 6455 section 4.1)."""
    wanted = [value for name, value in fields.pairs if name.lower() == b"upgrade"]
    if any(each.partition(b"/")[0].strip(b" \t").lower() == b"websocket" for each in b",".join(wanted).split(b",")):
        raise RefusedRequest(400, "A request that opens a WebSocket has no body.")


def _check_size(data: bytes) -> None:
    line = data.find(b"\r\n")
    if line > MAX_LINE or line < 0 and len(data) > MAX_LINE:
        raise RefusedRequest(414, f"The request line is too long: this server takes {MAX_LINE} bytes.")
    if len(data) > MAX_HEAD:
        raise RefusedRequest(431, f"The request's head is too long: this server takes {MAX_HEAD} bytes.")


def _with_path(head: RequestHead, minor: bytes) -> RequestHead:
    """The head with a path in place of an absolute URL, whose host replaces the Host (RFC 9112 section 3.2.2)."""
    if head.method in UNSUPPORTED:
        raise RefusedRequest(501, f"This server does not support {head.method.decode()}.")
    if head.target == b"*" and head.method == b"OPTIONS":
        return head
    absolute = ABSOLUTE.fullmatch(head.target)
    if absolute is None:
        raise RefusedRequest(400, "The target of the request is neither a path nor a URL.")
    host, path = absolute.groups()
    if not is_host(host.decode("latin-1")):
        raise RefusedRequest(400, "The URL of the request has no valid host.")
    if not path.startswith(b"/"):
        path = b"*" if head.method == b"OPTIONS" and not path else b"/" + path
    return head._replace(target=path, fields=read_fields(_with_host(head.fields.raw, host), minor))
