"""Sanctions, deletions and the audit log in the database."""

import sqlite3
from contextlib import closing
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.model.sanctions import BAN, MUTE, Sanction
from mixsvc.chat.storage.records import AuditEntry
from mixsvc.chat.storage.sqlite import sanctions
from mixsvc.storage.schema import upgrade
from tests.chat.fakes import NOW

DAY = 86_400.0

ANN = Sanction(0, MUTE, "Ann", "ann", "person-1", "192.0.2.7", "Mod", "spam", NOW + DAY)
ADDRESS = Sanction(0, BAN, "", "", "", "2001:db8::1", "Mod", "", NOW + DAY)
ENTRY = AuditEntry(0, NOW, "Mod", "mute", "", "Ann", "spam")


class SanctionStorageTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.connection = sqlite3.connect(":memory:")
        self.addCleanup(self.connection.close)
        upgrade(self.connection)

    def impose(self, sanction: Sanction, entry: AuditEntry = ENTRY, now: float | None = None) -> Sanction:
        with self.connection, closing(self.connection.cursor()) as cursor:
            return sanctions.impose(cursor, sanction, entry, now)

    def lift(self, kind: str, *ids: int) -> None:
        with self.connection, closing(self.connection.cursor()) as cursor:
            sanctions.lift(cursor, kind, ids, replace(ENTRY, action=f"un{kind}"))

    def record(self, entry: AuditEntry) -> None:
        with self.connection, closing(self.connection.cursor()) as cursor:
            sanctions.record(cursor, entry)

    def delete(self, room: str, number: int) -> bool:
        with self.connection, closing(self.connection.cursor()) as cursor:
            return sanctions.delete_message(cursor, room, number, "Mod", replace(ENTRY, action="delete"))

    def sanctions(self) -> list[Sanction]:
        with closing(self.connection.cursor()) as cursor:
            return sanctions.read_sanctions(cursor)

    def audit(self, before: int | None = None, limit: int = 100) -> list[AuditEntry]:
        with closing(self.connection.cursor()) as cursor:
            return sanctions.read_audit(cursor, before, limit)

    def execute(self, statement: str, *values: object) -> None:
        with self.connection:
            self.connection.execute(statement, values)


class AuditEntryTests(SynchronousTestCase):
    def test_every_field_has_its_name_in_json(self) -> None:
        self.assertEqual(
            {
                "number": 7,
                "time": "2026-11-22T15:43:00.125Z",
                "by": "Mod",
                "action": "kick",
                "room": "lobby",
                "target": "Ann",
                "reason": "spam",
            },
            AuditEntry(7, NOW + 0.125, "Mod", "kick", "lobby", "Ann", "spam").as_json(),
        )

    def test_what_is_empty_is_left_out(self) -> None:
        self.assertEqual(
            {"number": 7, "time": "2026-11-22T15:43:00.000Z", "action": "mute", "target": "Ann"},
            AuditEntry(7, NOW, "", "mute", "", "Ann", "").as_json(),
        )


class ImposeTests(SanctionStorageTestCase):
    def test_what_is_imposed_is_read_again_with_its_id(self) -> None:
        first, second = self.impose(ANN), self.impose(replace(ANN, kind=BAN))

        self.assertEqual([replace(ANN, id=1), replace(ANN, id=2, kind=BAN)], [first, second])
        self.assertEqual([first, second], self.sanctions())

    def test_the_entry_is_written_with_it(self) -> None:
        self.impose(ANN)

        self.assertEqual([replace(ENTRY, number=1)], self.audit())

    def test_both_are_stored_or_neither(self) -> None:
        self.impose(ANN)

        self.assertRaises(UnicodeError, self.impose, replace(ANN, reason="again"), replace(ENTRY, reason="\ud800"))
        self.assertEqual(["spam"], [each.reason for each in self.sanctions()])
        self.assertEqual(1, len(self.audit()))

    def test_a_newer_one_of_the_same_name_replaces_the_older(self) -> None:
        self.impose(ANN)
        ban = self.impose(replace(ANN, kind=BAN))
        bob = self.impose(replace(ANN, name_key="bob"))

        newer = self.impose(replace(ANN, person="person-2", address="192.0.2.8"))

        self.assertEqual([ban, bob, newer], self.sanctions())

    def test_a_newer_one_of_the_same_address_replaces_the_older(self) -> None:
        named = self.impose(replace(ANN, kind=BAN, address="2001:db8::1"))
        self.impose(ADDRESS)
        other = self.impose(replace(ADDRESS, address="2001:db8:0:1::1"))

        newer = self.impose(replace(ADDRESS, address="2001:db8::2"))

        self.assertEqual([named, other, newer], self.sanctions())

    def test_an_address_is_stored_as_its_network(self) -> None:
        self.assertEqual("2001:db8::/64", self.impose(ADDRESS).address)
        self.assertEqual(["2001:db8::/64"], [each.address for each in self.sanctions()])

    def test_sanctions_that_have_ended_are_deleted(self) -> None:
        self.impose(replace(ANN, until=NOW + 1))
        stays = self.impose(replace(ANN, name_key="bob", until=NOW + 1.5))

        newest = self.impose(replace(ANN, name_key="eve"), now=NOW + 1)

        self.assertEqual([stays, newest], self.sanctions())

    def test_nothing_is_deleted_by_a_time_that_may_be_wrong(self) -> None:
        ended = self.impose(replace(ANN, until=NOW + 1))

        newest = self.impose(replace(ANN, name_key="eve"), replace(ENTRY, at=NOW + 400 * DAY))

        self.assertEqual([ended, newest], self.sanctions())


