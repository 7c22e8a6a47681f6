"""The timers of many sessions at little cost: timers that are due at nearly the same time share one reactor call.

Time is divided into ticks of TICK_SECONDS. A timer is due at the first tick that is not before its time.
"""

from collections.abc import Callable
from math import ceil
from typing import Final, Generic, TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

__all__ = ["TICK_SECONDS", "TimerGroup", "Timers"]

T = TypeVar("T")

# The most that a timer is late. A power of two, so that whole seconds are exact.
TICK_SECONDS: Final = 1 / 64


class TimerGroup(set[T]):
    """The items that are due at one tick."""

    __slots__ = ("call", "tick")
    call: IDelayedCall
    tick: int


class Timers(Generic[T]):
    """Calls one function with each item when its time has come: never early, and late by one tick at most.

    One reactor call for each item would cost a tenth of what it takes to open a WebSocket.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, due: Callable[[T], None]) -> None:
        """due: the function to call with an item. If it raises, the error is logged and the other items are called."""
        self._clock = clock
        self._due = due
        self._groups: dict[int, TimerGroup[T]] = {}

    def start(self, item: T, seconds: float) -> TimerGroup[T]:
        """Call with this item after so many seconds. Returns the group to give to `stop`."""
        now = self._clock.seconds()
        tick = ceil((now + seconds) / TICK_SECONDS)
        group = self._groups.get(tick)
        if group is None:
            group = self._groups[tick] = TimerGroup()
            group.tick = tick
            group.call = self._clock.callLater(tick * TICK_SECONDS - now, self._fire, tick)
        group.add(item)
        return group

    def stop(self, item: T, group: TimerGroup[T]) -> None:
        """Do not call with this item. Does nothing if it was called or stopped already."""
        group.discard(item)
        if not group and group.call.active():
            group.call.cancel()
            del self._groups[group.tick]

    def _fire(self, tick: int) -> None:
        group = self._groups.pop(tick)
        for item in list(group):
            # The call with one item may stop another.
            if item in group:
                group.discard(item)
                self._call(item)

    def _call(self, item: T) -> None:
        try:
            self._due(item)
        except Exception:
            self._log.failure("sockjs: a timer's function failed")
