"""The timers of many sessions at little cost: those that are due at nearly the same time share one call."""

from collections.abc import Callable
from math import ceil
from typing import Final, Generic, TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

__all__ = ["TICK_SECONDS", "TimerGroup", "Timers"]

T = TypeVar("T")

# How late a timer is at most. A power of two, so that whole seconds stay exact.
TICK_SECONDS: Final = 1 / 64


class TimerGroup(set[T]):
    """What is due at one time."""

    __slots__ = ("call", "tick")
    call: IDelayedCall
    tick: int


class Timers(Generic[T]):
    """Calls one function with each item when its time has come: never early, and late by a tick at most.

    A call of the reactor for each would cost a tenth of what it takes to open a WebSocket.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, due: Callable[[T], None]) -> None:
        """due: what to call; when it fails that is logged, and the others are called all the same."""
        self._clock = clock
        self._due = due
        self._groups: dict[int, TimerGroup[T]] = {}

    def start(self, item: T, seconds: float) -> TimerGroup[T]:
        """Call with this item after so many seconds; what stop takes."""
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
        """Do not call with it; harmless when it was called, or stopped."""
        group.discard(item)
        if not group and group.call.active():
            group.call.cancel()
            del self._groups[group.tick]

    def _fire(self, tick: int) -> None:
        group = self._groups.pop(tick)
        for item in list(group):
            # One that is called may stop another.
            if item in group:
                group.discard(item)
                self._call(item)

    def _call(self, item: T) -> None:
        try:
            self._due(item)
        except Exception:
            self._log.failure("sockjs: a timer's function failed")
