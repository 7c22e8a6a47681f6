"""The places of the children: a slot has the child that gets requests, and all others that were started for it."""

from collections.abc import Sequence
from math import inf
from typing import Final, TypeAlias

from mixsvc.wsgi.supervision.interfaces import SupervisedProcess

__all__ = ["Slot", "Slots", "ready_in", "slot_of"]


class Slot:
    """One place. Used in the reactor thread.

    ready: gets requests. starting: has not imported the application yet; it takes the place of `ready`. began: when
    `starting` was started. since: when `ready` has become that. trouble: why the last start failed, "" before that.
    """

    def __init__(self, number: int) -> None:
        """number: from 1 on; its name in logs and metrics."""
        self.number: Final = number
        self.ready: SupervisedProcess | None = None
        self.starting: SupervisedProcess | None = None
        self.began = -inf
        self.since = -inf
        self.trouble = ""
        self._living: list[SupervisedProcess] = []
        self._served_before = 0

    @property
    def is_empty(self) -> bool:
        """Whether it has no child and gets none."""
        return self.ready is None and self.starting is None

    @property
    def living(self) -> Sequence[SupervisedProcess]:
        """Every child that was started for this place and has not ended."""
        return self._living

    @property
    def served(self) -> int:
        """The requests that have ended here, in all children ever."""
        return self._served_before + sum(each.served for each in self._living)

    def start(self, process: SupervisedProcess, now: float) -> None:
        """Start a child for this place."""
        self.starting, self.began, self.trouble = process, now, ""
        self._living.append(process)
        process.start()

    def take_over(self, now: float) -> SupervisedProcess | None:
        """The child that was starting gets the requests from now on; returns the one that got them before."""
        before, self.ready, self.starting, self.since = self.ready, self.starting, None, now
        return before

    def ended(self, process: SupervisedProcess) -> None:
        """A child of this place has ended."""
        self._served_before += process.served
        self._living.remove(process)
        if self.ready is process:
            self.ready = None
        if self.starting is process:
            self.starting = None


Slots: TypeAlias = Sequence[Slot]


def slot_of(slots: Slots, process: SupervisedProcess) -> Slot:
    """The place that a child was started for."""
    return next(slot for slot in slots if process in slot.living)


def ready_in(slots: Slots) -> Sequence[SupervisedProcess]:
    """The children that can get requests."""
    return [slot.ready for slot in slots if slot.ready is not None and slot.ready.is_ready]
