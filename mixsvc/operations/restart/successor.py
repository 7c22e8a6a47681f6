"""The new process of a restart, as the old one sees it: started, prepared, told to take over, in place."""

import os
import signal
import socket
from collections import deque
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.errors import RestartFailed
from mixsvc.http.ports.handed import HandingReactor
from mixsvc.operations.restart.beginning import Beginning, Inheritance, passed_descriptors
from mixsvc.operations.restart.link import CONFIRM, FAILED, GO, PREPARED, READY, TAKEN, RestartLink, linked

__all__ = ["Successor"]

# Characters of what it writes to stderr that are kept.
MAX_SAID: Final = 20_000

STDERR: Final = 2


class Successor:
    """The new process. Used in the reactor thread of the old one.

    process: its number; 0 before its start. has_gone: whether it was told to take over. kept: our end of the socket
    between the service and the process in the foreground, if this process is to become that.
    """

    _log = Logger()

    def __init__(self, reactor: Any, beginning: Beginning, sockets: HandingReactor) -> None:
        """sockets: knows the ports that are open. Opens nothing."""
        self._reactor = reactor
        self._beginning = beginning
        self._sockets = sockets
        self._link: RestartLink | None = None
        self._transport: IProcessTransport | None = None
        self._said = ""
        # Why it has failed; "" if it has not.
        self._fault = ""
        self._waiting: Deferred[None] | None = None
        # Fires when the link is closed.
        self._given: Deferred[None] = Deferred()
        # What was given and is not TAKEN, in that order; an earlier version does not say that it is.
        self._untaken: deque[int] = deque()
        self.process = 0
        self.has_gone = False
        self.kept: socket.socket | None = None

    def start(self, seconds: float) -> "Deferred[None]":
        """Start it; fires when it has prepared itself. Fails with RestartFailed if that takes longer, or fails."""
        waiting = self._wait(seconds, f"the new process was not prepared within {seconds:g} s")
        try:
            self._start()
        except (OSError, ValueError) as error:
            self._fail(f"no process can be started: {error}")
        return waiting

    def go(self, seconds: float) -> "Deferred[None]":
        """Let it take over; fires when it serves. Fails with RestartFailed if that takes longer, or fails."""
        self.has_gone = True
        waiting = self._wait(seconds, f"the new process did not take over within {seconds:g} s")
        self.tell(CONFIRM)
        self.tell(GO)
        return waiting

    def tell(self, message: str) -> None:
        """Say something to it."""
        if self._link is not None:
            self._link.say(message)

    def give(self, connections: Iterable[int]) -> None:
        """Let it go on with connections, and close them here once it has them, or has ended; it serves."""
        for each in connections:
            if self._link is not None:
                self._link.give(each)
                self._untaken.append(each)
            else:
                os.close(each)

    def part(self) -> "Deferred[None]":
        """Say and give nothing more; fires when it has all that was given."""
        if self._link is not None:
            self._link.end()
        return self._given

    def end(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal, if it runs."""
        with suppress(Exception):
            if self._transport is not None:
                self._transport.signalProcess(signal.Signals(number).name.removeprefix("SIG"))

    def close(self) -> None:
        """Close what was made for a new process that has failed."""
        if self.kept is not None:
            self.kept.close()

    def _wait(self, seconds: float, text: str) -> "Deferred[None]":
        waiting: Deferred[None] = Deferred(lambda each: each.errback(RestartFailed("the service is stopped")))
        self._waiting = waiting
        timer = self._reactor.callLater(seconds, self._fail, text)

        def over(result: Any) -> Any:
            if timer.active():
                timer.cancel()
            return result

        waiting.addBoth(over)
        if self._fault:
            self._fail(self._fault)
        return waiting

    def _start(self) -> None:
        with ExitStack() as stack:
            ours, theirs = socket.socketpair()
            stack.callback(theirs.close)
            numbers = _Numbers(stack)
            command = self._beginning.command().with_inheritance(self._inheritance(stack, numbers, theirs))
            self._link = linked(self._reactor, ours.detach(), RestartLink(self._heard, self._lost))
            if not os.path.isdir(command.folder):
                raise ValueError(f"the folder {command.folder} in which the service was started is gone")
            self._transport = self._reactor.spawnProcess(
                _ProcessEnd(self),
                command.program,
                command.arguments,
                command.environment,
                command.folder,
                childFDs=numbers.table,
            )
            self.process = self._transport.pid or 0

    def _inheritance(self, stack: ExitStack, numbers: "_Numbers", link: socket.socket) -> Inheritance:
        for number in passed_descriptors():
            # Where systemd has put them.
            port = self._sockets.systemd.get(number)
            numbers.put(number, port.fileno() if port is not None else number)
        return Inheritance(
            process=os.getpid(),
            link=numbers.give(link.fileno()),
            stderr=numbers.give(STDERR),
            sockets={name: numbers.give(each) for name, each in self._sockets.open_sockets().items()},
            is_daemon=self._beginning.is_daemon,
            keeper=self._keeper(stack, numbers),
        )

    def _keeper(self, stack: ExitStack, numbers: "_Numbers") -> int | None:
        beginning = self._beginning
        if beginning.inheritance is not None and beginning.inheritance.keeper is not None:
            return numbers.give(beginning.inheritance.keeper)
        if not beginning.needs_keeper:
            return None
        self.kept, theirs = socket.socketpair()
        stack.callback(theirs.close)
        return numbers.give(theirs.fileno())

    # What it says and does

    def _heard(self, message: str) -> None:
        if message.startswith(FAILED):
            self._fail(message.removeprefix(FAILED))
        elif message == (READY if self.has_gone else PREPARED):
            self._succeed()
        elif message == TAKEN and self._untaken:
            os.close(self._untaken.popleft())

    def _lost(self) -> None:
        self._link = None
        while self._untaken:
            os.close(self._untaken.popleft())
        if not self._given.called:
            self._given.callback(None)

    def written(self, data: bytes) -> None:
        """It has written to its standard error, which it has no more once it is prepared."""
        self._said = (self._said + data.decode(errors="backslashreplace"))[-MAX_SAID:]

    def ended(self, how: str) -> None:
        """The process has ended."""
        self._transport = None
        lines = [line for line in self._said.splitlines() if line.strip()]
        if len(lines) > 1:
            self._log.error("mixsvc: the new process said:\n{text}", text=self._said.rstrip())
        is_told = lines and not self.has_gone
        self._fail(lines[-1].strip().removeprefix("mixsvc: ") if is_told else f"the new process has ended: {how}")

    def _succeed(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(None)

    def _fail(self, text: str) -> None:
        self._fault = text
        waiting, self._waiting = self._waiting, None
        self.end()
        if waiting is not None:
            waiting.errback(RestartFailed(text))


class _Numbers:
    """The descriptors that a new process gets. table: by their numbers there, as spawnProcess takes them."""

    def __init__(self, stack: ExitStack) -> None:
        """stack: closes here what was only opened to be given."""
        self._stack = stack
        self.table: dict[int, int | str] = {0: self._copy(0), 1: self._copy(1), STDERR: "r"}

    def put(self, number: int, descriptor: int) -> None:
        """Give a descriptor, as this number."""
        self.table[number] = self._copy(descriptor)

    def give(self, descriptor: int) -> int:
        """Give a descriptor; returns its number there."""
        number = max(self.table) + 1
        self.put(number, descriptor)
        return number

    def _copy(self, descriptor: int) -> int:
        # A copy, as what is ours is closed in every child that is forked (operations/forks.py).
        try:
            copy = os.dup(descriptor)
        except OSError:
            copy = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        self._stack.callback(os.close, copy)
        return copy


class _ProcessEnd(ProcessProtocol):
    def __init__(self, successor: Successor) -> None:
        self._successor = successor

    def errReceived(self, data: bytes) -> None:
        """See ProcessProtocol."""
        self._successor.written(data)

    def processEnded(self, reason: Failure) -> None:
        """See ProcessProtocol."""
        end = reason.value
        if isinstance(end, ProcessTerminated) and end.signal is not None:
            self._successor.ended(f"it was ended by signal {signal.Signals(end.signal).name}")
        elif isinstance(end, ProcessDone | ProcessTerminated):
            self._successor.ended(f"it ended with status {end.exitCode or 0}")
