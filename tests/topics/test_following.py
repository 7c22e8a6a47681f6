"""Those who follow topics: each event once and in order, from where they were, whatever comes between."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.common.positions import Position
from mixsvc.errors import NotPublished, ServiceBusy
from mixsvc.interfaces.topics import MOST_TOPICS, TopicBatch, TopicEnd
from mixsvc.nodes.hints import Published
from mixsvc.topics import followed
from mixsvc.topics.storage.records import TopicDraft
from tests.chat.fakes import FakeDatabase
from tests.topics.fakes import FakeReader, Topics


class Bus:
    """A Bus by which the test is another node."""

    def __init__(self) -> None:
        self.hear: Callable[[Published], object] = lambda hint: None

    def tell(self, hint: object) -> None:
        """The other node need not know."""

    def listen(self, kind: object, heard: Callable[[Any], object]) -> None:
        self.hear = heard


class FollowingCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.topics = Topics()

    def publish(self, *data: str, topic: str = "a") -> None:
        self.topics.publish(topic, *data)


class BeginningTests(FollowingCase):
    def test_without_a_position_what_comes_next_is_told(self) -> None:
        self.publish("old")
        reader = self.topics.read()
        self.publish("new")

        self.assertEqual([("a", 2, "new")], reader.told)
        assert reader.start is not None
        self.assertEqual(({"a": 1}, 16), (reader.start.numbers, len(reader.start.epoch)))

    def test_from_a_position_on_everything_behind_it_is_told(self) -> None:
        self.publish("x", "y", "z")

        for since, told in ((0, [1, 2, 3]), (2, [3]), (3, [])):
            reader = self.topics.read(a=since)
            self.assertEqual(told, reader.numbers())
            self.assertEqual([], reader.resets)

    def test_an_event_that_was_acknowledged_before_somebody_follows_is_not_new(self) -> None:
        first = FakeReader().follow(self.topics.followers, "a")
        self.topics.clock.advance(0)
        # Its page is read, and comes late.
        self.topics.database.commit()
        self.topics.store("a", "x")
        self.topics.database.deliver()
        self.topics.database.step()
        second = FakeReader().follow(self.topics.followers, "a")
        self.topics.settle()

        self.assertEqual(([1], []), (first.numbers(), second.numbers()))

    def test_nothing_is_told_before_follow_has_returned(self) -> None:
        self.topics.read()
        # The end is known, so nothing has to be read; FakeReader checks that it is told later.
        reader = FakeReader().follow(self.topics.followers, "a")
        self.assertIsNone(reader.start)
        self.topics.clock.advance(0)
        self.assertIsNotNone(reader.start)

    def test_several_topics_begin_together(self) -> None:
        self.publish("x", "y")
        self.publish("z", topic="b")
        reader = self.topics.read("b", "a", "c", a=1, b=0)

        assert reader.start is not None
        self.assertEqual({"b": 0, "a": 1, "c": 0}, reader.start.numbers)
        self.publish("w", topic="c")
        self.assertEqual([("b", 1, "z"), ("a", 2, "y"), ("c", 1, "w")], reader.told)

    def test_who_is_of_another_epoch_or_ahead_is_told_and_begins_with_what_is_kept(self) -> None:
        self.publish("x", "y")
        other = FakeReader().follow(self.topics.followers, "a", since=Position({"a": 1}, "other"))
        ahead = self.topics.read(a=3)

        for reader in (other, ahead):
            self.assertEqual(([("a", 0)], [1, 2]), (reader.resets, reader.numbers()))
        self.publish("z")
        self.assertEqual([[1, 2, 3]] * 2, [other.numbers(), ahead.numbers()])

    def test_who_is_of_another_epoch_is_told_also_if_its_number_is_the_last(self) -> None:
        self.publish("x", "y")
        self.topics.read()

        reader = FakeReader().follow(self.topics.followers, "a", since=Position({"a": 2}, "other"))
        self.topics.settle()

        self.assertEqual([("a", 0)], reader.resets)

    def test_what_is_gone_is_told(self) -> None:
        self.topics = Topics(keep=2)
        self.publish(*"vwxyz")

        reader = self.topics.read(a=1)

        self.assertEqual(([("a", 3)], [4, 5]), (reader.resets, reader.numbers()))

    def test_a_long_past_comes_in_pages(self) -> None:
        self.topics = Topics(page_events=3)
        self.publish(*"abcdefgh")

        reader = self.topics.read(a=1)

        self.assertEqual([2, 3, 4, 5, 6, 7, 8], reader.numbers())
        self.assertEqual([3, 3, 1], [len(each.events) for each in reader.batches])
        self.publish("i")
        self.assertEqual(9, reader.numbers()[-1])

    def test_what_cannot_be_followed_is_refused(self) -> None:
        many = [f"t{number}" for number in range(MOST_TOPICS + 1)]
        for topics in ([], ["a", "a"], ["a b"], [""], ["x" * 101], ["a\0"], many):
            with self.assertRaises(NotPublished):
                FakeReader().follow(self.topics.followers, *topics)
        self.assertEqual((0, 0), (len(self.topics.followers), len(self.topics.followers.topics())))

    def test_what_cannot_be_read_is_read_again(self) -> None:
        self.publish("x")
        reader = FakeReader().follow(self.topics.followers, "a", since=Position({"a": 0}))
        self.topics.clock.advance(0)
        self.topics.database.fail()
        self.assertIsNone(reader.start)
        self.flushLoggedErrors()

        self.topics.clock.advance(1)
        self.topics.settle()

        self.assertEqual([1], reader.numbers())


class TellingTests(FollowingCase):
    def test_all_get_the_same_objects_so_that_a_form_is_made_once(self) -> None:
        readers = [self.topics.read() for _ in range(3)]
        self.topics.store("a", "x", "y")
        self.topics.settle()

        self.assertEqual(1, len({id(batch) for reader in readers for batch in reader.batches}))
        for reader in readers:
            self.assertEqual(b"xy", reader.batches[0].form(_encoded))
        self.assertEqual(1, _encoded.calls)

    def test_an_event_is_told_once_it_is_committed(self) -> None:
        reader = self.topics.read()
        self.topics.store("a", "x")
        self.topics.clock.advance(0)
        self.topics.database.commit()
        self.topics.clock.advance(0)
        self.assertEqual([], reader.told)

        self.topics.database.deliver()
        self.topics.settle()

        self.assertEqual([1], reader.numbers())

    def test_what_is_stored_again_under_its_key_is_told_once(self) -> None:
        reader = self.topics.read()
        for _ in range(2):
            self.topics.store("a", "x", key="k")
            self.topics.settle()

        self.assertEqual([1], reader.numbers())

    def test_what_fails_is_not_told_and_leaves_no_gap(self) -> None:
        reader = self.topics.read()
        self.topics.store("a", "lost")
        self.topics.database.fail()
        self.flushLoggedErrors()
        self.publish("kept")

        self.assertEqual([("a", 1, "kept")], reader.told)

    def test_a_reader_that_fails_or_goes_does_not_keep_others_from_it(self) -> None:
        readers = [self.topics.read() for _ in range(3)]
        readers[0].takes = 1
        readers[1].following.stop()
        readers[1].following.stop()
        self.publish("x")
        self.publish("y")

        self.assertEqual([[1], [], [1, 2]], [reader.numbers() for reader in readers])

    def test_many_are_told_in_slices(self) -> None:
        clock, turns = self.topics.clock, Counter[str]()
        self.patch(followed, "POSITIONS_AT_ONCE", 1)
        readers = [self.topics.read() for _ in range(3)]
        self.topics.store("a", "x")
        self.topics.database.settle()
        # Each event takes its reader long.
        for reader in readers:
            self.patch(reader, "events", lambda batch: clock.pump([0.02]))
        call_later = clock.callLater
        self.patch(clock, "callLater", lambda *given: turns.update(["turn"]) or call_later(*given))

        self.topics.settle()

        self.assertEqual(3, turns.total())

    def test_what_another_node_has_stored_is_told_page_by_page(self) -> None:
        bus = Bus()
        self.topics = Topics(page_events=2, bus=bus)
        reader = self.topics.read()
        for _ in range(5):
            self.topics.queue.append(TopicDraft("a", "", "x", None, 0.0))
        self.topics.settle()
        bus.hear(Published({"a": 5}))
        self.topics.settle()

        self.assertEqual([1, 2, 3, 4, 5], reader.numbers())

    def test_who_is_ahead_when_events_are_gone_that_were_not_told_gets_what_comes_behind(self) -> None:
        bus = Bus()
        self.topics = Topics(keep=2, bus=bus)
        other = Topics(keep=2, database=FakeDatabase(self.topics.database))
        behind = self.topics.read()
        other.publish("a", *"vwxyz")
        ahead = FakeReader().follow(self.topics.followers, "a", since=Position({"a": 5}))
        self.topics.clock.advance(0)
        self.topics.database.step()
        self.topics.clock.advance(0)
        # Stored by the other node before this one reads what it has not told yet.
        other.publish("a", "new")
        self.topics.settle()

        self.assertEqual([6], ahead.numbers())
        self.assertEqual(([("a", 4)], [5, 6]), (behind.resets, behind.numbers()))

    def test_topics_that_nobody_follows_any_more_are_forgotten(self) -> None:
        reader = self.topics.read("a", "b")
        reader.following.stop()

        self.assertEqual((0, 0), (len(self.topics.followers), len(self.topics.followers.topics())))
        self.publish("x")
        self.assertEqual([], reader.told)


class FakeGroup:
    """A ReaderGroup that notes how many readers it tells at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def events(self, readers: Sequence[FakeReader], batch: TopicBatch) -> None:
        self.sizes.append(len(readers))
        for reader in readers:
            reader.events(batch)


