"""The rates as topics: who follows a pair gets its quote, and each quote that differs from the last one."""

import json
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Final, Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mixsvc.common.numbers import MAX_JSON_NUMBER
from mixsvc.common.positions import Position
from mixsvc.interfaces import IRates, Quote
from mixsvc.interfaces.topics import Following, Subscription, TopicBatch, TopicEvent, TopicReader

__all__ = ["RateEvents", "RateFollowing"]

# How long new quotes are told, in seconds, before the reactor gets its turn.
SLICE_SECONDS: Final = 0.01

# Events of so many pairs are kept: strangers may ask for any two of hundreds of currencies.
MOST_KEPT: Final = 1000


class ListenedRates(Protocol):
    """What is needed of mixsvc.rates.service."""

    @property
    def facade(self) -> IRates:
        """The latest quotes."""

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Call listener in the reactor thread after quotes have changed."""


class RateEvents:
    """Implements Topics (mixsvc.interfaces.topics) for pairs. Used in the reactor thread.

    A quote's number is made of what it says, so that it is the same after a restart, and on other nodes. Only the
    latest quote is kept: somebody who comes back gets it if it is another one than was seen.
    """

    def __init__(self, clock: IReactorTime, rates: ListenedRates) -> None:
        self._clock = clock
        self._rates = rates.facade
        self._followings: dict[RateFollowing, None] = {}
        # By topic: the last quote, and its event. Of one that is missing here it is made again, with its number.
        self._last: dict[str, tuple[Quote, TopicBatch]] = {}
        # Those to whom new quotes are still to be told, and what goes on with them.
        self._untold: deque[RateFollowing] = deque()
        self._telling: IDelayedCall | None = None
        rates.add_listener(self._changed)

    def follow(self, subscription: Subscription, reader: TopicReader) -> Following:
        """See Topics. Whether the pairs are known is not checked."""
        following = RateFollowing(self, subscription, reader)
        self._followings[following] = None
        self._clock.callLater(0, following.begin)
        return following

    def forget(self, following: "RateFollowing") -> None:
        """It follows no more; may be called twice."""
        self._followings.pop(following, None)

    def tell_later(self, following: "RateFollowing") -> None:
        """Tell it what is new, once the reactor is free."""
        self._clock.callLater(0, following.tell)

    def latest(self, topic: str) -> TopicBatch | None:
        """The latest quote of a pair as an event; None if there is none."""
        base, _, code = topic.partition("-")
        quote = self._rates.latest(base, code)
        if quote is None:
            return None
        last = self._last.get(topic)
        # The same price of the same day, fetched again, has not changed.
        if last is not None and replace(last[0], fetched_at=quote.fetched_at) == quote:
            return last[1]
        batch = TopicBatch(topic, (TopicEvent(topic, _number(quote), "", json.dumps(quote.as_json())),))
        if len(self._last) >= MOST_KEPT:
            self._last.clear()
        self._last[topic] = quote, batch
        return batch

    def _changed(self) -> None:
        # Whoever has been told an earlier change by now is told what differs from it.
        self._untold = deque(self._followings)
        if self._telling is None or not self._telling.active():
            self._tell_some()

    def _tell_some(self) -> None:
        until = self._clock.seconds() + SLICE_SECONDS
        while self._untold:
            self._untold.popleft().tell()
            if self._untold and self._clock.seconds() > until:
                self._telling = self._clock.callLater(0, self._tell_some)
                return


class RateFollowing:
    """Somebody who follows pairs; implements Following."""

    __slots__ = ("_events", "_has_begun", "_is_paused", "_is_stopped", "_reader", "_seen")

    def __init__(self, events: RateEvents, subscription: Subscription, reader: TopicReader) -> None:
        numbers = subscription.since.numbers
        self._events = events
        self._reader = reader
        # By topic: the number of the quote that was seen last; 0 for none.
        self._seen = {topic: numbers.get(topic, 0) for topic in subscription.topics}
        self._has_begun = self._is_paused = self._is_stopped = False

    def begin(self) -> None:
        """Say where it begins, and tell the latest quotes."""
        if not self._is_stopped:
            self._has_begun = True
            self._reader.begun(Position(dict(self._seen)))
            self.tell()

    def tell(self) -> None:
        """Tell the quotes that were not seen."""
        for topic, seen in list(self._seen.items()):
            if self._is_paused or self._is_stopped or not self._has_begun:
                return
            batch = self._events.latest(topic)
            if batch is not None and batch.last != seen:
                self._seen[topic] = batch.last
                self._reader.events(batch)

    def pause(self) -> None:
        """See Following."""
        self._is_paused = True

    def resume(self) -> None:
        """See Following."""
        if self._is_paused:
            self._is_paused = False
            self._events.tell_later(self)

    def stop(self) -> None:
        """See Following."""
        self._is_stopped = True
        self._events.forget(self)


def _number(quote: Quote) -> int:
    """The number of a quote among those of its pair: of all but when it was fetched. It fits into a number of JSON."""
    content = f"{quote.price.normalize():f} {quote.date} {quote.source} {quote.stale}"
    return int.from_bytes(sha256(content.encode()).digest()) % MAX_JSON_NUMBER + 1
