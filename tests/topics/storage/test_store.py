"""Topics in each kind of database: numbers, keys, pages, epochs, and what is deleted."""

from collections.abc import Sequence

from mixsvc.interfaces.topics import TopicEvent
from mixsvc.topics.storage.records import Numbered, TopicAge, TopicDraft, TopicLimits, TopicPage, TopicQuery
from mixsvc.topics.storage.store import SLICE
from tests.stores import OnPostgres, OnSqlite, TablesCase

PLENTY = TopicLimits(keep=100_000, topics=1000)

# Far ahead of PostgreSQL's clock, which dates what it stores.
NOW = 5_000_000_000.0


def drafts(*texts: str, topic: str = "a", key: str | None = None, at: float | None = NOW) -> list[TopicDraft]:
    return [TopicDraft(topic, "", text, key, at) for text in texts]


class TopicsCase(TablesCase):
    def insert(self, new: Sequence[TopicDraft], limits: TopicLimits = PLENTY) -> list[Numbered | None]:
        return list(self.run_in(self.tables.topics.insert, new, limits))

    def read(self, after: int | None = 0, epoch: str = "", topic: str = "a", limits: TopicLimits = PLENTY) -> TopicPage:
        (page,) = self.run_in(self.tables.topics.read, [TopicQuery(topic, after, epoch)], limits)
        return page

    def texts(self, after: int = 0, topic: str = "a") -> list[str]:
        batch = self.read(after, topic=topic).batch
        return [event.data for event in batch.events] if batch is not None else []

    def numbers(self, topic: str = "a") -> list[int]:
        rows = self.tables.execute("SELECT number FROM topic_event WHERE topic = ? ORDER BY number", topic)
        return [number for (number,) in rows]

    def clear(self, **up_to: int) -> None:
        self.run_in(self.tables.topics.drop, up_to)


class AppendContract(TopicsCase):
    def test_numbers_go_up_from_1_in_each_topic(self) -> None:
        first = self.insert([*drafts("x", "y"), *drafts("z", topic="b")])

        self.assertEqual([Numbered(1), Numbered(2), Numbered(1)], first)
        self.assertEqual([Numbered(3)], self.insert(drafts("w")))
        self.assertEqual(["x", "y", "w"], self.texts())

    def test_an_event_comes_back_as_it_was_given(self) -> None:
        data = "ü \U0001f98a\r\n%s {} ' \" \t"
        self.insert([TopicDraft("Bestellung-ä", "paid", data, "k", NOW)])

        batch = self.read(topic="Bestellung-ä").batch

        assert batch is not None
        self.assertEqual((TopicEvent("Bestellung-ä", 1, "paid", data),), batch.events)

    def test_a_known_key_gives_the_number_of_the_first_event(self) -> None:
        self.insert(drafts("x", key="k"))

        again = self.insert([*drafts("other", key="k"), *drafts("y"), *drafts("z", key="k", topic="b")])

        self.assertEqual([Numbered(1, True), Numbered(2), Numbered(1)], again)
        self.assertEqual(["x", "y"], self.texts())

    def test_a_key_twice_in_one_transaction_is_stored_once(self) -> None:
        stored = self.insert([*drafts("x", key="k"), *drafts("y"), *drafts("z", key="k")])

        self.assertEqual([Numbered(1), Numbered(2), Numbered(1, True)], stored)

    def test_only_the_newest_are_kept_and_shown(self) -> None:
        self.insert(drafts(*"abcde"), TopicLimits(3, 10))

        self.assertEqual([3, 4, 5], self.numbers())
        self.assertEqual([4, 5], [e.number for e in self.events(self.read(2, limits=TopicLimits(2, 10)))])

    def events(self, page: TopicPage) -> Sequence[TopicEvent]:
        return page.batch.events if page.batch is not None else ()

    def test_the_newest_is_always_kept(self) -> None:
        self.insert(drafts("x", "y", key=None), TopicLimits(0, 10))

        self.assertEqual([2], self.numbers())

    def test_many_old_ones_go_in_slices(self) -> None:
        self.insert(drafts(*["x"] * (SLICE + 2)))
        self.insert(drafts("y"), TopicLimits(1, 10))

        self.assertEqual([SLICE + 1, SLICE + 2, SLICE + 3], self.numbers())

    def prune(self, keep: int) -> bool:
        return bool(self.run_in(self.tables.topics.prune, keep))

    def test_topics_of_which_nothing_is_published_are_pruned_too(self) -> None:
        self.insert([*drafts("x", "y", "z"), *drafts("x", "y", topic="b"), *drafts("x", topic="c")])

        self.assertTrue(self.prune(2))
        self.assertFalse(self.prune(2))
        self.assertEqual(([2, 3], [1, 2], [1]), (self.numbers(), self.numbers("b"), self.numbers("c")))
        self.assertTrue(self.prune(0))
        self.assertFalse(self.prune(0))
        self.assertEqual(([3], [2], [1]), (self.numbers(), self.numbers("b"), self.numbers("c")))

    def test_much_is_pruned_a_part_at_a_time(self) -> None:
        self.insert(drafts(*["x"] * (2 * SLICE)))

        self.assertTrue(self.prune(1))
        self.assertEqual(SLICE, len(self.numbers()))
        self.assertTrue(self.prune(1))
        self.assertEqual([2 * SLICE], self.numbers())
        self.assertFalse(self.prune(1))

    def test_a_topic_too_many_is_refused_and_the_others_are_stored(self) -> None:
        limits = TopicLimits(10, 2)
        self.insert(drafts("x"), limits)

        new = [*drafts("1", topic="c"), *drafts("2", topic="b"), *drafts("3", topic="c"), *drafts("4"), *drafts("5")]
        stored = self.insert(new, limits)

        self.assertEqual([Numbered(1), None, Numbered(2), Numbered(2), Numbered(3)], stored)
        self.assertEqual(2, self.run_in(self.tables.topics.count))
        self.assertEqual([None], self.insert(drafts("x", topic="d", key="k"), limits))