class GroupTests(FollowingCase):
    def setUp(self) -> None:
        super().setUp()
        self.group = FakeGroup()

    def follow(self, count: int, group: FakeGroup | None, **since: int) -> list[FakeReader]:
        position = Position(since) if since else None
        readers = [FakeReader() for _ in range(count)]
        for reader in readers:
            reader.follow(self.topics.followers, "a", since=position, group=group)
        self.topics.settle()
        return readers

    def test_the_readers_of_a_group_are_told_together_and_others_by_themselves(self) -> None:
        other = FakeGroup()
        readers = [*self.follow(3, self.group), *self.follow(2, None), *self.follow(1, other)]
        self.publish("x")
        self.publish("y")

        self.assertEqual(([3, 3], [1, 1]), (self.group.sizes, other.sizes))
        self.assertEqual([[1, 2]] * 6, [reader.numbers() for reader in readers])

    def test_many_of_a_group_are_told_in_slices(self) -> None:
        self.patch(followed, "POSITIONS_AT_ONCE", 2)
        readers = self.follow(5, self.group)
        self.publish("x")

        self.assertEqual([2, 2, 1], self.group.sizes)
        self.assertEqual([[1]] * 5, [reader.numbers() for reader in readers])

    def test_who_is_behind_or_pauses_gets_every_event_once_and_in_order(self) -> None:
        self.publish("x", "y")
        (behind,) = self.follow(1, self.group, a=0)
        paused, other = self.follow(2, self.group)
        paused.takes = 1
        self.publish("z")
        self.publish("w")
        self.assertEqual([[1, 2, 3, 4], [3], [3, 4]], [each.numbers() for each in (behind, paused, other)])

        paused.takes = 10
        paused.following.resume()
        self.topics.settle()
        self.publish("v")

        self.assertEqual([[1, 2, 3, 4, 5], [3, 4, 5], [3, 4, 5]], [each.numbers() for each in (behind, paused, other)])

    def test_who_is_ended_by_one_that_is_told_before_is_told_nothing(self) -> None:
        first, second = self.follow(2, None)
        (member,) = self.follow(1, self.group)
        self.patch(member, "events", lambda batch: first.following.stop())

        self.publish("x")

        self.assertEqual([[], [1]], [first.numbers(), second.numbers()])


