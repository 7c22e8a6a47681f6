"""One child at the service: started, given calls and runs, asked and told, watched until it has ended."""

import json
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import islice
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from mixsvc.http.refusals import ENDED, Refusal
from mixsvc.wsgi.children.asked import Answer, ChildQuestions
from mixsvc.wsgi.children.call import ChildCall
from mixsvc.wsgi.children.child_log import log_again
from mixsvc.wsgi.children.environ_frame import marked
from mixsvc.wsgi.children.frames import Failing, Frame, FrameType, decode_ids, encode_frame, encode_ids, new_ids
from mixsvc.wsgi.children.link import ChildLink
from mixsvc.wsgi.children.output import ChildEnd
from mixsvc.wsgi.children.runs import ChildRuns
from mixsvc.wsgi.children.setup import CHILD_MARKS, CHILD_SOCKET, OF_THE_SERVICE, SpawnCommand
from mixsvc.wsgi.children.socket_call import SocketCall
from mixsvc.wsgi.supervision.begun_marks import NO_MARK, BegunMarks
from mixsvc.wsgi.supervision.calls_ahead import LEAST_AHEAD, CallsAhead
from mixsvc.wsgi.supervision.interfaces import ProcessOwner
from mixsvc.wsgi.supervision.silence import CallSilence

__all__ = ["ViewProcess"]

# What a process sent before its end is read for at most so long.
READING_SECONDS: Final = 1.0


