"""A child: runs the application's calls in threads, and says what comes of them. In the child."""

import json
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from threading import Lock
from typing import IO, TYPE_CHECKING, Any, Final

from twisted.logger import Logger

from mixsvc.common.records import record
from mixsvc.interfaces.environ import SOCKET
from mixsvc.sockets.pair import ViewSocket
from mixsvc.threads.loop import LoopThread
from mixsvc.threads.own_threads import OwnThreads
from mixsvc.threads.pool import DaemonThreadPool
from mixsvc.wsgi.call import ApplicationCall
from mixsvc.wsgi.children.asking import ServiceQuestions
from mixsvc.wsgi.children.environ_frame import decode_call
from mixsvc.wsgi.children.frames import Failing, Frame, FrameType, decode_ids, encode_frame, encode_ids
from mixsvc.wsgi.children.incoming import IncomingFrames
from mixsvc.wsgi.children.remote_request import RemoteWriter
from mixsvc.wsgi.children.run_threads import RunThreads, is_about_login
from mixsvc.wsgi.children.sender import FrameSender
from mixsvc.wsgi.environ import environ_of_child
from mixsvc.wsgi.socket_views import with_socket
from mixsvc.wsgi.spool import SpoolQuota
from mixsvc.wsgi.stream import WriterContext
from mixsvc.wsgi.supervision.begun_marks import OpenMarks
from mixsvc.wsgi.waiting import WaitingStreams

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["ChildHost", "ChildWire", "Registered"]

READER_THREADS: Final = 4

# Threads of their own, so that views that take long do not hold up the chat's questions. As many as the service has for
# hooks without children: functions that hang because of messages leave threads to permissions.
RUN_THREADS: Final = 12


@record
class ChildWire:
    """The socket, what reads and writes it, and what the service learns without it."""

    connection: socket.socket
    incoming: IncomingFrames
    sender: FrameSender
    marks: OpenMarks

    @classmethod
    def of(cls, connection: socket.socket, lost: Callable[[], object], marks: OpenMarks) -> "ChildWire":
        """connection: blocks. lost: called in any thread when the service has ended."""
        return cls(connection, IncomingFrames(connection), FrameSender(connection, lost), marks)


@record
class Registered:
    """What a child does besides requests.

    run: calls what is registered under a name with arguments of JSON, in a thread of its own, for a RUN. take_rates:
    takes what each RATES holds, in the main thread; take_settings what each SETTINGS holds. login_threads: how many run
    the authenticator; 0 if there is none.
    """

    run: Callable[[str, list[Any]], object]
    take_rates: Callable[[bytes], object]
    take_settings: Callable[[bytes], object]
    login_threads: int = 0