class PageContract(TopicsCase):
    def test_a_page_has_what_is_behind_a_number(self) -> None:
        self.insert(drafts(*"abc"))

        page = self.read(1)

        assert page.batch is not None
        self.assertEqual(["b", "c"], [event.data for event in page.batch.events])
        self.assertEqual((1, 3, 3, False), (page.start, page.end, page.last, page.is_reset))

    def test_without_a_number_it_says_where_the_topic_ends(self) -> None:
        self.insert(drafts(*"abc"))

        page = self.read(None, "of-another")

        self.assertEqual((3, 3, 3, None, False), (page.start, page.end, page.last, page.batch, page.is_reset))

    def test_a_topic_that_is_not_there_has_nothing(self) -> None:
        for after in (0, None):
            page = self.read(after, topic="none")
            self.assertEqual((0, 0, 0, None, False), (page.start, page.end, page.last, page.batch, page.is_reset))

    def test_a_full_page_ends_before_the_topic_does(self) -> None:
        self.insert(drafts("abc", "def", "ghi"))

        ends = [
            self.read(0, limits=TopicLimits(9, 9, *most)).end for most in ((2, 100), (9, 6), (9, 5), (9, 1), (9, 9))
        ]

        self.assertEqual([2, 2, 1, 1, 3], ends)

    def test_who_is_behind_the_first_that_is_kept_is_told(self) -> None:
        self.insert(drafts(*"abcde"), TopicLimits(2, 10))

        seen = {after: (self.read(after).start, self.read(after).is_reset) for after in (0, 2, 3, 4, 5)}

        self.assertEqual({0: (3, True), 2: (3, True), 3: (3, False), 4: (4, False), 5: (5, False)}, seen)

    def test_who_is_ahead_of_the_last_or_of_another_epoch_begins_with_what_is_kept(self) -> None:
        self.insert(drafts("a", "b"))
        epoch = self.read().epoch

        self.assertFalse(self.read(1, epoch).is_reset)
        for page in (self.read(3), self.read(1, "other"), self.read(2, "other"), self.read(0, "other")):
            self.assertEqual((0, True, 2), (page.start, page.is_reset, page.end))
            assert page.batch is not None
            self.assertEqual(2, len(page.batch.events))

    def test_pages_of_one_call_are_in_the_order_of_the_queries(self) -> None:
        self.insert([*drafts("x"), *drafts("y", topic="b")])
        queries = [TopicQuery("b", 0), TopicQuery("a", 0), TopicQuery("b", None), TopicQuery("c", 0)]

        pages = self.run_in(self.tables.topics.read, queries, PLENTY)

        self.assertEqual(["y", "x", None, None], [each.batch and each.batch.events[0].data for each in pages])