class ReadSanctionsTests(SanctionStorageTestCase):
    def test_unreadable_rows_are_skipped(self) -> None:
        for change in ("kind = 'shun'", "name = CAST(x'ff' AS TEXT)", "until = 'tomorrow'", "until = 9e999"):
            self.impose(replace(ANN, name_key=change))
            self.execute(f"UPDATE sanction SET {change} WHERE name_key = ?", change)
        good = self.impose(ANN)

        self.assertEqual([good], self.sanctions())

    def test_an_unreadable_row_does_not_prevent_a_new_one(self) -> None:
        self.impose(ANN)
        self.execute("UPDATE sanction SET name = CAST(x'ff' AS TEXT)")

        again = self.impose(ANN)

        self.assertEqual([again], self.sanctions())


class LiftTests(SanctionStorageTestCase):
    def test_the_sanctions_of_the_ids_are_deleted_and_the_entry_is_written(self) -> None:
        first, second, third = (self.impose(replace(ANN, name_key=key)) for key in ("ann", "bob", "eve"))

        self.lift(MUTE, first.id, third.id)

        self.assertEqual([second], self.sanctions())
        self.assertEqual("unmute", self.audit()[0].action)

    def test_another_kind_and_other_ids_stay(self) -> None:
        ban = self.impose(replace(ANN, kind=BAN))

        self.lift(MUTE, ban.id, 99)

        self.assertEqual([ban], self.sanctions())


class DeleteMessageTests(SanctionStorageTestCase):
    def setUp(self) -> None:
        super().setUp()
        for room, number in (("lobby", 1), ("lobby", 2), ("den", 2)):
            self.execute(
                "INSERT INTO message (room, number, name, text, said_at) VALUES (?, ?, 'Ann', 'x', 1)", room, number
            )

    def messages(self) -> list[tuple[str, int, str, str | None]]:
        return self.connection.execute("SELECT room, number, text, deleted_by FROM message ORDER BY 2, 1").fetchall()

    def test_the_text_is_gone_and_the_number_stays(self) -> None:
        self.assertTrue(self.delete("lobby", 2))

        self.assertEqual([("lobby", 1, "x", None), ("den", 2, "x", None), ("lobby", 2, "", "Mod")], self.messages())
        self.assertEqual([replace(ENTRY, number=1, action="delete")], self.audit())

    def test_what_is_not_there_is_not_deleted(self) -> None:
        before = self.messages()

        self.assertFalse(self.delete("lobby", 3))
        self.assertFalse(self.delete("attic", 1))

        self.assertEqual(([], before), (self.audit(), self.messages()))

    def test_deleting_a_message_twice_changes_nothing(self) -> None:
        self.assertEqual([True, False], [self.delete("lobby", 2), self.delete("lobby", 2)])

        self.assertEqual(1, len(self.audit()))


class AuditTests(SanctionStorageTestCase):
    def test_the_newest_come_first_as_they_were_recorded(self) -> None:
        kick = AuditEntry(0, NOW + 1, "Mod", "kick", "lobby", "Bob", "")
        self.record(ENTRY)
        self.record(kick)

        self.assertEqual([replace(kick, number=2), replace(ENTRY, number=1)], self.audit())

    def test_it_comes_in_pages(self) -> None:
        for _ in range(5):
            self.record(ENTRY)

        self.assertEqual([5, 4], [each.number for each in self.audit(limit=2)])
        self.assertEqual([3, 2], [each.number for each in self.audit(before=4, limit=2)])
        self.assertEqual([], self.audit(before=1))

    def test_an_unreadable_row_does_not_hide_the_others(self) -> None:
        for _ in range(3):
            self.record(ENTRY)
        self.execute("UPDATE audit SET reason = CAST(x'78ff' AS TEXT) WHERE id = 2")
        self.execute("UPDATE audit SET at = 'then' WHERE id = 3")

        self.assertEqual([(2, "x\ufffd"), (1, "spam")], [(each.number, each.reason) for each in self.audit()])


class LockTests(SynchronousTestCase):
    def test_what_is_replaced_is_read_under_the_lock_of_the_writer(self) -> None:
        path = self.mktemp()
        with closing(sqlite3.connect(path, timeout=0)) as ours, closing(sqlite3.connect(path)) as theirs:
            upgrade(ours)
            theirs.execute("BEGIN IMMEDIATE")

            with self.assertRaisesRegex(sqlite3.OperationalError, "locked"):
                sanctions.delete_message(ours.cursor(), "lobby", 1, "Mod", ENTRY)
            with self.assertRaisesRegex(sqlite3.OperationalError, "locked"):
                sanctions.lift(ours.cursor(), MUTE, [], ENTRY)
