"""The timers of many sessions at little cost: those that are due at nearly the same time share one call."""

from collections.abc import Callable
from math import ceil
from typing import Final, Generic, TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

__all__ = ["GRAIN_SECONDS", "Slot", "Timers"]

T = TypeVar("T")

# How late a timer is at most. A power of two, so that whole seconds stay exact.
GRAIN_SECONDS: Final = 1 / 64


class Slot(set[T]):
    """What is due at one time."""

    __slots__ = ("call", "grain")
    call: IDelayedCall
    grain: int


class Timers(Generic[T]):
    """Calls one function with each item when its time has come: never early, and late by a grain at most.

    A call of the reactor for each would cost a tenth of what it takes to open a WebSocket.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, due: Callable[[T], None]) -> None:
        """due: what to call; when it fails that is logged, and the others are called all the same."""
        self._clock = clock
        self._due = due
        self._slots: dict[int, Slot[T]] = {}

    def start(self, item: T, seconds: float) -> Slot[T]:
        """Call with this item after so many seconds; what stop takes."""
        now = self._clock.seconds()
        grain = ceil((now + seconds) / GRAIN_SECONDS)
        slot = self._slots.get(grain)
        if slot is None:
            slot = self._slots[grain] = Slot()
            slot.grain = grain
            slot.call = self._clock.callLater(grain * GRAIN_SECONDS - now, self._fire, grain)
        slot.add(item)
        return slot

    def stop(self, item: T, slot: Slot[T]) -> None:
        """Do not call with it; harmless when it was called, or stopped."""
        slot.discard(item)
        if not slot and slot.call.active():
            slot.call.cancel()
            del self._slots[slot.grain]

    def _fire(self, grain: int) -> None:
        slot = self._slots.pop(grain)
        for item in list(slot):
            # One that is called may stop another.
            if item in slot:
                slot.discard(item)
                self._call(item)

    def _call(self, item: T) -> None:
        try:
            self._due(item)
        except Exception:
            self._log.failure("sockjs: a timer's function failed")
