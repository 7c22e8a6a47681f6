"""Requests of Socket.IO, as their URLs show them. A client that has no WebSocket, or not yet one, polls over HTTP."""

import re
from typing import Any, Final

__all__ = ["SocketIo"]

SID: Final = re.compile(rb"(?:^|&)sid=([A-Za-z0-9_.~-]{1,200})(?:&|$)")
POLLING: Final = re.compile(rb"(?:^|&)transport=polling(?:&|$)")


class SocketIo:
    """Where Socket.IO is. Its methods take a request on the short way or the long one (mixsvc.http.page_request)."""

    def __init__(self, path: str) -> None:
        """path: such as /socket.io; empty: nowhere."""
        self._path = path.encode("ascii")

    def is_one(self, request: Any) -> bool:
        """Whether it is a request of Socket.IO."""
        path = self._path
        return bool(path) and request.path.startswith(path) and request.path[len(path) :][:1] in (b"", b"/")

    def is_poll(self, request: Any) -> bool:
        """Whether its response comes when there is something to say, or after half a minute."""
        if request.method != b"GET" or not self.is_one(request) or request.fields.body_length != 0:
            return False
        return self.session_of(request) is not None and POLLING.search(_query(request)) is not None

    def session_of(self, request: Any) -> bytes | None:
        """The session that it names; None if it names none."""
        found = SID.search(_query(request))
        return found[1] if found else None


def _query(request: Any) -> bytes:
    query: bytes = request.uri.partition(b"?")[2]
    return query