class PausingTests(FollowingCase):
    def test_who_pauses_gets_what_came_meanwhile_when_it_goes_on(self) -> None:
        reader = self.topics.read()
        other = self.topics.read()
        self.publish("x")
        reader.following.pause()
        reader.following.pause()
        self.publish("y", "z")
        self.assertEqual([1], reader.numbers())

        reader.following.resume()
        reader.following.resume()
        self.topics.settle()
        self.publish("w")

        self.assertEqual([1, 2, 3, 4], reader.numbers())
        self.assertEqual([1, 2, 3, 4], other.numbers())

    def test_of_much_that_is_stored_at_once_who_pauses_takes_no_more_than_a_page(self) -> None:
        slow, other = self.topics.read(), self.topics.read()
        slow.takes = 1

        self.publish(*["x" * 2**16] * 20)

        self.assertEqual(([1, 2, 3, 4], [*range(1, 21)]), (slow.numbers(), other.numbers()))
        self.assertEqual([4] * 5, [len(batch.events) for batch in other.batches])
        slow.takes = 10**9
        slow.following.resume()
        self.topics.settle()
        self.assertEqual([*range(1, 21)], slow.numbers())

    def test_an_event_that_is_larger_than_a_page_is_told_alone(self) -> None:
        reader = self.topics.read()

        self.publish("a", "x" * 2**19, "b", "c")

        self.assertEqual([1, 1, 2], [len(batch.events) for batch in reader.batches])

    def test_who_pauses_while_a_page_is_read_reads_it_again(self) -> None:
        self.publish("x", "y")
        reader = self.topics.read(a=2)
        reader.following.pause()
        self.publish("z")
        for _ in range(3):
            reader.following.resume()
            self.topics.clock.advance(0)
            reader.following.pause()
            self.topics.settle()
        self.assertEqual([], reader.told)

        reader.following.resume()
        self.topics.settle()

        self.assertEqual([3], reader.numbers())

    def test_who_pauses_in_the_middle_of_pages_goes_on_there(self) -> None:
        self.topics = Topics(page_events=2)
        self.publish(*"abcdefg")
        reader = FakeReader()
        reader.takes = 1
        reader.follow(self.topics.followers, "a", since=Position({"a": 0}))
        self.topics.settle()
        self.assertEqual([1, 2], reader.numbers())

        for _ in range(5):
            reader.following.resume()
            self.topics.settle()

        self.assertEqual([1, 2, 3, 4, 5, 6, 7], reader.numbers())

    def test_who_pauses_until_the_events_are_gone_is_told(self) -> None:
        self.topics = Topics(keep=2)
        reader = self.topics.read()
        self.publish("a")
        reader.following.pause()
        self.publish(*"bcdef")

        reader.following.resume()
        self.topics.settle()

        self.assertEqual(([("a", 4)], [1, 5, 6]), (reader.resets, reader.numbers()))

    def test_who_pauses_while_it_begins_is_told_of_each_topic_whose_events_are_gone(self) -> None:
        self.topics = Topics(keep=2)
        self.publish(*"abcdef")
        self.publish(*"uvwxyz", topic="b")
        reader = FakeReader()
        # The events of the first topic are more than it takes.
        reader.takes = 1
        reader.follow(self.topics.followers, "a", "b", since=Position({"a": 1, "b": 1}))
        self.topics.settle()

        reader.takes = 10**9
        reader.following.resume()
        self.topics.settle()

        self.assertEqual([("a", 4), ("b", 4)], reader.resets)
        self.assertEqual(([5, 6], [5, 6]), (reader.numbers("a"), reader.numbers("b")))

    def test_who_goes_when_it_is_told_that_events_are_gone_is_told_nothing_more(self) -> None:
        self.topics = Topics(keep=2)
        self.publish(*"abcdef")
        self.publish(*"uvwxyz", topic="b")
        reader = FakeReader().follow(self.topics.followers, "a", "b", since=Position({"a": 1, "b": 1}))
        told: list[str] = []

        def goes(topic: str, number: int) -> None:
            told.append(topic)
            reader.following.stop()

        self.patch(reader, "reset", goes)
        self.topics.settle()

        self.assertEqual((["a"], []), (told, reader.told))

    def test_who_goes_while_a_page_is_read_is_told_nothing(self) -> None:
        self.publish("x")
        reader = FakeReader().follow(self.topics.followers, "a", since=Position({"a": 0}))
        self.topics.clock.advance(0)
        reader.following.stop()
        self.topics.settle()

        self.assertIsNone(reader.start)