class ChildHost:
    """Everything between the socket and the application. Made and served in the main thread."""

    _log: Final = Logger("mixsvc.web")

    def __init__(self, wire: ChildWire, threads: int, quota: SpoolQuota, registered: Registered) -> None:
        """threads: for views. quota: how much may wait for clients."""
        self._connection = wire.connection
        self._incoming = wire.incoming
        self._sender = sender = wire.sender
        self._marks = wire.marks
        self._loop = LoopThread()
        self._views = DaemonThreadPool(self._loop, threads, "view")
        self._threads = OwnThreads()
        self._readers = DaemonThreadPool(self._loop, READER_THREADS, "reader")
        self._hooks = DaemonThreadPool(self._loop, RUN_THREADS, "hook")
        self._questions = ServiceQuestions(sender.send)
        self._runs = RunThreads(self._hooks, registered.run, sender.send, self._end_if_done)
        self._visitors = DaemonThreadPool(self._loop, registered.login_threads, "visitor")
        self._logins = RunThreads(self._visitors, registered.run, sender.send, self._end_if_done)
        self._takes = {FrameType.RATES: registered.take_rates, FrameType.SETTINGS: registered.take_settings}
        # Asks the service from any thread but the main one; see ServiceQuestions.ask.
        self.ask = self._questions.ask
        waiting = WaitingStreams(self._views, quota.changed)
        self._context = WriterContext(self._views.call_in_reactor, self._readers, quota, waiting)
        self._lock = Lock()
        # By id, guarded by the lock: calls whose thread works, or whose response is not sent yet.
        self._calls: dict[int, RemoteWriter] = {}
        self._is_stopping = False
        self._application: WSGIApplication = _none_yet

    def start(self) -> None:
        """Start the threads; before the application is imported, which may replace what threads are."""
        self._loop.start()
        self._views.start()
        self._readers.start()
        self._hooks.start()
        self._visitors.start()

    def serve(self, application: "WSGIApplication", hooks: list[str]) -> bool:
        """Say that the application is ready, and run its calls until the service wants this process to end.

        hooks: the names of what the application has registered. Returns False when the service has ended.
        """
        self._application = application
        ready = {"pid": os.getpid(), "hooks": hooks}
        self._sender.send(encode_frame(FrameType.READY, 0, json.dumps(ready).encode()))
        for frame in self._incoming:
            try:
                self._received(frame)
            except Exception:
                self._log.failure("views: a frame of type {type} failed in a child", type=frame.type)
        return self._is_stopping

    def _received(self, frame: Frame) -> None:
        type, id, payload = frame
        if type == FrameType.CALL:
            self._call(id, payload)
        elif type in (FrameType.POLL, FrameType.SOCKET):
            (self._poll if type == FrameType.POLL else self._socket_call)(id, payload)
        elif type == FrameType.ROOM:
            self._tell(id, RemoteWriter.taken, int.from_bytes(payload, "big"))
        elif type == FrameType.GONE:
            self._tell(id, RemoteWriter.disconnected)
        elif type == FrameType.PART:
            self._questions.came(id, payload)
        elif type == FrameType.REPLY:
            self._questions.answered(id, payload)
        elif type == FrameType.RUN:
            (self._logins if is_about_login(payload) else self._runs).begin(id, payload)
        elif type == FrameType.CANCEL:
            self._give_up_run(id)
        elif type == FrameType.RECALL:
            self._recall(frozenset(decode_ids(payload)))
        elif type in self._takes:
            self._takes[type](payload)
        elif type == FrameType.STOP:
            self._is_stopping = True
            self._end_if_done()

    def _call(self, id: int, payload: bytes) -> None:
        """Give a call to a thread."""
        made = self._made(id, payload)
        if made is not None:
            self._views.callInThread(self._run, id, *made)

    def _poll(self, id: int, payload: bytes) -> None:
        """Give a call that may wait to a thread of its own."""
        made = self._made(id, payload)
        if made is not None:
            call, mark = made
            try:
                self._threads.start(self._run_alone, id, call)
            except RuntimeError:
                self._views.callInThread(self._run, id, call, mark)

    def _made(self, id: int, payload: bytes) -> tuple[ApplicationCall, int] | None:
        """The call of a frame, and its mark. Whatever fails is answered, and None is returned."""
        content: IO[bytes] | None = None
        try:
            texts, body, has_descriptor, mark = decode_call(payload)
            content = os.fdopen(self._incoming.descriptor(), "rb") if has_descriptor else BytesIO(body)
            writer = self._writer(id, texts.get("REMOTE_ADDR", "-"))
            return ApplicationCall(self._application, environ_of_child(texts, content), writer), mark
        except Exception:
            if content is not None:
                content.close()
            self._cannot_begin(id)
            return None

    def _socket_call(self, id: int, payload: bytes) -> None:
        """Give a call that may take its client's socket to a thread of its own. Whatever fails is answered."""
        connection: ViewSocket | None = None
        try:
            connection = ViewSocket.of(self._incoming.descriptor())
            texts = decode_call(payload).texts
            writer = self._writer(id, texts.get("REMOTE_ADDR", "-"))
            environ = environ_of_child(texts, BytesIO()) | {SOCKET: connection}
            call = ApplicationCall(with_socket(self._application, connection), environ, writer)
            self._threads.start(self._run_with_socket, id, call, connection)
        except Exception:
            if connection is not None:
                connection.close()
            self._cannot_begin(id)

    def _cannot_begin(self, id: int) -> None:
        self._log.failure("views: a call cannot begin in a child")
        with self._lock:
            self._calls.pop(id, None)
        self._sender.send(encode_frame(FrameType.FAIL, id, Failing.ABORT) + encode_frame(FrameType.OVER, id))

    def _writer(self, id: int, client: str) -> RemoteWriter:
        writer = RemoteWriter(self._context, id, client, self._sender.send, self._finished)
        with self._lock:
            self._calls[id] = writer
        return writer

    def _run(self, id: int, call: ApplicationCall, mark: int) -> None:
        """In a view's thread."""
        self._marks[mark] = 1
        self._views.label(call.name)
        call.run()
        self._has_run(id)

    def _run_alone(self, id: int, call: ApplicationCall) -> None:
        """In a thread of its own."""
        call.run()
        self._has_run(id)

    def _run_with_socket(self, id: int, call: ApplicationCall, connection: ViewSocket) -> None:
        """In a thread of its own."""
        call.run()
        if not connection.has_sent:
            connection.close()
        self._has_run(id)

    def _has_run(self, id: int) -> None:
        self._sender.send(encode_frame(FrameType.OVER, id))
        with self._lock:
            writer = self._calls[id]
            writer.is_running = False
            if not writer.is_sending:
                del self._calls[id]
        self._end_if_done()

    def _finished(self, id: int) -> None:
        """A stream has ended. Loop thread."""
        with self._lock:
            writer = self._calls.get(id)
            if writer is not None and not writer.is_running:
                del self._calls[id]
        self._end_if_done()

    def _give_up_run(self, id: int) -> None:
        self._runs.give_up(id)
        self._logins.give_up(id)

    def _recall(self, ids: frozenset[int]) -> None:
        """Give back calls that no thread has begun."""
        jobs: list[Any] = self._views.withdraw(lambda job: job[0] == self._run and job[1][0] in ids)
        for _, (id, call, _) in jobs:
            call.drop()
            with self._lock:
                del self._calls[id]
        if jobs:
            self._sender.send(encode_frame(FrameType.BACK, 0, encode_ids([id for _, (id, _, _) in jobs])))
            self._end_if_done()

    def _tell(self, id: int, what: Callable[..., object], *args: object) -> None:
        with self._lock:
            writer = self._calls.get(id)
        if writer is not None:
            self._views.call_in_reactor(what, writer, *args)

    def _end_if_done(self) -> None:
        if self._is_stopping:
            with self._lock:
                is_done = not self._calls
            if is_done and not self._runs.is_busy and not self._logins.is_busy:
                # The main thread reads the end of the stream. Another thread may have been the last as well.
                with suppress(OSError):
                    self._connection.shutdown(socket.SHUT_RD)


def _none_yet(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    raise RuntimeError("the application is not imported yet")
