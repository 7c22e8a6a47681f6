"""Sanctions, deletions and the audit log in each kind of database."""

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.model.acts import Deletion, Lift, Oblivion, Removal, act_of
from mixsvc.chat.model.sanctions import BAN, MUTE, Sanction
from mixsvc.chat.storage.records import TOPIC, AuditEntry, Draft, StorageLimits, StoredAct
from mixsvc.nodes.interfaces import JournalPage
from tests.chat.fakes import NOW
from tests.stores import OnPostgres, OnSqlite, TablesCase

DAY = 86_400.0

ANN = Sanction(0, MUTE, "Ann", "ann", "person-1", "192.0.2.7", "Mod", "spam", NOW + DAY)
ADDRESS = Sanction(0, BAN, "", "", "", "2001:db8::1", "Mod", "", NOW + DAY)
ENTRY = AuditEntry(0, NOW, "Mod", "mute", "", "Ann", "spam")


class SanctionsCase(TablesCase):
    def impose(self, sanction: Sanction, entry: AuditEntry = ENTRY, now: float | None = None) -> Sanction:
        return self.run_in(self.tables.store.sanctions.impose, sanction, entry, now).act

    def lift(self, kind: str, name: str = "", address: str = "", now: float = NOW) -> None:
        act, entry = Lift(kind, name, address, "Mod"), replace(ENTRY, action=f"un{kind}")
        self.assertEqual(act, self.run_in(self.tables.store.sanctions.lift, act, entry, now).act)

    def record(self, entry: AuditEntry) -> None:
        act = Removal(entry.room, entry.target, "person-1", entry.by, entry.reason)
        self.assertEqual(act, self.run_in(self.tables.store.sanctions.record, act, entry).act)

    def delete(self, room: str, number: int) -> str | None:
        """The room's topic after that, None if nothing was deleted."""
        act, entry = Deletion(room, number, "Mod", ""), replace(ENTRY, action="delete")
        stored = self.run_in(self.tables.store.sanctions.delete_message, act, entry)
        return None if stored is None else stored.act.topic

    def sanctions(self) -> list[Sanction]:
        return self.run_in(self.tables.store.sanctions.read_sanctions)

    def audit(self, before: int | None = None, limit: int = 100) -> list[AuditEntry]:
        return self.run_in(self.tables.store.sanctions.read_audit, before, limit)

    def execute(self, statement: str, *values: object) -> None:
        self.tables.execute(statement, *values)


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


class ImposeContract(SanctionsCase):
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


class MoveContract(SanctionsCase):
    def test_the_sanctions_of_the_ids_end_so_much_later(self) -> None:
        first, second = self.impose(ANN), self.impose(replace(ANN, name_key="bob"))

        self.run_in(self.tables.store.sanctions.move, [first.id, 99], 1.5)
        self.run_in(self.tables.store.sanctions.move, [], 1.5)

        self.assertEqual([replace(first, until=ANN.until + 1.5), second], self.sanctions())


class LiftContract(SanctionsCase):
    def test_the_sanction_of_a_name_is_deleted_and_the_entry_is_written(self) -> None:
        _, bob = (self.impose(replace(ANN, name_key=key)) for key in ("ann", "bob"))

        self.lift(MUTE, "ANN")

        self.assertEqual([bob], self.sanctions())
        self.assertEqual("unmute", self.audit()[0].action)

    def test_all_sanctions_of_an_address_are_deleted(self) -> None:
        self.impose(ADDRESS)
        self.impose(replace(ANN, kind=BAN, address="2001:db8::2"))
        other = self.impose(replace(ADDRESS, address="2001:db8:0:1::1"))

        self.lift(BAN, address="2001:db8::/64")

        self.assertEqual([other], self.sanctions())

    def test_another_kind_and_those_without_a_name_or_an_address_stay(self) -> None:
        stay = [self.impose(each) for each in (replace(ANN, kind=BAN), ADDRESS, replace(ANN, name_key="b", address=""))]

        self.lift(MUTE, "Ann")
        self.lift(BAN, "Eve")
        self.lift(MUTE, address="192.0.2.7")

        self.assertEqual(stay, self.sanctions())

    def test_one_that_has_ended_stays_as_the_time_may_be_wrong(self) -> None:
        stays = self.impose(ANN)

        self.lift(MUTE, "Ann", now=ANN.until)

        self.assertEqual([stays], self.sanctions())


