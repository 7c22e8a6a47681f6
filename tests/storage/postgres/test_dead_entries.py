"""What was deleted and is not vacuumed yet makes no statement slower: none walks past it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mixsvc.chat.storage.postgres import indexing, messages
from mixsvc.chat.storage.records import Age, Draft, PageQuery, StorageLimits
from mixsvc.topics.storage import postgres as topics
from mixsvc.topics.storage.records import TopicDraft, TopicLimits, TopicQuery
from tests.chat.fakes import NOW
from tests.stores import PostgresTables

KEPT = 10
# So many are stored at a time, and so often: a search in the index that walks past them has some 60 pages more.
BATCH = 500
BATCHES = 20

CHAT = StorageLimits(KEPT, 100_000)
TOPICS = TopicLimits(KEPT, 100)


class Counted:
    """A cursor that counts the pages which its statements touch, in memory and on disk."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self.pages = 0

    def execute(self, statement: str, values: Any = None) -> Any:
        """Execute it, and again for the count."""
        result = self._cursor.execute(statement, values)
        with self._cursor.connection.cursor() as again:
            plan = again.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", values).fetchall()
        # The first line with buffers is that of the whole.
        counts = next(each for (each,) in plan if "Buffers: shared" in each)
        self.pages += sum(int(each) for each in re.findall(r"(?:hit|read)=(\d+)", counts))
        return result

    def fetchall(self) -> Any:
        """See the cursor."""
        return self._cursor.fetchall()


@pytest.fixture
def tables(empty_postgres_tables: PostgresTables) -> Iterator[PostgresTables]:
    """Tables that nothing vacuums."""
    each = empty_postgres_tables
    for name in ("message", "topic_event"):
        each.execute(f"ALTER TABLE {name} SET (autovacuum_enabled = off)")
    yield each
    for name in ("message", "topic_event"):
        each.execute(f"ALTER TABLE {name} RESET (autovacuum_enabled)")


def say(cursor: Any, count: int = 1) -> None:
    messages.insert(cursor, [Draft("lobby", "Ann", "x", NOW, None)] * count, CHAT)


def publish(cursor: Any, count: int = 1) -> None:
    topics.insert(cursor, [TopicDraft("news", "", "x", None, NOW)] * count, TOPICS)


@pytest.mark.parametrize(
    ("store", "statement"),
    [
        (say, say),
        (say, lambda cursor: messages.read(cursor, [PageQuery("lobby", 0, KEPT)], CHAT)),
        (say, lambda cursor: messages.expire(cursor, "lobby", Age(NOW, NOW - 9e9))),
        (say, indexing.read_gap),
        (publish, publish),
        (publish, lambda cursor: topics.read(cursor, [TopicQuery("news", 0)], TOPICS)),
        (publish, lambda cursor: topics.drop(cursor, {"news": 1})),
    ],
    ids=["say", "history", "old-messages", "index", "publish", "events", "drop"],
)
def test_a_room_and_a_topic_are_as_quick_after_many_deletions(
    tables: PostgresTables, store: Callable[[Any, int], None], statement: Callable[[Any], object]
) -> None:
    tables.run(store, 2 * KEPT)
    before = pages(tables, statement)

    for _ in range(BATCHES):
        tables.run(store, BATCH)

    assert pages(tables, statement) < before + 30


def pages(tables: PostgresTables, statement: Callable[[Any], object]) -> int:
    """How many pages a statement touches when it is used for the second time, with plans that are made."""

    def count(cursor: Any) -> int:
        counted = Counted(cursor)
        statement(counted)
        return counted.pages

    tables.run(count)
    return tables.run(count)


def test_nothing_that_is_kept_is_below_where_searches_begin(tables: PostgresTables) -> None:
    tables.run(say, 2 * KEPT)
    tables.run(publish, 2 * KEPT)

    assert tables.execute("SELECT first, (SELECT min(number) FROM message) FROM room") == [(KEPT + 1, KEPT + 1)]
    assert tables.execute("SELECT first, (SELECT min(number) FROM topic_event) FROM topic") == [(KEPT + 1, KEPT + 1)]
