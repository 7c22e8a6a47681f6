"""Where a worker thread's answer goes over to the reactor and to the client, as fast as the client reads it."""

from dataclasses import dataclass, field
from threading import Condition
from typing import Final

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from mixsvc.http.request import MixRequest
from mixsvc.threads.reactor_calls import ReactorCalls
from mixsvc.wsgi.response import ClientGone
from mixsvc.wsgi.response_head import Head

__all__ = ["Border", "Outlet"]

# What does not go over at once goes in pieces, and no more of them once so much is on its way to the reactor. As the
# transport says that it is full at 64 KiB, at most 192 KiB wait for a client, as with the largest whole answer.
PIECE_BYTES: Final = 65536

FAILED: Final = b"The server failed to answer; its log says why.\n"


@dataclass(frozen=True)
class Border:
    """What all answers share."""

    call_in_reactor: ReactorCalls
    # Guards what threads and the reactor both look at; notified when a thread may write again.
    room: Condition = field(default_factory=Condition)


@implementer(IPushProducer)
class Outlet:
    """The way of one answer. Methods without an underscore, but for the producer's, are called by its worker thread.

    The transport is its consumer: it says when there is too much to send, and when all of it is sent. A client that
    does not read loses its connection at the connection's write deadline, which frees the thread.
    """

    def __init__(self, border: Border, request: MixRequest) -> None:
        """Called in the reactor thread."""
        self._border = border
        self._request = request
        # Guarded by the border's condition.
        self._queued = 0
        self._is_paused = False
        self._is_gone = False
        # The reactor's.
        self._is_begun = False
        self._is_ending = False
        request.notifyFinish().addErrback(self._lost)

    def whole(self, head: Head, body: bytes) -> None:
        """The whole answer; returns at once. body: at most WHOLE_BYTES."""
        self._border.call_in_reactor(self._whole, head, body)

    def begin(self, head: Head) -> None:
        """The head of an answer; `write` and `end` follow."""
        self._border.call_in_reactor(self._begin, head)

    def write(self, data: bytes) -> None:
        """A part of the body; waits while the client has too much to read. ClientGone when it has left."""
        for start in range(0, len(data), PIECE_BYTES):
            piece = data[start : start + PIECE_BYTES]
            self._wait_for_room(len(piece))
            self._border.call_in_reactor(self._write, piece)

    def end(self) -> None:
        """The answer is complete."""
        self._border.call_in_reactor(self._end)

    def fail(self) -> None:
        """There is no more: an error 500 if nothing was sent yet, else the connection ends."""
        self._border.call_in_reactor(self._fail)

    def pauseProducing(self) -> None:
        """The client does not keep up."""
        with self._border.room:
            self._is_paused = True

    def resumeProducing(self) -> None:
        """The system has taken all."""
        with self._border.room:
            self._is_paused = False
            self._border.room.notify_all()
        if self._is_ending:
            self._finish()

    def stopProducing(self) -> None:
        """The connection is lost; `_lost` hears of it, too."""

    def _wait_for_room(self, size: int) -> None:
        with self._border.room:
            while (self._is_paused or self._queued >= PIECE_BYTES) and not self._is_gone:
                self._border.room.wait()
            if self._is_gone:
                raise ClientGone("the client has closed the connection")
            self._queued += size

    def _whole(self, head: Head, body: bytes) -> None:
        if not self._is_gone:
            self._request.respond(head.code, head.reason, head.headers, body)

    def _begin(self, head: Head) -> None:
        if self._is_gone:
            return
        self._is_begun = True
        request = self._request
        request.setResponseCode(head.code, head.reason)
        # The application says what it sends.
        request.defaultContentType = None
        for name, _ in head.headers:
            request.responseHeaders.removeHeader(name)
        for name, value in head.headers:
            request.responseHeaders.addRawHeader(name, value)
        request.registerProducer(self, True)

    def _write(self, data: bytes) -> None:
        if self._is_gone:
            return
        self._request.write(data)
        with self._border.room:
            self._queued -= len(data)
            if not self._is_paused:
                self._border.room.notify_all()

    def _end(self) -> None:
        # What waits for the client is taken first: behind this answer the next one of the connection begins.
        self._is_ending = True
        if not self._is_gone and not self._is_paused:
            self._finish()

    def _finish(self) -> None:
        self._request.unregisterProducer()
        self._request.finish()

    def _fail(self) -> None:
        if self._is_gone:
            return
        if not self._is_begun:
            headers = ((b"Content-Type", b"text/plain; charset=utf-8"), (b"Content-Length", b"%d" % len(FAILED)))
            self._whole(Head(500, b"Internal Server Error", headers, len(FAILED)), FAILED)
            return
        self._request.unregisterProducer()
        self._request.loseConnection()

    def _lost(self, failure: object) -> None:
        with self._border.room:
            self._is_gone = True
            self._border.room.notify_all()
