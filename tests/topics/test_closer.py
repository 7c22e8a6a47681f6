"""Who may not follow any more is told nothing from then on."""

from math import inf

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.common.positions import Position
from mixsvc.errors import NotPublished
from mixsvc.hooks import closed_lately
from mixsvc.hooks.login_watch import LOOK_SECONDS
from mixsvc.interfaces import Identity
from mixsvc.interfaces.topics import Subscription, TopicEnd
from tests.topics.fakes import FakeReader
from tests.topics.harness import TopicsHarness


class ClosingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.topics = TopicsHarness()
        self.addCleanup(self.topics.database.connection.close)
        self.mix = self.topics.service.facade

    def reader(self, identity: Identity | None = None, topic: str = "a", decided: float = inf) -> FakeReader:
        reader = FakeReader()
        subscription = Subscription((topic,), Position(), identity, decided)
        reader.following = self.topics.service.topics.follow(subscription, reader)
        self.topics.settle()
        return reader

    def test_streams_of_a_topic_end_when_close_returns(self) -> None:
        ann, bob, other = self.reader(Identity("ann")), self.reader(Identity("bob")), self.reader(None, "b")

        self.mix.close("a", "ann")
        self.assertEqual([TopicEnd.CLOSED, None, None], [each.end for each in (ann, bob, other)])
        self.mix.close("a")
        self.assertEqual([TopicEnd.CLOSED, TopicEnd.CLOSED, None], [each.end for each in (ann, bob, other)])

        self.mix.publish("a", "x")
        self.assertEqual([], ann.told)

    def test_a_decision_from_before_ends_also_if_the_stream_begins_only_then(self) -> None:
        before = self.topics.clock.seconds()
        self.topics.pass_by(1)
        self.mix.close("a", "ann")
        self.topics.nodes.journal.post("log_out", "", {"person": "bob", "at": 0.0})
        self.topics.pass_by(1)
        ann, bob = Identity("ann"), Identity("bob")

        old = [self.reader(who, topic, before) for who in (ann, bob, None) for topic in "ab"]
        self.assertEqual(
            [TopicEnd.CLOSED, None, TopicEnd.LOGGED_OUT, TopicEnd.LOGGED_OUT, None, None], [each.end for each in old]
        )
        now = self.topics.clock.seconds()
        self.assertEqual([None, None], [self.reader(who, decided=now).end for who in (ann, bob)])
        self.mix.close("a")
        self.assertEqual(TopicEnd.CLOSED, self.reader(None, "a", now).end)

    def test_a_decision_that_is_older_than_what_is_remembered_ends(self) -> None:
        before = self.topics.clock.seconds()
        self.topics.pass_by(closed_lately.KEPT_SECONDS)

        self.assertEqual(TopicEnd.UNKNOWN, self.reader(None, "a", before).end)

    def test_what_was_decided_before_so_many_closings_that_they_are_not_all_remembered_ends(self) -> None:
        before = self.topics.clock.seconds()
        self.patch(closed_lately, "MOST", 2)
        for topic in "abc":
            self.topics.pass_by(1)
            self.mix.close(topic)

        self.assertEqual(TopicEnd.UNKNOWN, self.reader(None, "a", before).end)
        self.assertIsNone(self.reader(None, "a", self.topics.clock.seconds()).end)

    def test_what_was_decided_before_events_of_the_journal_were_missed_ends(self) -> None:
        before = self.topics.clock.seconds()
        self.topics.pass_by(1)
        self.topics.service.topics.end_unknown()
        self.topics.pass_by(1)

        self.assertEqual(TopicEnd.UNKNOWN, self.reader(None, "a", before).end)
        self.assertIsNone(self.reader(None, "a", self.topics.clock.seconds()).end)

    def test_what_is_no_topic_or_person_is_refused(self) -> None:
        for topic, person in (("a b", None), ("", None), ("a", "\0"), ("a", 7)):
            with self.assertRaises(NotPublished):
                self.mix.close(topic, person)  # type: ignore[arg-type]

    def test_streams_end_when_their_login_has_ended(self) -> None:
        ended: set[str] = set()
        ann, bob, eve = (
            self.reader(Identity(name, ended=lambda name=name: name in ended))  # type: ignore[misc]
            for name in ("ann", "bob", "eve")
        )
        self.topics.pass_by(LOOK_SECONDS)
        eve.following.stop()
        ended |= {"ann", "eve"}
        self.topics.pass_by(LOOK_SECONDS)

        self.assertEqual([TopicEnd.LOGGED_OUT, None, None], [each.end for each in (ann, bob, eve)])

    def test_streams_end_when_the_application_logs_their_person_out(self) -> None:
        ann, bob, stranger = self.reader(Identity("ann")), self.reader(Identity("bob")), self.reader()
        # As the chat does it, which gets the event as well.
        self.topics.nodes.journal.post("log_out", "", {"person": "ann", "at": 0.0})

        self.assertEqual([TopicEnd.LOGGED_OUT, None, None], [each.end for each in (ann, bob, stranger)])

    def test_the_stop_of_the_service_stores_what_waits_and_ends_everybody(self) -> None:
        reader = self.reader()
        publishing = self.topics.service.publisher.publish("a", "x")
        stopping = self.topics.stop()

        self.successResultOf(stopping)
        self.assertEqual((1, TopicEnd.STOPPING), (self.successResultOf(publishing), reader.end))
