"""When the reactor was held up, and by what: a thread of its own watches the reactor's thread.

The reactor gives a sign every SIGN_SECONDS. If one is STALL_SECONDS late, the watching thread takes the stack of the
reactor's thread, and finds out which thread has used the processor meanwhile: Python runs one thread at a time, so a
view that computes, or calls what does not let the interpreter go, holds the reactor up from another thread. While such
a call lasts, the watching thread cannot look either; it then looks when the call has ended.
"""

import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from threading import Event, Thread
from types import FrameType
from typing import Any, Final, Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mixsvc.common.times import utc_milliseconds
from mixsvc.operations.control.thread_times import processor_seconds

__all__ = ["SIGN_SECONDS", "STALL_SECONDS", "StallWatch", "stack_of"]

SIGN_SECONDS: Final = 0.1
STALL_SECONDS: Final = 0.2

# The last stalls are kept, and of a stack the innermost calls.
MOST_STALLS: Final = 20
MOST_CALLS: Final = 30

# How long two looks at what the threads have used of the processor are apart, while a stall lasts; and how much of the
# time a thread must have had to be the cause: on a busy machine nobody gets all of it.
LOOK_SECONDS: Final = 0.05
LEAST_SHARE: Final = 0.1

# How often it is noted what all threads have used so far: while views work, and while none does.
ALL_SECONDS: Final = 1.0
IDLE_SECONDS: Final = 10.0

# What a reactor does while it waits for events: it was not held up by what it did.
WAITING: Final = frozenset(("doPoll", "doSelect", "doKEvent", "doIteration", "doWaitForMultipleEvents", "_run_once"))

COMPUTES: Final = "the reactor's thread computes"
BLOCKS: Final = "the reactor's thread waits for something that blocks"
VIEW: Final = "a view computes in another thread, or holds the interpreter there"
THREAD: Final = "another thread computes, or holds the interpreter"
PROCESS: Final = "the process did not run, or another thread held the interpreter"


class ReactorStall:
    """One stall. at: when it began, in seconds since 1970, UTC. seconds: how long, until now if it lasts."""

    def __init__(self, at: float, stack: Sequence[str]) -> None:
        self.at = at
        self.seconds = 0.0
        self.stack = stack
        self.cause = ""
        self.view = ""
        self.where: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """For the overview."""
        return {
            "at": utc_milliseconds(self.at),
            "seconds": round(self.seconds, 3),
            "cause": self.cause,
            "view": self.view,
            "stack": [*self.stack],
            "view_stack": [*self.where],
        }


class ViewLabels(Protocol):
    """Knows the names of requests in view threads, by the identifiers of the threads. Any thread."""

    def labels(self) -> Mapping[int, str]:
        """Of those that run."""

    def last_labels(self) -> Mapping[int, str | None]:
        """Of those that have ended last."""


