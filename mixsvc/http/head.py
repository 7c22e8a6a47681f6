"""The head of a request, looked at as a whole before anything else reads it (RFC 9112).

Where two servers on the way read one request differently, somebody can hide a second one in it. So whatever allows
more than one reading is refused, and what remains is made plain: one Host, no header whose name has an underscore,
the target as a path.
"""

import re
from typing import Final, NamedTuple

from mixsvc.http.errors import Refused
from mixsvc.http.fields import TOKEN, Fields, read_fields
from mixsvc.http.hosts import is_host

__all__ = ["MOST_HEAD", "MOST_LINE", "Head", "check_beginning", "read_head"]

# Bytes of a request line, and of a whole head.
MOST_LINE: Final = 8192
MOST_HEAD: Final = 16384

# No fragment: it is never sent, and some would cut it off.
REQUEST_LINE: Final = re.compile(rb"(" + TOKEN + rb") ([!\x22\x24-\x7e]+) HTTP/1\.([01])\r\n")
BARE_LF: Final = re.compile(rb"(?<!\r)\n")
HOST_FIELD: Final = re.compile(rb"^host:[^\r\n]*\r\n", re.IGNORECASE | re.MULTILINE)
ABSOLUTE: Final = re.compile(rb"https?://([^/?]*)(.*)", re.IGNORECASE)

SLASH: Final = ord("/")

# Their targets are no resources of this server; it has neither.
ELSEWHERE: Final = (b"CONNECT", b"TRACE")


class Head(NamedTuple):
    """A head that has one meaning."""

    method: bytes
    target: bytes
    version: bytes
    fields: Fields


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
    line = REQUEST_LINE.match(data)
    if line is None:
        raise Refused(400, "The first line of the request is not a method, a target and HTTP/1.1 or HTTP/1.0.")
    method, target, minor = line.groups()
    head = Head(method, target, b"HTTP/1." + minor, read_fields(data[line.end() : -2], minor))
    if target[0] != SLASH or method in ELSEWHERE:
        return _with_path(head, minor)
    return head


def _check_size(data: bytes) -> None:
    line = data.find(b"\r\n")
    if line > MOST_LINE or line < 0 and len(data) > MOST_LINE:
        raise Refused(414, f"The request line is too long: this server takes {MOST_LINE} bytes.")
    if len(data) > MOST_HEAD:
        raise Refused(431, f"The request's head is too long: this server takes {MOST_HEAD} bytes.")


def _with_path(head: Head, minor: bytes) -> Head:
    """With a path in place of an absolute URL, whose host then counts (RFC 9112 section 3.2.2)."""
    if head.method in ELSEWHERE:
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
    fields = b"Host: %b\r\n" % host + HOST_FIELD.sub(b"", head.fields.raw)
    return head._replace(target=path, fields=read_fields(fields, minor))