class EndingTests(FollowingCase):
    def test_a_topic_is_closed_for_one_person_or_for_all(self) -> None:
        ann, bob, stranger = (self.topics.read("a", "b", person=person) for person in ("ann", "bob", None))
        other = self.topics.read("c", person="ann")

        self.topics.followers.end_topic("b", "ann")
        self.assertEqual([TopicEnd.CLOSED, None, None], [each.end for each in (ann, bob, stranger)])
        self.topics.followers.end_topic("b", None)
        self.assertEqual([TopicEnd.CLOSED] * 3, [each.end for each in (ann, bob, stranger)])
        self.topics.followers.end_topic("none", None)

        self.assertIsNone(other.end)
        self.publish("x")
        self.assertEqual([], ann.told)

    def test_the_end_of_the_service_is_told_to_everybody_and_nobody_follows_any_more(self) -> None:
        readers = [self.topics.read(), FakeReader().follow(self.topics.followers, "b")]
        self.topics.followers.close()
        self.topics.settle()

        self.assertEqual([TopicEnd.STOPPING] * 2, [each.end for each in readers])
        with self.assertRaises(ServiceBusy):
            FakeReader().follow(self.topics.followers, "a")


class _Encoder:
    """Counts how often something is encoded."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, batch: TopicBatch) -> bytes:
        self.calls += 1
        return "".join(event.data for event in batch.events).encode()


_encoded = _Encoder()
