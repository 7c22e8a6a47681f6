"""One live watcher of gevent's loop for each descriptor that the reactor reads from or writes to."""

from collections.abc import Callable
from typing import Any, Final

from gevent.hub import Hub

__all__ = ["READ", "WRITE", "Watch", "Watches"]

# As gevent's loop numbers them.
READ: Final = 1
WRITE: Final = 2


class Watch:
    """Reports when one descriptor is ready in one direction, once until `handled`. Used in the hub's thread only."""

    def __init__(self, hub: Hub, selectable: Any, direction: int, report: "Callable[[Watch], None]") -> None:
        """Starts at once. report: called in the hub."""
        self.selectable = selectable
        self.direction = direction
        self.is_live = True
        self._report = report
        self._is_reported = False
        self._is_paused = False
        self._watcher = hub.loop.io(selectable.fileno(), direction)
        self._watcher.start(self._fired)

    def handled(self) -> None:
        """Note that the report is being handled: report again if the descriptor is still ready."""
        self._is_reported = False
        if self._is_paused and self.is_live:
            self._is_paused = False
            self._watcher.start(self._fired)

    def end(self) -> None:
        """Report nothing more."""
        self.is_live = False
        self._watcher.stop()
        self._watcher.close()

    def _fired(self) -> None:
        if not self._is_reported:
            self._is_reported = True
            self._report(self)
        else:
            # The reactor's greenlet is busy. Without a pause the loop would report this in every turn, and never sleep.
            self._is_paused = True
            self._watcher.stop()


class Watches:
    """The watches of one direction, by selectable."""

    def __init__(self, hub: Hub, direction: int, report: Callable[[Watch], None]) -> None:
        self._hub = hub
        self._direction = direction
        self._report = report
        self._watches: dict[Any, Watch] = {}

    def __contains__(self, selectable: object) -> bool:
        return selectable in self._watches

    def add(self, selectable: Any) -> None:
        """Watch a selectable from now on. Does nothing if it is watched already."""
        if selectable not in self._watches:
            self._watches[selectable] = Watch(self._hub, selectable, self._direction, self._report)

    def remove(self, selectable: Any) -> None:
        """Stop watching a selectable. Does nothing if it is not watched."""
        watch = self._watches.pop(selectable, None)
        if watch is not None:
            watch.end()

    def end(self) -> None:
        """Report nothing more; the selectables stay as they are."""
        for watch in self._watches.values():
            watch.end()

    def all(self) -> list[Any]:
        """All selectables that are watched."""
        return list(self._watches)