class StallWatch:
    """Start and stop it in the reactor thread."""

    def __init__(self, clock: IReactorTime, views: ViewLabels) -> None:
        self._clock = clock
        self._views = views
        self._reactor_thread = 0
        self._signed = 0.0
        # The sign after which the last stall that was caught began; and how long one lasted that was not caught.
        self._caught_after = self._missed = 0.0
        self._used: dict[int, float] = {}
        self._used_at = self._all_at = 0.0
        # What the reactor's thread had used at its last sign.
        self._own_used = 0.0
        self._stalls: deque[ReactorStall] = deque(maxlen=MOST_STALLS)
        self._ended = Event()
        self._call: IDelayedCall | None = None
        # How late the last sign was, and the latest one since this was asked last.
        self.lag_now = self._latest = 0.0
        self.count = 0

    def start(self) -> None:
        """Watch the calling thread from now on. Raises RuntimeError if the system gives no thread to watch it."""
        self._reactor_thread = threading.get_ident()
        self._signed = time.monotonic()
        Thread(target=self._watch, name="stall-watch", daemon=True).start()
        self._sign(self._clock.seconds())

    def stop(self) -> None:
        """End; the thread ends within a moment."""
        self._ended.set()
        if self._call is not None and self._call.active():
            self._call.cancel()

    def latest(self) -> float:
        """How late the latest sign was since this was called last, in seconds. Reactor thread."""
        found, self._latest = self._latest, 0.0
        return found

    def stalls(self) -> Sequence[ReactorStall]:
        """The last stalls, the newest first."""
        return tuple(self._stalls)[::-1]

    def _sign(self, due: float) -> None:
        now = self._clock.seconds()
        before, self._signed = self._signed, time.monotonic()
        if not self._missed:
            # In the thread itself it is cheap to ask for.
            self._own_used = time.thread_time()
        self.lag_now = max(now - due, 0.0)
        self._latest = max(self._latest, self.lag_now)
        # Whoever held the interpreter held the watching thread up, too, and this one was the first to go on.
        if self.lag_now >= STALL_SECONDS and self._caught_after != before:
            self._missed = self.lag_now
        self._call = self._clock.callLater(SIGN_SECONDS, self._sign, now + SIGN_SECONDS)

    # In the watching thread

    def _watch(self) -> None:
        while not self._ended.wait(SIGN_SECONDS):
            if self._missed:
                self._passed()
            signed = self._signed
            late = time.monotonic() - signed - SIGN_SECONDS
            if late >= STALL_SECONDS:
                self._caught(signed, late)
            else:
                self._look(time.monotonic())

    def _look(self, now: float) -> None:
        """Note what threads have used so far: those that work now, and from time to time all."""
        working = self._views.labels()
        if now - self._all_at >= (ALL_SECONDS if working else IDLE_SECONDS):
            self._all_at = now
            self._used |= processor_seconds()
        elif working:
            self._used |= processor_seconds(working)
        self._used[self._reactor_thread] = self._own_used
        self._used_at = now

    def _passed(self) -> None:
        """Note a stall that is over: what the reactor's thread did is not known, but who used the processor is."""
        seconds, self._missed = self._missed, 0.0
        stall = ReactorStall(time.time() - seconds, ())
        stall.seconds = seconds
        busiest = self._busiest_since_look(seconds)
        self._name_cause(stall, busiest, sys._current_frames(), busiest != self._reactor_thread)
        self._stalls.append(stall)
        self.count += 1

    def _caught(self, signed: float, late: float) -> None:
        self._caught_after = signed
        frames = sys._current_frames()
        stall = ReactorStall(time.time() - late, stack_of(frames.get(self._reactor_thread)))
        stall.seconds = late
        innermost = frames.get(self._reactor_thread)
        is_waiting = innermost is not None and innermost.f_code.co_name in WAITING
        self._name_cause(stall, self._busiest(late), frames, is_waiting)
        # The frames refer to what their functions have.
        del frames, innermost
        self._stalls.append(stall)
        self.count += 1
        while self._signed == signed and not self._ended.wait(LOOK_SECONDS):
            stall.seconds = time.monotonic() - signed - SIGN_SECONDS
        stall.seconds = max(stall.seconds, self.lag_now if self._signed != signed else 0.0)

    def _name_cause(self, stall: ReactorStall, busiest: int, frames: Mapping[int, FrameType], is_waiting: bool) -> None:
        """busiest: the thread that has used the processor, 0 for none. is_waiting: the reactor's one does nothing."""
        # It may have ended when the interpreter was free again.
        running = self._views.labels()
        views = {**self._views.last_labels(), **running}
        if busiest == self._reactor_thread and not is_waiting:
            stall.cause = COMPUTES
        elif views.get(busiest):
            stall.cause, stall.view = VIEW, str(views[busiest])
            stall.where = stack_of(frames.get(busiest))
        elif busiest and busiest != self._reactor_thread:
            stall.cause, stall.where = THREAD, stack_of(frames.get(busiest))
        else:
            stall.cause = PROCESS if is_waiting else BLOCKS

    def _busiest(self, seconds: float) -> int:
        """The thread that has used most of the processor during a stall so far; 0 if none has used much, or unknown."""
        found = self._busiest_since_look(seconds)
        if found:
            return found
        # Perhaps one whose request began since the last look.
        before, began = processor_seconds(), time.monotonic()
        self._ended.wait(LOOK_SECONDS)
        return _busiest_of(before, processor_seconds(), time.monotonic() - began)

    def _busiest_since_look(self, seconds: float) -> int:
        elapsed = min(seconds, time.monotonic() - self._used_at)
        return _busiest_of(self._used, processor_seconds([*self._used]), elapsed)


def _busiest_of(before: Mapping[int, float], after: Mapping[int, float], elapsed: float) -> int:
    """The thread that has used more of the processor than the others together; 0 for none. elapsed: seconds."""
    growth = {each: after[each] - before[each] for each in after if each in before}
    busiest = max(growth, key=growth.__getitem__, default=0)
    used = growth.get(busiest, 0.0)
    return busiest if used >= LEAST_SHARE * elapsed and 2 * used >= sum(growth.values()) else 0


def stack_of(frame: FrameType | None) -> Sequence[str]:
    """The innermost calls of a thread, the innermost last, such as `yourapp/views.py:17 slow`."""
    calls: list[str] = []
    while frame is not None and len(calls) < MOST_CALLS:
        code = frame.f_code
        name = getattr(code, "co_qualname", code.co_name)
        calls.append(f"{'/'.join(code.co_filename.split('/')[-3:])}:{frame.f_lineno} {name}")
        frame = frame.f_back
    return calls[::-1]
