"""Sessions of Socket.IO: which child has which, so that all requests of one get there.

A session begins with a response of the application that names it (`sid`), in the first packet of Engine.IO; each later
request of the client has it in its query. Other requests tell nothing: the name is random, and the application's own.
"""

import re
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from mixsvc.http.page_request import ViewRequest
from mixsvc.http.refusals import Headers
from mixsvc.sockets.socketio import SocketIo
from mixsvc.wsgi.supervision.interfaces import SupervisedProcess
from mixsvc.wsgi.supervision.slots import Slots, ready_in

__all__ = ["MAX_SESSIONS", "SocketIoSessions"]

# More are not remembered; those that were not used for longest are forgotten. Their clients begin anew.
MAX_SESSIONS: Final = 50_000

# A body that begins with the packet that opens a session, as JSON or, for JSONP, as JSON within a string.
OPEN: Final = re.compile(rb'(?:___eio\[[0-9]+\]\(")?0\{\\?"sid\\?":\\?"([A-Za-z0-9_.~-]{1,200})\\?"')

# So many bytes of it tell the session. Engine.IO compresses its packets, and middleware may.
OPEN_BYTES: Final = 300
WINDOWS: Final[Mapping[bytes, int]] = {b"gzip": zlib.MAX_WBITS + 16, b"deflate": zlib.MAX_WBITS}


class SocketIoSessions:
    """Finds a request's child by its session. socketio: where that is. Used in the reactor thread."""

    def __init__(self, socketio: SocketIo, slots: Slots) -> None:
        self.socketio = socketio
        self._slots = slots
        self._processes: OrderedDict[bytes, SupervisedProcess] = OrderedDict()

    def process_of(self, request: ViewRequest) -> SupervisedProcess | None:
        """The child that has its session; None if it names none, or if that child gets no more requests.

        Any other child tells the client that it does not know the session, and the client begins a new one.
        """
        sid = self.socketio.session_of(request)
        process = self._processes.get(sid) if sid is not None else None
        if sid is None or process not in ready_in(self._slots):
            return None
        self._processes.move_to_end(sid)
        return process

    def answered(self, process: SupervisedProcess, headers: Headers, beginning: bytes) -> None:
        """A child has answered a request without a session: it may have begun one.

        beginning: of the body, as far as it has come; again when there is more.
        """
        found = OPEN.match(_unpacked(headers, beginning))
        if found is not None:
            self._processes[found[1]] = process
            if len(self._processes) > MAX_SESSIONS:
                self._processes.popitem(last=False)

    def ended(self, process: SupervisedProcess) -> None:
        """A child has ended."""
        for sid in [sid for sid, each in self._processes.items() if each is process]:
            del self._processes[sid]


def _unpacked(headers: Headers, beginning: bytes) -> bytes:
    """What stands in the beginning of a body; nothing if it is compressed and cannot be read."""
    coding = next((value.lower() for name, value in headers if name.lower() == b"content-encoding"), b"")
    if coding not in WINDOWS:
        return beginning
    with suppress(zlib.error):
        return zlib.decompressobj(WINDOWS[coding]).decompress(beginning, OPEN_BYTES)
    return b""
