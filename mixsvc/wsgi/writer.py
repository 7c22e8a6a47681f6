"""Passes a worker thread's response to the reactor and to the client, as fast as the client reads it."""

from dataclasses import dataclass, field
from threading import Condition
from typing import Final

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from mixsvc.http.request import MixRequest
from mixsvc.threads.reactor_calls import ReactorCalls
from mixsvc.wsgi.response import ClientDisconnected
from mixsvc.wsgi.response_head import ResponseHead

__all__ = ["WriterContext", "ResponseWriter"]

# A streamed body is passed on in pieces of this size, and a thread waits once so much is on its way to the reactor. As
# the transport is full at 64 KiB, at most 192 KiB wait for a client, as with the largest whole response.
PIECE_BYTES: Final = 65536

FAILED: Final = b"The server failed to answer; its log says why.\n"


@dataclass(frozen=True)
class WriterContext:
    """What the writers of all responses share."""

    call_in_reactor: ReactorCalls
    # Guards what worker threads and the reactor both use; notified when a thread may write again.
    can_write: Condition = field(default_factory=Condition)


@implementer(IPushProducer)
class ResponseWriter:
    """Writes one response: the ResponseSink of a request.

    Its worker thread calls the public methods, except for the producer's three, which the transport calls in the
    reactor thread: it says when it has too much to send, and when everything is sent. The connection of a client that
    does not read ends at its write deadline, which frees the thread.
    """

    def __init__(self, context: WriterContext, request: MixRequest) -> None:
        """Called in the reactor thread."""
        self._context = context
        self._request = request
        # Guarded by the condition can_write.
        self._queued = 0
        self._is_paused = False
        self._is_disconnected = False
        # Used in the reactor thread only.
        self._is_started = False
        self._is_finishing = False
        request.notifyFinish().addErrback(self._disconnected)

    def send_whole(self, head: ResponseHead, body: bytes) -> None:
        """Send a whole response; returns at once. body: at most WHOLE_BYTES."""
        self._context.call_in_reactor(self._send_whole_now, head, body)

    def start(self, head: ResponseHead) -> None:
        """Send the head of a response; `write` and `finish` follow."""
        self._context.call_in_reactor(self._start_now, head)

    def write(self, data: bytes) -> None:
        """Send a part of the body; waits while the client reads slowly. Raises ClientDisconnected if it has left."""
        for start in range(0, len(data), PIECE_BYTES):
            piece = data[start : start + PIECE_BYTES]
            self._wait_until_writable(len(piece))
            self._context.call_in_reactor(self._write_now, piece)

    def finish(self) -> None:
        """End the response, which is complete."""
        self._context.call_in_reactor(self._finish_now)

    def abort(self) -> None:
        """Give up: send an error 500 if nothing was sent yet, else close the connection."""
        self._context.call_in_reactor(self._abort_now)

    def pauseProducing(self) -> None:
        """The transport is full: the client does not keep up."""
        with self._context.can_write:
            self._is_paused = True

    def resumeProducing(self) -> None:
        """The transport is empty: the system has taken everything."""
        with self._context.can_write:
            self._is_paused = False
            self._context.can_write.notify_all()
        if self._is_finishing:
            self._end_response()

    def stopProducing(self) -> None:
        """The connection is lost; `_disconnected` is called as well."""

    def _wait_until_writable(self, size: int) -> None:
        with self._context.can_write:
            while (self._is_paused or self._queued >= PIECE_BYTES) and not self._is_disconnected:
                self._context.can_write.wait()
            if self._is_disconnected:
                raise ClientDisconnected("the client has closed the connection")
            self._queued += size

    def _send_whole_now(self, head: ResponseHead, body: bytes) -> None:
        if not self._is_disconnected:
            self._request.respond(head.code, head.reason, head.headers, body)

    def _start_now(self, head: ResponseHead) -> None:
        if self._is_disconnected:
            return
        self._is_started = True
        request = self._request
        request.setResponseCode(head.code, head.reason)
        # The application sets its own Content-Type, or none.
        request.defaultContentType = None
        for name, _ in head.headers:
            request.responseHeaders.removeHeader(name)
        for name, value in head.headers:
            request.responseHeaders.addRawHeader(name, value)
        request.registerProducer(self, True)

    def _write_now(self, data: bytes) -> None:
        if self._is_disconnected:
            return
        self._request.write(data)
        with self._context.can_write:
            self._queued -= len(data)
            if not self._is_paused:
                self._context.can_write.notify_all()

    def _finish_now(self) -> None:
        # Only once the client has taken everything: the connection's next response begins after that.
        self._is_finishing = True
        if not self._is_disconnected and not self._is_paused:
            self._end_response()

    def _end_response(self) -> None:
        self._request.unregisterProducer()
        self._request.finish()

    def _abort_now(self) -> None:
        if self._is_disconnected:
            return
        if not self._is_started:
            headers = ((b"Content-Type", b"text/plain; charset=utf-8"), (b"Content-Length", b"%d" % len(FAILED)))
            self._send_whole_now(ResponseHead(500, b"Internal Server Error", headers, len(FAILED)), FAILED)
            return
        self._request.unregisterProducer()
        self._request.loseConnection()

    def _disconnected(self, failure: object) -> None:
        with self._context.can_write:
            self._is_disconnected = True
            self._context.can_write.notify_all()
