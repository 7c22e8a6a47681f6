"""Topics in SQLite; see TopicStore for what the functions do. The tables are in mixsvc/storage/schema/5.sql."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mixsvc.common.times import microseconds
from mixsvc.interfaces.topics import TopicBatch, TopicEvent
from mixsvc.storage.epoch import read_epoch
from mixsvc.storage.rows.cells import is_number, is_time, read_name, read_text, report
from mixsvc.topics.storage.records import Numbered, TopicAge, TopicDraft, TopicLimits, TopicPage, TopicQuery
from mixsvc.topics.storage.store import SLICE

__all__ = ["count", "drop", "expire", "forget", "insert", "prune", "read"]

# Topics that have more than is kept, some at a time.
_TOO_FULL: Final = """
    SELECT CAST(name AS BLOB), last FROM topic WHERE typeof(last) = 'integer' AND EXISTS (
        SELECT 1 FROM topic_event
        WHERE topic = topic.name AND typeof(number) = 'integer' AND number <= topic.last - ?
    ) LIMIT ?
"""


@dataclass(slots=True)
class _TopicHead:
    """A topic. began: the number before its first one. stored: its last number before the transaction, None if new."""

    began: int
    last: int
    at: float | None
    stored: int | None


def insert(cursor: sqlite3.Cursor, drafts: Sequence[TopicDraft], limits: TopicLimits) -> Sequence[Numbered | None]:
    """See TopicStore."""
    # Numbers are read and used under one lock, since another process may write too.
    cursor.execute("BEGIN IMMEDIATE")
    heads = {topic: _head(cursor, topic) for topic in dict.fromkeys(draft.topic for draft in drafts)}
    refused = _beyond(cursor, heads, limits.topics)
    stored = [None if draft.topic in refused else _store(cursor, draft, heads[draft.topic]) for draft in drafts]
    for topic, head in heads.items():
        if topic not in refused and head.last != head.stored:
            cursor.execute(
                "INSERT INTO topic (name, began, last, at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET last = excluded.last, at = excluded.at",
                (topic, head.began, head.last, head.at),
            )
            _prune(cursor, topic, head.last, limits.keep)
    return stored


def read(cursor: sqlite3.Cursor, queries: Sequence[TopicQuery], limits: TopicLimits) -> Sequence[TopicPage]:
    """See TopicStore."""
    cursor.execute("BEGIN")
    epoch = read_epoch(cursor)
    return [_page(cursor, query, epoch, limits) for query in queries]


def prune(cursor: sqlite3.Cursor, keep: int) -> bool:
    """See TopicStore."""
    cursor.execute("BEGIN IMMEDIATE")
    full = cursor.execute(_TOO_FULL, (max(keep, 1), SLICE)).fetchall()
    deleted = 0
    for topic, last in [(read_name("topic", name), last) for name, last in full]:
        if topic is not None:
            deleted += _prune(cursor, topic, last, keep, SLICE - deleted)
        if deleted >= SLICE:
            break
    return deleted > 0


def drop(cursor: sqlite3.Cursor, up_to: Mapping[str, int]) -> int:
    """See TopicStore."""
    cursor.execute("BEGIN IMMEDIATE")
    deleted = 0
    for topic, number in up_to.items():
        deleted += _delete(cursor, topic, min(number, _first(cursor, topic, number) + SLICE - 1 - deleted))
        if deleted >= SLICE:
            break
    return deleted


def expire(cursor: sqlite3.Cursor, age: TopicAge) -> int:
    """See TopicStore."""
    cursor.execute("BEGIN IMMEDIATE")
    dated = _date(cursor, age.now)
    if dated:
        return dated
    cursor.execute(
        "DELETE FROM topic_event WHERE (topic, number) IN"
        " (SELECT topic, number FROM topic_event WHERE at < ? ORDER BY at, topic, number LIMIT ?)",
        (age.cutoff, SLICE),
    )
    return cursor.rowcount


def forget(cursor: sqlite3.Cursor, most: int) -> int:
    """See TopicStore."""
    cursor.execute("BEGIN IMMEDIATE")
    surplus = count(cursor) - most
    if surplus <= 0:
        return 0
    cursor.execute(
        "SELECT CAST(name AS BLOB), CAST(last AS INTEGER) FROM topic"
        " WHERE NOT EXISTS (SELECT 1 FROM topic_event WHERE topic = topic.name)"
        " ORDER BY at NULLS LAST, name LIMIT ?",
        (min(surplus, SLICE),),
    )
    rows = cursor.fetchall()
    cursor.executemany("DELETE FROM topic WHERE name = CAST(? AS TEXT)", [(name,) for name, _ in rows])
    cursor.executemany("UPDATE topic_floor SET number = max(number, ?)", [(last,) for _, last in rows])
    return len(rows)


def count(cursor: sqlite3.Cursor) -> int:
    """See TopicStore."""
    found: int = cursor.execute("SELECT count(*) FROM topic").fetchone()[0]
    return found


def _head(cursor: sqlite3.Cursor, topic: str) -> _TopicHead:
    row = cursor.execute("SELECT began, last, at FROM topic WHERE name = ?", (topic,)).fetchone()
    if row:
        began, last, at = row
        if is_number(began) and is_number(last) and (at is None or is_time(at)):
            return _TopicHead(began, last, at, last)
        report("topic", topic)
        last = last if is_number(last) else _newest(cursor, topic)
        return _TopicHead(began if is_number(began) else 0, last, at if is_time(at) else None, last)
    floor: int = cursor.execute("SELECT CAST(number AS INTEGER) FROM topic_floor").fetchone()[0]
    return _TopicHead(floor, floor, 0.0, None)


def _newest(cursor: sqlite3.Cursor, topic: str) -> int:
    query = "SELECT coalesce(max(number), 0) FROM topic_event WHERE topic = ? AND typeof(number) = 'integer'"
    number: int = cursor.execute(query, (topic,)).fetchone()[0]
    return number


def _beyond(cursor: sqlite3.Cursor, heads: Mapping[str, _TopicHead], most: int) -> set[str]:
    """The new topics that are too many."""
    new = [topic for topic, head in heads.items() if head.stored is None]
    return set(new[max(0, most - count(cursor)) :]) if new else set()


def _store(cursor: sqlite3.Cursor, draft: TopicDraft, head: _TopicHead) -> Numbered:
    if draft.key is not None:
        cursor.execute("SELECT number FROM topic_event WHERE topic = ? AND key = ?", (draft.topic, draft.key))
        row = cursor.fetchone()
        if row:
            return Numbered(row[0], is_repeated=True)
    head.last += 1
    # Behind an event without a date there is none with one, until all have got theirs.
    head.at = None if draft.at is None or head.at is None else max(microseconds(draft.at), head.at)
    cursor.execute(
        "INSERT INTO topic_event (topic, number, name, data, key, at) VALUES (?, ?, ?, ?, ?, ?)",
        (draft.topic, head.last, draft.name, draft.data, draft.key, head.at),
    )
    return Numbered(head.last)


def _prune(cursor: sqlite3.Cursor, topic: str, last: int, keep: int, most: int = SLICE) -> int:
    # The newest event always stays, so that a repetition of it is recognised.
    newest_to_go = last - max(keep, 1)
    if newest_to_go <= 0:
        return 0
    return _delete(cursor, topic, min(newest_to_go, _first(cursor, topic, last) + most - 1))


def _delete(cursor: sqlite3.Cursor, topic: str, up_to: int) -> int:
    return cursor.execute("DELETE FROM topic_event WHERE topic = ? AND number <= ?", (topic, up_to)).rowcount


def _date(cursor: sqlite3.Cursor, now: float) -> int:
    """Date events that have no date that can be right; the topics once all of their events are dated."""
    dated = 0
    for wrong in ("at IS NULL", "at > ?1"):
        cursor.execute(
            "UPDATE topic_event SET at = ?1 WHERE (topic, number) IN"
            f" (SELECT topic, number FROM topic_event WHERE {wrong} ORDER BY topic, number LIMIT ?2)",
            (microseconds(now), SLICE),
        )
        dated += cursor.rowcount
    if dated < SLICE:
        cursor.execute("UPDATE topic SET at = ?1 WHERE at IS NULL OR at > ?1", (microseconds(now),))
    return dated


def _page(cursor: sqlite3.Cursor, query: TopicQuery, epoch: str, limits: TopicLimits) -> TopicPage:
    head = _head(cursor, query.topic)
    if query.after is None:
        return TopicPage(head.last, head.last, head.last, None, False, epoch)
    # Events that are still to be pruned are not shown.
    first = max(_first(cursor, query.topic, head.last), head.last - max(limits.keep, 1) + 1)
    is_gone = query.after < first - 1 and (query.after > 0 or first - 1 > head.began)
    is_reset = is_gone or query.after > head.last or query.epoch not in ("", epoch)
    start = first - 1 if is_reset else query.after
    events = _events(cursor, query.topic, (start, head.last), limits)
    end = events[-1].number if events else head.last
    batch = TopicBatch(query.topic, events) if events else None
    return TopicPage(start, end, head.last, batch, is_reset, epoch)


def _events(cursor: sqlite3.Cursor, topic: str, between: tuple[int, int], limits: TopicLimits) -> Sequence[TopicEvent]:
    # Texts are read as bytes, see mixsvc/storage/rows.
    cursor.execute(
        "SELECT number, CAST(name AS BLOB), CAST(data AS BLOB) FROM topic_event"
        " WHERE topic = ? AND number > ? AND number <= ? ORDER BY number LIMIT ?",
        (topic, *between, limits.page_events),
    )
    events: list[TopicEvent] = []
    left = limits.page_bytes
    for row in cursor:
        if not is_number(row[0]):
            report("topic_event", topic, row[0])
            continue
        event = _event(topic, row)
        left -= len(event.data)
        if left < 0 and events:
            break
        events.append(event)
    return tuple(events)


def _event(topic: str, row: Sequence[Any]) -> TopicEvent:
    number, name, data = row
    try:
        return TopicEvent(topic, number, name.decode(), data.decode())
    except (UnicodeDecodeError, AttributeError):
        report("topic_event", topic, number)
        return TopicEvent(topic, number, read_text(name), read_text(data))


def _first(cursor: sqlite3.Cursor, topic: str, last: int) -> int:
    """Returns the lowest number in the table, last + 1 if the topic has no events."""
    query = "SELECT min(number) FROM topic_event WHERE topic = ? AND number <= ? AND typeof(number) = 'integer'"
    cursor.execute(query, (topic, last))
    return cursor.fetchone()[0] or last + 1
