"""The functions for SQLite and for PostgreSQL do the same on random sequences of calls."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mixsvc.chat.model.acts import Deletion, Lift, Oblivion, Removal
from mixsvc.chat.model.epochs import Known
from mixsvc.chat.model.sanctions import BAN, MUTE, Sanction
from mixsvc.chat.storage.records import (
    TOPIC,
    Age,
    AuditEntry,
    Correction,
    Draft,
    PageQuery,
    Period,
    StorageLimits,
    Unchanged,
)
from tests.chat.fakes import NOW
from tests.stores import OnPostgres, PostgresTables, SqliteTables, Tables, empty

ROOMS = ("lobby", "den", "Ärger")
NAMES = ("Ann", "Bob", "Mia")
ENTRY = AuditEntry(0, NOW, "Mia", "mute", "", "Ann", "spam")

Numbers: TypeAlias = tuple[int, ...]


class Walker:
    """Does the same with one kind of database as another walker with another one, and notes what it sees."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        # Marks are not the same in both: what a client has seen.
        self.tokens: list[str] = [""]
        # PostgreSQL goes by its clock: later with each step.
        self.steps = 0

    def insert(self, room: str, numbers: Numbers) -> object:
        """Up to four messages in two rooms; some have keys, old times, or set topics."""
        limits = StorageLimits(7, 10_000)
        drafts = [
            Draft(
                room if each % 3 else ROOMS[0],
                NAMES[each % 3],
                f"text {each} ü\U0001f98a",
                NOW - 10 + each,
                f"k{each}" if each % 2 else None,
                TOPIC if each == 4 else "",
                (None, "mona", "max")[each % 3],
            )
            for each in numbers
        ]
        stored = self.tables.insert(drafts, limits)
        self.tokens += [each.token for each in stored if each.token]
        # Nobody asks when a message was edited that is said again, and PostgreSQL does not say.
        messages = [replace(each.message, edited_at=None) for each in stored]
        return [(message, each.is_repeated, bool(each.token)) for message, each in zip(messages, stored, strict=True)]

    def read(self, room: str, numbers: Numbers) -> object:
        after, limit, before, token = numbers
        text = self.tokens[token * 7 % len(self.tokens)] or f"{after}."
        known = (None, Known("old", None, 2), Known("now", text, 3), Known(None, "x\0", 1))[limit % 4]
        queries = [
            PageQuery(room, after, limit, seen=after, known=known),
            PageQuery(ROOMS[0], 0, 3, before=before),
        ]
        pages = self.tables.run(self.tables.store.messages.read, queries, StorageLimits(4 + after, 300 * limit, "now"))
        return [(replace(each, token=""), bool(each.token), each.token.count(".")) for each in pages]

    def read_new(self, room: str, numbers: Numbers) -> object:
        found = self.tables.run(self.tables.store.messages.read_new, {room: numbers[0], ROOMS[0]: numbers[1]}, 3)
        return {
            name: (new.last, [(each.message, each.is_repeated) for each in new.messages]) for name, new in found.items()
        }

    def expire(self, room: str, numbers: Numbers) -> object:
        age = Age(NOW + numbers[1] - 5, NOW + numbers[0] - 8)
        return self.tables.run(self.tables.store.messages.expire, room, age)

    def redate(self, room: str, numbers: Numbers) -> object:
        period = Period({room: numbers[0]}, {room: numbers[0] + numbers[1], ROOMS[0]: numbers[2]}, NOW - 6, NOW)
        return self.tables.run(self.tables.store.messages.redate, period, float(numbers[3]))

    def forget(self, room: str, numbers: Numbers) -> object:
        stored = self.tables.run(self.tables.store.messages.forget, Oblivion(room))
        return stored and stored.act

    def delete(self, room: str, numbers: Numbers) -> object:
        stored = self.tables.run(
            self.tables.store.sanctions.delete_message, Deletion(room, numbers[0], "Mia", ""), ENTRY
        )
        return stored and stored.act

    def correction(self, room: str, numbers: Numbers) -> Correction:
        self.steps += 1
        # Nothing was said in the last 0 seconds, and everything in so many others.
        seconds = 0.0 if numbers[1] == 9 else 1e9
        return Correction(room, numbers[0], ("mona", "max")[numbers[2] % 2], seconds, NOW + 100 + self.steps)

    def edit(self, room: str, numbers: Numbers) -> object:
        text = f"text {numbers[3]} ü\U0001f98a"
        correction = self.correction(room, numbers)
        stored = self.tables.run(self.tables.store.corrections.edit, correction, text)
        if isinstance(stored, Unchanged):
            return stored
        if isinstance(self.tables, PostgresTables):
            put_right = "UPDATE message SET edited_at = to_timestamp(?) WHERE room = ? AND number = ?"
            self.tables.execute(put_right, correction.now, room, correction.number)
        return replace(stored.act, at=None)

    def delete_own(self, room: str, numbers: Numbers) -> object:
        stored = self.tables.run(self.tables.store.corrections.delete_own, self.correction(room, numbers), "Mona")
        return getattr(stored, "act", stored)

    def read_texts(self, room: str, numbers: Numbers) -> object:
        found = self.tables.run(self.tables.store.corrections.read_texts, room, numbers[0], ENTRY)
        return [each.text for each in found]

    def impose(self, room: str, numbers: Numbers) -> object:
        kind, name = (MUTE, BAN)[numbers[0] % 2], NAMES[numbers[1] % 3] if numbers[1] < 5 else ""
        address = ("192.0.2.1", "2001:db8::1", "2001:db8::2", "")[numbers[2] % 4]
        sanction = Sanction(0, kind, name, name.lower(), "", address, "Mia", "", NOW + numbers[3])
        now = NOW + numbers[2] if numbers[0] % 3 else None
        act = self.tables.run(self.tables.store.sanctions.impose, sanction, ENTRY, now).act
        return replace(act, id=0)

    def lift(self, room: str, numbers: Numbers) -> object:
        name = NAMES[numbers[1] % 3] if numbers[1] < 5 else ""
        address = "" if name else ("192.0.2.1", "2001:db8::/64")[numbers[2] % 2]
        act = Lift((MUTE, BAN)[numbers[0] % 2], name, address, "Mia")
        return self.tables.run(self.tables.store.sanctions.lift, act, ENTRY, NOW + numbers[3]).act

    def move(self, room: str, numbers: Numbers) -> object:
        return self.tables.run(self.tables.store.sanctions.move, self.ids(numbers[:2]), float(numbers[2]))

    def ids(self, places: Numbers) -> list[int]:
        """The ids of sanctions at some places in their order: SQLite gives the id of a deleted one again."""
        found = self.tables.run(self.tables.store.sanctions.read_sanctions)
        return [each.id for place, each in enumerate(found) if place in places]

    def record(self, room: str, numbers: Numbers) -> object:
        act = Removal(room, NAMES[numbers[0] % 3], "", "Mia", "")
        return self.tables.run(self.tables.store.sanctions.record, act, replace(ENTRY, action="kick")).act

    def everything(self) -> object:
        store, run = self.tables.store, self.tables.run
        sanctions = [replace(each, id=0) for each in run(store.sanctions.read_sanctions)]
        query = "SELECT room, number, name, text, key, kind, deleted_by, author FROM message ORDER BY room, number"
        earlier = "SELECT room, number, version, text FROM earlier_text ORDER BY room, number, version"
        topics = [run(store.messages.topic, room) for room in ROOMS]
        names = sorted(run(store.messages.room_names))
        # Rooms of one time may come in any order.
        rooms = sorted(run(store.messages.read_rooms))
        audit = run(store.sanctions.read_audit, None, 100)
        texts = self.tables.execute(query), self.tables.execute(earlier)
        return texts, rooms, names, run(store.messages.last_numbers), topics, sanctions, audit


