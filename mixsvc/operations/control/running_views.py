"""The requests that views work on, and for how long: looked at from time to time, so that no request pays for it."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mixsvc.operations.control.parts import MonitoredParts
from mixsvc.operations.control.stalls import stack_of

__all__ = ["RunningViews"]

ViewFields: TypeAlias = dict[str, Any]

LOOK_SECONDS: Final = 0.5

# What runs a view is below its own calls.
RUNNERS: Final = ("mixsvc/wsgi/", "mixsvc/threads/", "lib/python", "werkzeug/", "flask/")


class RunningViews:
    """Notes when each request was seen first. Used in the reactor thread, but for `labels`."""

    def __init__(self, clock: IReactorTime, parts: MonitoredParts) -> None:
        self._clock = clock
        self._parts = parts
        # Each request has a name of its own, also if the names are equal: so a name is told by its identity.
        self._seen: dict[tuple[int, int], tuple[str, float]] = {}
        self._call: IDelayedCall | None = None

    def start(self) -> None:
        """Look from now on."""
        self._look()
        self._call = self._clock.callLater(LOOK_SECONDS, self.start)

    def stop(self) -> None:
        """End."""
        if self._call is not None and self._call.active():
            self._call.cancel()

    def labels(self) -> Mapping[int, str]:
        """The names of the requests in threads of this process, by the identifiers of these; any thread."""
        views: Any = self._parts.views
        return views.labels() if self._parts.children is None else {}

    def last_labels(self) -> Mapping[int, str | None]:
        """The same of the requests that have ended last; any thread."""
        views: Any = self._parts.views
        return views.last_labels() if self._parts.children is None else {}

    def listed(self, most: int) -> Sequence[ViewFields]:
        """The requests in view threads, those that have lasted longest first, at most so many.

        seconds: since they were seen first. where: the innermost call that is not ours; "" in another process.
        """
        self._look()
        now = self._clock.seconds()
        oldest = sorted(self._seen.items(), key=lambda entry: entry[1][1])[:most]
        frames = sys._current_frames() if self._parts.children is None and oldest else {}
        return [
            {"name": name, "seconds": round(now - since, 1), "child": _child(self._parts, place), "where": where}
            for (place, _), (name, since) in oldest
            for where in [_where(stack_of(frames.get(place)))]
        ]

    def _look(self) -> None:
        children = self._parts.children
        running = self.labels().items() if children is None else children.running()
        if running or self._seen:
            now, before = self._clock.seconds(), self._seen
            self._seen = {(place, id(name)): before.get((place, id(name)), (name, now)) for place, name in running}


def _child(parts: MonitoredParts, place: int) -> int | None:
    return place if parts.children is not None else None


def _where(stack: Sequence[str]) -> str:
    own = [each for each in stack if not any(part in each for part in RUNNERS)]
    return (own or stack or [""])[-1]
