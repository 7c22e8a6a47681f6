"""The URLs by which a client without a WebSocket sends: xhr_send, jsonp_send."""

from typing import Final
from urllib.parse import unquote_to_bytes

from twisted.web.server import NOT_DONE_YET, Request

from txsockjs._http.resource import Endpoint, answer
from txsockjs._http.service import Service
from txsockjs._protocol.errors import ClientError
from txsockjs._protocol.frames import decode_post

__all__ = ["JSONPSend", "Sending", "XHRSend"]


FIELDS: Final = 100

# Messages that may wait before one more request, while the application takes none.
PAUSED_MESSAGES: Final = 100


class Sending(Endpoint):
    """Takes messages for a session that exists."""

    method = b"POST"

    def __init__(self, service: Service, session: bytes) -> None:
        super().__init__(service)
        self._session = session

    def respond(self, request: Request) -> int:
        """Everything is checked before the first message is delivered."""
        session = self.service.registry.find(self._session)
        if session is None:
            raise ClientError(404, "There is no such session.")
        messages = decode_post(self.body(request))
        if session.backlog + len(messages) > self.service.options.max_messages:
            raise ClientError(413, f"{self.service.options.max_messages} messages may wait.")
        if session.is_paused and session.backlog >= PAUSED_MESSAGES:
            raise ClientError(503, "Nothing is taken at the moment; try again a little later.")
        limit = self.service.options.max_message
        if any(len(message) > limit or len(message.encode("utf-8", "surrogatepass")) > limit for message in messages):
            raise ClientError(413, f"A message may have {limit} bytes.")
        session.receive(messages)
        return self.done(request)

    def body(self, request: Request) -> bytes:
        """The JSON that was posted. Raises ClientError for a body over the limit."""
        limit = self.service.options.max_body
        assert request.content is not None
        content: bytes = request.content.read(limit + 1)
        if len(content) > limit:
            raise ClientError(413, f"A body may have {limit} bytes.")
        return content

    def done(self, request: Request) -> int:
        """The answer when all is delivered."""
        raise NotImplementedError


class XHRSend(Sending):
    """POST xhr_send: the body is the JSON, whatever its type says."""

    def done(self, request: Request) -> int:
        """204, with a type all the same, as the protocol's tests want it."""
        request.setResponseCode(204)
        request.setHeader(b"content-type", b"text/plain; charset=UTF-8")
        request.finish()
        return NOT_DONE_YET


class JSONPSend(Sending):
    """POST jsonp_send: the JSON is the field d of a form, or the body when it is no form."""

    def body(self, request: Request) -> bytes:
        """The field d, decoded from its form."""
        content = super().body(request)
        kind = (request.getHeader(b"content-type") or b"").partition(b";")[0].strip().lower()
        if kind != b"application/x-www-form-urlencoded":
            return content
        return _field(content, b"d")

    def done(self, request: Request) -> int:
        """The text ok."""
        return answer(request, 200, b"ok")


def _field(form: bytes, name: bytes) -> bytes:
    # Not parse_qs, which cannot give back bytes above 127.
    pairs = form.split(b"&", FIELDS)
    if len(pairs) > FIELDS:
        raise ClientError(413, f"A form may have {FIELDS} fields.")
    for key, _, value in (pair.partition(b"=") for pair in pairs):
        if key == name:
            return unquote_to_bytes(value.replace(b"+", b" "))
    return b""
