"""What views publish, from the facade to the number: checked, limited, stored once."""

from enum import Enum
from typing import Any

from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from mixsvc.config.settings import TopicsSettings
from mixsvc.errors import NotPublished, ServiceBusy
from mixsvc.interfaces.topics import ITopics, TopicEnd
from tests.database_troubles import database_troubles
from tests.topics.fakes import FakeReader
from tests.topics.harness import TopicsHarness


class PublishingCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.start(TopicsSettings())

    def start(self, settings: TopicsSettings) -> None:
        self.topics = TopicsHarness(settings)
        self.addCleanup(self.topics.database.connection.close)
        self.mix = self.topics.service.facade

    def events(self) -> list[tuple[str, int, str, str]]:
        query = "SELECT topic, number, name, data FROM topic_event ORDER BY topic, number"
        rows: list[tuple[str, int, str, str]] = self.topics.database.connection.execute(query).fetchall()
        return rows


class PublisherTests(PublishingCase):
    def test_the_facade_has_what_the_interface_promises(self) -> None:
        verifyObject(ITopics, self.mix)

    def test_the_number_is_returned_once_the_event_is_stored(self) -> None:
        publishing = self.topics.service.publisher.publish("order-42", "paid")
        self.topics.database.commit()
        self.assertNoResult(publishing)
        self.topics.database.deliver()

        self.assertEqual(1, self.successResultOf(publishing))
        self.assertEqual([2, 1], [self.mix.publish("order-42", "sent", "status"), self.mix.publish("order-43", "x")])
        self.assertEqual(
            [("order-42", 1, "", "paid"), ("order-42", 2, "status", "sent"), ("order-43", 1, "", "x")], self.events()
        )

    def test_an_event_with_a_key_is_stored_once(self) -> None:
        numbers = [self.mix.publish("a", "x", key="k") for _ in range(2)]

        self.assertEqual(([1, 1], 1), (numbers, len(self.events())))

    def test_members_of_an_enum_are_their_texts(self) -> None:
        class Word(str, Enum):  # noqa: UP042  # StrEnum writes its text
            TOPIC = "order-42"
            OTHER = "news"
            NAME = "status"

        reader = FakeReader().follow(self.topics.service.topics, "order-42")
        self.topics.settle()
        self.mix.publish(Word.TOPIC, Word.NAME, Word.NAME, Word.NAME)

        ((event,),) = [batch.events for batch in reader.batches]
        self.assertEqual("order-42 status status", f"{event.topic} {event.name} {event.data}")
        self.assertEqual("order-42=1,news=0", self.mix.last(Word.TOPIC, Word.OTHER).partition("@")[0])
        self.mix.close(Word.TOPIC)
        self.assertEqual(TopicEnd.CLOSED, reader.end)

    def test_what_is_no_text_becomes_json(self) -> None:
        for data in ({"ü": 1.5}, [1, None, True], 7, None):
            self.mix.publish("a", data)

        self.assertEqual(['{"ü":1.5}', "[1,null,true]", "7", "null"], [data for *_, data in self.events()])

    def test_an_event_cannot_look_like_the_one_that_says_that_events_are_gone(self) -> None:
        with self.assertRaisesRegex(NotPublished, "reset"):
            self.mix.publish("a", "5", "reset")

        self.assertEqual([], self.events())
        self.assertEqual(1, self.mix.publish("a", "5", "Reset"))

    def test_what_cannot_be_published_is_refused_with_a_sentence(self) -> None:
        wrong: list[tuple[Any, ...]] = [
            ("", "x"),
            ("a b", "x"),
            ("x" * 101, "x"),
            (7, "x"),
            ("a\0", "x"),
            ("a", "\ud800"),
            ("a", "\0"),
            ("a", b"bytes"),
            ("a", {1, 2}),
            ("a", float("nan")),
            ("a", "ü" * 40_000),
            ("a", "x", ""),
            ("a", "x", "two\nlines"),
            ("a", "x", "two\rlines"),
            ("a", "x", "n\0"),
            ("a", "x", "n" * 101),
            ("a", "x", 7),
            ("a", "x", None, ""),
            ("a", "x", None, "k" * 65),
            ("a", "x", None, "\ud800"),
            ("a", "x", None, 7),
        ]
        for each in wrong:
            with self.assertRaises(NotPublished, msg=repr(each)[:40]) as raised:
                self.mix.publish(*each)
            self.assertNotIn("\n", str(raised.exception))
            self.assertLess(len(str(raised.exception)), 300)
        self.assertEqual([], self.events())

    def test_the_longest_that_may_be_published_is(self) -> None:
        self.mix.publish("x" * 100, "ü" * 32_768, "n" * 100, "k" * 64)

        self.assertEqual(1, len(self.events()))

    def test_a_topic_gets_so_many_events_a_second(self) -> None:
        self.start(TopicsSettings(rate=2, burst=3))
        for _ in range(3):
            self.mix.publish("a", "x")
        with self.assertRaises(ServiceBusy):
            self.mix.publish("a", "x")

        self.mix.publish("b", "x")
        self.topics.pass_by(1)
        for _ in range(2):
            self.mix.publish("a", "x")
        with self.assertRaises(ServiceBusy):
            self.mix.publish("a", "x")
        stats = self.topics.service.stats()
        self.assertEqual((6, 2), (stats.published, stats.refused))

    def test_one_topic_more_than_there_may_be_is_refused(self) -> None:
        self.start(TopicsSettings(max_topics=2))
        self.mix.publish("a", "x")
        self.mix.publish("b", "x")

        with self.assertRaises(ServiceBusy) as raised:
            self.mix.publish("c", "x")

        self.assertIn("max_topics", str(raised.exception))
        self.assertEqual(2, self.mix.publish("a", "x"))

    def test_what_fails_on_disk_is_refused_and_leaves_no_gap(self) -> None:
        publishing = self.topics.service.publisher.publish("a", "lost")
        with capturedLogs() as events:
            self.topics.database.fail()

        self.failureResultOf(publishing, ServiceBusy)
        self.assertEqual(1, len(database_troubles(events)))
        self.assertEqual(1, self.mix.publish("a", "x"))

    def test_each_commit_takes_all_that_waits(self) -> None:
        waiting = [self.topics.service.publisher.publish("a", "x") for _ in range(10)]
        self.topics.settle()

        self.assertEqual([*range(1, 11)], [self.successResultOf(each) for each in waiting])
        self.assertEqual(2, self.topics.database.transactions)


