"""Outgoing webhooks in each kind of database: where they are, and what is to be sent."""

from collections.abc import Mapping

from mixsvc.chat.model.acts import Deletion
from mixsvc.chat.storage.records import AuditEntry, Correction, Draft, StorageLimits
from mixsvc.webhooks.batch import in_order, passed
from mixsvc.webhooks.storage.records import HookPosition, Progress, RoomScope, Unsent
from mixsvc.webhooks.storage.store import AT_ONCE, ROOMS_AT_ONCE
from tests.stores import OnPostgres, OnSqlite, TablesCase

ALL = RoomScope((), ())
LIMITS = StorageLimits(keep=1000, page_bytes=10**6)
NOW = 1_700_000_000.0


class WebhookContract(TablesCase):
    def begin(self, scope: RoomScope = ALL, hook: str = "crm") -> HookPosition:
        return self.run_in(self.tables.webhooks.begin, hook, scope)

    def read(self, numbers: Mapping[str, int] | None = None, change: int = 0, scope: RoomScope = ALL) -> Unsent:
        return self.run_in(self.tables.webhooks.read, numbers or {}, change, scope)

    def say(self, *texts: str, room: str = "lobby") -> None:
        drafts = [Draft(room, "Ann", text, NOW, None, "", "ann") for text in texts]
        self.run_in(self.tables.store.messages.insert, drafts, LIMITS)

    def edit(self, number: int, text: str, room: str = "lobby") -> None:
        correction = Correction(room, number, "ann", 10**9, NOW + 60)
        self.run_in(self.tables.store.corrections.edit, correction, text)

    def delete(self, number: int, room: str = "lobby") -> None:
        entry = AuditEntry(0, NOW, "Mia", "delete", room, str(number), "")
        self.run_in(self.tables.store.sanctions.delete_message, Deletion(room, number, "Mia", ""), entry)

    def told(self, unsent: Unsent, numbers: Mapping[str, int] | None = None) -> list[tuple[str, int, str, bool]]:
        sent = dict(numbers or {})
        found = []
        for each, is_told in in_order(unsent, sent):
            if is_told:
                found.append((each.room, each.message.number, each.message.text, each.change is not None))
            if each.change is None:
                sent[each.room] = each.message.number
        return found

    def test_a_new_webhook_begins_behind_what_was_said_and_changed_before(self) -> None:
        self.say("a", "b")
        self.edit(1, "c")

        position = self.begin()
        self.assertEqual({"lobby": 2}, position.numbers)
        self.assertEqual((1, 0, None, ""), (position.change, position.attempts, position.retry_at, position.gone))
        self.assertNotEqual("", position.epoch)
        self.assertEqual(0, self.read(position.numbers, position.change).waiting)
        self.assertEqual([], self.told(self.read(position.numbers, position.change), position.numbers))

    def test_one_that_was_there_goes_on_where_it_was_also_in_rooms_that_are_new(self) -> None:
        self.say("a")
        self.begin()
        self.say("b")
        self.say("c", room="new")
        self.edit(1, "d")

        position = self.begin()
        self.assertEqual(
            [("lobby", 2, "b", False), ("new", 1, "c", False), ("lobby", 1, "d", True)],
            sorted(self.told(self.read(position.numbers, position.change), position.numbers), key=lambda each: each[3]),
        )

    def test_a_room_that_is_new_to_its_scope_begins_now(self) -> None:
        self.begin(RoomScope(("lobby",), ()))
        self.say("a")
        self.say("b", room="dev")

        position = self.begin(RoomScope(("lobby", "dev"), ()))
        self.assertEqual({"dev": 1}, position.numbers)
        self.assertEqual({"dev": 1}, self.begin(RoomScope(("lobby", "dev"), ())).numbers)

    def test_one_that_was_removed_begins_now_also_with_what_was_changed(self) -> None:
        self.say("a")
        self.begin()
        self.begin(hook="other")
        self.run_in(self.tables.webhooks.save, Progress("crm", {}, 0, 3, NOW, "gone"))
        self.run_in(self.tables.webhooks.remove, "crm")
        self.say("b")
        self.edit(1, "c")

        position = self.begin()
        self.assertEqual(({"lobby": 2}, 1), (position.numbers, position.change))
        # The address that wants no more is none because of that.
        self.assertEqual("gone", position.gone)
        self.assertEqual(({"lobby": 1}, 0), (self.begin(hook="other").numbers, self.begin(hook="other").change))
        self.say("d")
        self.assertEqual({"lobby": 2}, self.begin().numbers)

    def test_case_and_width_of_a_room_do_not_count(self) -> None:
        scope = RoomScope(("lobby", "ＤＥＶ"), ())
        self.begin(scope)
        self.say("a", room="Lobby")
        self.say("b", room="dev")

        self.assertEqual(2, self.read(self.begin(scope).numbers, scope=scope).waiting)

    def test_private_rooms_are_told_only_where_they_are_named(self) -> None:
        self.begin(RoomScope((), ("team-*",)))
        self.say("a", room="team-x")

        self.assertEqual(0, self.read(scope=RoomScope((), ("team-*",))).waiting)
        self.assertEqual(1, self.read(scope=RoomScope(("team-x",), ("team-*",))).waiting)
        self.assertEqual({"team-x": 1}, self.begin(ALL).numbers)

    def test_a_room_that_is_private_by_now_has_no_place(self) -> None:
        self.say("a")
        self.say("b", room="team-x")
        self.begin()
        self.assertEqual({"lobby": 1}, self.begin(RoomScope((), ("team-*",))).numbers)
        self.assertEqual({"team-x": 1}, self.begin(RoomScope(("team-x",), ("team-*",))).numbers)

    def test_a_room_that_is_gone_is_forgotten(self) -> None:
        self.say("a")
        self.say("b", room="gone")
        self.begin()
        self.tables.execute("DELETE FROM room WHERE name = ?", "gone")
        self.assertEqual({"lobby": 1}, self.begin().numbers)
        self.assertEqual([("lobby",)], self.tables.execute("SELECT room FROM webhook_room"))

    def test_what_is_stored_is_read_again_and_never_goes_back(self) -> None:
        self.begin()
        for room in ("a", "b", "c"):
            self.say("x", room=room)
        self.run_in(self.tables.webhooks.save, Progress("crm", {"a": 5, "b": 2}, 9, 3, NOW + 0.25, "x"))
        self.run_in(self.tables.webhooks.save, Progress("crm", {"a": 4, "c": 1}, 8, 4, NOW + 0.5, ""))

        position = self.begin()
        self.assertEqual({"a": 5, "b": 2, "c": 1}, position.numbers)
        self.assertEqual((9, 4, NOW + 0.5, ""), (position.change, position.attempts, position.retry_at, position.gone))
        self.run_in(self.tables.webhooks.save, Progress("crm", {}, 9, 0, None, ""))
        self.assertIsNone(self.begin().retry_at)

    def test_each_change_has_the_next_number_and_only_the_last_of_a_message_is_told(self) -> None:
        self.say("a", "b", "c")
        self.edit(1, "a2")
        self.edit(2, "b2")
        self.edit(1, "a3")
        self.delete(2)

        told = self.told(self.read({"lobby": 3}), {"lobby": 3})
        self.assertEqual([("lobby", 1, "a3", True), ("lobby", 2, "", True)], told)
        (last,) = self.read({"lobby": 3}, 3).changes
        self.assertEqual((4, True), (last.change, last.message.is_deleted))

    def test_a_message_that_was_changed_before_it_is_told_comes_once_as_it_is_now(self) -> None:
        self.say("a", "b")
        self.edit(1, "a2")
        self.delete(2)

        self.assertEqual([("lobby", 1, "a2", False), ("lobby", 2, "", False)], self.told(self.read()))

    def test_changes_come_first_and_those_of_messages_that_are_not_sent_yet_not_at_all(self) -> None:
        self.say("a", "b", "c")
        self.edit(2, "b2")
        self.edit(1, "a2")

        told = self.told(self.read({"lobby": 1}), {"lobby": 1})
        self.assertEqual([("lobby", 1, "a2", True), ("lobby", 2, "b2", False), ("lobby", 3, "c", False)], told)

    def test_a_change_between_the_two_reads_is_told(self) -> None:
        self.say("a")
        before = self.read()
        self.edit(1, "a2")
        both = Unsent(before.news, self.read({"lobby": 1}).changes, before.lasts, before.waiting)

        self.assertEqual([("lobby", 1, "a", False), ("lobby", 1, "a2", True)], self.told(both))

    def test_much_is_read_in_parts(self) -> None:
        self.say(*map(str, range(AT_ONCE + 1)))
        for number in range(ROOMS_AT_ONCE):
            self.say("x", room=f"room{number:02}")

        unsent = self.read()
        self.assertEqual(AT_ONCE, len(unsent.news["lobby"]))
        self.assertEqual(ROOMS_AT_ONCE, len(unsent.news))
        self.assertEqual(AT_ONCE + 1 + ROOMS_AT_ONCE, unsent.waiting)
        self.assertEqual({}, passed(unsent))

    def test_what_is_kept_no_more_is_passed_over(self) -> None:
        self.say("a", "b")
        self.tables.execute("DELETE FROM message WHERE room = 'lobby'")

        unsent = self.read()
        self.assertEqual({"lobby": 2}, passed(unsent))
        self.assertEqual([], self.told(unsent))


