"""Events go after [topics] keep_for, by a clock that nobody can set; those of earlier processes by their dates."""

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.common.clocks import TOLERANCE, TRUST_SECONDS
from mixsvc.config.settings import Settings, TopicsSettings
from mixsvc.topics.retention import SLICE_PAUSE
from mixsvc.topics.storage import sqlite
from tests.chat.fakes import NOW, FakeDatabase
from tests.topics.harness import TopicsHarness

DAY = 86_400.0


class RetentionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.database = FakeDatabase()
        self.addCleanup(self.database.connection.close)

    def start(self, now: float = NOW, **settings: float) -> TopicsHarness:
        topics = TopicsHarness(TopicsSettings(**settings), self.database, now=now)  # type: ignore[arg-type]
        self.addCleanup(topics.stop)
        return topics

    def numbers(self, topic: str = "a") -> list[int]:
        query = "SELECT number FROM topic_event WHERE topic = ? ORDER BY number"
        return [number for (number,) in self.database.connection.execute(query, (topic,))]

    def test_what_this_process_has_stored_goes_when_it_is_old(self) -> None:
        topics = self.start(keep_for=10)
        topics.service.facade.publish("a", "x")
        topics.pass_by(5)
        topics.service.facade.publish("a", "y")
        topics.pass_by(4)
        self.assertEqual([1, 2], self.numbers())

        topics.pass_by(3)
        self.assertEqual([2], self.numbers())
        topics.pass_by(5)
        self.assertEqual([], self.numbers())
        self.assertEqual(3, topics.service.facade.publish("a", "z"))

    def test_what_is_old_goes_in_few_parts_however_long_it_is_kept(self) -> None:
        keep_for, minutes = 7200.0, 120
        topics = self.start(keep_for=keep_for)
        # The dates say nothing, so each event goes as this process remembers it.
        self.patch(topics.wall, "trusted_seconds", lambda: None)
        for _ in range(minutes):
            topics.service.facade.publish("a", "x")
            topics.pass_by(60, 60)
        left = [minutes]
        for minute in range(1, minutes + 12):
            topics.pass_by(60, 60)
            left.append(len(self.numbers()))
            # None goes early, and none is late by more than a part and two looks.
            self.assertTrue(minutes - minute <= left[-1] <= minutes - minute + 10 or left[-1] == 0)

        self.assertEqual(0, left[-1])
        self.assertLessEqual(len({*left}), 22)

    def test_what_is_too_much_goes_after_a_start_and_a_reload_also_where_nothing_is_published(self) -> None:
        earlier = self.start()
        for _ in range(5):
            earlier.service.facade.publish("a", "x")
        earlier.stop()

        later = self.start(keep=4)
        later.pass_by(60)
        self.assertEqual([2, 3, 4, 5], self.numbers())
        later.service.reload(Settings(topics=TopicsSettings(keep=2)))
        later.pass_by(60)

        self.assertEqual([4, 5], self.numbers())

    def test_a_clock_that_is_set_deletes_nothing(self) -> None:
        topics = self.start(keep_for=DAY)
        topics.service.facade.publish("a", "x")
        now = topics.clock.seconds
        topics.wall.seconds = lambda: now() + 400 * DAY
        topics.pass_by(600, 60)
        topics.wall.seconds = now
        topics.pass_by(600, 60)

        self.assertEqual([1], self.numbers())

    def test_what_an_earlier_process_has_stored_goes_by_its_date_once_the_time_is_known(self) -> None:
        earlier = self.start(keep_for=2 * DAY)
        earlier.pass_by(TRUST_SECONDS + 120, 60)
        earlier.service.facade.publish("a", "x")
        earlier.stop()

        later = self.start(NOW + DAY / 2, keep_for=DAY / 24)
        later.pass_by(TRUST_SECONDS / 2, 60)
        self.assertEqual([1], self.numbers())
        later.pass_by(TRUST_SECONDS, 60)

        self.assertEqual([], self.numbers())

    def test_what_is_old_goes_also_while_events_are_published_without_a_pause(self) -> None:
        earlier = self.start(keep_for=2 * DAY)
        earlier.pass_by(TRUST_SECONDS + 120, 60)
        earlier.service.facade.publish("a", "x")
        earlier.stop()
        later = self.start(NOW + 3 * DAY, keep_for=2 * DAY, keep=100)
        later.pass_by(TRUST_SECONDS - 60, 60)

        for _ in range(int(240 / SLICE_PAUSE)):
            later.clock.advance(SLICE_PAUSE / 2)
            later.service.facade.publish("b", "x")

        self.assertEqual([], self.numbers())
        ((oldest,),) = self.database.connection.execute("SELECT min(at) FROM topic_event")
        self.assertApproximates(later.clock.seconds(), oldest, TOLERANCE)

    def test_empty_topics_are_forgotten_also_while_events_become_old_without_a_pause(self) -> None:
        topics = self.start(keep_for=2, max_topics=8)
        self.patch(topics.wall, "trusted_seconds", topics.clock.seconds)
        for topic in "cdefgh":
            topics.service.facade.publish(topic, "x")

        for _ in range(int(16 / SLICE_PAUSE)):
            topics.clock.advance(SLICE_PAUSE / 2)
            topics.service.facade.publish("b", "x")

        ((count,),) = self.database.connection.execute("SELECT count(*) FROM topic")
        self.assertEqual(4, count)

    def test_what_has_no_date_is_kept_from_the_first_moment_that_is_known(self) -> None:
        earlier = self.start(keep_for=DAY)
        earlier.service.facade.publish("a", "x")
        earlier.stop()

        later = self.start(NOW + 3 * DAY, keep_for=DAY)
        later.pass_by(TRUST_SECONDS + 120, 60)
        self.assertEqual([1], self.numbers())
        later.pass_by(DAY, 600)

        self.assertEqual([], self.numbers())

    def test_without_a_limit_of_time_all_stays(self) -> None:
        topics = self.start(keep_for=0)
        topics.service.facade.publish("a", "x")
        topics.pass_by(10 * DAY, 3600)

        self.assertEqual([1], self.numbers())

    def test_a_reload_that_ends_the_limit_of_time_deletes_nothing(self) -> None:
        topics = self.start(keep_for=DAY)
        topics.service.facade.publish("a", "x")
        # In a part of the time that has ended, and in the present one.
        topics.pass_by(DAY / 10, 600)
        topics.service.facade.publish("a", "y")
        topics.service.reload(Settings(topics=TopicsSettings(keep_for=0)))
        topics.pass_by(10 * DAY, 3600)

        self.assertEqual([1, 2], self.numbers())

    def test_limits_that_are_put_right_delete_nothing_more(self) -> None:
        self.patch(sqlite, "SLICE", 2)
        for mistake in (TopicsSettings(keep=1), TopicsSettings(keep_for=DAY / 24)):
            topics = self.start()
            for _ in range(5):
                topics.service.facade.publish("a", "x")
            topics.pass_by(TRUST_SECONDS + 120, 60)
            before = self.numbers()

            topics.service.reload(Settings(topics=mistake))
            while self.numbers() == before:
                topics.pass_by(1)
            topics.service.reload(Settings(topics=TopicsSettings()))
            topics.pass_by(TRUST_SECONDS, 60)

            self.assertEqual(before[2:], self.numbers())
            topics.stop()

    def test_empty_topics_are_forgotten_when_there_are_many(self) -> None:
        topics = self.start(keep_for=10, max_topics=4)
        for topic in "abcd":
            topics.service.facade.publish(topic, "x")
        topics.pass_by(15)

        self.assertEqual([(2,)], self.database.connection.execute("SELECT count(*) FROM topic").fetchall())
        self.assertEqual(2, topics.service.facade.publish("e", "x"))

    def test_after_a_failure_it_goes_on(self) -> None:
        topics = self.start(keep_for=10)
        topics.service.facade.publish("a", "x")
        topics.clock.advance(1)
        topics.settle()
        topics.clock.advance(11)
        self.database.fail()
        self.flushLoggedErrors()
        topics.pass_by(12)

        self.assertEqual([], self.numbers())
