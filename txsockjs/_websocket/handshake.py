"""The opening handshake of a WebSocket (RFC 6455 section 4.2); the websockets library checks it."""

import re
from collections.abc import Sequence
from email.utils import formatdate
from functools import lru_cache
from typing import Final

from twisted.web.http import Request
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeader
from websockets.http11 import Request as Handshake
from websockets.server import ServerProtocol
from websockets.utils import accept_key

from txsockjs._protocol.errors import ClientError
from txsockjs._websocket.deflate import OFFER

__all__ = ["COMPRESSING", "PLAIN", "read_handshake", "cached_response"]

KEY: Final = b"Sec-WebSocket-Key"

# The headers that decide about a handshake, besides its key.
CHECKED_HEADERS: Final = (
    b"Connection",
    b"Upgrade",
    b"Sec-WebSocket-Version",
    b"Sec-WebSocket-Protocol",
    b"Sec-WebSocket-Extensions",
)

# 16 bytes in base64.
GOOD_KEY: Final = re.compile(rb"[A-Za-z0-9+/]{22}==")
ANY_KEY: Final = b"x3JJHMbDL1EzLkh9GBhXDw=="

# One object for all handshakes: making one costs more than using it, and it keeps only the last extensions.
PLAIN: Final = ServerProtocol()
COMPRESSING: Final = ServerProtocol(extensions=[OFFER])

# The values of each header in CHECKED_HEADERS, in the same order.
Values = tuple[tuple[bytes, ...], ...]


def read_handshake(request: Request) -> Handshake:
    """The request as the library reads it. Raises ClientError for headers that the library refuses."""
    return _handshake(
        request.method, request.clientproto, _values(request), request.requestHeaders.getRawHeaders(KEY, [])
    )


def cached_response(request: Request, now: float) -> bytes | None:
    """The response (101) that opens a WebSocket without extensions; None: ask the library.

    now: seconds since 1970. The handshakes of most clients differ only in their keys. The library's response to one
    is kept for all that have the same headers: to make it would take most of the time of an upgrade.
    """
    keys = request.requestHeaders.getRawHeaders(KEY, [])
    if len(keys) != 1 or not GOOD_KEY.fullmatch(keys[0]):
        return None
    head = _head(request.method, request.clientproto, _values(request))
    if head is None:
        return None
    return b"%bDate: %b\r\nSec-WebSocket-Accept: %b\r\n\r\n" % (head, _date(int(now)), _accept(keys[0]))


def _values(request: Request) -> Values:
    get = request.requestHeaders.getRawHeaders
    return tuple([tuple(get(name, ())) for name in CHECKED_HEADERS])


def _handshake(method: bytes, version: bytes, values: Values, keys: Sequence[bytes]) -> Handshake:
    headers = Headers()
    try:
        for name, each in zip((*CHECKED_HEADERS, KEY), (*values, keys), strict=True):
            for value in each:
                headers[name.decode("ascii")] = value.decode("utf-8")
    except (InvalidHeader, UnicodeError):
        raise ClientError(400, "A header of the handshake is not valid.") from None
    return Handshake("/", headers, method=method.decode("latin-1"), protocol=version.decode("latin-1"))


# Few entries are needed; the limit is there because clients choose the headers.
@lru_cache(maxsize=64)
def _head(method: bytes, version: bytes, values: Values) -> bytes | None:
    """The response to such a handshake without its date and key; None if it does not open a WebSocket."""
    try:
        response = PLAIN.accept(_handshake(method, version, values, [ANY_KEY]))
    except ClientError:
        return None
    if response.status_code != 101:
        return None
    del response.headers["Date"], response.headers["Sec-WebSocket-Accept"]
    return response.serialize().removesuffix(b"\r\n")


def _accept(key: bytes) -> bytes:
    return accept_key(key.decode("ascii")).encode("ascii")


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode("ascii")
