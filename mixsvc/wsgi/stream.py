"""Sends the body of a long response, or of one without a known length, as fast as the client reads it.

The view's thread passes its blocks on as fast as it makes them. What the client does not read waits in a
ResponseBacklog, and only when that is full does the thread wait.
"""

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mixsvc.common.records import record
from mixsvc.wsgi.backlog import ResponseBacklog
from mixsvc.wsgi.file_wrapper import PlainFile
from mixsvc.wsgi.response import ClientDisconnected
from mixsvc.wsgi.response_head import ResponseHead
from mixsvc.wsgi.spool import SpoolQuota
from mixsvc.wsgi.waiting import WaitingStreams

__all__ = ["FileReaders", "ResponseStream", "StreamTarget", "WriterContext"]

T = TypeVar("T")


class FileReaders(Protocol):
    """Threads that read temporary files: what is used of mixsvc.threads.pool.DaemonThreadPool. Reactor thread."""

    def defer(self, function: Callable[[], T], /) -> "Deferred[T]":
        """Run function in a thread; fires in the reactor thread."""

    def callInThread(self, function: Callable[[], object], /) -> None:
        """Run function in a thread."""


class StreamTarget(Protocol):
    """Where a long response goes. Used in the reactor thread."""

    @property
    def client(self) -> str:
        """The client's address, for logs."""

    def begin(self, head: ResponseHead, producer: IPushProducer) -> None:
        """Send the head. producer: is told when no more is taken at present, and when it is taken again."""

    def write(self, data: bytes) -> None:
        """Send a part of the body."""

    def finish(self) -> None:
        """The response is complete, and all of it was taken."""

    def drop(self) -> None:
        """Close the connection once the client has taken what was sent."""

    def drop_unread(self) -> None:
        """Close the connection at once: the client does not read."""


@record
class WriterContext:
    """What the writers of all responses share. call_in_reactor: see mixsvc.threads.reactor_calls."""

    call_in_reactor: Callable[..., None]
    readers: FileReaders
    quota: SpoolQuota
    waiting: WaitingStreams


@implementer(IPushProducer)
class ResponseStream:
    """The body of one response.

    Its view's thread calls `write`, `finish` and `abort`, the reactor thread everything else. The connection of a
    client that does not read ends at its write deadline (mixsvc.http.write_deadline), which also frees the thread.
    """

    _log: Final = Logger("mixsvc.web")

    def __init__(self, context: WriterContext, target: StreamTarget) -> None:
        self._context = context
        self._changed = context.quota.changed
        self._target = target
        self._backlog = ResponseBacklog(context.quota)
        # Used in the view's thread only: whether the client has always read what it got in a moment.
        self._is_fast = True
        # Guarded by the lock of `changed`.
        self._is_paused = False
        self._is_disconnected = False
        self._is_complete = False
        self._has_failed = False
        self._is_scheduled = False
        # Used in the reactor thread only. Nothing is sent while a part of the file is being read, which is next.
        self._is_reading = False
        self._is_over = False

    def write(self, data: bytes) -> None:
        """Pass a block on; waits if too much waits already. Raises ClientDisconnected if the client has left."""
        start = 0
        while start < len(data):
            rest = self._put(data, start)
            with self._changed:
                if rest == start and not self._is_disconnected:
                    self._context.waiting.wait(self, self._may_go_on)
                if self._is_disconnected:
                    raise ClientDisconnected("the client has closed the connection")
                self._schedule()
            start = rest

    def _put(self, data: bytes, start: int) -> int:
        """Take some of the block; returns where the rest begins."""
        backlog = self._backlog
        rest = backlog.put_in_memory(data, start)
        if rest > start:
            return rest
        if self._is_fast:
            # A file is a detour for a client that reads as fast as the view writes.
            with self._changed:
                self._is_fast = self._context.waiting.wait_a_moment(self._has_memory)
            if self._is_fast:
                return backlog.put_in_memory(data, start)
        return backlog.put_on_disk(data, start)

    def _has_memory(self) -> bool:
        return self._is_disconnected or self._backlog.has_memory()

    def send_file(self, file: PlainFile) -> bool:
        """Send the body from a file, whose descriptor is duplicated. Returns False if too many files are open."""
        return self._backlog.put_file(file)

    def finish(self) -> None:
        """End the response, which is complete."""
        with self._changed:
            self._is_complete = True
            self._schedule()

    def abort(self) -> None:
        """Close the connection behind what was passed on."""
        with self._changed:
            self._is_complete = self._has_failed = True
            self._schedule()

    def begin(self, head: ResponseHead) -> None:
        """Send the head."""
        self._target.begin(head, self)

    def disconnected(self) -> None:
        """The client has left: its thread is free, and nothing is kept for it."""
        with self._changed:
            self._is_disconnected = self._is_over = True
        if self._backlog.close():
            self._context.readers.callInThread(self._backlog.give_back)

    def end_unread(self) -> None:
        """See mixsvc.wsgi.waiting. Called in a view's thread, with the lock held."""
        self._is_disconnected = True
        self._changed.notify_all()
        self._context.call_in_reactor(self._drop_unread)

    def pauseProducing(self) -> None:
        """The transport is full: the client does not keep up."""
        with self._changed:
            self._is_paused = True

    def resumeProducing(self) -> None:
        """The transport is empty: the system has taken everything."""
        with self._changed:
            self._is_paused = False
            self._context.waiting.client_has_read(self)
        self._send()

    def stopProducing(self) -> None:
        """The connection is lost; `disconnected` is called as well."""

    def _may_go_on(self) -> bool:
        return self._is_disconnected or self._backlog.has_room()

    def _schedule(self) -> None:
        """Have the reactor send what waits, unless it does so anyway. With the lock held."""
        if not self._is_scheduled and not self._is_paused:
            self._is_scheduled = True
            self._context.call_in_reactor(self._send_scheduled)

    def _send_scheduled(self) -> None:
        with self._changed:
            self._is_scheduled = False
        self._send()

    def _send(self) -> None:
        """Send what waits until the transport is full."""
        if self._is_reading:
            return
        while not self._is_paused and not self._is_over and (piece := self._backlog.take()) is not None:
            self._target.write(piece)
        if self._is_over:
            return
        if not self._is_paused and self._backlog.begin_reading():
            self._is_reading = True
            self._context.readers.defer(self._backlog.read).addCallbacks(self._was_read, self._cannot_read)
        elif self._is_complete and self._backlog.is_empty():
            self._end()

    def _was_read(self, data: bytes) -> None:
        self._is_reading = False
        if not self._is_over:
            self._target.write(data)
            self._send()

    def _cannot_read(self, failure: Failure) -> None:
        self._log.error("web: a response is cut off: {error}", error=str(failure.value))
        self._drop()

    def _end(self) -> None:
        if self._has_failed:
            self._drop()
        elif not self._is_paused:
            # Only once the client has taken everything: the connection's next response begins after that.
            self._is_over = True
            self._target.finish()

    def _drop(self) -> None:
        """Close the connection once the client has taken what was sent."""
        if not self._is_over:
            self._is_over = True
            self._target.drop()

    def _drop_unread(self) -> None:
        if not self._is_over:
            self._log.info(
                "web: the response to {client} is cut off: other requests need its thread, and it is read too slowly",
                client=self._target.client,
            )
            self._target.drop_unread()
