"""A child's host in threads of the test, and the service's end of its socket."""

import json
import socket
import time
from collections.abc import Callable, Sequence
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.wsgi.children.environ_frame import HeadFrame, decode_head, encode_call, marked
from mixsvc.wsgi.children.frames import Frame, FrameReader, FrameType, encode_frame
from mixsvc.wsgi.children.host import ChildHost, ChildWire, Registered
from mixsvc.wsgi.environ import EnvironTexts, KeptTexts
from mixsvc.wsgi.spool import SpoolLimits, SpoolQuota

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["SECONDS", "TEXTS", "ChildCase", "as_texts"]

# Far more than anything here takes.
SECONDS = 60.0

TEXTS = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/",
    "QUERY_STRING": "",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "192.0.2.7",
    "wsgi.url_scheme": "http",
}


def as_texts(texts: dict[str, str]) -> EnvironTexts:
    """Texts of a request, as the service has them."""
    return EnvironTexts(KeptTexts(texts), KeptTexts({}))


class ChildCase(SynchronousTestCase):
    """The test plays the service."""

    limits = SpoolLimits(each=2**20, together=2**21, files=4)
    threads = 2

    def setUp(self) -> None:
        self.service, child = socket.socketpair()
        self.service.settimeout(SECONDS)
        self._reader = FrameReader()
        self._came: list[Frame] = []
        self.rates: list[bytes] = []
        self.quota = SpoolQuota(self.limits, time.monotonic)
        self.settings: list[bytes] = []
        takes = self.rates.append, self.settings.append
        registered = Registered(lambda name, arguments: self.run_registered(name, arguments), *takes)
        # The marks that are set, in order.
        self.begun: dict[int, int] = {}
        wire = ChildWire.of(child, lambda: None, self.begun)
        self.host = ChildHost(wire, self.threads, self.quota, registered)
        self.host.start()
        self.addCleanup(child.close)
        self.addCleanup(self.service.close)
        self.ended: list[bool] = []

    def run_registered(self, name: str, arguments: Sequence[Any]) -> object:
        """What a RUN does."""
        return [name, *arguments]

    def hold(self, begun: Callable[[Sequence[Any]], object]) -> Event:
        """From now on a RUN calls this and waits until the event is set, at the end of the test at the latest."""
        release = Event()

        def run(name: str, arguments: Sequence[Any]) -> bool:
            begun(arguments)
            return release.wait(SECONDS)

        self.patch(self, "run_registered", run)
        self.addCleanup(release.set)
        return release

    def serve(self, application: "WSGIApplication") -> None:
        """Run the application until the test ends."""
        thread = Thread(target=lambda: self.ended.append(self.host.serve(application, ["may"])), daemon=True)
        thread.start()
        self.addCleanup(thread.join, SECONDS)
        self.addCleanup(self.service.shutdown, socket.SHUT_RDWR)
        self.thread = thread
        assert json.loads(self.next(FrameType.READY).payload)["hooks"] == ["may"]

    def say(self, type: int, id: int, payload: bytes = b"") -> None:
        """Send a frame."""
        self.service.sendall(encode_frame(type, id, payload))

    def call(self, id: int = 1, body: bytes = b"", **texts: str) -> None:
        """Send a CALL, whose mark has the number of its id."""
        self.say(FrameType.CALL, id, marked(encode_call(as_texts({**TEXTS, **texts}), body), id))

    def next(self, *types: int) -> Frame:
        """The next frame of one of these types; frames of the others stay, in order."""
        while True:
            for index, frame in enumerate(self._came):
                if frame.type in types:
                    return self._came.pop(index)
            data = self.service.recv(65536)
            assert data, f"the child has closed the socket; it sent {self._came}"
            self._came += self._reader.feed(data)

    def whole(self, id: int = 1) -> HeadFrame:
        """The response of a call, and the end of its thread."""
        frame = self.next(FrameType.WHOLE, FrameType.FAIL)
        assert (frame.type, frame.id) == (FrameType.WHOLE, id)
        assert self.next(FrameType.OVER).id == id
        return decode_head(frame.payload)

    def wait_until_nothing_is_kept(self) -> None:
        """Until nothing waits for clients any more."""
        with self.quota.changed:
            assert self.quota.changed.wait_for(lambda: (self.quota.in_memory, self.quota.files) == (0, 0), SECONDS)
