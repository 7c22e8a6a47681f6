"""Topics in PostgreSQL; see TopicStore for what the functions do.

The tables are in mixsvc/storage/postgres/schema/3.sql, the functions of SQL there and, as they are now, in 9.sql.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from mixsvc.interfaces.topics import TopicBatch, TopicEvent
from mixsvc.storage.engine import Cursor
from mixsvc.storage.postgres.columns import columns
from mixsvc.storage.postgres.pruning import pruned, pruning
from mixsvc.topics.storage.records import Numbered, TopicAge, TopicDraft, TopicLimits, TopicPage, TopicQuery
from mixsvc.topics.storage.store import SLICE

__all__ = ["count", "drop", "expire", "forget", "insert", "prune", "read"]

_APPEND: Final = """
    SELECT number, is_repeated FROM append_events(
        %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint, %s::bigint, %s::bigint
    )
"""
# Events that are still to be pruned are not shown.
_READ: Final = """
    SELECT asked.place, asked.topic, begun.start, head.last, other.is_reset, epoch.value, new.number, new.name, new.data
    FROM unnest(%s::text[], %s::bigint[], %s::text[]) WITH ORDINALITY AS asked (topic, after, epoch, place)
    CROSS JOIN (SELECT value FROM meta WHERE name = 'epoch') epoch
    CROSS JOIN (SELECT number FROM topic_floor) floor
    LEFT JOIN topic ON topic.name = asked.topic
    CROSS JOIN LATERAL (
        SELECT coalesce(topic.began, floor.number) AS began, coalesce(topic.last, floor.number) AS last
    ) head
    CROSS JOIN LATERAL (
        SELECT coalesce(min(number), head.last + 1) AS first
        FROM topic_event WHERE topic = asked.topic AND number > head.last - greatest(%s::bigint, 1)
    ) kept
    CROSS JOIN LATERAL (
        SELECT asked.after IS NOT NULL AND (
            (asked.after < kept.first - 1 AND (asked.after > 0 OR kept.first - 1 > head.began))
            OR asked.after > head.last OR asked.epoch NOT IN ('', epoch.value)
        ) AS is_reset
    ) other
    CROSS JOIN LATERAL (
        SELECT CASE WHEN other.is_reset THEN kept.first - 1 ELSE coalesce(asked.after, head.last) END AS start
    ) begun
    LEFT JOIN LATERAL (
        SELECT * FROM (
            SELECT oldest.*, row_number() OVER numbers AS rank, sum(char_length(oldest.data)) OVER numbers AS size
            FROM (
                SELECT number, name, data FROM topic_event
                WHERE topic = asked.topic AND number > begun.start ORDER BY number LIMIT %s
            ) oldest
            WINDOW numbers AS (ORDER BY oldest.number ROWS UNBOUNDED PRECEDING)
        ) fitting
        WHERE fitting.rank = 1 OR fitting.size <= %s
    ) new ON true
    ORDER BY asked.place, new.number
"""

_PRUNE: Final = pruning("topic", "topic_event", "prune_events")


def insert(cursor: Cursor, drafts: Sequence[TopicDraft], limits: TopicLimits) -> Sequence[Numbered | None]:
    """See TopicStore. An event is dated by PostgreSQL's clock, whatever its draft has."""
    given = columns([(each.topic, each.name, each.data, each.key) for each in drafts], 4)
    cursor.execute(_APPEND, (*given, limits.keep, limits.topics, SLICE))
    return [None if number is None else Numbered(number, is_repeated) for number, is_repeated in cursor.fetchall()]


def read(cursor: Cursor, queries: Sequence[TopicQuery], limits: TopicLimits) -> Sequence[TopicPage]:
    """See TopicStore."""
    given = columns([(each.topic, each.after, each.epoch) for each in queries], 3)
    cursor.execute(_READ, (*given, limits.keep, limits.page_events, limits.page_bytes))
    return [_page(list(rows)) for _, rows in groupby(cursor.fetchall(), key=itemgetter(0))]


def prune(cursor: Cursor, keep: int) -> bool:
    """See TopicStore."""
    return pruned(cursor, _PRUNE, keep, SLICE)


def drop(cursor: Cursor, up_to: Mapping[str, int]) -> int:
    """See TopicStore."""
    return _number(cursor, "SELECT drop_events(%s, %s, %s)", list(up_to), list(up_to.values()), SLICE)


def expire(cursor: Cursor, age: TopicAge) -> int:
    """See TopicStore."""
    return _number(cursor, "SELECT expire_events(to_timestamp(%s), to_timestamp(%s), %s)", age.now, age.cutoff, SLICE)


def forget(cursor: Cursor, most: int) -> int:
    """See TopicStore."""
    return _number(cursor, "SELECT forget_topics(%s, %s)", most, SLICE)


def count(cursor: Cursor) -> int:
    """See TopicStore."""
    return _number(cursor, "SELECT count(*) FROM topic")


def _number(cursor: Cursor, query: str, *given: object) -> int:
    return int(cursor.execute(query, given).fetchone()[0])


def _page(rows: Sequence[Sequence[Any]]) -> TopicPage:
    """rows: the place, what the page says, and the fields of an event; one row without an event for an empty page."""
    _, topic, start, last, is_reset, epoch, *_ = rows[0]
    events = tuple(TopicEvent(topic, *fields) for *_, number, name, data in rows if (fields := (number, name, data))[0])
    batch = TopicBatch(topic, events) if events else None
    return TopicPage(start, events[-1].number if events else last, last, batch, is_reset, epoch)