class LastTests(PublishingCase):
    def reader(self, since: str, *topics: str) -> FakeReader:
        from mixsvc.common.positions import read_position

        reader = FakeReader().follow(self.topics.service.topics, *topics, since=read_position(since, topics))
        self.topics.settle()
        return reader

    def test_nothing_falls_between_the_page_and_the_stream(self) -> None:
        self.mix.publish("a", "in the page")
        since = self.mix.last("a")
        self.mix.publish("a", "between")

        reader = self.reader(since, "a")

        self.assertRegex(since, r"^1@[0-9a-f]{16}$")
        self.assertEqual(([("a", 2, "between")], []), (reader.told, reader.resets))

    def test_topics_that_are_not_there_yet_have_an_end_too(self) -> None:
        since = self.mix.last("a", "b")
        self.mix.publish("b", "x")

        reader = self.reader(since, "a", "b")

        self.assertRegex(since, r"^a=0,b=0@[0-9a-f]{16}$")
        self.assertEqual(([("b", 1, "x")], []), (reader.told, reader.resets))

    def test_the_end_of_another_database_is_recognised(self) -> None:
        self.mix.publish("a", "x")
        since = self.mix.last("a")
        self.start(TopicsSettings())
        self.mix.publish("a", "another")

        reader = self.reader(since, "a")

        self.assertEqual(([("a", 0)], [1]), (reader.resets, reader.numbers()))

    def test_what_is_no_topic_is_refused(self) -> None:
        for topics in ([], ["a b"], ["a", "a"], [f"t{number}" for number in range(51)]):
            with self.assertRaises(NotPublished):
                self.mix.last(*topics)