class OnSqliteTests(OnSqlite, WebhookContract):
    __test__ = True

    def test_a_message_that_is_not_utf_8_holds_up_no_other_one(self) -> None:
        self.say("a", "b")
        self.edit(1, "c")
        self.tables.execute(
            "UPDATE message SET name = CAST(x'61ff' AS TEXT), text = CAST(x'ff' AS TEXT) WHERE number = 1"
        )

        unsent = self.read()
        self.assertEqual(["a\ufffd", "Ann"], [each.message.name for each in unsent.news["lobby"]])
        self.assertEqual(["\ufffd"], [each.message.text for each in unsent.changes])
        self.assertEqual([("lobby", 1, "\ufffd", False), ("lobby", 2, "b", False)], self.told(unsent))

    def test_other_damage_of_a_message_holds_up_no_other_one_either(self) -> None:
        self.say("a", "b", "c")
        self.edit(1, "x")
        self.edit(2, "y")
        for change in ("said_at = 'then'", "edited_at = x'ff'", "name = x'ff'", "change = 'last'"):
            self.tables.execute(f"UPDATE message SET {change} WHERE number = 1")
            self.assertEqual(["x", "y", "c"], [text for _, _, text, _ in self.told(self.read())][:3])
        self.tables.execute("UPDATE message SET room = CAST(x'ff' AS TEXT) WHERE number = 1")
        self.assertEqual([2, 3], [number for _, number, _, _ in self.told(self.read())])

    def test_a_damaged_place_begins_anew_and_is_mended_by_the_next_one(self) -> None:
        self.begin()
        self.say("a")
        self.run_in(self.tables.webhooks.save, Progress("crm", {"lobby": 1}, 3, 2, NOW, "gone"))
        self.tables.execute("UPDATE webhook SET change = 'x', attempts = x'ff', retry_at = 'soon', gone = x'ff'")
        self.tables.execute("UPDATE webhook_room SET number = 'all'")

        position = self.begin()

        self.assertEqual(({"lobby": 0}, 0, 0, None, "\ufffd"), (position.numbers, *_others(position)))
        self.run_in(self.tables.webhooks.save, Progress("crm", {"lobby": 1}, 4, 0, None, ""))
        position = self.begin()
        self.assertEqual(({"lobby": 1}, 4, 0, None, ""), (position.numbers, *_others(position)))


def _others(position: HookPosition) -> tuple[int, int, float | None, str]:
    return position.change, position.attempts, position.retry_at, position.gone


class OnPostgresTests(OnPostgres, WebhookContract):
    __test__ = True
