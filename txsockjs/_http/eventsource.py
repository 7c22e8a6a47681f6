"""The eventsource transport: frames as server-sent events (WHATWG HTML, section 9.2).

SockJS protocol 0.3.3, section EventSource. Clients send their messages by xhr_send.
"""

from twisted.web.server import Request

from txsockjs._http.receive import ReceiveEndpoint
from txsockjs._protocol.frames import EVENTSOURCE, Framing

__all__ = ["EventSource"]


class EventSource(ReceiveEndpoint):
    """GET eventsource: each frame is one event."""

    transport = "eventsource"
    content_type = b"text/event-stream"

    def framing(self, request: Request) -> Framing:
        """Frames as events."""
        return EVENTSOURCE

    def prelude(self, request: Request) -> bytes:
        """An empty line, which opens the stream."""
        return b"\r\n"