Move: TypeAlias = Callable[[Walker, str, Numbers], object]

MOVES: list[Move] = [
    Walker.insert,
    Walker.insert,
    Walker.insert,
    Walker.read,
    Walker.read,
    Walker.read_new,
    Walker.expire,
    Walker.redate,
    Walker.forget,
    Walker.delete,
    Walker.edit,
    Walker.edit,
    Walker.delete_own,
    Walker.read_texts,
    Walker.impose,
    Walker.impose,
    Walker.lift,
    Walker.move,
    Walker.record,
]

STEPS = st.tuples(st.sampled_from(MOVES), st.sampled_from(ROOMS), st.tuples(*[st.integers(0, 9)] * 4))


class AgreementTests(OnPostgres):
    __test__ = True

    @hypothesis_settings(max_examples=30)
    @given(st.lists(STEPS, min_size=15, max_size=60))
    def test_both_kinds_of_database_answer_alike_and_hold_the_same(self, steps: list[tuple[Move, str, Any]]) -> None:
        self.tables.run(empty)
        sqlite = SqliteTables()
        walkers = Walker(sqlite), Walker(self.tables)

        for move, room, numbers in steps:
            one, other = (move(walker, room, numbers) for walker in walkers)
            self.assertEqual(one, other, move.__name__)

        self.assertEqual(walkers[0].everything(), walkers[1].everything())
        sqlite.connection.close()
