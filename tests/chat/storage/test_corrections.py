"""What authors change of their own messages, in each kind of database."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mixsvc.chat.model.acts import Deletion, Edition
from mixsvc.chat.storage.records import (
    TOPIC,
    Age,
    AuditEntry,
    Correction,
    Draft,
    PageQuery,
    Period,
    StorageLimits,
    StoredAct,
    Unchanged,
)
from mixsvc.chat.storage.store import EARLIER_KEPT, EDITED_TOLD
from mixsvc.interfaces import ChatPage
from tests.chat.fakes import NOW
from tests.stores import OnPostgres, OnSqlite, TablesCase

PLENTY = StorageLimits(keep=1000, page_bytes=1_000_000)
ENTRY = AuditEntry(0, NOW, "Mod", "texts", "lobby", "1", "")
# Longer than the real clock is behind NOW or ahead of it.
LONG = 1e9


class CorrectionsCase(TablesCase):
    def say(self, *texts: str, kind: str = "", author: str | None = "mona") -> None:
        self.tables.insert([Draft("lobby", "Mona", text, NOW, None, kind, author) for text in texts], PLENTY)

    def edit(self, number: int, text: str, **fields: Any) -> StoredAct[Edition] | Unchanged:
        correction = replace(Correction("lobby", number, "mona", LONG, NOW + 1), **fields)
        return self.run_in(self.tables.store.corrections.edit, correction, text)

    def delete(self, number: int, **fields: Any) -> StoredAct[Deletion] | Unchanged:
        correction = replace(Correction("lobby", number, "mona", LONG, NOW + 1), **fields)
        return self.run_in(self.tables.store.corrections.delete_own, correction, "Mona")

    def read(self, seen: int = 0, page_bytes: int = 1_000_000) -> ChatPage:
        queries = [PageQuery("lobby", seen, 1000, seen=seen)]
        (page,) = self.run_in(self.tables.store.messages.read, queries, replace(PLENTY, page_bytes=page_bytes))
        return page

    def texts(self, number: int = 1) -> list[str]:
        return [each.text for each in self.run_in(self.tables.store.corrections.read_texts, "lobby", number, ENTRY)]

    def earlier(self) -> Sequence[tuple[object, ...]]:
        return self.tables.execute("SELECT number, text FROM earlier_text ORDER BY number, version")


class EditContract(CorrectionsCase):
    def test_the_text_is_another_one_and_number_name_and_time_stay(self) -> None:
        self.say("helo", "two")

        stored = self.edit(1, "hello")

        assert isinstance(stored, StoredAct)
        first, second = self.read().messages
        self.assertEqual(Edition("lobby", 1, "hello", first.edited_at), stored.act)
        assert first.edited_at is not None and first.edited_at > NOW - LONG
        self.assertEqual(
            (1, "Mona", "hello", NOW, True), (first.number, first.name, first.text, first.said_at, first.is_edited)
        )
        self.assertEqual((False, None), (second.is_edited, second.edited_at))

    def test_nobody_else_may_and_nobody_may_change_what_has_no_author(self) -> None:
        self.say("one")
        self.say("two", author=None)

        self.assertEqual(Unchanged.FOREIGN, self.edit(1, "x", author="max"))
        self.assertEqual([Unchanged.FOREIGN] * 2, [self.edit(2, "x", author=each) for each in ("mona", "")])
        self.assertEqual(["one", "two"], [each.text for each in self.read().messages])

    def test_what_is_not_there_or_old_or_a_topic_or_the_same_is_not_changed(self) -> None:
        self.say("one")
        self.say("plans", kind=TOPIC)

        self.assertEqual(Unchanged.MISSING, self.edit(3, "x"))
        self.assertEqual(Unchanged.MISSING, self.edit(1, "x", room="den"))
        self.assertEqual(Unchanged.LATE, self.edit(1, "x", seconds=0.0))
        self.assertEqual(Unchanged.TOPIC, self.edit(2, "x"))
        self.assertEqual(Unchanged.SAME, self.edit(1, "one"))
        self.assertEqual((), self.read(seen=2).edited)

    def test_a_message_that_is_said_again_with_its_key_is_the_edited_one(self) -> None:
        draft = Draft("lobby", "Mona", "helo", NOW, "k", "", "mona")
        self.tables.insert([draft], PLENTY)
        self.edit(1, "hello")

        (again,) = self.tables.insert([Draft("lobby", "Mona", "helo", NOW, "k", "", "mona")], PLENTY)

        self.assertEqual(("hello", True, True), (again.message.text, again.message.is_edited, again.is_repeated))

    def test_new_messages_have_the_mark_and_the_time(self) -> None:
        self.say("one")
        stored = self.edit(1, "two")

        (new,) = self.run_in(self.tables.store.messages.read_new, {"lobby": 0}, 10)["lobby"].messages

        assert isinstance(stored, StoredAct)
        self.assertEqual(("two", True, stored.act.at), (new.message.text, new.message.is_edited, new.message.edited_at))

    def test_a_message_that_is_edited_again_has_the_time_of_the_last_edit(self) -> None:
        self.say("one")
        self.edit(1, "two")

        stored = self.edit(1, "three", now=NOW + 2)

        assert isinstance(stored, StoredAct)
        self.assertEqual([stored.act.at], [each.edited_at for each in self.read().messages])

    def test_the_time_is_corrected_as_that_of_a_message_is(self) -> None:
        self.say("one", "two")
        self.edit(1, "new")
        (before, _) = self.read().messages
        assert before.edited_at is not None
        period = Period({}, {"lobby": 2}, before.edited_at - 0.5, before.edited_at + 0.5)

        self.tables.run(self.tables.store.messages.redate, period, 3600.0)

        self.assertAlmostEqual(before.edited_at + 3600, self.read().messages[0].edited_at or 0, 5)


class ComeBackContract(CorrectionsCase):
    def test_who_comes_back_gets_what_was_edited_of_what_was_seen(self) -> None:
        self.say("one", "two", "three", "four")
        for number in (4, 2, 1):
            self.edit(number, f"new {number}")
        self.delete(1)

        page = self.read(seen=3)

        (whole,) = [each for each in self.read().messages if each.number == 2]
        self.assertEqual(("new 2", True), (whole.text, whole.is_edited))
        self.assertEqual([whole], page.edited and [*page.edited])
        self.assertIsNotNone(whole.edited_at)
        self.assertEqual([(4, "new 4")], [(each.number, each.text) for each in page.messages])
        self.assertEqual((1,), page.deleted)
        self.assertEqual((), self.read().edited)

    def test_the_last_edit_is_told_also_if_the_time_of_day_was_ahead_before_it(self) -> None:
        self.say(*["x"] * (EDITED_TOLD + 1))
        for number in range(2, EDITED_TOLD + 2):
            self.edit(number, "y")
        times = [each.edited_at or 0 for each in self.read(seen=EDITED_TOLD + 1).edited]
        period = Period({}, {"lobby": EDITED_TOLD + 1}, min(times) - 0.5, max(times) + 0.5)
        self.run_in(self.tables.store.messages.redate, period, 7200.0)

        self.edit(1, "y")

        told = [each.number for each in self.read(seen=EDITED_TOLD + 1).edited]
        self.assertEqual([1, *range(3, EDITED_TOLD + 2)], told)

    def test_those_that_were_edited_last_are_told(self) -> None:
        self.say(*["x"] * (EDITED_TOLD + 2))
        for step, number in enumerate([3, *range(EDITED_TOLD + 2, 0, -1)]):
            self.edit(number, f"new {step}", now=NOW + step)

        edited = self.read(seen=EDITED_TOLD + 2).edited

        self.assertEqual([*range(1, EDITED_TOLD + 1)], [each.number for each in edited])

    def test_they_take_a_part_of_the_page(self) -> None:
        self.say("x", "y", "z")
        for number in (1, 2):
            self.edit(number, "long " * 100, now=NOW + number)

        page = self.read(seen=2, page_bytes=3000)

        self.assertEqual([2], [each.number for each in page.edited])
        self.assertEqual(["z"], [each.text for each in page.messages])


class DeleteOwnContract(CorrectionsCase):
    def test_a_message_and_all_its_texts_are_gone_and_a_topic_with_it(self) -> None:
        self.say("one")
        self.say("plans", kind=TOPIC)
        self.edit(1, "two")

        deleted = self.delete(1)

        assert isinstance(deleted, StoredAct)
        self.assertEqual(Deletion("lobby", 1, "Mona", "plans"), deleted.act)
        self.assertEqual(
            [("", True, False), ("plans", False, False)],
            [(each.text, each.is_deleted, each.is_edited) for each in self.read().messages],
        )
        self.assertEqual([], self.earlier())
        topic = self.delete(2)
        assert isinstance(topic, StoredAct)
        self.assertEqual("", topic.act.topic)
        self.assertEqual([], self.run_in(self.tables.store.sanctions.read_audit, None, 10))

    def test_it_is_refused_as_a_change_is(self) -> None:
        self.say("one")

        self.assertEqual(Unchanged.FOREIGN, self.delete(1, author="max"))
        self.assertEqual(Unchanged.LATE, self.delete(1, seconds=0.0))
        self.delete(1)
        self.assertEqual([Unchanged.MISSING] * 2, [self.delete(1), self.edit(1, "x")])


class EarlierTextsContract(CorrectionsCase):
    def test_the_texts_are_read_in_their_order_and_that_is_on_record(self) -> None:
        self.say("one")
        self.edit(1, "two")
        self.edit(1, "three")

        self.assertEqual(["one", "two", "three"], self.texts())
        found = self.run_in(self.tables.store.corrections.read_texts, "lobby", 1, ENTRY)
        self.assertEqual(NOW, found[0].since)
        self.assertEqual(sorted(each.since for each in found), [each.since for each in found])
        audit = self.run_in(self.tables.store.sanctions.read_audit, None, 10)
        self.assertEqual([("texts", "1")] * 2, [(each.action, each.target) for each in audit])

    def test_there_are_none_of_what_is_not_there(self) -> None:
        self.say("one")
        self.edit(1, "two")
        self.delete(1)

        self.assertEqual([[], []], [self.texts(1), self.texts(2)])
        self.assertEqual([], self.run_in(self.tables.store.sanctions.read_audit, None, 10))

    def test_the_newest_are_kept(self) -> None:
        self.say("0")
        for step in range(1, EARLIER_KEPT + 3):
            self.edit(1, str(step))

        self.assertEqual([str(each) for each in range(2, EARLIER_KEPT + 3)], self.texts())

    def test_they_go_with_their_message(self) -> None:
        self.say("one", "two", "three")
        for number in (1, 2, 3):
            self.edit(number, "new")

        self.tables.insert([Draft("lobby", "Mona", "four", NOW, None)], replace(PLENTY, keep=3))
        self.assertEqual([(2, "two"), (3, "three")], self.earlier())
        self.run_in(self.tables.store.messages.expire, "lobby", Age(NOW + 10, NOW + 5))
        self.assertEqual([], self.earlier())

    def test_they_go_when_a_moderator_deletes_the_message(self) -> None:
        self.say("one")
        self.edit(1, "two")

        self.run_in(self.tables.store.sanctions.delete_message, Deletion("lobby", 1, "Mod", ""), ENTRY)

        self.assertEqual([], self.earlier())
        self.assertEqual(((), (1,)), (self.read(seen=1).edited, self.read(seen=1).deleted))


class SqliteEditTests(EditContract, OnSqlite):
    __test__ = True


class PostgresEditTests(EditContract, OnPostgres):
    __test__ = True


class SqliteComeBackTests(ComeBackContract, OnSqlite):
    __test__ = True


class PostgresComeBackTests(ComeBackContract, OnPostgres):
    __test__ = True


class SqliteDeleteOwnTests(DeleteOwnContract, OnSqlite):
    __test__ = True


class PostgresDeleteOwnTests(DeleteOwnContract, OnPostgres):
    __test__ = True


class SqliteEarlierTextsTests(EarlierTextsContract, OnSqlite):
    __test__ = True


class PostgresEarlierTextsTests(EarlierTextsContract, OnPostgres):
    __test__ = True

    def test_the_journal_forgets_a_text_with_its_message(self) -> None:
        self.say("one")
        self.edit(1, "two")
        events = self.run_in(self.tables.store.sanctions.read_events, 0, 10).events
        self.assertEqual([("edit", "two")], [(each.kind, each.body["text"]) for each in events])

        self.delete(1)

        events = self.run_in(self.tables.store.sanctions.read_events, 0, 10).events
        self.assertEqual(["edit", "delete"], [each.kind for each in events])
        self.assertNotIn("text", events[0].body)
