"""The head of a request, looked at as a whole before anything else reads it (RFC 9112).

Where two servers on the way read one request differently, somebody can hide a second one in it. So whatever allows
more than one reading is refused, and what remains is made plain: one Host, no header whose name has an underscore,
the target as a path.
"""

import re
from typing import Final, NamedTuple

from mixsvc.web.hosts import is_host
from mixsvc.web.refusals import Refused

__all__ = ["MOST_FIELDS", "MOST_HEAD", "MOST_LINE", "Head", "check_beginning", "read_head"]

# Bytes of a request line, bytes of a whole head, and header fields in it.
MOST_LINE: Final = 8192
MOST_HEAD: Final = 16384
MOST_FIELDS: Final = 100

# Of a Content-Length: 10**18 bytes are an exabyte.
MOST_DIGITS: Final = 19

TOKEN: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# No fragment: it is never sent, and some would cut it off.
REQUEST_LINE: Final = rb"(" + TOKEN + rb") ([!\x22\x24-\x7e]+) HTTP/1\.([01])\r\n"
# Nothing that ends a line or a string somewhere, no white space before the colon, no folded lines.
VALUE: Final = rb":[\t\x20-\x7e\x80-\xff]*\r\n"

HEAD: Final = re.compile(REQUEST_LINE + rb"((?:" + TOKEN.replace(b"_", b"") + VALUE + rb")*)\r\n")
HEAD_WITH_UNDERSCORES: Final = re.compile(REQUEST_LINE + rb"(?:" + TOKEN + VALUE + rb")*\r\n")
FIRST_LINE: Final = re.compile(REQUEST_LINE)
BARE_LF: Final = re.compile(rb"(?<!\r)\n")
FIELD_WITH_UNDERSCORE: Final = re.compile(rb"(?<=\r\n)[^:\r\n_]*_[^:\r\n]*:[^\r\n]*\r\n")
HOST_FIELD: Final = re.compile(rb"^host:[^\r\n]*\r\n", re.IGNORECASE | re.MULTILINE)
ABSOLUTE: Final = re.compile(rb"https?://([^/?]*)(.*)", re.IGNORECASE)

SLASH: Final = ord("/")

# What follows the end of a line, in fields in lower case.
HOST: Final = b"\r\nhost:"
LENGTH: Final = b"\r\ncontent-length:"
CODING: Final = b"\r\ntransfer-encoding:"


class Head(NamedTuple):
    """A head that has one meaning. The fields are lines with their ends, has_body is whether one of them says so."""

    method: bytes
    target: bytes
    version: bytes
    fields: bytes
    has_body: bool

    def lines(self) -> list[bytes]:
        """The fields, each without the end of its line."""
        return self.fields.split(b"\r\n")[:-1]


def check_beginning(data: bytes) -> None:
    """Refuse what can no longer become a head, however it goes on. Raises Refused."""
    if BARE_LF.search(data):
        raise Refused(400, "A line of the request's head ends without a carriage return.")
    if data and not (33 <= data[0] < 127 or data == b"\r"):
        raise Refused(400, "This is no HTTP request.")
    _check_size(data)


def read_head(data: bytes) -> Head:
    """The head that the data are; it ends with its empty line. Raises Refused."""
    if len(data) > MOST_LINE:
        _check_size(data)
    found = HEAD.fullmatch(data) or _without_underscores(data)
    method, target, minor, fields = found.groups()
    lowered = b"\r\n" + fields.lower()
    if lowered.count(b"\r\n") > MOST_FIELDS + 1:
        raise Refused(431, f"The request has too many headers: this server takes {MOST_FIELDS}.")
    _check_host(lowered, minor)
    has_body = LENGTH in lowered or CODING in lowered
    if has_body:
        _check_lengths(lowered, minor)
    head = Head(method, target, b"HTTP/1." + minor, fields, has_body)
    if target[0] != SLASH or method in (b"CONNECT", b"TRACE"):
        return _with_path(head)
    return head


def _without_underscores(data: bytes) -> re.Match[bytes]:
    """A WSGI application could not tell X_Forwarded_For from X-Forwarded-For, which a trusted proxy has set."""
    if HEAD_WITH_UNDERSCORES.fullmatch(data) is None:
        raise _fault(data)
    found = HEAD.fullmatch(FIELD_WITH_UNDERSCORE.sub(b"", data))
    assert found is not None
    return found


def _check_size(data: bytes) -> None:
    line = data.find(b"\r\n")
    if line > MOST_LINE or line < 0 and len(data) > MOST_LINE:
        raise Refused(414, f"The request line is too long: this server takes {MOST_LINE} bytes.")
    if len(data) > MOST_HEAD:
        raise Refused(431, f"The request's head is too long: this server takes {MOST_HEAD} bytes.")


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


def _with_path(head: Head) -> Head:
    """With a path in place of an absolute URL, whose host then counts (RFC 9112 section 3.2.2)."""
    if head.method in (b"CONNECT", b"TRACE"):
        raise Refused(501, f"This server has no {head.method.decode()}.")
    if head.target == b"*" and head.method == b"OPTIONS":
        return head
    absolute = ABSOLUTE.fullmatch(head.target)
    if absolute is None:
        raise Refused(400, "The target of the request is neither a path nor a URL.")
    host, path = absolute.groups()
    if not is_host(host):
        raise Refused(400, "The URL of the request has no host that could be one.")
    if not path.startswith(b"/"):
        path = b"*" if head.method == b"OPTIONS" and not path else b"/" + path
    fields = b"Host: %b\r\n" % host + HOST_FIELD.sub(b"", head.fields)
    return head._replace(target=path, fields=fields)


def _fault(head: bytes) -> Refused:
    """Why a head is none."""
    if not FIRST_LINE.match(head):
        return Refused(400, "The first line of the request is not a method, a target and HTTP/1.1 or HTTP/1.0.")
    if re.search(rb"\r\n[\t ]", head):
        return Refused(400, "A header is folded over several lines.")
    return Refused(400, "A header is not a name, a colon and text on one line.")
