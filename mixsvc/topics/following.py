"""Tells those who follow topics each event once and in order, whichever node has stored it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from mixsvc.common.positions import Position
from mixsvc.errors import ServiceBusy
from mixsvc.hooks.closed_lately import ClosedLately
from mixsvc.interfaces.topics import Subscription, TopicEnd, TopicEvent, TopicReader
from mixsvc.nodes.hints import Published
from mixsvc.nodes.interfaces import Bus
from mixsvc.nodes.tails import Tails
from mixsvc.topics.checks import check_topics
from mixsvc.topics.followed import FollowedTopic, Follower, PositionState, TopicPosition
from mixsvc.topics.slices import Slices
from mixsvc.topics.storage.queue import TopicQueue
from mixsvc.topics.storage.records import TopicPage, TopicQuery

__all__ = ["TopicFollowers"]

# After how many seconds what could not be read is read again.
RETRY_SECONDS: Final = 1.0


class TopicFollowers:
    """All who follow topics of this process. Implements Topics and FollowerOwner. Reactor thread.

    Each position in a topic has the number of the event that was told there last, and whatever comes is given to it
    only if it is next. Who is behind what is told reads pages, until it is not.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, queue: TopicQueue, bus: Bus) -> None:
        self._clock = clock
        self._queue = queue
        self._bus = bus
        self._slices = Slices(clock)
        self._topics: dict[str, FollowedTopic] = {}
        self._tails: Tails[TopicEvent] = Tails(_unchanged)
        # Who waits for each page that is asked for.
        self._reads: dict[TopicQuery, list[TopicPosition]] = {}
        self._followers: dict[Follower, None] = {}
        self._closings = ClosedLately(clock)
        self._is_reading = False
        self._is_closed = False
        self._epoch = ""
        # How many events were given to somebody.
        self.told = 0
        bus.listen(Published, self._heard)

    def __len__(self) -> int:
        return len(self._followers)

    def topics(self) -> Collection[str]:
        """The names of the topics that are followed."""
        return self._topics.keys()

    def followers(self) -> Collection[Follower]:
        """All who follow topics."""
        return self._followers.keys()

    def follow(self, subscription: Subscription, reader: TopicReader) -> Follower:
        """See Topics."""
        names = subscription.topics
        check_topics(names)
        if self._is_closed:
            raise ServiceBusy("the service is stopping; try again a little later")
        follower = Follower(self, subscription, reader)
        follower.positions = tuple(self._enter(follower, name) for name in names)
        self._followers[follower] = None
        reason = self._closings.reason(subscription)
        self._slices.add(
            self._start(follower, subscription.since) if reason is None else self._end_soon(follower, reason)
        )
        return follower

    def stored(self, event: TopicEvent, is_repeated: bool) -> None:
        """This node has stored an event, or stored it before under the same key."""
        last = {event.topic: event.number}
        if is_repeated:
            # If the first answer was lost, it was not told here.
            self._tails.heard(last)
        else:
            self._bus.tell(Published(last))
            topic = self._topics.get(event.topic)
            if topic is not None:
                self._tell(topic, self._tails.stored(topic.name, event.number, event))
        self._read_missing()

    def end(self, follower: Follower, reason: TopicEnd) -> None:
        """Tell somebody nothing more, and why."""
        if not follower.is_stopped:
            follower.stop()
            follower.reader.ended(reason)

    def end_topic(self, name: str, person: str | None) -> None:
        """End those who follow a topic: all, or those of one person."""
        self._closings.note(name, person, TopicEnd.CLOSED)
        topic = self._topics.get(name)
        for position in tuple(topic.positions) if topic is not None else ():
            identity = position.follower.identity
            if person is None or (identity is not None and identity.person == person):
                self.end(position.follower, TopicEnd.CLOSED)

    def end_person(self, person: str) -> None:
        """End those of somebody who has logged out."""
        self._closings.note(None, person, TopicEnd.LOGGED_OUT)
        for each in tuple(self._followers):
            if each.identity is not None and each.identity.person == person:
                self.end(each, TopicEnd.LOGGED_OUT)

    def end_unknown(self) -> None:
        """End everybody, as nobody knows what was closed meanwhile."""
        self._closings.miss()
        self.end_all(TopicEnd.UNKNOWN)

    def end_all(self, reason: TopicEnd) -> None:
        """End everybody."""
        for follower in tuple(self._followers):
            self.end(follower, reason)

    def close(self) -> None:
        """End everybody, and let nobody follow any more."""
        self._is_closed = True
        self.end_all(TopicEnd.STOPPING)

    def paused(self, follower: Follower) -> None:
        """See FollowerOwner."""
        for position in follower.positions:
            if position.state != PositionState.PAGE:
                position.state = PositionState.NOTHING

    def resumed(self, follower: Follower) -> None:
        """See FollowerOwner."""
        if not follower.missing:
            self._slices.add(self._go_on(follower.positions))

    def stopped(self, follower: Follower) -> None:
        """See FollowerOwner."""
        del self._followers[follower]
        for position in follower.positions:
            position.state = PositionState.NOTHING
            topic = position.topic
            del topic.positions[position]
            if not topic.positions:
                del self._topics[topic.name]
                self._tails.close(topic.name)

    def _enter(self, follower: Follower, name: str) -> TopicPosition:
        topic = self._topics.get(name)
        if topic is None:
            topic = self._topics[name] = FollowedTopic(name)
            self._tails.open(name)
        position = TopicPosition(follower, topic)
        topic.positions[position] = None
        return position

    def _end_soon(self, follower: Follower, reason: TopicEnd) -> Iterator[None]:
        self.end(follower, reason)
        yield

    def _start(self, follower: Follower, since: Position) -> Iterator[None]:
        """Find where somebody begins: what was told already is known without reading."""
        if follower.is_stopped:
            return
        follower.missing = len(follower.positions)
        for position in follower.positions:
            name, number = position.topic.name, since.numbers.get(position.topic.name)
            is_known = self._tails.is_begun(name) and (number is None or since.epoch in ("", self._epoch))
            told = self._tails.told(name)
            if is_known and number in (None, told):
                self._arrive(position, TopicPage(told, told, told, None, False, self._epoch))
            else:
                self._ask(position, TopicQuery(name, number, since.epoch if number is not None else ""))
        yield

    def _begin(self, follower: Follower) -> None:
        pages = [(position, position.page) for position in follower.positions]
        numbers = {position.topic.name: page.start for position, page in pages if page is not None}
        follower.reader.begun(Position(numbers, self._epoch))
        # At once, also to who pauses: where a page starts, nobody can see any more that something is gone.
        for position, page in pages:
            position.page = None
            if page is not None:
                position.number = page.start
                if page.is_reset and not follower.is_stopped:
                    follower.reader.reset(position.topic.name, page.start)
        for position, page in pages:
            if page is not None:
                self._take(position, replace(page, is_reset=False))

    def _ask(self, position: TopicPosition, query: TopicQuery) -> None:
        position.state = PositionState.PAGE
        waiting = self._reads.get(query) if query.after is not None else None
        if waiting is not None:
            waiting.append(position)
            return
        waiting = [position]
        if query.after is not None:
            # Who asks for the end must not get a page that was asked for before.
            self._reads[query] = waiting
        reading = self._queue.read(query)
        reading.addCallbacks(
            self._has_read, self._not_read, callbackArgs=(query, waiting), errbackArgs=(query, waiting)
        )

    def _has_read(self, page: TopicPage, query: TopicQuery, positions: Sequence[TopicPosition]) -> None:
        self._forget(query)
        self._epoch = page.epoch
        topic = self._topics.get(query.topic)
        if topic is None:
            return
        if self._tails.is_begun(query.topic):
            self._tails.heard({query.topic: page.last})
        else:
            self._tell(topic, self._tails.read(query.topic, page.last, {}))
        self._slices.add(self._arrive_all(positions, page))
        self._read_missing()

    def _not_read(self, failure: object, query: TopicQuery, positions: Sequence[TopicPosition]) -> None:
        """The queue has logged it."""
        self._forget(query)
        self._clock.callLater(RETRY_SECONDS, self._ask_again, query, positions)

    def _forget(self, query: TopicQuery) -> None:
        if query.after is not None:
            del self._reads[query]

    def _ask_again(self, query: TopicQuery, positions: Sequence[TopicPosition]) -> None:
        for position in positions:
            if not position.follower.is_stopped:
                self._ask(position, query)

    def _arrive_all(self, positions: Sequence[TopicPosition], page: TopicPage) -> Iterator[None]:
        for position in positions:
            self._arrive(position, page)
            yield

    def _arrive(self, position: TopicPosition, page: TopicPage) -> None:
        """A position has got the page that it has asked for."""
        follower = position.follower
        if follower.is_stopped:
            return
        position.state = PositionState.NOTHING
        if not follower.missing:
            self._take(position, page)
            return
        position.page = page
        follower.missing -= 1
        if not follower.missing:
            self._begin(follower)

    def _take(self, position: TopicPosition, page: TopicPage) -> None:
        # Who has paused reads it again.
        if position.follower.is_running:
            position.give_page(page)
            self._settle(position)

    def _settle(self, position: TopicPosition) -> None:
        """Let a position wait for what it needs next."""
        if not position.follower.is_running or position.state == PositionState.PAGE:
            return
        topic = position.topic
        told = self._tails.told(topic.name)
        if position.number < told:
            self._ask(position, TopicQuery(topic.name, position.number))
        elif position.number == told:
            position.state = PositionState.NEXT
        else:
            position.state = PositionState.OTHERS
            topic.is_ahead = True

    def _go_on(self, positions: Sequence[TopicPosition]) -> Iterator[None]:
        for position in positions:
            self._settle(position)
            yield

    def _tell(self, topic: FollowedTopic, ready: Sequence[TopicEvent]) -> None:
        """Tell those who wait the next events; their numbers follow each other and those that were told."""
        if not ready:
            return
        if topic.add(list(ready)):
            self._slices.add(topic.visit())
        if topic.is_ahead:
            topic.is_ahead = False
            self._slices.add(self._go_on([each for each in topic.positions if each.state == PositionState.OTHERS]))

    def _heard(self, hint: Published) -> None:
        self._tails.heard(hint.lasts)
        self._read_missing()

    def _read_missing(self) -> None:
        """Read what other nodes have stored, until nothing is missing."""
        missing = {} if self._is_reading else self._tails.missing()
        if not missing:
            return
        self._is_reading = True
        reads: list[Deferred[None]] = [
            self._queue.read(TopicQuery(name, after)).addCallback(self._has_read_missing, name)
            for name, after in missing.items()
        ]
        gatherResults(reads, consumeErrors=True).addBoth(self._missing_read)

    def _has_read_missing(self, page: TopicPage, name: str) -> None:
        topic = self._topics.get(name)
        if topic is None:
            return
        found = {event.number: event for event in (page.batch.events if page.batch is not None else ())}
        ready = self._tails.read(name, page.end, found)
        if page.is_reset:
            # Some are gone that were not told: each who waits reads what there is, and is told so. Also who was ahead,
            # as that may be told now.
            topic.clear()
            states = (PositionState.NEXT, PositionState.OTHERS)
            waiting = [each for each in topic.positions if each.state in states]
            for position in waiting:
                position.state = PositionState.NOTHING
            self._slices.add(self._go_on(waiting))
        else:
            self._tell(topic, ready)

    def _missing_read(self, result: object) -> None:
        """What failed is logged by the queue; the next hint, or event, leads to the next attempt."""
        self._is_reading = False
        if isinstance(result, list):
            self._read_missing()


def _unchanged(event: TopicEvent) -> TopicEvent:
    return event
