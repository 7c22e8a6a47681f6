"""What xhr_send and jsonp_send have in common: they take messages from clients that have no WebSocket."""

from typing import Final

from twisted.web.server import Request

from txsockjs._http.session_endpoint import SessionEndpoint
from txsockjs._protocol.errors import ClientError
from txsockjs._protocol.frames import decode_post
from txsockjs._protocol.text import as_utf8

__all__ = ["SendEndpoint"]

# Messages that may wait before one more request, while the application takes none.
PAUSED_MESSAGES: Final = 100


class SendEndpoint(SessionEndpoint):
    """Takes messages for a session that exists."""

    method = b"POST"

    def serve(self, request: Request) -> int:
        """Deliver the messages; nothing is delivered unless every message is good. Raises ClientError."""
        session = self.service.registry.find(self.name)
        if session is None:
            raise ClientError(404, "There is no such session.")
        messages = decode_post(self.body(request))
        if session.backlog + len(messages) > self.service.options.max_messages:
            raise ClientError(413, f"At most {self.service.options.max_messages} messages may wait.")
        if session.is_paused and session.backlog >= PAUSED_MESSAGES:
            raise ClientError(503, "The application takes no messages now; try again later.")
        limit = self.service.options.max_message
        if any(len(message) > limit or len(as_utf8(message)) > limit for message in messages):
            raise ClientError(413, f"A message may have at most {limit} bytes.")
        session.receive(messages)
        return self.done(request)

    def body(self, request: Request) -> bytes:
        """The JSON that the client posted. Raises ClientError if the body is over the limit max_body."""
        limit = self.service.options.max_body
        assert request.content is not None
        content: bytes = request.content.read(limit + 1)
        if len(content) > limit:
            raise ClientError(413, f"A body may have at most {limit} bytes.")
        return content

    def done(self, request: Request) -> int:
        """Answer a request whose messages were delivered."""
        raise NotImplementedError
