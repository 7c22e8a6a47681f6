"""Messages in each kind of database: numbers, keys, pages, and what is deleted."""

from collections.abc import Sequence
from dataclasses import replace

from mixsvc.chat.model.acts import Oblivion
from mixsvc.chat.storage.pages import AROUND_TEXT
from mixsvc.chat.storage.records import TOPIC, Age, Draft, PageQuery, StorageLimits, StoredMessage
from mixsvc.chat.storage.store import DELETED_TOLD, PRUNED
from mixsvc.interfaces import ChatMessage, ChatPage
from tests.chat.fakes import NOW
from tests.stores import OnPostgres, OnSqlite, TablesCase

PLENTY = StorageLimits(keep=1000, page_bytes=1_000_000)

DAY = 86_400.0


def drafts(*texts: str, room: str = "lobby", key: str | None = None) -> list[Draft]:
    return [Draft(room, "Ann", text, NOW, key) for text in texts]


def message(number: int, text: str) -> ChatMessage:
    return ChatMessage(number, "Ann", text, NOW)


class MessagesCase(TablesCase):
    def insert(self, new: Sequence[Draft], limits: StorageLimits = PLENTY) -> list[StoredMessage]:
        return self.tables.insert(new, limits)

    def read(self, after: int = 0, limit: int = 1000, limits: StorageLimits = PLENTY) -> ChatPage:
        (page,) = self.run_in(self.tables.store.messages.read, [PageQuery("lobby", after, limit)], limits)
        return replace(page, token="")

    def numbers(self) -> list[int]:
        return [number for (number,) in self.tables.execute("SELECT number FROM message ORDER BY number")]


class ReadNewContract(MessagesCase):
    def new(self, limit: int = 10, **after: int) -> dict[str, tuple[int, list[str]]]:
        found = self.run_in(self.tables.store.messages.read_new, after, limit)
        return {room: (new.last, [each.message.text for each in new.messages]) for room, new in found.items()}

    def test_the_messages_behind_a_number_come_of_all_rooms_at_once(self) -> None:
        stored = self.insert([*drafts("a", "b", "c"), *drafts("x", room="den")])

        self.assertEqual({"lobby": (3, ["b", "c"]), "den": (1, ["x"])}, self.new(lobby=1, den=0))
        self.assertEqual({"lobby": (3, []), "attic": (0, [])}, self.new(lobby=3, attic=0))
        self.assertEqual({}, self.new())
        found = self.run_in(self.tables.store.messages.read_new, {"lobby": 0}, 10)["lobby"].messages
        self.assertEqual(
            [(each.message, each.token) for each in stored[:3]], [(each.message, each.token) for each in found]
        )

    def test_if_there_are_more_the_oldest_come_first(self) -> None:
        self.insert(drafts("a", "b", "c"))

        self.assertEqual({"lobby": (2, ["a", "b"])}, self.new(lobby=0, limit=2))
        self.assertEqual({"lobby": (3, ["c"])}, self.new(lobby=2, limit=2))


