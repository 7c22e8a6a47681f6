"""What the transports that carry frames to the client over HTTP have in common: a response attached to a session."""

from typing import ClassVar

from twisted.web.server import NOT_DONE_YET, Request

from txsockjs._http.response import ResponseReceiver
from txsockjs._http.session_endpoint import SessionEndpoint
from txsockjs._protocol.frames import XHR, Framing

__all__ = ["ReceiveEndpoint"]


class ReceiveEndpoint(SessionEndpoint):
    """Attaches a response to a session, and makes the session if it is new."""

    content_type: ClassVar[bytes] = b"application/javascript; charset=UTF-8"
    transport: ClassVar[str]

    def serve(self, request: Request) -> int:
        """Start the response. Every check comes first: a request that is refused must not leave a session behind."""
        framing, prelude = self.framing(request), self.prelude(request)
        session = self.service.named(self.name, request)
        session.transport = self.transport
        request.setHeader(b"content-type", self.content_type)
        request.setHeader(b"x-content-type-options", b"nosniff")
        ResponseReceiver(request, session, framing, self.limit(), self.service.registry).start(prelude)
        return NOT_DONE_YET

    def framing(self, request: Request) -> Framing:
        """How this response wraps frames. Raises ClientError for a request that cannot be answered."""
        return XHR

    def prelude(self, request: Request) -> bytes:
        """The bytes before the first frame. Raises ClientError for a request that cannot be answered."""
        return b""

    def limit(self) -> int:
        """The bytes of frames after which the response ends; 0: it ends after one frame."""
        return self.service.options.streaming_limit
