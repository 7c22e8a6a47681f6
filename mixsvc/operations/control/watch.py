"""What is measured all the time where operators can ask: stalls, figures of the last hour, messages a second, views."""

import os
import time
from collections.abc import Callable, Mapping
from typing import Final

from twisted.internet.interfaces import IDelayedCall

from mixsvc.operations.control.history import SAMPLE_SECONDS, HourHistory
from mixsvc.operations.control.parts import OperatedService
from mixsvc.operations.control.room_rates import RoomRates
from mixsvc.operations.control.running_views import RunningViews
from mixsvc.operations.control.stalls import StallWatch
from mixsvc.wsgi.supervision.memory import resident_bytes

__all__ = ["MOST_LISTED", "ServiceWatch"]

# How many entries a list of the overview has; its total is beside it.
MOST_LISTED: Final = 100


class ServiceWatch:
    """Begins when the service runs, and ends with it. Used in the reactor thread.

    All of it together takes some thousandths of one core, and never holds the reactor for long.
    """

    def __init__(self, service: OperatedService) -> None:
        self._reactor = service.reactor
        self.views = RunningViews(service.reactor, service.parts)
        self.stalls = StallWatch(service.reactor, self.views)
        self.rooms = RoomRates(service.reactor, service.parts.chat.dispatcher.operators.rooms, MOST_LISTED)
        self.history = HourHistory(time.time, _gauges(service, self.stalls), _counters(service))
        self._call: IDelayedCall | None = None
        self._is_running = False

    def start(self) -> None:
        """Begin. A second call does nothing. Raises RuntimeError, and begins nothing, if the system gives no thread."""
        if self._is_running:
            return
        for each in (self.stalls, self.views, self.rooms):
            each.start()
        self._is_running = True
        self._sample()

    def stop(self) -> None:
        """End."""
        for each in (self.views, self.stalls, self.rooms):
            each.stop()
        if self._call is not None and self._call.active():
            self._call.cancel()

    def _sample(self) -> None:
        self.history.sample()
        self._call = self._reactor.callLater(SAMPLE_SECONDS, self._sample)


def _gauges(service: OperatedService, stalls: StallWatch) -> Mapping[str, Callable[[], float]]:
    parts = service.parts
    return {
        "sessions": lambda: parts.chat.resource.session_count + (parts.irc.numbers()[0] if parts.irc else 0),
        "held": lambda: sum(parts.holder.stats().held.values()),
        "connections": lambda: service.http().connections,
        "persons": lambda: parts.chat.stats().members,
        "lag_seconds": stalls.latest,
        "views_busy": lambda: parts.views.load()[0],
        "views_waiting": lambda: parts.views.load()[1],
        "storage_waiting": parts.chat.dispatcher.operators.waiting,
        "memory_bytes": lambda: resident_bytes(os.getpid()),
    }


def _counters(service: OperatedService) -> Mapping[str, Callable[[], float]]:
    parts = service.parts
    return {
        "messages_per_second": lambda: parts.chat.stats().messages,
        "events_per_second": lambda: parts.topics.stats().published,
        "requests_per_second": lambda: service.http().answered,
        "commits_per_second": lambda: parts.chat.stats().commit_seconds.count,
        "refused_per_second": lambda: sum(service.http().refused.values()) + sum(parts.chat.stats().refusals.values()),
        "processor_share": time.process_time,
    }