class InsertContract(MessagesCase):
    def test_numbers_go_up_from_1_in_each_room(self) -> None:
        first = self.insert(drafts("a", "b"))
        second = self.insert([*drafts("x", room="den"), *drafts("c")])

        self.assertEqual([1, 2], [each.message.number for each in first])
        self.assertEqual([1, 3], [each.message.number for each in second])

    def test_a_failed_transaction_leaves_no_gap(self) -> None:
        self.insert(drafts("a"))
        self.assertRaises(UnicodeError, self.insert, drafts("b", "c", "\ud800"))

        self.assertEqual([StoredMessage(message(2, "d"))], self.insert(drafts("d")))

    def test_a_known_key_gives_the_message_stored_with_it(self) -> None:
        self.insert(drafts("a", key="k"))

        again = self.insert(drafts("b", "c", key="k"))

        self.assertEqual([StoredMessage(message(1, "a"), is_repeated=True)] * 2, again)
        self.assertEqual([1], self.numbers())

    def test_who_gives_the_same_drafts_again_gets_the_same_answers(self) -> None:
        new = [*drafts("a", key="k"), *drafts("b", key="k"), *drafts("c", key="l")]
        new = [replace(each, mark=mark) for mark, each in enumerate(new, 1)]

        answers = [self.insert(new) for _ in range(2)]

        self.assertEqual(answers[0], answers[1])
        self.assertEqual([each.token for each in answers[0]], [each.token for each in answers[1]])
        self.assertEqual([False, True, False], [each.is_repeated for each in answers[1]])
        self.assertEqual([1, 2], self.numbers())

    def test_two_messages_with_one_key_in_a_batch_are_stored_once(self) -> None:
        found = self.insert([*drafts("a", key="k"), *drafts("b"), *drafts("a", key="k")])

        self.assertEqual(
            [(1, False), (2, False), (1, True)], [(each.message.number, each.is_repeated) for each in found]
        )

    def test_texts_keep_their_lines_and_blanks(self) -> None:
        texts = ["one\n\n  two\tthree\n", "\n\nlast", "a\r\nb\rc\u2028d\x85e\x1b"]

        self.assertEqual(texts, [each.message.text for each in self.insert(drafts(*texts))])

        self.assertEqual(texts, [each.text for each in self.read().messages])
        new = self.run_in(self.tables.store.messages.read_new, {"lobby": 0}, 10)["lobby"].messages
        self.assertEqual(texts, [each.message.text for each in new])

    def test_a_key_belongs_to_its_room(self) -> None:
        self.insert(drafts("a", key="k"))

        self.assertFalse(self.insert(drafts("a", key="k", room="den"))[0].is_repeated)

    def test_only_the_newest_stay(self) -> None:
        for text in "abcde":
            self.insert(drafts(text), StorageLimits(3, 1000))

        self.assertEqual([3, 4, 5], self.numbers())

    def test_the_newest_message_always_stays(self) -> None:
        self.insert(drafts("a"), StorageLimits(0, 1000))

        self.assertEqual(2, self.insert(drafts("b"), StorageLimits(0, 1000))[0].message.number)
        self.assertEqual([2], self.numbers())

    def test_one_transaction_prunes_so_many_and_the_next_ones_go_on(self) -> None:
        self.insert(drafts(*["x"] * (PRUNED + 10)), StorageLimits(100_000, 1000))

        self.insert(drafts("y"), StorageLimits(1, 1000))
        self.assertEqual(11, len(self.numbers()))

        self.insert(drafts("z"), StorageLimits(1, 1000))
        self.assertEqual([PRUNED + 12], self.numbers())

    def prune(self, keep: int) -> bool:
        return bool(self.run_in(self.tables.store.messages.prune, keep))

    def test_rooms_in_which_nothing_is_said_are_pruned_too(self) -> None:
        self.insert([*drafts("a", "b", "c"), *drafts("x", "y", room="den"), *drafts("z", room="attic")])

        self.assertTrue(self.prune(2))
        self.assertFalse(self.prune(2))
        self.assertEqual([1, 1, 2, 2, 3], self.numbers())
        self.assertTrue(self.prune(0))
        self.assertFalse(self.prune(0))
        self.assertEqual([1, 2, 3], self.numbers())

    def test_much_is_pruned_a_part_at_a_time(self) -> None:
        self.insert([*drafts(*["x"] * (PRUNED + 10)), *drafts("y", "z", room="den")], StorageLimits(100_000, 1000))

        parts = []
        while self.prune(1):
            parts.append(len(self.numbers()))

        self.assertEqual(2, parts[-1])
        self.assertTrue(2 <= len(parts) <= 3 and 8 <= parts[0] <= 12, parts)


