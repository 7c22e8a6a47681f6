"""The URLs that carry frames to the client: xhr, xhr_streaming, eventsource, htmlfile, jsonp."""

import re
from typing import ClassVar, Final

from twisted.web.server import NOT_DONE_YET, Request

from txsockjs._http.resource import Endpoint
from txsockjs._http.response import ResponseReceiver
from txsockjs._http.service import Service
from txsockjs._protocol.errors import ClientError
from txsockjs._protocol.frames import EVENTSOURCE, HTMLFILE, XHR, Framing, jsonp

__all__ = ["JSONP", "EventSource", "HTMLFile", "XHRPolling", "XHRStream"]

# The callback's name is echoed into a script, so it is checked against the protocol's own alphabet.
CALLBACK: Final = re.compile(rb"[a-zA-Z0-9\-_.]{1,32}")

# A constant of the protocol.
HTMLFILE_PAGE: Final = b"""\
<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.NAME;
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>"""


class Receiving(Endpoint):
    """Attaches a response to a session, which is made if it is new."""

    content_type: ClassVar[bytes] = b"application/javascript; charset=UTF-8"
    transport: ClassVar[str]

    def __init__(self, service: Service, session: bytes) -> None:
        super().__init__(service)
        self._session = session

    def respond(self, request: Request) -> int:
        """Check everything first: a request that is refused must not leave a session behind."""
        framing, prelude = self.framing(request), self.prelude(request)
        session = self.service.named(self._session, request)
        session.transport = self.transport
        request.setHeader(b"content-type", self.content_type)
        request.setHeader(b"x-content-type-options", b"nosniff")
        ResponseReceiver(request, session, framing, self.limit()).start(prelude)
        return NOT_DONE_YET

    def framing(self, request: Request) -> Framing:
        """How frames are wrapped in this answer."""
        return XHR

    def prelude(self, request: Request) -> bytes:
        """What comes before the first frame."""
        return b""

    def limit(self) -> int:
        """The bytes after which the answer ends; 0: after one frame."""
        return self.service.options.streaming_limit


class XHRPolling(Receiving):
    """POST xhr: one frame an answer."""

    transport = "xhr"
    method = b"POST"

    def limit(self) -> int:
        """One frame."""
        return 0


class XHRStream(Receiving):
    """POST xhr_streaming: frames, each a line."""

    transport = "xhr_streaming"
    method = b"POST"

    def prelude(self, request: Request) -> bytes:
        """Some browsers show a script nothing before 2 KiB."""
        return b"h" * 2048 + b"\n"


class EventSource(Receiving):
    """GET eventsource: frames as server-sent events (WHATWG HTML, section 9.2)."""

    transport = "eventsource"
    content_type = b"text/event-stream"

    def framing(self, request: Request) -> Framing:
        """Events."""
        return EVENTSOURCE

    def prelude(self, request: Request) -> bytes:
        """An empty line opens the stream."""
        return b"\r\n"


class HTMLFile(Receiving):
    """GET htmlfile: frames as scripts in an endless page, for an iframe."""

    transport = "htmlfile"
    content_type = b"text/html; charset=UTF-8"

    def framing(self, request: Request) -> Framing:
        """Scripts."""
        return HTMLFILE

    def prelude(self, request: Request) -> bytes:
        """The head of the page, filled up: some browsers run nothing before 1 KiB."""
        page = HTMLFILE_PAGE.replace(b"NAME", callback(request))
        return page + b" " * (1025 - len(page)) + b"\r\n\r\n"


class JSONP(Receiving):
    """GET jsonp: one frame as a script that calls the client's function."""

    transport = "jsonp"

    def framing(self, request: Request) -> Framing:
        """A call of the function that the client names."""
        return jsonp(callback(request))

    def limit(self) -> int:
        """One frame."""
        return 0


def callback(request: Request) -> bytes:
    """The name of the client's function. Raises ClientError."""
    given: bytes = (request.args.get(b"c") or request.args.get(b"callback") or [b""])[0]
    if not given:
        raise ClientError(500, '"callback" parameter required')
    if not CALLBACK.fullmatch(given):
        raise ClientError(500, 'invalid "callback" parameter')
    return given
