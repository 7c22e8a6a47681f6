"""The children of one service: which one gets a request, and what is done about those that hang, grow or end."""

from collections.abc import Sequence
from functools import partial
from math import inf
from typing import Any, Final

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from mixsvc.config.settings import WebSettings
from mixsvc.errors import ServiceBusy
from mixsvc.http.refusals import FULL, TIMED_OUT, UNAVAILABLE, Headers
from mixsvc.sockets.socketio import SocketIo, polls_at_once
from mixsvc.wsgi.supervision.dispatch import WAIT_SECONDS, CallDispatch
from mixsvc.wsgi.supervision.interfaces import MakeProcess, QueuedCall, SessionCall, SupervisedProcess
from mixsvc.wsgi.supervision.leaving import listed
from mixsvc.wsgi.supervision.lives import ChildLives
from mixsvc.wsgi.supervision.memory import can_measure, resident_bytes
from mixsvc.wsgi.supervision.ready_waiters import ReadyWaiters
from mixsvc.wsgi.supervision.sessions import SocketIoSessions
from mixsvc.wsgi.supervision.slots import Slot, ready_in, slot_of
from mixsvc.wsgi.supervision.socket_dispatch import SocketDispatch
from mixsvc.wsgi.supervision.stats import ChildrenStats, SlotStats

__all__ = ["MAX_RUNS", "ViewProcesses"]

# How often the children are looked at, in seconds; more often for a short view_timeout.
LOOK_SECONDS: Final = 1.0

# How often their memory is measured, in seconds.
MEMORY_SECONDS: Final = 5.0

# Calls of what the application has registered that may be in flight in all children together.
MAX_RUNS: Final = 1000

# Changed files that are noticed within so many seconds lead to one replacement.
CHANGE_SECONDS: Final = 0.2

# What the log says of a child whose requests, or other calls of the application, take too long.
KILLED: Final = (
    "web: child {number}, pid {pid}, is killed after {served} requests, as {names} took longer than "
    "[web] view_timeout = {seconds:g}"
)
REPLACED: Final = (
    "web: child {number}, pid {pid}, is replaced, as {names} took longer than [web] view_timeout = {seconds:g}"
)


