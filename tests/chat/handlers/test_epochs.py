"""A client that comes back after the database has gone back is told, and nobody else is."""

from typing import Any

from mixsvc.chat.model.acts import Oblivion
from mixsvc.chat.storage.records import Age, Draft, StorageLimits
from mixsvc.chat.storage.sqlite import messages
from tests.chat.cases import ChatTestCase
from tests.chat.fakes import FakeClient, FakeDatabase


class EpochTestCase(ChatTestCase):
    def publish(self, *texts: str, room: str = "lobby") -> None:
        for text in texts:
            self.chat.clock.advance(1)
            self.chat.dispatcher.publish(room, "Clock", text)
        self.database.settle()

    def go_back(self, copy: bytes) -> None:
        self.database.go_back(copy)
        self.chat.restart()

    def expire(self, room: str) -> None:
        """Delete all messages of a room, because they are old."""
        now = self.chat.clock.seconds() + 1
        with self.database.connection:
            messages.expire(self.database.connection.cursor(), room, Age(now, now))

    def back(self, since: int | None, room: str = "lobby", **known: object) -> dict[str, Any]:
        """Returns `joined` for a client that comes back."""
        return self.join(self.chat.named("Ann", token="the token of Ann"), room, since=since, **known)

    def numbers(self, joined: dict[str, Any]) -> list[int]:
        return [each["number"] for each in joined["messages"]]


class GoneBackTests(EpochTestCase):
    """A client has seen 20 messages, the first ten of which are in a backup."""

    def setUp(self) -> None:
        super().setUp()
        self.client: FakeClient = self.chat.inside("Ann", token="the token of Ann")
        self.publish(*[f"old {number}" for number in range(1, 11)])
        self.backup = self.database.back_up()
        self.publish(*[f"lost {number}" for number in range(11, 21)])
        self.token = self.client.got("message")[-1]["token"]

    def restore(self, new: int) -> None:
        self.go_back(self.backup)
        self.publish(*[f"new {number}" for number in range(11, 11 + new)])

    def test_the_client_is_told_and_gets_the_new_history_when_that_has_grown_beyond_its_number(self) -> None:
        self.restore(15)

        joined = self.back(20, token=self.token)

        self.assertTrue(joined["reset"])
        self.assertEqual(list(range(1, 26)), self.numbers(joined))
        self.assertEqual("new 25", joined["messages"][-1]["text"])

    def test_it_is_told_however_many_messages_are_new(self) -> None:
        for new in (0, 1, 9, 10, 11):
            self.restore(new)
            self.assertTrue(self.back(20, token=self.token)["reset"], new)

    def test_the_token_of_joined_serves_as_well(self) -> None:
        token = self.join(self.chat.named("Bob"))["token"]
        self.restore(15)

        self.assertTrue(self.back(20, token=token)["reset"])

    def test_a_client_in_the_middle_of_a_gap_sends_its_newest_token(self) -> None:
        self.restore(15)

        self.assertTrue(self.back(12, token=self.token)["reset"])

    def test_a_database_that_was_removed_and_has_grown_again_is_another_one(self) -> None:
        self.go_back(FakeDatabase().back_up())
        self.publish(*[f"new {number}" for number in range(1, 26)])

        joined = self.back(20, token=self.token)

        self.assertEqual((True, list(range(1, 26))), (joined["reset"], self.numbers(joined)))

    def test_a_client_that_has_seen_only_what_the_backup_has_goes_on(self) -> None:
        token = self.client.got("message")[9]["token"]
        self.restore(15)

        joined = self.back(10, token=token)

        self.assertEqual((False, list(range(11, 26))), (joined["reset"], self.numbers(joined)))

    def test_without_a_token_a_number_from_the_future_is_told_as_well(self) -> None:
        self.restore(3)

        joined = self.back(20)

        self.assertEqual((True, list(range(1, 14))), (joined["reset"], self.numbers(joined)))

    def test_an_older_client_goes_on_as_before(self) -> None:
        self.restore(15)

        joined = self.back(20)

        self.assertEqual((False, [21, 22, 23, 24, 25]), (joined["reset"], self.numbers(joined)))

    def test_a_new_history_begins_with_as_many_messages_as_a_first_join_brings(self) -> None:
        self.restore(60)

        self.assertEqual(list(range(21, 71)), self.numbers(self.back(20, token=self.token)))
        self.assertEqual(list(range(21, 71)), self.numbers(self.back(None)))

    def test_what_was_said_in_the_room_that_was_empty_before_is_not_missed(self) -> None:
        self.expire("lobby")
        token = self.join(self.chat.named("Bob"))["token"]
        self.restore(15)

        self.assertTrue(self.back(20, token=token)["reset"])

    def test_a_number_that_no_room_had_is_told_apart_from_one_that_it_has(self) -> None:
        with self.database.connection:
            self.database.connection.execute("UPDATE room_floor SET number = 12")
        joined = self.join(self.chat.named("Bob"), "attic")
        self.assertEqual(12, joined["last"])
        self.go_back(self.backup)
        self.publish(*"abcdefghijklmnop", room="attic")

        self.assertTrue(self.back(12, "attic", token=joined["token"])["reset"])


