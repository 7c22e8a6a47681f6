"""Children that do only what a test says, and the service's side of them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from mixsvc.config.settings import WebSettings
from mixsvc.http.refusals import ENDED, Refusal
from mixsvc.wsgi.supervision.calls_ahead import LEAST_AHEAD
from mixsvc.wsgi.supervision.interfaces import ProcessEnded, ProcessOwner
from mixsvc.wsgi.supervision.processes import ViewProcesses

__all__ = ["FakeCall", "FakeProcess", "Family"]


class FakeCall:
    """A request, and the status with which the service answered it in a child's place."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.refused: int | None = None
        self.heard = 0.0
        self.gone: Callable[[], object] = lambda: None
        self.is_released = False

    def release(self) -> None:
        self.is_released = True

    def fail(self, refusal: Refusal) -> None:
        self.refused = refusal.code


class FakeProcess:
    """A child. It ends when the test calls `end`, or at once when it is killed or has nothing to finish."""

    def __init__(self, owner: ProcessOwner, family: "Family") -> None:
        self._owner = owner
        self._family = family
        self.pid: int | None = None
        self.is_ready = False
        self.served = 0
        self.ahead = LEAST_AHEAD
        self.has_ended = False
        self.is_stopping = False
        # Whether it does not hear what the service tells it.
        self.is_deaf = False
        self.in_flight: list[FakeCall] = []
        self.recalls = 0
        self.socket_calls: list[object] = []
        self.polls_made: list[FakeCall] = []
        self.pushed: list[bytes] = []
        self.settings: list[bytes] = []
        self.runs_made: list[tuple[str, Sequence[object], Deferred[Any]]] = []
        # The names of runs whose thread is not free, and since when; answers that a test gives do not change them.
        self.silent_since: list[tuple[str, float]] = []

    @property
    def load(self) -> int:
        return len(self.in_flight) + len(self.silent_since)

    @property
    def runs(self) -> int:
        return sum(not answer.called for _, _, answer in self.runs_made)

    def silent_runs(self, seconds: float) -> list[str]:
        before = self._family.clock.seconds() - seconds
        return [name for name, since in self.silent_since if since <= before]

    def drop_runs(self) -> None:
        for _, _, answer in self.runs_made:
            if not answer.called:
                answer.errback(ProcessEnded("dropped"))

    @property
    def sockets(self) -> int:
        return len(self.socket_calls)

    def begin_socket(self, call: object) -> None:
        assert self.is_ready
        self.socket_calls.append(call)

    @property
    def polls(self) -> int:
        return len(self.polls_made)

    def begin_poll(self, call: FakeCall) -> None:
        assert self.is_ready
        self.polls_made.append(call)

    @property
    def calls(self) -> int:
        return len(self.in_flight)

    def has_room(self, threads: int) -> bool:
        return len(self.in_flight) < threads + self.ahead

    def start(self) -> None:
        if self._family.refusal:
            self._family.clock.callLater(0, self.cannot_start, self._family.refusal)
        else:
            self.pid = self._family.next_pid()

    def begin(self, call: FakeCall) -> None:
        assert self.is_ready
        call.heard = self._family.clock.seconds()
        self.in_flight.append(call)

    begin_bound = begin

    def recall(self, threads: int) -> None:
        self.recalls += 1

    def run(self, name: str, arguments: Sequence[object]) -> "Deferred[Any]":
        answer: Deferred[Any] = Deferred()
        self.runs_made.append((name, arguments, answer))
        self.silent_since.append((name, self._family.clock.seconds()))
        return answer

    def push_rates(self, payload: bytes) -> None:
        self.pushed.append(payload)

    def push_settings(self, payload: bytes) -> None:
        self.settings.append(payload)

    def busy(self) -> list[str]:
        return self.names()

    def names(self) -> list[str]:
        return [each.name for each in self.in_flight]

    def silent(self, seconds: float, threads: int) -> list[str]:
        before = self._family.clock.seconds() - seconds
        return [each.name for each in self.in_flight if each.heard <= before]

    def fail_calls(self, refusal: Refusal) -> None:
        while self.in_flight:
            self.in_flight.pop().fail(refusal)
            self._freed()

    def stop(self) -> None:
        self.is_stopping = True
        self._end_when_done()

    def kill(self) -> None:
        self.end("by signal SIGKILL")

    # What the test lets happen.

    def get_ready(self, *hooks: str) -> None:
        """It has imported the application."""
        self.is_ready = True
        self._owner.process_ready(self, frozenset(hooks))

    def answer(self, call: FakeCall) -> None:
        """It responds to a request."""
        self.in_flight.remove(call)
        self._freed()
        self._end_when_done()

    def give_back(self, *calls: FakeCall) -> None:
        """It has not begun these requests, and was asked for them."""
        for call in calls:
            self.in_flight.remove(call)
        self._owner.process_returned(self, calls)

    def return_from_run(self, value: object) -> None:
        """The function that it has run longest returns."""
        self.silent_since.pop(0)
        self.runs_made.pop(0)[2].callback(value)
        self._end_when_done()

    def cannot_start(self, text: str) -> None:
        """It cannot import the application."""
        self._owner.process_failed(self, text)
        self.end("with status 1")

    def change(self, path: str) -> None:
        """A file that it has loaded changes."""
        self._owner.process_changed(self, path)

    def end(self, how: str) -> None:
        """It ends, as a real one does: its requests are answered first."""
        if not self.has_ended:
            self.has_ended, self.is_ready = True, False
            self.fail_calls(ENDED)
            self._owner.process_ended(self, how)

    def _freed(self) -> None:
        self.served += 1
        self._owner.process_freed(self)

    def _end_when_done(self) -> None:
        if self.is_stopping and not self.is_deaf and not self.in_flight and not self.runs:
            self.end("with status 0")


class Family:
    """The children of one service, every one that was ever made in `made`, by the time of a clock."""

    def __init__(self, **settings: Any) -> None:
        """settings: those of [web]; two children with one thread each if they do not say otherwise."""
        self.clock = Clock()
        self.made: list[FakeProcess] = []
        self.refusal = ""
        self._pid = 100
        web = replace(WebSettings(), **{"processes": 2, "threads": 1, **settings})
        self.views = ViewProcesses(self.clock, web, self._make, frozenset({"may"}))

    def ready(self) -> "Family":
        """Started, and each child is ready."""
        self.views.start()
        for process in self.starting():
            process.get_ready()
        return self

    def starting(self) -> list[FakeProcess]:
        """Those that are neither ready nor ended."""
        return [each for each in self.made if not each.is_ready and not each.has_ended]

    def living(self) -> list[FakeProcess]:
        """Those that have not ended."""
        return [each for each in self.made if not each.has_ended]

    def call(self, name: str = "GET /") -> FakeCall:
        """A request arrives."""
        call = FakeCall(name)
        self.views.submit(call)
        return call

    def calls(self, count: int) -> list[FakeCall]:
        """So many requests arrive."""
        return [self.call(f"GET /{number}") for number in range(count)]

    def holder(self, call: FakeCall) -> FakeProcess | None:
        """The child that has a request."""
        return next((each for each in self.made if call in each.in_flight), None)

    def pass_time(self, seconds: float) -> None:
        """Let time pass in small steps."""
        for _ in range(round(seconds * 10)):
            self.clock.advance(0.1)

    def next_pid(self) -> int:
        """A number for a child."""
        self._pid += 1
        return self._pid

    def _make(self, owner: ProcessOwner) -> FakeProcess:
        process = FakeProcess(owner, self)
        self.made.append(process)
        return process
