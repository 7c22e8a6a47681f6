"""The life of the children: start, back-off, replacement, death and end."""

from collections import Counter
from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from mixsvc.http.refusals import ENDED, Refusal
from mixsvc.wsgi.supervision.dispatch import CallDispatch
from mixsvc.wsgi.supervision.interfaces import SupervisedProcess
from mixsvc.wsgi.supervision.leaving import LeavingProcesses
from mixsvc.wsgi.supervision.slots import Slot, Slots, ready_in, slot_of
from mixsvc.wsgi.supervision.start_pace import STEADY_SECONDS, StartPace

__all__ = ["NEW_CODE", "REASONS", "START_SECONDS", "ChildLives"]

# How long a child may take from its start until it has imported the application, in seconds.
START_SECONDS: Final = 120.0

# Why a child is started in the place of another one.
NEW_CODE: Final = "new_code"
REASONS: Final = ("died", "not_started", "view_timeout", "restart_after", "restart_memory", NEW_CODE)

# No more children than one for each slot and so many may be leaving when another one is replaced.
EXTRA_LEAVING: Final = 4


class ChildLives:
    """Keeps a child in each slot. Used in the reactor thread.

    A replacement starts before the child that it replaces ends, and one at a time. restarts: how often a child was
    replaced, by reason.
    """

    _log = Logger("mixsvc.web")

    def __init__(
        self, clock: IReactorTime, slots: Slots, dispatch: CallDispatch, make: Callable[[], SupervisedProcess]
    ) -> None:
        """make: makes a child, and does not start it."""
        self.restarts = Counter(dict.fromkeys(REASONS, 0))
        self.leaving = LeavingProcesses(clock)
        self._clock = clock
        self._slots = slots
        self._dispatch = dispatch
        self._make = make
        self._pace = StartPace()
        self._is_running = False
        self._is_renewing = False
        self._timer: IDelayedCall | None = None
        # The slots that get a new child, and why.
        self._due: dict[Slot, str] = {}

    def start(self) -> None:
        """Start all children."""
        self._is_running = True
        self.go_on()

    def go_on(self) -> None:
        """Start what has to be started and may be; called after each change, and now and then."""
        if not self._is_running:
            return
        now = self._clock.seconds()
        for slot in self._slots:
            if slot.ready is not None:
                self._pace.has_lived(slot.since, now)
        for slot in self._slots:
            if slot.is_empty and self._may_start():
                self._start(slot)
        self._renew_next()

    def renew(self, slot: Slot, reason: str) -> None:
        """Replace a slot's child as soon as it is its turn. Does nothing if that is known already."""
        if not self.is_due(slot):
            self._due[slot] = reason
            self.go_on()

    def is_due(self, slot: Slot) -> bool:
        """Whether a slot gets another child already."""
        return slot.starting is not None or slot in self._due

    def renew_all(self) -> None:
        """Replace all children, as there is new code; what is being started may have the old one, and is given up."""
        self._pace.forget()
        self._is_renewing = True
        for slot in self._slots:
            given_up, slot.starting = slot.starting, None
            if given_up is not None:
                self.leaving.kill(given_up, ENDED)
            if slot.ready is not None:
                self._due[slot] = NEW_CODE
        self.go_on()

    def ready(self, process: SupervisedProcess) -> None:
        """A child has imported the application. One that was given up is ignored."""
        slot = slot_of(self._slots, process)
        if slot.starting is not process:
            return
        before = slot.take_over(self._clock.seconds())
        self._dispatch.is_hopeless = False
        self._log.info("web: child {number} is ready, pid {pid}", number=slot.number, pid=process.pid)
        if before is not None:
            self._replaced(slot, before)
        self._dispatch.fill(process)
        self._tell_if_renewed()
        self.go_on()

    def failed(self, process: SupervisedProcess, trouble: str) -> None:
        """A child cannot be started; its end follows. trouble: one line that says why."""
        slot = slot_of(self._slots, process)
        if slot.starting is process:
            slot.trouble = slot.trouble or trouble

    def hangs(self, slot: Slot, refusal: Refusal, reason: str) -> None:
        """Kill the slot's child, whose requests get this response, and start another one."""
        process, slot.ready = slot.ready, None
        if process is not None:
            self._due.pop(slot, None)
            self.restarts[reason] += 1
            self._pause_after(slot)
            self.leaving.kill(process, refusal)
            self.go_on()

    def ended(self, process: SupervisedProcess, how: str) -> None:
        """A child has ended, for whatever reason."""
        slot = slot_of(self._slots, process)
        was_ready, was_starting = slot.ready is process, slot.starting is process
        slot.ended(process)
        if process in self.leaving:
            self._left(slot, process, how)
        elif was_starting and self._is_running:
            self._not_started(slot, how)
        elif was_ready and self._is_running:
            self._died(slot, process, how)
        self.go_on()

    def too_slow(self) -> None:
        """Kill the children that have taken too long to start; called now and then."""
        now = self._clock.seconds()
        for slot in self._slots:
            if slot.starting is not None and now - slot.began >= START_SECONDS:
                slot.trouble = slot.trouble or f"it was not ready within {START_SECONDS:g} s"
                slot.starting.kill()

    def halt(self) -> None:
        """Start no more children, and kill those that are starting."""
        self._is_running = False
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        for slot in self._slots:
            starting, slot.starting = slot.starting, None
            if starting is not None:
                self.leaving.kill(starting, ENDED)

    def kill_if(self, is_busy: Callable[[SupervisedProcess], object], refusal: Refusal) -> None:
        """Kill each child of which that is true; its requests get this response."""
        for slot in self._slots:
            for process in list(slot.living):
                if is_busy(process):
                    if slot.ready is process:
                        slot.ready = None
                    self.leaving.kill(process, refusal)

    def finish(self) -> None:
        """Let all children end."""
        for slot in self._slots:
            ready, slot.ready = slot.ready, None
            if ready is not None:
                self.leaving.finish(ready)

    def _start(self, slot: Slot) -> None:
        slot.start(self._make(), self._clock.seconds())

    def _may_start(self) -> bool:
        if not self._pace.is_troubled:
            return True
        is_one_starting = any(slot.starting is not None for slot in self._slots)
        return not is_one_starting and not self._wait()

    def _wait(self) -> bool:
        """Whether the next attempt is later; `go_on` is called then."""
        left = self._pace.left(self._clock.seconds())
        if left and (self._timer is None or not self._timer.active()):
            self._timer = self._clock.callLater(left, self.go_on)
        return left > 0

    def _renew_next(self) -> None:
        if not self._due or any(slot.starting is not None for slot in self._slots):
            return
        # Those that leave use memory, too.
        if len(self.leaving) >= len(self._slots) + EXTRA_LEAVING or not self._may_start():
            return
        slot = next(iter(self._due))
        if slot.ready is None:
            del self._due[slot]
        else:
            self._start(slot)

    def _replaced(self, slot: Slot, before: SupervisedProcess) -> None:
        reason = self._due.pop(slot, NEW_CODE)
        self.restarts[reason] += 1
        self._log.info(
            "web: child {number}, pid {pid}, ends after {served} requests ({reason})",
            number=slot.number,
            pid=before.pid,
            served=before.served,
            reason=reason,
        )
        self.leaving.finish(before)

    def _tell_if_renewed(self) -> None:
        is_done = all(slot.ready is not None for slot in self._slots) and NEW_CODE not in self._due.values()
        if self._is_renewing and is_done:
            self._is_renewing = False
            self._log.info("web: all children have the new code")

    def _not_started(self, slot: Slot, how: str) -> None:
        self.restarts["not_started"] += 1
        trouble = slot.trouble or f"it ended {how} before it was ready"
        if slot.ready is not None and self._due.get(slot) == NEW_CODE:
            self._due = {each: reason for each, reason in self._due.items() if reason != NEW_CODE}
            self._is_renewing = False
            self._log.error("web: the new code is not used, the old one goes on: {trouble}", trouble=trouble)
            return
        self._due.pop(slot, None)
        is_again = self._pace.is_troubled
        self._log.error(
            "web: child {number} cannot start: {trouble}; the next attempt is in {seconds:g} s",
            number=slot.number,
            trouble=trouble,
            seconds=self._pace.failed(self._clock.seconds()),
        )
        # One that was killed meanwhile may start the next time.
        if not ready_in(self._slots) and (slot.trouble or is_again):
            self._dispatch.is_hopeless = True
            self._dispatch.refuse_all()

    def _died(self, slot: Slot, process: SupervisedProcess, how: str) -> None:
        self._due.pop(slot, None)
        self.restarts["died"] += 1
        pause = self._pause_after(slot)
        self._log.error(
            "web: child {number}, pid {pid}, ended {how} after {served} requests; the next one starts {when}",
            number=slot.number,
            pid=process.pid,
            how=how,
            served=process.served,
            when=f"in {pause:g} s" if pause else "now",
        )

    def _pause_after(self, slot: Slot) -> float:
        """The pause after the early end of the slot's child, in seconds; 0 after one that was ready for some time."""
        now = self._clock.seconds()
        return self._pace.failed(now) if now - slot.since < STEADY_SECONDS else 0.0

    def _left(self, slot: Slot, process: SupervisedProcess, how: str) -> None:
        if not self.leaving.ended(process) and how != "with status 0":
            self._log.error(
                "web: the replaced child {number}, pid {pid}, ended {how} after {served} requests",
                number=slot.number,
                pid=process.pid,
                how=how,
                served=process.served,
            )