class ViewProcesses:
    """The children that run the application. Used in the reactor thread; they start at `start`.

    size: the threads of all children. sockets: gives them requests whose views may take a socket. sessions: those of
    Socket.IO. hooks: the names of what the application has registered.
    """

    _log = Logger("mixsvc.web")

    def __init__(self, clock: IReactorTime, web: WebSettings, make: MakeProcess, hooks: frozenset[str]) -> None:
        """hooks: as far as is known before a child is ready: a child was tried."""
        self.size: Final = web.processes * web.threads
        self.hooks = hooks
        self._clock = clock
        self._web = web
        self._slots = [Slot(number) for number in range(1, web.processes + 1)]
        self._dispatch = CallDispatch(clock, self._slots, web.threads)
        self.sockets = SocketDispatch(clock, self._slots, web.socket_threads, lambda: self._dispatch.is_hopeless)
        self.sessions = SocketIoSessions(SocketIo(web.socketio_path), self._slots)
        self._lives = ChildLives(clock, self._slots, self._dispatch, lambda: make(self))
        self._look = LoopingCall(self._look_at_all)
        self._look.clock = clock
        self._measured_at = -inf
        self._last_ready = clock.seconds()
        # The children that take more than restart_memory from the start: to replace them changes nothing.
        self._large: set[SupervisedProcess] = set()
        self._waiters = ReadyWaiters(self._slots)
        self._rates: bytes | None = None
        self._settings: bytes | None = None
        self._runs = 0
        self._change: Any = None
        self._drained: Deferred[None] | None = None
        self._stopped: Deferred[None] | None = None
        self._is_ending = False

    def start(self) -> None:
        """Start the children. Called once, when the reactor is about to run."""
        if self._web.restart_memory and not can_measure():
            self._log.warn("web: [web] restart_memory has no effect, as this system has no /proc that shows memory")
        self._last_ready = self._clock.seconds()
        self._look.start(_look_seconds(self._web), now=False)
        self._lives.start()

    def change(self, web: WebSettings, payload: bytes) -> None:
        """Take other limits, and tell the children other settings: those that are ready now, and later each new one.

        payload: see mixsvc.wsgi.children.setup. The numbers of processes and of threads stay.
        """
        self._web, self._settings = web, payload
        self._look.interval = _look_seconds(web)
        for slot in self._slots:
            for process in slot.living:
                if process.is_ready:
                    process.push_settings(payload)

    def submit(self, call: QueuedCall) -> None:
        """Give a request to a child; it waits for one that has room, and is refused if that cannot be expected."""
        if self._is_ending:
            call.fail(UNAVAILABLE)
        else:
            self._dispatch.submit(call, self._withdraw)

    def submit_opening(self, call: SessionCall) -> None:
        """Give a request of Socket.IO that has no session, and may begin one, to a child; see `submit`."""
        call.answered = partial(self._answered, call)
        self.submit(call)

    def submit_to(self, call: QueuedCall, process: SupervisedProcess | None) -> None:
        """Give a request of Socket.IO to the child that has its session; None: to any.

        It goes there at once, as it may be what the child's other requests wait for.
        """
        if process is not None and not self._is_ending:
            process.begin_bound(call)
        else:
            self.submit(call)

    def submit_poll(self, call: QueuedCall, process: SupervisedProcess | None) -> None:
        """Give a poll of Socket.IO to the child that has its session, in a thread beside those of requests.

        It is refused if none is free there.
        """
        most = polls_at_once(self._web.socket_threads)
        if process is None or self._is_ending or not most:
            self.submit_to(call, process)
        elif process.polls < most:
            process.begin_poll(call)
        else:
            call.fail(FULL)

    def _answered(self, call: SessionCall, headers: Headers, beginning: bytes) -> None:
        if call.process is not None:
            self.sessions.answered(call.process, headers, beginning)

    def ready_process(self) -> "Deferred[SupervisedProcess]":
        """Fires with the ready child that has the least to do, at once or as soon as there is one; cancellable.

        Fails with ServiceBusy if too many wait, or the application cannot start.
        """
        if self._dispatch.is_hopeless and not ready_in(self._slots):
            return fail(ServiceBusy("no process can run the application"))
        return self._waiters.process()

    def run(self, name: str, arguments: Sequence[object]) -> "Deferred[Any]":
        """Call what the application has registered, in the child that `ready_process` finds; cancellable.

        Fails as that does, with ServiceBusy if MAX_RUNS calls are in flight, and with the error of the call.
        """
        if self._runs >= MAX_RUNS:
            return fail(ServiceBusy("too many questions to the application are in flight"))
        self._runs += 1
        return self.ready_process().addCallback(lambda process: process.run(name, arguments)).addBoth(self._has_run)

    def push_rates(self, payload: bytes) -> None:
        """Send the table of rates to all children, and later to each new one."""
        self._rates = payload
        for slot in self._slots:
            for process in slot.living:
                process.push_rates(payload)

    def reload(self) -> None:
        """Replace all children, as there is new code. Requests in flight end in the old ones."""
        if not self._is_ending:
            self._log.info("web: new code: {count} children are replaced, one after the other", count=len(self._slots))
            self._lives.renew_all()

    @property
    def trouble(self) -> str:
        """Why no request can be answered now, as a sentence; "" if one can."""
        if ready_in(self._slots):
            return ""
        if self._dispatch.is_hopeless:
            return "No process can run the application; the log says why."
        return "No process that runs the application is ready yet."

    def load(self) -> tuple[int, int]:
        """Returns how many requests are in the threads of children, and how many wait for one."""
        counts = [process.calls for slot in self._slots for process in slot.living]
        running = sum(min(each, self._web.threads) for each in counts)
        return running, sum(counts) - running + self._dispatch.waiting

    def busy(self) -> list[str]:
        """Returns the names of the requests in the threads of children."""
        return [name for slot in self._slots for process in slot.living for name in process.busy()]

    def running(self) -> Sequence[tuple[int, str]]:
        """The numbers of the children in whose threads requests are, and the names of these."""
        return [(slot.number, name) for slot in self._slots for process in slot.living for name in process.busy()]

    def stats(self) -> ChildrenStats:
        """The numbers of all children."""
        return ChildrenStats([_stats_of(slot) for slot in self._slots], dict(self._lives.restarts))

    def drained(self) -> "Deferred[None]":
        """Fires when no request waits or is in flight. Called once; cancelling it is harmless."""
        self._drained = Deferred()
        drained = self._drained
        self._look_whether_drained()
        return drained

    def give_up(self) -> None:
        """Kill the children in whose threads requests are; these get 503, and so do those that wait.

        Called when `drained` has taken too long. Responses that wait for their clients go on. No child starts any more.
        """
        self._end_watch()
        self._lives.kill_if(lambda process: process.calls, UNAVAILABLE)

    def stop(self) -> "Deferred[None]":
        """End all children; fires when they have. Cancelling it kills those that have not.

        Requests whose response is not complete get 503, or are cut.
        """
        self._stopped = Deferred(lambda _: self._kill_all())
        stopped = self._stopped
        self._end_watch()
        self._lives.kill_if(lambda process: process.names(), UNAVAILABLE)
        for slot in self._slots:
            for process in slot.living:
                process.drop_runs()
        self._lives.finish()
        self._look_whether_stopped()
        return stopped

    def process_ready(self, process: SupervisedProcess, hooks: frozenset[str]) -> None:
        """See ProcessOwner."""
        if process in self._lives.leaving:
            return
        self.hooks = hooks
        if self._settings is not None:
            process.push_settings(self._settings)
        if self._rates is not None:
            process.push_rates(self._rates)
        limit = self._web.restart_memory
        if limit and resident_bytes(process.pid) > limit:
            self._large.add(process)
            self._log.warn("web: a new child takes more than [web] restart_memory = {limit} already", limit=limit)
        self._lives.ready(process)
        self._waiters.tell()
        self.sockets.go_on()

    def process_hooks(self, process: SupervisedProcess, hooks: frozenset[str]) -> None:
        """See ProcessOwner."""
        if process not in self._lives.leaving:
            self.hooks |= hooks

    def process_failed(self, process: SupervisedProcess, text: str) -> None:
        """See ProcessOwner."""
        self._lives.failed(process, text)

    def process_freed(self, process: SupervisedProcess) -> None:
        """See ProcessOwner."""
        limit = self._web.restart_after
        if limit and process.served >= limit:
            slot = slot_of(self._slots, process)
            if slot.ready is process:
                self._lives.renew(slot, "restart_after")
        if process not in self._lives.leaving:
            self._dispatch.fill(process)
        if self._drained is not None:
            self._look_whether_drained()

    def process_returned(self, process: SupervisedProcess, calls: Sequence[QueuedCall]) -> None:
        """See ProcessOwner."""
        if self._is_ending:
            for call in calls:
                call.fail(UNAVAILABLE)
        else:
            self._dispatch.take_back(calls, self._withdraw)
        self._look_whether_drained()

    def process_changed(self, process: SupervisedProcess, path: str) -> None:
        """See ProcessOwner. All children notice the same, so one that is ready is listened to, and any that starts."""
        is_heard = not process.is_ready or process in ready_in(self._slots)[:1]
        if self._is_ending or not is_heard or (self._change is not None and self._change.active()):
            return
        self._log.info("web: {path} has changed", path=path)
        self._change = self._clock.callLater(CHANGE_SECONDS, self.reload)

    def process_ended(self, process: SupervisedProcess, how: str) -> None:
        """See ProcessOwner."""
        self._large.discard(process)
        self._lives.ended(process, how)
        self.sessions.ended(process)
        self.sockets.go_on()
        if self._dispatch.is_hopeless:
            self._waiters.refuse()
        self._look_whether_drained()
        self._look_whether_stopped()

    def _end_watch(self) -> None:
        self._is_ending = True
        if self._look.running:
            self._look.stop()
        if self._change is not None and self._change.active():
            self._change.cancel()
        self._lives.halt()
        self._dispatch.refuse_all()
        self.sockets.refuse_waiting()
        self._waiters.refuse()

    def _withdraw(self, call: QueuedCall) -> None:
        """The client of a request that waits has left."""
        self._dispatch.withdraw(call)
        call.release()
        self._look_whether_drained()

    def _look_at_all(self) -> None:
        now = self._clock.seconds()
        if ready_in(self._slots):
            self._last_ready = now
        else:
            self._dispatch.refuse_late(self._last_ready)
            if now - self._last_ready >= WAIT_SECONDS:
                self.sockets.refuse_waiting()
        for slot in self._slots:
            for process in slot.living:
                process.recall(self._web.threads)
        if self._web.view_timeout:
            self._end_hanging()
        if self._web.restart_memory and now - self._measured_at >= MEMORY_SECONDS:
            self._measured_at = now
            self._end_large()
        self._lives.leaving.look()
        self._lives.too_slow()
        self._lives.go_on()

    def _end_hanging(self) -> None:
        for slot in self._slots:
            if slot.ready is not None:
                if self._is_hanging(slot, slot.ready):
                    self._lives.hangs(slot, TIMED_OUT, "view_timeout")
                elif not self._lives.is_due(slot) and self._has_hanging_runs(slot, slot.ready):
                    # Its requests need not suffer: it finishes them.
                    self._lives.renew(slot, "view_timeout")
            for process in self._lives.leaving.finishing():
                if process in slot.living and self._is_useless(slot, process):
                    self._lives.leaving.kill(process, TIMED_OUT)

    def _is_hanging(self, slot: Slot, process: SupervisedProcess) -> bool:
        return self._are_late(process.silent(self._web.view_timeout, self._web.threads), KILLED, slot, process)

    def _has_hanging_runs(self, slot: Slot, process: SupervisedProcess) -> bool:
        return self._are_late(process.silent_runs(self._web.view_timeout), REPLACED, slot, process)

    def _are_late(self, names: Sequence[str], sentence: str, slot: Slot, process: SupervisedProcess) -> bool:
        """Whether there are any; the log says so."""
        if names:
            self._log.error(
                sentence,
                number=slot.number,
                pid=process.pid,
                served=process.served,
                names=listed(names),
                seconds=self._web.view_timeout,
            )
        return bool(names)

    def _is_useless(self, slot: Slot, process: SupervisedProcess) -> bool:
        """Whether a child that leaves does nothing but hang."""
        hangs = not process.names() and process.silent_runs(self._web.view_timeout)
        return bool(hangs) or self._is_hanging(slot, process)

    def _end_large(self) -> None:
        limit = self._web.restart_memory
        for slot in self._slots:
            process = slot.ready
            if process is not None and process not in self._large and resident_bytes(process.pid) > limit:
                self._lives.renew(slot, "restart_memory")

    def _has_run(self, result: Any) -> Any:
        self._runs -= 1
        return result

    def _look_whether_drained(self) -> None:
        drained = self._drained
        if drained is not None and not drained.called and not any(self.load()):
            drained.callback(None)

    def _look_whether_stopped(self) -> None:
        stopped = self._stopped
        if stopped is not None and not stopped.called and not any(slot.living for slot in self._slots):
            stopped.callback(None)

    def _kill_all(self) -> None:
        self._lives.kill_if(lambda process: True, UNAVAILABLE)


def _look_seconds(web: WebSettings) -> float:
    return min(LOOK_SECONDS, web.view_timeout / 4) if web.view_timeout else LOOK_SECONDS


def _stats_of(slot: Slot) -> SlotStats:
    resident = sum(resident_bytes(each.pid) for each in slot.living)
    calls = sum(each.calls for each in slot.living)
    is_ready = slot.ready is not None and slot.ready.is_ready
    return SlotStats(slot.number, is_ready, calls, slot.served, resident)
