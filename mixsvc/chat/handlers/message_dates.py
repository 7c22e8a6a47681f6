"""The dates of messages that were stored while the time of day was wrong."""

from collections.abc import Mapping

from twisted.internet.interfaces import IReactorTime

from mixsvc.chat.storage.queue import StorageQueue
from mixsvc.chat.storage.records import Period
from mixsvc.common.clocks import TOLERANCE, WallClock
from mixsvc.common.records import record
from mixsvc.nodes.interfaces import Heart

__all__ = ["MessageDates"]

# How many periods are remembered; a clock is hardly set more often within an hour.
MOST_PERIODS = 20


@record
class DatedPeriod:
    """A period with the same time of day. ahead: of the steady clock, in seconds."""

    ahead: float
    messages: Period


class MessageDates:
    """Corrects the dates of messages once the time of day may be trusted. Used in the reactor thread only.

    A message that was stored while the clock was a year behind would be deleted as an old one. So this remembers which
    messages were stored before the clock was set, until an hour has shown which time was right.
    """

    def __init__(self, clock: IReactorTime, wall: WallClock, storage: StorageQueue, heart: Heart) -> None:
        """heart: all nodes find the same errors, and the leader corrects them."""
        self._heart = heart
        self._clock = clock
        self._wall = wall
        self._storage = storage
        # The last numbers of the rooms when the present period began, and the periods before it.
        self._lasts: Mapping[str, int] = {}
        self._periods: list[DatedPeriod] = []
        self._is_trusted = False
        self._begin()

    def restore(self, lasts: Mapping[str, int]) -> None:
        """lasts: the last number of each room, before this process stores a message."""
        self._lasts = lasts

    def was_set(self) -> None:
        """Somebody has set the clock."""
        began, ahead, is_right = self._began, self._ahead, self._is_trusted
        ended = self._clock.seconds() + ahead
        self._begin()

        def read(lasts: Mapping[str, int]) -> None:
            before, self._lasts = self._lasts, lasts
            if not is_right:
                self._periods.append(DatedPeriod(ahead, Period(before, lasts, began, ended)))
                del self._periods[:-MOST_PERIODS]

        # The queue logs what fails.
        self._storage.read(self._storage.store.messages.last_numbers).addCallbacks(read, lambda failure: None)

    def trusted(self) -> None:
        """The time of day may be trusted: correct the dates by it. Does nothing if it was trusted before."""
        if self._is_trusted:
            return
        self._is_trusted = True
        periods, self._periods = self._periods, []
        for each in periods if self._heart.is_leader else ():
            error = self._ahead - each.ahead
            if abs(error) > TOLERANCE:
                self._correct(each.messages, error)

    def _begin(self) -> None:
        now = self._wall.seconds()
        self._began, self._ahead, self._is_trusted = now, now - self._clock.seconds(), False

    def _correct(self, period: Period, seconds: float) -> None:
        changed = self._storage.change(lambda cursor: self._storage.store.messages.redate(cursor, period, seconds))
        changed.addErrback(lambda failure: None)