class EpochTests(EpochTestCase):
    def test_welcome_and_joined_have_the_epoch_of_the_database(self) -> None:
        query = "SELECT value FROM meta WHERE name = 'epoch'"
        (epoch,) = self.database.connection.execute(query).fetchone()

        self.assertEqual(epoch, self.chat.named("Bob").got("welcome")[0]["epoch"])
        self.assertEqual(epoch, self.back(None)["epoch"])

    def test_a_restart_keeps_the_epoch(self) -> None:
        before = self.back(None)["epoch"]
        self.chat.restart()

        self.assertEqual(before, self.back(None)["epoch"])

    def test_a_client_of_another_epoch_is_told_with_and_without_a_token(self) -> None:
        self.publish("a", "b", "c")
        before = self.back(None)
        with self.database.connection:
            self.database.connection.execute("UPDATE meta SET value = 'another'")
        self.chat.restart()

        for token in (None, before["token"]):
            joined = self.back(2, epoch=before["epoch"], token=token)
            self.assertEqual((True, [1, 2, 3]), (joined["reset"], self.numbers(joined)))

    def test_a_text_that_is_no_token_of_ours_is_of_another_history(self) -> None:
        self.publish("a", "b")

        for token in ("x", "2.", "2.0", "9.0", "\U0001f98a"):
            self.assertTrue(self.back(2, token=token)["reset"], token)

    def test_a_field_of_another_type_is_refused(self) -> None:
        for fields in ({"token": 1}, {"epoch": ["x"]}, {"token": "x" * 65}, {"epoch": ""}):
            self.assertEqual("bad_field", self.code(self.chat.named("Ann", token="x" * 16), "join", room="x", **fields))


class NoFalseAlarmTests(EpochTestCase):
    """What happens to messages in one history is no other history."""

    def setUp(self) -> None:
        super().setUp()
        self.mia = self.chat.moderator()
        self.publish("a", "b", "c")
        self.token = self.mia.got("message")[-1]["token"]

    def test_a_client_that_has_seen_everything_goes_on(self) -> None:
        joined = self.back(3, token=self.token)

        self.assertEqual((False, []), (joined["reset"], self.numbers(joined)))
        self.assertEqual(self.token, joined["token"])

    def test_a_deleted_message_keeps_its_token(self) -> None:
        self.done(self.mia, "delete", room="lobby", number=3)

        joined = self.back(3, token=self.token)

        self.assertEqual((False, [3], self.token), (joined["reset"], joined["deleted"], joined["token"]))

    def test_a_message_whose_time_was_corrected_keeps_its_token(self) -> None:
        with self.database.connection:
            self.database.connection.execute("UPDATE message SET said_at = said_at - 1")

        self.assertFalse(self.back(3, token=self.token)["reset"])

    def test_messages_of_an_older_version_have_tokens(self) -> None:
        with self.database.connection:
            self.database.connection.execute("UPDATE message SET mark = NULL")
        token = self.back(None)["token"]

        self.assertFalse(self.back(3, token=token)["reset"])
        with self.database.connection:
            self.database.connection.execute("UPDATE message SET mark = 5")
        self.assertTrue(self.back(3, token=token)["reset"])

    def test_messages_that_are_no_longer_kept_are_missed_and_no_more(self) -> None:
        self.expire("lobby")
        gone = self.back(3, token=self.token)
        self.publish("d", "e")

        self.assertEqual((False, 4, 3), (gone["reset"], gone["first"], gone["last"]))
        for token in (self.token, gone["token"]):
            joined = self.back(3, token=token)
            self.assertEqual((False, [4, 5]), (joined["reset"], self.numbers(joined)))

    def test_a_room_that_was_forgotten_and_made_again_goes_on(self) -> None:
        self.publish("x", room="attic")
        token = self.back(None, "attic")["token"]
        self.expire("attic")
        with self.database.connection:
            messages.forget(self.database.connection.cursor(), Oblivion("attic"))
        empty = self.back(1, "attic", token=token)
        self.publish("y", room="attic")

        self.assertEqual((False, 1), (empty["reset"], empty["last"]))
        for known in (token, empty["token"]):
            joined = self.back(1, "attic", token=known)
            self.assertEqual((False, [2]), (joined["reset"], self.numbers(joined)))

    def test_an_empty_room_has_a_token_that_fits_later(self) -> None:
        token = self.back(None, "den")["token"]
        self.publish("x", room="den")

        self.assertEqual(
            (False, [1]), (lambda found: (found["reset"], self.numbers(found)))(self.back(0, "den", token=token))
        )

    def test_pruned_numbers_fit(self) -> None:
        limits = StorageLimits(1, 10_000)
        with self.database.connection:
            drafts = [Draft("lobby", "Ann", "x", self.chat.clock.seconds(), None)]
            messages.insert(self.database.connection.cursor(), drafts, limits)

        self.assertFalse(self.back(3, token=self.token)["reset"])
