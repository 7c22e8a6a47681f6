"""Requests of Socket.IO, as their URLs show them. A client that has no WebSocket, or not yet one, polls over HTTP.

The view of a poll waits for something to say; when the service stops, its client is told to come again.
"""

import re
from typing import Any, Final, Protocol
from weakref import WeakSet

__all__ = ["SocketIo", "WaitingPolls", "polls_at_once"]

SID: Final = re.compile(rb"(?:^|&)sid=([A-Za-z0-9_.~-]{1,200})(?:&|$)")
POLLING: Final = re.compile(rb"(?:^|&)transport=polling(?:&|$)")


# Threads of polls that have just been answered: their clients ask again before these have ended.
ENDING: Final = 10


def polls_at_once(threads: int) -> int:
    """How many polls may have threads of their own, beside so many threads of sockets; with 0 none."""
    return threads and threads + ENDING


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


class Poll(Protocol):
    """A request whose view waits. Somebody holds it until its view has returned. Reactor thread."""

    def dismiss(self) -> None:
        """Tell its client to come again, unless a response has begun; nothing of what its view says is sent then."""


class WaitingPolls:
    """All polls whose views have not returned. Reactor thread."""

    def __init__(self) -> None:
        self._polls: WeakSet[Poll] = WeakSet()

    def add(self, poll: Poll) -> None:
        """The view of a poll is to be called."""
        self._polls.add(poll)

    def stop(self) -> None:
        """Dismiss them."""
        for poll in list(self._polls):
            poll.dismiss()


def _query(request: Any) -> bytes:
    query: bytes = request.uri.partition(b"?")[2]
    return query
