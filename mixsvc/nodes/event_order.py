"""The events of the journal, each once and in the order of their numbers. Pure."""

from collections.abc import Sequence

from mixsvc.common.records import record
from mixsvc.nodes.interfaces import JournalEvent, JournalPage

__all__ = ["EventOrder", "Ready"]


@record
class Ready:
    """What is to be done now: the events to apply; has_missed: events are gone, so load what they have changed."""

    events: Sequence[JournalEvent] = ()
    has_missed: bool = False


class EventOrder:
    """The events that this node has applied, and those that it has stored itself before it knew those before them."""

    def __init__(self, position: int) -> None:
        """position: the number up to which this node has applied the journal."""
        self.position = position
        # The number up to which there are events.
        self.known = position
        self._pending: dict[int, JournalEvent] = {}

    @property
    def is_behind(self) -> bool:
        """Whether there are events to be read."""
        return self.known > self.position

    def heard(self, number: int) -> None:
        """There are events up to this number."""
        self.known = max(self.known, number)

    def stored(self, event: JournalEvent) -> Ready:
        """This node has stored an event."""
        if event.number <= self.position:
            return Ready()
        self.heard(event.number)
        self._pending[event.number] = event
        return Ready(self._next())

    def read(self, page: JournalPage) -> Ready:
        """A page after this node's position was read; some of it may have been applied meanwhile."""
        self.heard(page.last)
        new = [event for event in page.events if event.number > self.position]
        if new[:1] and new[0].number == self.position + 1:
            self._pending.update((event.number, event) for event in new)
            return Ready(self._next())
        if page.last <= self.position:
            return Ready()
        return self._skip_to(page.last)

    def _skip_to(self, last: int) -> Ready:
        self.position = last
        self._pending = {number: event for number, event in self._pending.items() if number > last}
        return Ready(self._next(), has_missed=True)

    def _next(self) -> Sequence[JournalEvent]:
        ready = []
        while self.position + 1 in self._pending:
            self.position += 1
            ready.append(self._pending.pop(self.position))
        return ready
