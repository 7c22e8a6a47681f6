"""The endpoints that have no session: the greeting, /info and the iframe page."""

import hashlib
import html
import json
import secrets

from twisted.web.server import NOT_DONE_YET, Request

from txsockjs._http.headers import allow_long, embedders, is_known
from txsockjs._http.resource import Endpoint, answer
from txsockjs._http.service import Service
from txsockjs._protocol.options import Options

__all__ = ["Greeting", "IFrame", "Info"]

# The protocol's tests compare this text byte for byte (SockJS protocol 0.3.3, section IframePage).
IFRAME_PAGE = """\
<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src="{url}"></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>
"""


class Static(Endpoint):
    """Answers GET and HEAD, without a cookie, to any origin."""

    has_cookie = False
    has_head = True
    is_guarded = False


class Greeting(Static):
    """The URL of the service itself."""

    def respond(self, request: Request) -> int:
        """Answer with the text that shows people that a service is there (section BaseUrlGreeting)."""
        return answer(request, 200, b"Welcome to SockJS!\n")


class Info(Static):
    """GET info: the first request of a client (section InfoTest)."""

    def respond(self, request: Request) -> int:
        """Answer what the service can do, and a random number with which the client seeds its random generator."""
        about = {
            "websocket": self.service.options.websocket,
            "cookie_needed": self.service.options.cookie_needed,
            "origins": ["*:*"],
            "entropy": secrets.randbits(32),
        }
        return answer(request, 200, json.dumps(about).encode("ascii"), b"application/json; charset=UTF-8")


class IFrame(Static):
    """GET iframe*.html: the page that runs the client for a page of another origin."""

    def __init__(self, service: Service, options: Options | None = None) -> None:
        """options: None for those that the service has now."""
        super().__init__(service)
        options = options or service.options
        self._page = IFRAME_PAGE.format(url=html.escape(options.sockjs_url)).encode("utf-8")
        self._etag = b'"' + hashlib.sha256(self._page).hexdigest()[:32].encode("ascii") + b'"'
        # The page has the service's own origin, whoever embeds it, so the option origins must limit who may.
        self._embedders = embedders(options.origins)

    def respond(self, request: Request) -> int:
        """Answer with the page, or 304 if the client has it."""
        allow_long(request, self.service.wall_clock())
        # Not request.setETag, which splits If-None-Match at spaces alone.
        request.setHeader(b"etag", self._etag)
        if self._embedders is not None:
            request.setHeader(b"content-security-policy", b"frame-ancestors " + self._embedders)
        if is_known(request, self._etag):
            request.setResponseCode(304)
            request.defaultContentType = None
            request.finish()
            return NOT_DONE_YET
        return answer(request, 200, self._page, b"text/html; charset=UTF-8")
