"""Passes a view's response from its thread to the reactor: whole, or as a stream."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from mixsvc.holds.text_response import answer_busy
from mixsvc.http.page_request import ViewRequest
from mixsvc.http.refusals import FAILED
from mixsvc.http.request import MixRequest
from mixsvc.interfaces.holds import Hold
from mixsvc.wsgi.response_head import ResponseHead
from mixsvc.wsgi.stream import ResponseStream, WriterContext
from mixsvc.wsgi.target import RequestTarget

__all__ = ["HoldClient", "ResponseWriter"]

# Holds the client of a request (mixsvc.holds.holder), with these headers of the response. Reactor thread.
HoldClient: TypeAlias = Callable[[MixRequest, Sequence[tuple[bytes, bytes]], Hold], object]

STOPPING: Final = "The service is stopping; try again later."


class ResponseWriter:
    """Writes one response: the ResponseSink of a request. Its view's thread calls the public methods.

    is_disconnected: whether the client has left, which the reactor thread finds out. Any thread.
    """

    def __init__(self, context: WriterContext, request: ViewRequest, hold_client: HoldClient) -> None:
        """Called in the reactor thread."""
        self._context = context
        self._hold_client = hold_client
        self._request = request
        self._stream: ResponseStream | None = None
        self.is_disconnected = False
        request.client_left = self._disconnected

    def send_whole(self, head: ResponseHead, body: bytes) -> None:
        """Send a whole response; returns at once. body: at most WHOLE_BYTES."""
        self._context.call_in_reactor(self._send_whole_now, head, body)

    def hold(self, head: ResponseHead, hold: Hold) -> None:
        """Leave the client to the service; returns at once."""
        self._context.call_in_reactor(self._hold_now, head, hold)

    def start(self, head: ResponseHead) -> ResponseStream:
        """Send the head of a response, whose body follows."""
        self._stream = stream = ResponseStream(self._context, RequestTarget(self._request))
        self._context.call_in_reactor(self._start_now, stream, head)
        return stream

    def abort(self) -> None:
        """Give up: send an error 500 if nothing was sent yet, else close the connection."""
        if self._stream is not None:
            self._stream.abort()
        else:
            head = ResponseHead(FAILED.code, FAILED.reason, FAILED.headers(), len(FAILED.text))
            self.send_whole(head, FAILED.text)

    def dismiss(self) -> None:
        """Tell the client to come again, unless it has its response, or that has begun. Reactor thread."""
        if self._request.client_left is not None and self._stream is None:
            self._disconnected()
            answer_busy(self._request.for_stream(), STOPPING)

    def _send_whole_now(self, head: ResponseHead, body: bytes) -> None:
        if not self.is_disconnected:
            self._request.respond(head.code, head.reason, head.headers, body)

    def _hold_now(self, head: ResponseHead, hold: Hold) -> None:
        if not self.is_disconnected:
            self._hold_client(self._request.for_stream(), head.headers, hold)

    def _start_now(self, stream: ResponseStream, head: ResponseHead) -> None:
        if self.is_disconnected:
            stream.disconnected()
        else:
            stream.begin(head)

    def _disconnected(self) -> None:
        self.is_disconnected = True
        if self._stream is not None:
            self._stream.disconnected()
