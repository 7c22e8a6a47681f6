"""The functions for SQLite and for PostgreSQL do the same with topics on random sequences of calls."""

from collections.abc import Callable
from typing import Any, TypeAlias

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mixsvc.topics.storage.records import TopicDraft, TopicLimits, TopicQuery
from tests.stores import OnPostgres, SqliteTables, Tables, empty

TOPICS = ("a", "order-42", "Ärger")

Numbers: TypeAlias = tuple[int, ...]


class Walker:
    """Does the same with one kind of database as another walker with another one, and notes what it sees."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.run = tables.run
        self.topics = tables.topics

    def insert(self, topic: str, numbers: Numbers) -> object:
        """Up to four events in two topics; some have keys or names."""
        drafts = [
            TopicDraft(
                topic if each % 3 else TOPICS[0],
                "paid" if each == 7 else "",
                f"data {each} ü\U0001f98a",
                f"k{each}" if each % 2 else None,
                1e9,
            )
            for each in numbers
        ]
        return self.run(self.topics.insert, drafts, TopicLimits(7, 1 + numbers[0] % 3))

    def read(self, topic: str, numbers: Numbers) -> object:
        after, keep, events, size = numbers
        queries = [TopicQuery(topic, after), TopicQuery(TOPICS[0], None), TopicQuery(TOPICS[0], keep, "other")]
        pages = self.run(self.topics.read, queries, TopicLimits(keep, 10, events + 1, 9 * size))
        return [(each.start, each.end, each.last, each.batch, each.is_reset) for each in pages]

    def drop(self, topic: str, numbers: Numbers) -> object:
        return self.run(self.topics.drop, {topic: numbers[0], TOPICS[0]: numbers[1]})

    def forget(self, topic: str, numbers: Numbers) -> object:
        """All that can be: which ones are the oldest is told by clocks."""
        return self.run(self.topics.forget, 0)

    def everything(self) -> object:
        query = "SELECT topic, number, name, data, key FROM topic_event ORDER BY topic, number"
        topics = self.tables.execute("SELECT name, began, last FROM topic ORDER BY name")
        return self.tables.execute(query), topics, self.tables.execute("SELECT number FROM topic_floor")


Move: TypeAlias = Callable[[Walker, str, Numbers], object]

MOVES: list[Move] = [Walker.insert, Walker.insert, Walker.insert, Walker.read, Walker.read, Walker.drop, Walker.forget]

STEPS = st.tuples(st.sampled_from(MOVES), st.sampled_from(TOPICS), st.tuples(*[st.integers(0, 9)] * 4))


class TopicAgreementTests(OnPostgres):
    __test__ = True

    @hypothesis_settings(max_examples=30)
    @given(st.lists(STEPS, min_size=10, max_size=40))
    def test_both_kinds_of_database_answer_alike_and_hold_the_same(self, steps: list[tuple[Move, str, Any]]) -> None:
        self.tables.run(empty)
        sqlite = SqliteTables()
        walkers = Walker(sqlite), Walker(self.tables)

        for move, topic, numbers in steps:
            one, other = (move(walker, topic, numbers) for walker in walkers)
            self.assertEqual(one, other, move.__name__)

        self.assertEqual(walkers[0].everything(), walkers[1].everything())
        sqlite.connection.close()