class ReadContract(MessagesCase):
    def test_an_empty_room_begins_at_1(self) -> None:
        self.assertEqual(ChatPage((), 1, 0), self.read())

    def test_what_follows_a_number_comes_the_oldest_first(self) -> None:
        self.insert(drafts("a", "b", "c"))

        self.assertEqual(ChatPage((message(2, "b"), message(3, "c")), 1, 3), self.read(after=1))

    def test_with_more_than_the_limit_the_newest_come(self) -> None:
        self.insert(drafts("a", "b", "c"))

        self.assertEqual([2, 3], [each.number for each in self.read(limit=2).messages])
        self.assertEqual((), self.read(limit=0).messages)

    def test_a_number_from_the_future_gives_nothing(self) -> None:
        self.insert(drafts("a"))

        self.assertEqual(ChatPage((), 1, 1), self.read(after=2**53 - 1))

    def test_what_is_to_be_pruned_is_not_shown(self) -> None:
        self.insert(drafts("a", "b", "c"))

        page = self.read(limits=StorageLimits(2, 1000))

        self.assertEqual(([2, 3], 2, 3), ([each.number for each in page.messages], page.first, page.last))
        self.assertEqual(ChatPage((), 4, 3), self.read(limits=StorageLimits(0, 1000)))

    def test_a_page_holds_the_newest_that_fit_into_its_bytes(self) -> None:
        self.insert(drafts(*["\x01" * 100] * 5))
        one = AROUND_TEXT + 100 * len(r"\\u0001") + len(r'"[\"Ann\", \"\"]"')

        self.assertEqual([4, 5], [each.number for each in self.read(limits=StorageLimits(9, 2 * one)).messages])
        self.assertEqual([5], [each.number for each in self.read(limits=StorageLimits(9, 2 * one - 1)).messages])

    def test_one_message_comes_however_long_it_is(self) -> None:
        self.insert(drafts("x" * 1000))

        self.assertEqual(1, len(self.read(limits=StorageLimits(9, 10)).messages))


class RoomTableContract(MessagesCase):
    def rooms(self) -> list[tuple[str, int, str]]:
        return self.run_in(self.tables.store.messages.read_rooms)

    def expire(self, cutoff: float) -> int:
        return self.run_in(self.tables.store.messages.expire, "lobby", Age(NOW + DAY, cutoff))

    def expired(self, *times: float) -> list[int]:
        """The numbers that are left of messages that were said at these times, when those before NOW are old."""
        self.insert([Draft("lobby", "Ann", "hi", at, None) for at in times])
        while self.expire(NOW):
            pass
        return self.numbers()

    def forget(self) -> bool:
        return self.run_in(self.tables.store.messages.forget, Oblivion("lobby")) is not None

    def test_rooms_are_known_with_the_latest_messages_first(self) -> None:
        for at, room in enumerate(("lobby", "den", "attic", "den")):
            self.insert([Draft(room, "Ann", "hi", NOW + at, None)])

        self.assertEqual([("den", 2, ""), ("attic", 1, ""), ("lobby", 1, "")], self.rooms())

    def test_the_latest_topic_stays_with_the_room(self) -> None:
        topics = [Draft("lobby", "Ann", text, NOW, text, TOPIC) for text in ("May", "June")]
        self.insert([*topics, *drafts("hi")])
        # A repeated message does not set the topic again.
        self.insert(topics[:1])

        self.assertEqual([("lobby", 3, "June")], self.rooms())
        self.assertEqual(("June", "topic"), (self.read().topic, self.read().messages[0].kind))

    def test_messages_before_a_time_are_deleted_in_slices(self) -> None:
        self.insert(drafts(*["x"] * (PRUNED + 1)), StorageLimits(10**6, 1000))
        self.insert([Draft("lobby", "Ann", "young", NOW + 10, None)], StorageLimits(10**6, 1000))

        self.assertEqual([PRUNED, 1, 0], [self.expire(NOW + 10) for _ in range(3)])
        self.assertEqual([PRUNED + 2], self.numbers())

    def test_a_message_of_the_future_goes_with_those_behind_it(self) -> None:
        old, future, young = NOW - DAY, NOW + 400 * DAY, NOW + 1

        self.assertEqual([5], self.expired(old, future, future, old, young))

    def test_a_message_of_the_future_stays_with_young_ones_behind_it(self) -> None:
        old, future, young = NOW - DAY, NOW + 400 * DAY, NOW + 1

        self.assertEqual([2, 3, 4], self.expired(old, future, young, old))

    def test_a_message_of_the_future_with_none_behind_it_is_as_young_as_this_moment(self) -> None:
        self.assertEqual([2], self.expired(NOW - DAY, NOW + 400 * DAY))

        self.assertEqual([NOW + DAY], [each.said_at for each in self.read().messages])

    def test_more_messages_of_the_future_than_a_slice_stop_nothing(self) -> None:
        many = [Draft("lobby", "Ann", "x", NOW + 400 * DAY, None)] * (PRUNED + 10)
        self.insert([*many, Draft("lobby", "Ann", "x", NOW - DAY, None)], StorageLimits(10**6, 1000))

        self.expire(NOW)

        self.assertEqual([], self.numbers())

    def test_a_room_is_forgotten_only_when_nothing_is_kept(self) -> None:
        self.insert(drafts("a"))
        self.assertFalse(self.forget())

        self.expire(NOW + 1)

        self.assertEqual(ChatPage((), 2, 1), self.read())
        self.assertEqual([True, False], [self.forget(), self.forget()])
        self.assertEqual([], self.rooms())

    def test_numbers_of_a_forgotten_room_are_not_used_again(self) -> None:
        self.insert(drafts("a", "b"))
        self.insert([Draft("den", "Ann", "c", NOW, None)])
        self.expire(NOW + 1)
        self.forget()

        # A client that has seen number 2 must not take new messages for those that it has seen.
        self.assertEqual(ChatPage((), 3, 2), self.read())
        self.assertEqual([StoredMessage(message(3, "d"))], self.insert(drafts("d")))
        self.assertEqual(3, self.insert([Draft("attic", "Ann", "e", NOW, None)])[0].message.number)
        self.assertEqual(2, self.insert([Draft("den", "Ann", "f", NOW, None)])[0].message.number)

    def test_numbers_go_on_after_everything_has_expired(self) -> None:
        self.insert(drafts("a", "b"))
        self.expire(NOW + 1)

        self.assertEqual([StoredMessage(message(3, "c"))], self.insert(drafts("c")))