class DeletionContract(TopicsCase):
    def expire(self, cutoff: float, now: float = NOW + 100) -> list[int]:
        found: list[int] = []
        while not found or found[-1]:
            found.append(self.run_in(self.tables.topics.expire, TopicAge(now, cutoff)))
            self.assertLess(len(found), 10)
        return found

    def date(self, *times: float, topic: str = "a") -> None:
        """Events that were stored at these times."""
        self.insert(drafts(*map(str, times), topic=topic))
        placed = "to_timestamp(?)" if isinstance(self, OnPostgres) else "?"
        for number, at in enumerate(times, 1):
            self.tables.execute(
                f"UPDATE topic_event SET at = {placed} WHERE topic = ? AND number = ?", at, topic, number
            )
        self.tables.execute(f"UPDATE topic SET at = {placed} WHERE name = ?", max(times), topic)

    def test_what_is_older_than_a_time_goes(self) -> None:
        self.date(NOW - 9, NOW - 5, NOW - 5, NOW)
        self.date(NOW - 9, topic="b")

        self.assertEqual([2, 0], self.expire(NOW - 5))

        self.assertEqual([2, 3, 4], self.numbers())
        self.assertEqual([], self.numbers("b"))
        page = self.read(0, topic="b")
        self.assertEqual((1, 1, True), (page.start, page.last, page.is_reset))

    def test_what_is_dated_in_the_future_is_as_young_as_now(self) -> None:
        self.date(NOW - 9, NOW + 10**6, NOW + 10**6)

        self.expire(NOW, NOW)
        self.assertEqual([2, 3], self.numbers())
        self.insert(drafts("young", at=NOW + 50))
        self.expire(NOW + 20)

        self.assertEqual([], [each for each in self.numbers() if each < 4])

    def test_a_topic_whose_events_have_got_their_dates_dates_the_next_one_right(self) -> None:
        self.date(NOW + 10**6)
        self.run_in(self.tables.topics.expire, TopicAge(NOW, NOW - 5))

        self.insert(drafts("x"))

        self.assertEqual([0], self.expire(NOW - 5, NOW))

    def test_numbers_go_on_after_all_events_are_gone(self) -> None:
        self.insert(drafts("x", "y"))
        self.clear(a=2)

        self.assertEqual([Numbered(3)], self.insert(drafts("z")))
        self.assertEqual([True, False], [self.read(1).is_reset, self.read(2).is_reset])

    def test_events_up_to_a_number_go_in_slices(self) -> None:
        self.insert([*drafts(*["x"] * (SLICE + 2)), *drafts("y", topic="b")])
        ups = {"a": SLICE + 1, "b": 5, "none": 3}

        self.assertEqual([SLICE, 2, 0], [self.run_in(self.tables.topics.drop, ups) for _ in range(3)])
        self.assertEqual([SLICE + 2], self.numbers())

    def test_topics_are_forgotten_only_if_they_are_too_many_and_empty(self) -> None:
        for topic in "abcd":
            self.insert(drafts("x", topic=topic))
        self.clear(a=1, b=1, d=1)

        forgotten = [self.run_in(self.tables.topics.forget, most) for most in (4, 3, 0, 0)]

        self.assertEqual([0, 1, 2, 0], forgotten)
        self.assertEqual(1, self.run_in(self.tables.topics.count))
        self.assertEqual(["x"], self.texts(topic="c"))

    def test_a_new_topic_uses_no_number_that_a_forgotten_one_had(self) -> None:
        self.insert(drafts("x", "y"))
        self.clear(a=2)
        self.run_in(self.tables.topics.forget, 0)

        # Who has seen nothing has missed nothing, who knew the topic may have.
        self.assertEqual([(0, 2, False), (2, 2, True)], [self.place(0), self.place(1)])
        self.assertEqual([Numbered(3)], self.insert(drafts("z")))
        self.assertEqual([(0, 3, False), (2, 3, True), (2, 3, False)], [self.place(each) for each in (0, 1, 2)])
        self.insert(drafts("w"), TopicLimits(1, 10))
        self.assertEqual((3, 4, True), self.place(0))

    def place(self, after: int) -> tuple[int, int, bool]:
        page = self.read(after)
        return page.start, page.end, page.is_reset


class SqliteAppendTests(AppendContract, OnSqlite):
    __test__ = True


class SqlitePageTests(PageContract, OnSqlite):
    __test__ = True


class SqliteDeletionTests(DeletionContract, OnSqlite):
    __test__ = True

    def test_an_event_without_a_date_is_as_young_as_the_first_moment_that_is_known(self) -> None:
        self.insert(drafts("old", at=NOW - 9))
        self.insert(drafts("undated", at=None))
        # Stored before the other has a date, so it has none, either: what is old is always the first of its topic.
        self.insert(drafts("dated", at=NOW - 8))

        self.assertEqual([2, 1, 0], self.expire(NOW - 5, NOW))
        self.assertEqual([2, 3], self.numbers())
        self.insert(drafts("new", at=NOW + 10))
        self.assertEqual([2, 0], self.expire(NOW + 5))
        self.assertEqual([4], self.numbers())

    def test_what_is_stored_while_events_get_their_dates_has_one_at_once(self) -> None:
        self.insert(drafts("undated", at=None))
        self.run_in(self.tables.topics.expire, TopicAge(NOW, NOW - 5))

        self.insert(drafts("dated", at=NOW + 1))

        self.assertEqual([NOW, NOW + 1], [at for (at,) in self.tables.execute("SELECT at FROM topic_event")])

    def test_the_dates_of_a_topic_never_go_back(self) -> None:
        for at in (NOW, NOW - 100, NOW + 1):
            self.insert(drafts("x", at=at))

        self.assertEqual([NOW, NOW, NOW + 1], [at for (at,) in self.tables.execute("SELECT at FROM topic_event")])


class PostgresAppendTests(AppendContract, OnPostgres):
    __test__ = True


class PostgresPageTests(PageContract, OnPostgres):
    __test__ = True


class PostgresDeletionTests(DeletionContract, OnPostgres):
    __test__ = True
