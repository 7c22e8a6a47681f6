"""Pairs of currencies as topics."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, cast

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.common.positions import Position
from mixsvc.interfaces import Quote
from mixsvc.interfaces.holds import topic_of_pair
from mixsvc.interfaces.topics import Subscription, TopicBatch, TopicEnd
from mixsvc.rates.events import MOST_KEPT, RateEvents, RateFollowing

MORNING = datetime(2026, 11, 27, 9, tzinfo=UTC)
DOLLAR = Quote("EUR", "USD", Decimal("1.1172"), date(2026, 11, 27), MORNING, "ecb", False)


class Rates:
    """Rates that the test sets."""

    def __init__(self) -> None:
        self.quotes = {("EUR", "USD"): DOLLAR}
        self.facade = cast(Any, self)
        self._listeners: list[Callable[[], None]] = []

    def latest(self, base: str, quote: str) -> Quote | None:
        return self.quotes.get((base, quote))

    def add_listener(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def set(self, **changes: Any) -> None:
        """Another quote of the dollar."""
        self.quotes["EUR", "USD"] = replace(self.quotes["EUR", "USD"], **changes)
        for each in self._listeners:
            each()


class Reader:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.position: Position | None = None
        self.prices: list[str] = []
        self.numbers: list[int] = []

    def begun(self, position: Position) -> None:
        self.position = position

    def reset(self, topic: str, number: int) -> None:
        raise AssertionError("nothing is ever gone")

    def events(self, batch: TopicBatch) -> None:
        (event,) = batch.events
        self.prices.append(json.loads(event.data)["price"])
        self.numbers.append(event.number)

    def changed(self, batch: TopicBatch) -> None:
        raise AssertionError("quotes do not change afterwards")

    def ended(self, reason: TopicEnd) -> None:
        raise AssertionError("nothing ever ends")


class RateEventsTests(SynchronousTestCase):
    """With rates that the test sets."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.rates = Rates()
        self.events = RateEvents(self.clock, self.rates)

    def follow(self, seen: int | None = None, *topics: str) -> tuple[Reader, RateFollowing]:
        reader = Reader()
        names = topics or (topic_of_pair("EUR", "USD"),)
        since = Position({} if seen is None else {names[0]: seen})
        following = self.events.follow(Subscription(names, since), reader)
        assert reader.position is None
        self.clock.advance(0)
        assert isinstance(following, RateFollowing)
        return reader, following

    def test_the_latest_quote_comes_first_and_then_those_that_differ(self) -> None:
        reader, _ = self.follow()

        self.rates.set(fetched_at=MORNING + timedelta(minutes=1))
        self.rates.set(price=Decimal("1.2"), fetched_at=MORNING + timedelta(minutes=2))

        assert reader.prices == ["1.1172", "1.2"]

    def test_a_quote_has_the_same_number_in_every_process_whenever_it_was_fetched(self) -> None:
        first, _ = self.follow()

        self.setUp()
        self.rates.set(price=Decimal("1.11720"), fetched_at=MORNING + timedelta(hours=1))
        reader, _ = self.follow()

        assert reader.numbers == first.numbers == [16_451_903_025_025]
        assert self.follow(first.numbers[0])[0].prices == []

    def test_whoever_comes_back_to_another_process_is_told_what_differs_though_it_was_fetched_at_one_time(self) -> None:
        first, _ = self.follow()
        for changes in ({"price": Decimal("1.2")}, {"date": date(2026, 11, 26)}, {"source": "nbp"}, {"stale": True}):
            self.setUp()
            self.rates.set(**changes)

            reader, _ = self.follow(first.numbers[0])

            assert len(reader.prices) == 1

    def test_thousands_are_told_in_slices_and_each_the_latest_quote_once(self) -> None:
        readers = [self.follow()[0] for _ in range(5)]

        def take_long(reader: Reader, batch: TopicBatch) -> None:
            Reader.events(reader, batch)
            self.clock.advance(0.02)

        for reader in readers:
            self.patch(reader, "events", partial(take_long, reader))
        self.rates.set(price=Decimal("1.2"))
        assert [len(reader.prices) for reader in readers] == [2, 1, 1, 1, 1]

        self.rates.set(price=Decimal("1.3"))
        while self.clock.getDelayedCalls():
            self.clock.advance(0)

        assert [reader.prices[-1] for reader in readers] == ["1.3"] * 5
        assert [len(reader.prices) for reader in readers] == [3, 2, 2, 2, 2]

    def test_somebody_who_has_seen_the_latest_one_is_told_the_next(self) -> None:
        first, _ = self.follow()

        reader, _ = self.follow(first.numbers[0])
        assert reader.prices == []
        self.rates.set(price=Decimal("1.2"))

        assert reader.prices == ["1.2"]

    def test_quotes_of_one_moment_have_numbers_of_their_own(self) -> None:
        reader, _ = self.follow()

        self.rates.set(price=Decimal("1.2"))

        assert len(set(reader.numbers)) == 2

    def test_of_pairs_that_strangers_ask_for_so_many_are_kept_and_each_has_its_number_also_later(self) -> None:
        first = self.events.latest("EUR-USD")
        assert first is not None and self.events.latest("EUR-USD") is first

        for code in map(str, range(MOST_KEPT)):
            self.rates.quotes["EUR", code] = DOLLAR
            self.events.latest(f"EUR-{code}")

        again = self.events.latest("EUR-USD")
        assert again is not None and again is not first
        assert again.last == first.last

    def test_a_pair_without_a_quote_begins_when_there_is_one(self) -> None:
        reader, _ = self.follow(None, "EUR-GBP", "EUR-USD")
        assert reader.prices == ["1.1172"]

        self.rates.quotes["EUR", "GBP"] = replace(DOLLAR, quote="GBP", price=Decimal("0.85"))
        self.rates.set()

        assert reader.prices == ["1.1172", "0.85"]

    def test_whoever_pauses_gets_only_the_latest_one_later(self) -> None:
        reader, following = self.follow()

        following.pause()
        self.rates.set(price=Decimal("1.2"))
        self.rates.set(price=Decimal("1.3"))
        following.resume()
        assert reader.prices == ["1.1172"]
        self.clock.advance(0)

        assert reader.prices == ["1.1172", "1.3"]

    def test_whoever_stops_is_told_nothing_more(self) -> None:
        reader, following = self.follow()
        early = self.events.follow(Subscription(("EUR-USD",)), Reader())
        early.stop()

        following.stop()
        following.stop()
        self.rates.set(price=Decimal("1.2"))
        self.clock.advance(0)

        assert reader.prices == ["1.1172"]
