"""All children: who gets a request, and who waits."""

from collections import deque
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from mixsvc.wsgi.children.asked import Answer
from mixsvc.wsgi.children.call import ChildCall
from mixsvc.wsgi.children.process import ViewProcess
from mixsvc.wsgi.children.setup import SpawnCommand

__all__ = ["ViewProcesses"]

# A child has so many calls more than threads, so that a thread need not wait for the next one.
AHEAD: Final = 2


class ViewProcesses:
    """The processes in which views run. Used in the reactor thread."""

    _log: Final = Logger("mixsvc.web")

    def __init__(self, reactor: Any, command: SpawnCommand, size: int, threads: int, answer: Answer) -> None:
        """answer: answers what children ask. size: the number of processes. threads: of each."""
        self._processes = [ViewProcess(reactor, command, self, answer) for _ in range(size)]
        self._at_most = threads + AHEAD
        self._threads = threads
        self._waiting: deque[ChildCall] = deque()
        self._drained: Deferred[None] | None = None

    def start(self) -> None:
        """Start all."""
        for process in self._processes:
            process.start()

    def submit(self, call: ChildCall) -> None:
        """Give a call to the ready process that has the fewest, or keep it until one has room."""
        self._waiting.append(call)
        call.gone = lambda: self.withdraw(call)
        self._give()

    def withdraw(self, call: ChildCall) -> None:
        """The client of a call that waits has left."""
        self._waiting.remove(call)
        call.release()

    @property
    def size(self) -> int:
        """The number of threads of all."""
        return self._threads * len(self._processes)

    def load(self) -> tuple[int, int]:
        """How many calls are running and how many are waiting."""
        return sum(process.calls for process in self._processes), len(self._waiting)

    def busy(self) -> list[str]:
        """The names of the calls that have not ended."""
        return [call.name for process in self._processes for call in process.unfinished()]

    def drained(self) -> "Deferred[None]":
        """Fires when no call is running or waiting. Called once."""
        if self.load() == (0, 0):
            return succeed(None)
        self._drained = Deferred()
        return self._drained

    def stop(self) -> None:
        """Let them end."""
        for process in self._processes:
            process.stop()

    def process_ready(self, process: ViewProcess, hooks: frozenset[str]) -> None:
        """See ProcessOwner."""
        self._log.info("views: the process {pid} is ready", pid=process.pid)
        self._give()

    def process_failed(self, process: ViewProcess, text: str) -> None:
        """See ProcessOwner."""
        self._log.error("views: {text}", text=text)

    def process_freed(self, process: ViewProcess) -> None:
        """See ProcessOwner."""
        self._give()
        if self._drained is not None and not self._drained.called and self.load() == (0, 0):
            self._drained.callback(None)

    def process_ended(self, process: ViewProcess, status: int | None, signal: int | None) -> None:
        """See ProcessOwner."""
        self._log.warn(
            "views: the process has ended (status {status}, signal {signal}) after {served} requests",
            status=status,
            signal=signal,
            served=process.served,
        )
        self.process_freed(process)

    def _give(self) -> None:
        while self._waiting:
            ready = [process for process in self._processes if process.is_ready]
            process = min(ready, key=_calls, default=None)
            if process is None or process.calls >= self._at_most:
                return
            process.begin(self._waiting.popleft())


def _calls(process: ViewProcess) -> int:
    return process.calls