class DeleteMessageContract(SanctionsCase):
    def setUp(self) -> None:
        super().setUp()
        for room, number in (("lobby", 1), ("lobby", 2), ("den", 1), ("den", 2)):
            draft = Draft(room, "Ann", f"{room} {number}", NOW, None, TOPIC if number == 1 else "")
            self.tables.insert([draft], StorageLimits(1000, 1000))

    def messages(self) -> list[tuple[str, int, str, str | None]]:
        return self.tables.execute("SELECT room, number, text, deleted_by FROM message ORDER BY 1, 2")

    def test_the_text_is_gone_and_the_number_stays(self) -> None:
        before = self.messages()

        self.assertEqual("lobby 1", self.delete("lobby", 2))

        self.assertEqual([*before[:3], ("lobby", 2, "", "Mod")], self.messages())
        self.assertEqual([replace(ENTRY, number=1, action="delete")], self.audit())

    def test_what_is_not_there_is_not_deleted(self) -> None:
        before = self.messages()

        self.assertIsNone(self.delete("lobby", 3))
        self.assertIsNone(self.delete("attic", 1))

        self.assertEqual(([], before), (self.audit(), self.messages()))

    def test_deleting_a_message_twice_changes_nothing(self) -> None:
        self.assertEqual(["lobby 1", None], [self.delete("lobby", 2), self.delete("lobby", 2)])

        self.assertEqual(1, len(self.audit()))

    def test_a_topic_goes_with_the_message_that_set_it(self) -> None:
        self.assertEqual("", self.delete("lobby", 1))

        topics = [self.run_in(self.tables.store.messages.topic, room) for room in ("lobby", "den", "attic")]
        self.assertEqual(["", "den 1", ""], topics)

    def test_a_topic_that_was_replaced_goes_without_the_newer_one(self) -> None:
        self.tables.insert([Draft("lobby", "Ann", "newer", NOW, None, TOPIC)], StorageLimits(1000, 1000))

        self.assertEqual("newer", self.delete("lobby", 1))


class AuditContract(SanctionsCase):
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


class SqliteImposeTests(ImposeContract, OnSqlite):
    __test__ = True


class SqliteLiftTests(LiftContract, OnSqlite):
    __test__ = True


class SqliteDeleteMessageTests(DeleteMessageContract, OnSqlite):
    __test__ = True


class SqliteAuditTests(AuditContract, OnSqlite):
    __test__ = True


class SqliteMoveTests(MoveContract, OnSqlite):
    __test__ = True


class PostgresImposeTests(ImposeContract, OnPostgres):
    __test__ = True


class PostgresLiftTests(LiftContract, OnPostgres):
    __test__ = True


class PostgresDeleteMessageTests(DeleteMessageContract, OnPostgres):
    __test__ = True


class PostgresAuditTests(AuditContract, OnPostgres):
    __test__ = True


class PostgresMoveTests(MoveContract, OnPostgres):
    __test__ = True


class SqliteEventTests(SanctionsCase, OnSqlite):
    __test__ = True

    def test_a_chat_of_one_node_keeps_no_journal(self) -> None:
        self.impose(ANN)

        self.assertEqual(JournalPage((), 0), self.run_in(self.tables.store.sanctions.read_events, 0, 10))


class PostgresEventTests(SanctionsCase, OnPostgres):
    __test__ = True

    def test_the_journal_has_what_was_done_in_its_order_as_it_was_stored(self) -> None:
        self.tables.insert([Draft("lobby", "Ann", "hi", NOW, None)], StorageLimits(10, 1000))
        imposed = self.impose(ANN)
        self.lift(MUTE, "Ann")
        self.record(replace(ENTRY, action="kick", room="lobby", target="Bob", reason="why"))
        self.delete("lobby", 1)
        page = self.run_in(self.tables.store.sanctions.read_events, 0, 10)

        lifted, kicked = Lift(MUTE, "Ann", "", "Mod"), Removal("lobby", "Bob", "person-1", "Mod", "why")
        deleted = Deletion("lobby", 1, "Mod", "")
        self.assertEqual([imposed, lifted, kicked, deleted], [act_of(each) for each in page.events])
        self.assertEqual(([1, 2, 3, 4], 4), ([each.number for each in page.events], page.last))

    def test_a_room_is_forgotten_with_an_event_or_not_at_all(self) -> None:
        self.tables.insert([Draft("lobby", "Ann", "hi", NOW, None)], StorageLimits(10, 1000))
        self.assertIsNone(self.run_in(self.tables.store.messages.forget, Oblivion("lobby")))
        self.tables.execute("DELETE FROM message")

        stored = self.run_in(self.tables.store.messages.forget, Oblivion("lobby"))

        page = self.run_in(self.tables.store.sanctions.read_events, 0, 10)
        self.assertEqual(StoredAct(Oblivion("lobby"), 1), stored)
        self.assertEqual([Oblivion("lobby")], [act_of(each) for each in page.events])

    def test_a_page_has_the_oldest_events_and_the_newest_number(self) -> None:
        for _ in range(3):
            self.impose(ANN)
        page, rest = (self.run_in(self.tables.store.sanctions.read_events, after, 2) for after in (0, 2))

        self.assertEqual([[1, 2], [3]], [[each.number for each in found.events] for found in (page, rest)])
        self.assertEqual(JournalPage([], 3), self.run_in(self.tables.store.sanctions.read_events, 3, 2))
        self.assertEqual((3, 3), (page.last, rest.last))