class ViewProcess:
    """One child, from its start to its end. Used in the reactor thread."""

    _log: Final = Logger("mixsvc.web")

    def __init__(self, reactor: Any, command: SpawnCommand, answer: Answer, owner: ProcessOwner) -> None:
        """answer: answers what the child asks."""
        self._reactor = reactor
        self._command = command
        self._owner = owner
        self._stalled = partial(owner.process_freed, self)
        self.pid: int | None = None
        self.is_ready = False
        # Calls that have ended.
        self.served = 0
        self._transport: IProcessTransport | None = None
        self._link: ChildLink | None = None
        self._silence = CallSilence(reactor)
        self._ahead = CallsAhead(reactor)
        self._marks: BegunMarks | None = None
        # Of one that is killed or has died, until its end is known: calls that no view has seen, as far as is known.
        self._unseen: list[ChildCall] = []
        self._ids = new_ids()
        self._runs = ChildRuns(reactor, self._send_frame)
        self._questions = ChildQuestions(answer, self._send_frame)
        # By id: calls whose thread is not free yet, and those whose response is not complete yet.
        self._running: dict[int, ChildCall] = {}
        self._open: dict[int, ChildCall] = {}
        # The ids of polls whose view has not returned.
        self._polls: set[int] = set()
        # Those that may take, or have taken, the client's socket.
        self._sockets: dict[int, SocketCall] = {}
        self._is_stopping = False
        # How it has ended; None before that.
        self._end: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether it does nothing any more."""
        return self._end is not None

    @property
    def calls(self) -> int:
        """How many of its threads work, or will work, on calls."""
        return len(self._running) + len(self._unseen)

    def has_room(self, threads: int) -> bool:
        """See SupervisedProcess."""
        return len(self._running) < threads or len(self._running) < threads + self._most_ahead()

    def _most_ahead(self) -> int:
        """How many calls may wait there for a thread: also for one that waits for its client.

        Only what waits there ends such a response (mixsvc.wsgi.waiting).
        """
        return self._ahead.number or LEAST_AHEAD * any(call.is_paused for call in self._running.values())

    def start(self) -> None:
        """Start it. If that cannot be done, the owner is told, later."""
        try:
            self._spawn()
        except OSError as error:
            self._reactor.callLater(0, self._cannot_start, f"no process can be started: {error.strerror}")

    def _spawn(self) -> None:
        command = self._command
        with ExitStack() as stack:
            ours, theirs = socket.socketpair()
            null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
            stack.callback(ours.close)
            stack.callback(theirs.close)
            stack.callback(os.close, null)
            self._marks = marks = BegunMarks()
            stack.callback(marks.close)
            ends = {CHILD_SOCKET: theirs.fileno(), CHILD_MARKS: marks.descriptor}
            descriptors: dict[int, int | str] = {0: null, 1: "r", 2: "r", **ends}
            link = ChildLink(self._reactor, self._received, self._lost)
            self._reactor.adoptStreamConnection(ours.fileno(), socket.AF_UNIX, _Once(link))
            self._link = link
            stack.enter_context(_signals_blocked())
            self._transport = self._reactor.spawnProcess(
                ChildEnd(self._exited), command.program, command.arguments, command.environment, childFDs=descriptors
            )
            self.pid = self._transport.pid
        link.send(encode_frame(FrameType.SETUP, 0, command.setup))

    def begin(self, call: ChildCall) -> None:
        """Give it a call. Only a process that is ready."""
        assert self._marks is not None
        self._begin(call, self._marks.take())

    def begin_bound(self, call: ChildCall) -> None:
        """See SupervisedProcess."""
        self._begin(call, NO_MARK)
        call.payload = b""

    def _begin(self, call: ChildCall, mark: int) -> None:
        call.mark = mark
        self._running[self._give(FrameType.CALL, call, marked(call.payload, mark))] = call

    def recall(self, threads: int) -> None:
        """See SupervisedProcess."""
        if not self._ahead.number:
            ids = [id for id, call in islice(self._running.items(), threads, None) if not self._is_begun(call)]
            if ids:
                self._send(FrameType.RECALL, 0, encode_ids(ids))

    @property
    def polls(self) -> int:
        """See SupervisedProcess."""
        return len(self._polls)

    def begin_poll(self, call: ChildCall) -> None:
        """Give it a call that may wait, in a thread of its own. Only a process that is ready."""
        self._polls.add(self._give(FrameType.POLL, call, call.payload))
        call.payload = b""

    def _give(self, type: int, call: ChildCall, payload: bytes) -> int:
        assert self._link is not None
        id = next(self._ids)
        self._open[id] = call
        call.process = self
        call.gone = lambda: self._gone(id)
        call.taken = lambda size: self._send(FrameType.ROOM, id, size.to_bytes(4, "big"))
        call.stalled = self._stalled
        self._link.send(encode_frame(type, id, payload), call.descriptor)
        return id

    @property
    def sockets(self) -> int:
        """See SupervisedProcess."""
        return len(self._sockets)

    def begin_socket(self, call: SocketCall) -> None:
        """Give it a call that may take its client's socket. Only a process that is ready."""
        assert self._link is not None
        id = next(self._ids)
        self._sockets[id] = call
        call.given(lambda: self._socket_gone(id), lambda size: self._send(FrameType.ROOM, id, size.to_bytes(4, "big")))
        self._link.send(encode_frame(FrameType.SOCKET, id, call.take_payload()), call.descriptor)

    def unfinished(self) -> list[ChildCall]:
        """Its calls whose thread is not free, or whose response is not complete."""
        return list({**self._running, **self._open}.values())

    def run(self, name: str, arguments: Sequence[object]) -> "Deferred[Any]":
        """Call there what is registered under a name; see ChildRuns. Only a process that is ready."""
        return self._runs.run(name, arguments)

    @property
    def load(self) -> int:
        """See SupervisedProcess."""
        return len(self._running) + self._runs.running

    @property
    def runs(self) -> int:
        """See SupervisedProcess."""
        return self._runs.waiting

    def silent_runs(self, seconds: float) -> Sequence[str]:
        """See SupervisedProcess."""
        return self._runs.silent(seconds)

    def drop_runs(self) -> None:
        """See SupervisedProcess."""
        self._runs.drop()

    def busy(self) -> list[str]:
        """The names of its calls whose thread is not free."""
        return [call.name for call in self._running.values()]

    def names(self) -> list[str]:
        """The names of its unfinished calls."""
        return [call.name for call in self.unfinished()]

    def silent(self, seconds: float, threads: int) -> list[str]:
        """See SupervisedProcess."""
        return self._silence.longer_than(seconds, threads, self._running)

    def push_rates(self, payload: bytes) -> None:
        """Tell it the latest rates; at any time after its start."""
        if self._link is not None:
            self._link.send_latest(encode_frame(FrameType.RATES, 0, payload))

    def push_settings(self, payload: bytes) -> None:
        """Tell it other settings; only a process that is ready."""
        self._send(FrameType.SETTINGS, 0, payload)

    def stop(self) -> None:
        """Let it end when every response is sent. Its sockets are closed at once."""
        self._is_stopping = True
        for call in list(self._sockets.values()):
            call.restart()
        self._send(FrameType.STOP, 0, b"")

    def kill(self) -> None:
        """End it at once."""
        with suppress(Exception):
            if self._transport is not None:
                self._transport.signalProcess("KILL")

    def fail_calls(self, refusal: Refusal) -> None:
        """See SupervisedProcess."""
        self._unseen += self._taken_out([id for id, call in self._running.items() if not self._is_begun(call)])
        calls = self.unfinished()
        self.served += len(self._running)
        self._open, self._running = {}, {}
        self._polls.clear()
        for call in calls:
            call.gone = call.stalled = _nothing
            call.fail(refusal)
        while self._sockets:
            _, socket_call = self._sockets.popitem()
            socket_call.fail(refusal)
            socket_call.over()
        self._owner.process_freed(self)

    def _send(self, type: int, id: int, payload: bytes) -> None:
        self._send_frame(encode_frame(type, id, payload))

    def _send_frame(self, frame: bytes) -> None:
        if self._link is not None:
            self._link.send(frame)

    def _gone(self, id: int) -> None:
        self._send(FrameType.GONE, id, b"")

    def _socket_gone(self, id: int) -> None:
        """The client has left, or the view has taken its socket: nobody waits for a response."""
        self._gone(id)
        call = self._sockets.get(id)
        if call is None:
            # Its view has returned, and left the rest of its response to another thread.
            return
        call.free_taken()
        if self._is_stopping:
            call.restart()

    # Frames

    def _received(self, frame: Frame) -> None:
        type, id, payload = frame
        if FrameType.WHOLE <= type <= FrameType.HOLD:
            self._respond(type, id, payload)
        elif type == FrameType.OVER:
            self._over(id)
        elif type == FrameType.BACK:
            self._came_back(decode_ids(payload))
        elif type == FrameType.ASK:
            self._questions.asked(id, payload)
        elif type == FrameType.RESULT:
            self._runs.answered(id, payload)
        elif type == FrameType.LOG:
            log_again(payload)
        elif type == FrameType.READY:
            self._got_ready(payload)
        elif type == FrameType.HOOKS:
            self._owner.process_hooks(self, frozenset(json.loads(payload)))
        elif type == FrameType.CHANGED:
            self._owner.process_changed(self, payload.decode(errors="backslashreplace"))
        elif type == FrameType.FAILED:
            self._owner.process_failed(self, payload.decode())

    def _respond(self, type: int, id: int, payload: bytes) -> None:
        call = self._open.get(id) or self._sockets.get(id)
        if call is None:
            return
        if type == FrameType.WRITE:
            call.write(payload)
            return
        if type == FrameType.BEGIN:
            call.begin(payload)
            return
        self._open.pop(id, None)
        if type == FrameType.WHOLE:
            call.respond(payload)
        elif type == FrameType.HOLD:
            call.hold(payload)
        elif type == FrameType.END:
            call.end()
        elif payload == Failing.UNREAD:
            call.drop_unread()
        else:
            call.abort()

    def _over(self, id: int) -> None:
        call = self._running.pop(id, None)
        if call is not None:
            call.release()
            self._free_mark(call)
            self.served += 1
            self._ahead.ended()
            self._owner.process_freed(self)
            return
        self._polls.discard(id)
        socket_call = self._sockets.pop(id, None)
        if socket_call is not None:
            socket_call.over()
            if not socket_call.call.is_answered:
                # What its thread has left to another one is still to come.
                self._open[id] = socket_call.call

    def _came_back(self, ids: Sequence[int]) -> None:
        """No thread has begun these."""
        known = [id for id in ids if id in self._running]
        calls = self._taken_out([id for id in known if not self._is_begun(self._running[id])])
        for call in calls:
            self._free_mark(call)
        self._return(calls)

    def _taken_out(self, ids: Sequence[int]) -> list[ChildCall]:
        for id in ids:
            self._open.pop(id, None)
        return [self._running.pop(id) for id in ids]

    def _return(self, calls: Sequence[ChildCall]) -> None:
        """Other children may have these, unless the client has left."""
        for call in calls:
            if call.is_answered:
                call.release()
        self._owner.process_returned(self, [call for call in calls if not call.is_answered])

    def _got_ready(self, payload: bytes) -> None:
        # It may have ended since it said so.
        if self._end is None:
            self.is_ready = True
            self._owner.process_ready(self, frozenset(json.loads(payload)["hooks"]))

    # The end

    def _cannot_start(self, text: str) -> None:
        self._end = "before it was started"
        self._owner.process_failed(self, text)
        if self._link is None:
            self._settle()
        else:
            self._close()

    def _lost(self, fault: str) -> None:
        """The socket is closed: nothing comes any more."""
        if fault:
            self._log.error("views: the process {pid} sent what is no frame: {fault}", pid=self.pid, fault=fault)
        self.is_ready = False
        self._link = None
        self.kill()
        self.fail_calls(ENDED)
        self._runs.lost()
        self._settle()

    def _exited(self, how: str) -> None:
        self._end = how
        self.is_ready = False
        # A program of the application may have taken the socket along, and go on.
        self._reactor.callLater(READING_SECONDS, self._close)
        self._settle()

    def _close(self) -> None:
        if self._link is not None:
            self._link.close()

    def _settle(self) -> None:
        """What it sent before its end may still be read."""
        if self._end is not None and self._link is None:
            self._settle_unseen()
            self._owner.process_ended(self, self._end)

    def _settle_unseen(self) -> None:
        """It begins nothing any more, so that the marks count for good."""
        calls, self._unseen = self._unseen, []
        begun = [call for call in calls if self._is_begun(call)]
        unseen = [call for call in calls if not self._is_begun(call)]
        if self._marks is not None:
            self._marks.end()
        for call in begun:
            call.fail(ENDED)
        self._return(unseen)

    def _is_begun(self, call: ChildCall) -> bool:
        """Whether a view may have seen it."""
        return self._marks is None or self._marks.is_begun(call.mark)

    def _free_mark(self, call: ChildCall) -> None:
        if self._marks is not None:
            self._marks.free(call.mark)


class _Once(Factory):
    """The factory of one link."""

    noisy = False

    def __init__(self, link: ChildLink) -> None:
        self._link = link

    def buildProtocol(self, addr: object) -> ChildLink:
        """The link."""
        return self._link


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Keep the service's signals from a child until it handles them: they may be sent to all of its processes."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, OF_THE_SERVICE)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _nothing() -> None:
    """Nobody is to be told."""
