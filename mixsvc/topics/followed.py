"""A topic that is followed, those who follow it, and where each of them is. Pure but for the reader."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from mixsvc.interfaces import Identity
from mixsvc.interfaces.topics import ReaderGroup, Subscription, TopicBatch, TopicEvent, TopicReader
from mixsvc.topics.storage.records import TopicPage

__all__ = ["FollowedTopic", "Follower", "FollowerOwner", "TopicPosition", "PositionState"]

# Of the data of a batch, unless it is one event. As much waits for each client that does not read.
BATCH_CHARACTERS: Final = 2**18

# So many are told an event before somebody looks at the time.
POSITIONS_AT_ONCE: Final = 50


class PositionState:
    """What somebody who follows a topic waits for; plain texts, as one is looked up for each of thousands."""

    # For `resume`, or for the other topics of a subscription that begins.
    NOTHING: Final = "nothing"
    # A page of the database.
    PAGE: Final = "page"
    # Other nodes: it has read more than was told here.
    OTHERS: Final = "others"
    # The next event.
    NEXT: Final = "next"


class TopicPosition:
    """Where somebody is in one topic. number: of the event that was told last."""

    __slots__ = ("follower", "group", "number", "page", "reader", "state", "topic")

    def __init__(self, follower: "Follower", topic: "FollowedTopic") -> None:
        self.follower = follower
        # The follower's, as there are thousands of positions to tell something.
        self.reader = follower.reader
        self.group = follower.group
        self.topic = topic
        self.number = 0
        self.state = PositionState.NOTHING
        # The first page, until all topics of the subscription have theirs.
        self.page: TopicPage | None = None

    def give_page(self, page: TopicPage) -> None:
        """Tell what a page has that was read for this position."""
        reader = self.reader
        self.number = page.start
        if page.is_reset:
            reader.reset(self.topic.name, page.start)
        # The reader may have paused, or gone, while it was told that.
        if self.follower.is_running:
            self.number = page.end
            if page.batch is not None:
                reader.events(page.batch)


class FollowerOwner(Protocol):
    """What a follower needs of all topics."""

    def paused(self, follower: "Follower") -> None:
        """It takes nothing more."""

    def resumed(self, follower: "Follower") -> None:
        """It goes on."""

    def stopped(self, follower: "Follower") -> None:
        """It is gone."""


class Follower:
    """Somebody who follows topics. Implements Following. missing: how many first pages it waits for."""

    __slots__ = ("_owner", "group", "identity", "is_running", "is_stopped", "missing", "positions", "reader")

    def __init__(self, owner: FollowerOwner, subscription: Subscription, reader: TopicReader) -> None:
        self._owner = owner
        self.reader = reader
        self.identity: Identity | None = subscription.identity
        self.group = subscription.group
        self.positions: tuple[TopicPosition, ...] = ()
        self.is_running = True
        self.is_stopped = False
        self.missing = 0

    def pause(self) -> None:
        if self.is_running:
            self.is_running = False
            self._owner.paused(self)

    def resume(self) -> None:
        if not self.is_running and not self.is_stopped:
            self.is_running = True
            self._owner.resumed(self)

    def stop(self) -> None:
        if not self.is_stopped:
            self.is_running = False
            self.is_stopped = True
            self._owner.stopped(self)


class FollowedTopic:
    """A topic that somebody follows."""

    __slots__ = ("_pending", "is_ahead", "name", "positions")

    def __init__(self, name: str) -> None:
        self.name = name
        # All who follow it, in the order in which they came.
        self.positions: dict[TopicPosition, None] = {}
        # Whether the state of a position is OTHERS.
        self.is_ahead = False
        self._pending: list[TopicEvent] = []

    def add(self, events: "list[TopicEvent]") -> bool:
        """Tell events whose numbers follow each other; returns whether `visit` is to be run now or later for them."""
        is_first = not self._pending
        self._pending += events
        return is_first

    def clear(self) -> None:
        """Tell nothing of what waits: those who follow read it."""
        self._pending.clear()

    def visit(self) -> Iterator[None]:
        """Give what waits to those who wait for it, one after the other."""
        if not self._pending:
            return
        waiting, self._pending = self._pending, []
        for batch in _batches(self.name, waiting):
            # A copy: whoever is told something may go.
            positions = tuple(self.positions)
            for start in range(0, len(positions), POSITIONS_AT_ONCE):
                _give(positions[start : start + POSITIONS_AT_ONCE], batch)
                yield


def _give(positions: Sequence[TopicPosition], batch: TopicBatch) -> None:
    """Tell a batch those who wait for it: first the groups, whose readers are told in one loop."""
    before, last, waiting = batch.events[0].number - 1, batch.last, PositionState.NEXT
    alone: list[TopicPosition] = []
    groups: defaultdict[ReaderGroup, list[TopicReader]] = defaultdict(list)
    for position in positions:
        if position.state == waiting and position.number == before:
            if position.group is None:
                alone.append(position)
            else:
                position.number = last
                groups[position.group].append(position.reader)
    for group, readers in groups.items():
        group.events(readers, batch)
    for position in alone:
        # Unless somebody who was told before has ended it.
        if position.state == waiting:
            position.number = last
            position.reader.events(batch)


def _batches(topic: str, events: Sequence[TopicEvent]) -> Iterator[TopicBatch]:
    """The events in batches that are no larger than a page: a client that reads slowly takes one, and pauses."""
    batch: list[TopicEvent] = []
    left = BATCH_CHARACTERS
    for event in events:
        left -= len(event.data)
        if batch and left < 0:
            yield TopicBatch(topic, tuple(batch))
            batch, left = [], BATCH_CHARACTERS - len(event.data)
        batch.append(event)
    yield TopicBatch(topic, tuple(batch))
