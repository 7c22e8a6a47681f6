"""The xhr transports: xhr (polling) and xhr_streaming carry frames to the client, xhr_send takes its messages.

SockJS protocol 0.3.3, sections XhrPolling and XhrStreaming.
"""

from twisted.web.server import NOT_DONE_YET, Request

from txsockjs._http.receive import ReceiveEndpoint
from txsockjs._http.send import SendEndpoint

__all__ = ["XHRPolling", "XHRSend", "XHRStream"]


class XHRPolling(ReceiveEndpoint):
    """POST xhr: each response has one frame."""

    transport = "xhr"
    method = b"POST"

    def limit(self) -> int:
        """The response ends after one frame."""
        return 0


class XHRStream(ReceiveEndpoint):
    """POST xhr_streaming: a response of many frames, each on a line of its own."""

    transport = "xhr_streaming"
    method = b"POST"

    def prelude(self, request: Request) -> bytes:
        """2 KiB of padding: some browsers show a script nothing before that."""
        return b"h" * 2048 + b"\n"


class XHRSend(SendEndpoint):
    """POST xhr_send: the body is the JSON, whatever its content type."""

    def done(self, request: Request) -> int:
        """Answer 204. It has a content type, as the protocol's tests want one."""
        request.setResponseCode(204)
        request.setHeader(b"content-type", b"text/plain; charset=UTF-8")
        request.finish()
        return NOT_DONE_YET
