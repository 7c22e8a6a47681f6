"""The htmlfile transport: frames as scripts in an endless page that an iframe loads.

SockJS protocol 0.3.3, section HtmlFile. Clients send their messages by xhr_send.
"""

from typing import Final

from twisted.web.server import Request

from txsockjs._http.callback import read_callback
from txsockjs._http.receive import ReceiveEndpoint
from txsockjs._protocol.frames import HTMLFILE, Framing

__all__ = ["HTMLFile"]

# The protocol fixes this text.
PAGE: Final = b"""\
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


class HTMLFile(ReceiveEndpoint):
    """GET htmlfile: each frame is one script."""

    transport = "htmlfile"
    content_type = b"text/html; charset=UTF-8"

    def framing(self, request: Request) -> Framing:
        """Frames as scripts."""
        return HTMLFILE

    def prelude(self, request: Request) -> bytes:
        """The head of the page, padded to 1 KiB: some browsers run no script before that."""
        page = PAGE.replace(b"NAME", read_callback(request))
        return page + b" " * (1025 - len(page)) + b"\r\n\r\n"
