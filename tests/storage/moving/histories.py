"""Histories of the chat and the rates, and what the service reads of one, whichever database has it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from mixsvc.chat.model.acts import Deletion, Lift, Oblivion
from mixsvc.chat.model.epochs import Known
from mixsvc.chat.model.sanctions import BAN, MUTE, Sanction
from mixsvc.chat.storage.postgres import store as postgres
from mixsvc.chat.storage.records import TOPIC, AuditEntry, Correction, Draft, PageQuery, StorageLimits
from mixsvc.chat.storage.sqlite import store as sqlite
from mixsvc.chat.storage.store import ChatStore
from mixsvc.interfaces import Quote
from mixsvc.rates.history import postgres as quotes_in_postgres
from mixsvc.rates.history import sqlite as quotes_in_sqlite
from mixsvc.storage.database import prepare
from mixsvc.storage.engine import Cursor
from mixsvc.storage.postgres.connection import connect
from mixsvc.topics.storage import postgres as topics_in_postgres
from mixsvc.topics.storage import sqlite as topics_in_sqlite
from mixsvc.topics.storage.records import TopicDraft, TopicLimits, TopicQuery
from mixsvc.webhooks.storage import sqlite as webhooks_in_sqlite
from mixsvc.webhooks.storage.records import Progress, RoomScope

__all__ = ["contents", "make_history", "rows"]

LIMITS: Final = StorageLimits(keep=1_000_000, page_bytes=10**9)

# A time with more digits than a microsecond has.
NOW: Final = 1_764_417_000.123456789

TABLES: Final = {
    "message": "room, number",
    "earlier_text": "room, number, version",
    "room": "name",
    "room_floor": "number",
    "sanction": "id",
    "audit": "id",
    "quote": "base, quote, date",
    "topic_event": "topic, number",
    "topic": "name",
    "topic_floor": "number",
    "webhook": "name",
    "webhook_room": "hook, room",
    "change_floor": "number",
}


def make_history(path: str, messages: int = 30) -> None:
    """Make a SQLite database in which everything has happened. messages: how many the lobby has."""
    prepare(path, lambda cursor: None)
    with _on_sqlite(path) as run:
        chat = sqlite.STORE
        drafts = [
            Draft("lobby", f"Ann{n % 3}", f"text {n} ü😀'\"\\", NOW + n, f"key{n}", "", f"ann{n}")
            for n in range(messages)
        ]
        run(chat.messages.insert, [*drafts, Draft("lobby", "Bob", "welcome", NOW, None, TOPIC)], LIMITS)
        for room in ("café", "old", "empty"):
            run(chat.messages.insert, [Draft(room, "Cid", each, NOW, None) for each in ("one", "two")], LIMITS)
        for seconds, text in ((40.000_000_6, "new"), (50, "newer")):
            run(chat.corrections.edit, Correction("lobby", 5, "ann4", 1e9, NOW + seconds), text)
        entry = AuditEntry(0, NOW, "Mod", "delete", "lobby", "3", "rude")
        run(chat.sanctions.delete_message, Deletion("lobby", 3, "Mod", ""), entry)
        for kind, name in ((MUTE, "Dan"), (BAN, ""), (MUTE, "Eve")):
            given = Sanction(0, kind, name, name.lower(), "p1", "" if name else "192.0.2.7", "Mod", "spam", NOW + 3600)
            run(chat.sanctions.impose, given, entry, None)
        run(chat.sanctions.lift, Lift(MUTE, "Eve", "", "Mod"), entry, NOW)
        run(lambda cursor: cursor.execute("DELETE FROM message WHERE room IN ('empty', 'old') AND number < 3"))
        run(chat.messages.forget, Oblivion("empty"))
        # A message of before there were marks.
        run(lambda cursor: cursor.execute("UPDATE message SET mark = NULL WHERE room = 'lobby' AND number = 1"))
        limits = TopicLimits(keep=100, topics=100, page_events=1000, page_bytes=10**6)
        events = [TopicDraft("stock", "price", f"{n} ü", f"key{n}", NOW + n) for n in range(5)]
        # When the time of day was not known.
        undated = [TopicDraft("boot", "", "x", None, None)]
        run(topics_in_sqlite.insert, [*events, *undated, TopicDraft("gone", "", "y", None, NOW)], limits)
        run(lambda cursor: cursor.execute("DELETE FROM topic_event WHERE topic = 'gone'"))
        run(topics_in_sqlite.forget, 2)
        run(webhooks_in_sqlite.begin, "crm", RoomScope((), ("staff",)))
        run(webhooks_in_sqlite.save, Progress("crm", {"lobby": 7}, 2, 3, NOW + 60, ""))
        fetched = datetime(2026, 11, 29, 12, 30, tzinfo=UTC)
        given_quotes = [
            Quote("EUR", each, Decimal("1.10500"), date(2026, 11, day), fetched, "ecb", False)
            for each in ("USD", "JPY")
            for day in (26, 27)
        ]
        run(quotes_in_sqlite.insert, given_quotes)


def contents(place: str) -> dict[str, Any]:
    """What the service reads of a history."""
    if place.startswith("postgresql:"):
        with closing(connect(place)) as connection, connection.cursor() as cursor:
            stores = (postgres.STORE, quotes_in_postgres, topics_in_postgres)
            return _read(lambda function, *given: function(cursor, *given), *stores)
    with _on_sqlite(place) as run:
        return _read(run, sqlite.STORE, quotes_in_sqlite, topics_in_sqlite)


def rows(path: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of a SQLite database, and its epoch."""
    with closing(sqlite3.connect(path)) as connection:
        found = {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall()
            for table, order in TABLES.items()
        }
        epoch = connection.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchall()
        return {**found, "epoch": epoch}


def _read(run: Callable[..., Any], store: ChatStore, quotes: Any, topics: Any) -> dict[str, Any]:
    names = sorted(run(store.messages.room_names))
    epoch = run(store.messages.read_epoch)
    queries = [PageQuery(room, 0, 1_000_000, seen=1_000_000, known=Known(epoch, None, 5)) for room in [*names, "new"]]
    return {
        "epoch": epoch,
        "rooms": sorted(run(store.messages.read_rooms)),
        "lasts": run(store.messages.last_numbers),
        "pages": run(store.messages.read, queries, StorageLimits(1_000_000, 10**9, epoch)),
        "new": run(store.messages.read_new, dict.fromkeys(names, 0), 1_000_000),
        "tokens": [
            [each.token for each in found.messages]
            for _, found in sorted(run(store.messages.read_new, dict.fromkeys(names, 0), 1_000_000).items())
        ],
        "sanctions": run(store.sanctions.read_sanctions),
        "audit": run(store.sanctions.read_audit, None, 1000),
        "topics": run(
            topics.read,
            [TopicQuery(topic, 0, epoch) for topic in ("boot", "stock", "new")],
            TopicLimits(keep=100, topics=100, page_events=1000, page_bytes=10**6),
        ),
        "quotes": {
            pair: [line.at(place) for place in range(len(line.days))] for pair, line in run(quotes.read_past).items()
        },
    }


@contextmanager
def _on_sqlite(path: str) -> Iterator[Callable[..., Any]]:
    with closing(sqlite3.connect(path)) as connection:

        def run(function: Callable[..., Any], *given: object) -> Any:
            cursor: Cursor = connection.cursor()
            with connection, closing(cursor):
                return function(cursor, *given)

        yield run