class DeletedContract(MessagesCase):
    def setUp(self) -> None:
        super().setUp()
        self.insert(drafts("a", "b", "c", "d"))
        self.tables.execute("UPDATE message SET text = '', deleted_by = 'Mia' WHERE number IN (1, 3)")

    def deleted(self, seen: int, limits: StorageLimits = PLENTY) -> tuple[int, ...]:
        (page,) = self.run_in(self.tables.store.messages.read, [PageQuery("lobby", seen, 1000, seen=seen)], limits)
        return tuple(page.deleted)

    def test_deleted_numbers_are_those_seen_that_are_still_kept(self) -> None:
        self.assertEqual([(), (1,), (1, 3)], [self.deleted(seen) for seen in (0, 2, 4)])
        self.assertEqual((3,), self.deleted(4, StorageLimits(2, 1000)))

    def test_the_numbers_of_deleted_messages_are_limited_to_the_newest(self) -> None:
        self.insert(drafts(*["x"] * DELETED_TOLD))
        self.tables.execute("UPDATE message SET text = '', deleted_by = 'Mia'")

        told = self.deleted(5000, StorageLimits(10**6, 1000))

        self.assertEqual(tuple(range(5, DELETED_TOLD + 5)), told)

    def test_a_deleted_message_has_its_number_and_no_text(self) -> None:
        first = self.read().messages[0]

        self.assertEqual(ChatMessage(1, "Ann", "", NOW, is_deleted=True), first)


class SqliteInsertTests(InsertContract, OnSqlite):
    __test__ = True


class SqliteReadTests(ReadContract, OnSqlite):
    __test__ = True


class SqliteRoomTableTests(RoomTableContract, OnSqlite):
    __test__ = True


class SqliteDeletedTests(DeletedContract, OnSqlite):
    __test__ = True


class PostgresInsertTests(InsertContract, OnPostgres):
    __test__ = True


class PostgresReadTests(ReadContract, OnPostgres):
    __test__ = True


class PostgresRoomTableTests(RoomTableContract, OnPostgres):
    __test__ = True


class PostgresDeletedTests(DeletedContract, OnPostgres):
    __test__ = True


class SqliteReadNewTests(ReadNewContract, OnSqlite):
    __test__ = True


class PostgresReadNewTests(ReadNewContract, OnPostgres):
    __test__ = True
