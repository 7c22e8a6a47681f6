"""What is remembered of rooms says what the database would say, or nothing."""

import random
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.model import epochs
from mixsvc.chat.model.epochs import Known
from mixsvc.chat.storage.memory import CHANGES, CHARACTERS, MESSAGES, RememberedRooms, Surface
from mixsvc.chat.storage.records import Correction, Draft, PageQuery, StorageLimits, StoredAct, StoredMessage
from mixsvc.interfaces import ChatMessage, ChatPage
from tests.stores import SqliteTables

LIMITS = StorageLimits(10_000, 2**20, "epoch")
SURFACE = Surface("a topic", LIMITS, 0.0)


def message(number: int, text: str = "text") -> StoredMessage:
    return StoredMessage(ChatMessage(number, "Ann", text, 1e9 + number), token=f"{number}.1")


def newest(last: int, size: int = 0, first: int = 1) -> ChatPage:
    """A page as it is read when a room wakes up."""
    messages = tuple(message(number).message for number in range(last - size + 1, last + 1))
    return ChatPage(messages, first, last, token=f"{last}.1")


def numbers(page: ChatPage | None) -> list[int] | None:
    return [each.number for each in page.messages] if page is not None else None


class RememberedRoomsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.rooms = RememberedRooms()

    def back(
        self, after: int, token: str | None = None, epoch: str | None = "epoch", told: int = 10
    ) -> ChatPage | None:
        """The page of a client that comes back."""
        return self.rooms.page(PageQuery("den", after, 1000, seen=after, known=Known(epoch, token, 50)), told, SURFACE)

    def older(self, before: int | None, limit: int = 50, told: int = 10) -> list[int] | None:
        return numbers(self.rooms.page(PageQuery("den", 0, limit, before), told, SURFACE))

    def test_who_comes_back_gets_all_that_was_missed_or_nothing(self) -> None:
        self.rooms.read("den", newest(8, 3))
        self.rooms.told("den", message(9))
        self.rooms.told("den", message(10))

        found = [numbers(self.back(after)) for after in (10, 8, 5, 4, 11)]
        assert found == [[], [9, 10], [6, 7, 8, 9, 10], None, None]

    def test_a_token_decides_whether_the_history_is_the_same(self) -> None:
        self.rooms.read("den", newest(8, 3))
        self.rooms.told("den", message(9))

        # Of number 7 nobody knows the token.
        answers = [self.back(each, f"{each}.{mark}", told=9) for each, mark in ((8, "1"), (9, "1"), (8, "2"), (7, "1"))]
        assert [each is not None for each in answers] == [True, True, False, False]
        assert self.back(9, epoch="another", told=9) is None
        assert (self.back(9, told=9) or newest(1)).token == "9.1"

    def test_nothing_is_said_of_a_room_whose_members_were_told_something_else(self) -> None:
        self.rooms.read("den", newest(8, 3))

        assert self.older(None, told=9) is None
        self.rooms.told("den", message(10))
        assert self.older(None, told=10) is None

    def test_a_new_client_gets_what_is_there_and_older_pages_end_where_the_memory_does(self) -> None:
        self.rooms.read("den", newest(10, 4))

        assert [self.older(None), self.older(None, 2), self.older(9)] == [[7, 8, 9, 10], [9, 10], [7, 8]]
        assert [self.older(7), self.older(3), self.older(1)] == [None, None, []]

    def test_older_pages_that_were_read_are_remembered(self) -> None:
        self.rooms.read("den", newest(10))
        self.rooms.read("den", newest(10, 2))
        self.rooms.read("den", replace(newest(8, 3), last=10))
        self.rooms.read("den", replace(newest(4, 1), last=10))

        assert self.older(None) == [6, 7, 8, 9, 10]

    def test_a_room_that_keeps_no_more_is_known_as_a_whole(self) -> None:
        self.rooms.read("den", newest(10, 4, first=7))

        assert self.older(7) == []
        assert numbers(self.back(2)) is None
        assert numbers(self.back(6)) == [7, 8, 9, 10]

    def test_changes_of_what_is_remembered_are_in_it(self) -> None:
        self.rooms.read("den", newest(10, 4))
        self.rooms.edited("den", 9, "new", 5.0)
        self.rooms.deleted("den", 8)
        self.rooms.edited("den", 8, "too late", 5.0)

        page = self.back(10)

        assert page is not None
        edited = [(each.number, each.text, each.edited_at) for each in page.edited if not each.is_deleted]
        assert (page.deleted, edited) == ((8,), [(9, "new", 5.0)])
        assert self.older(None) == [7, 8, 9, 10]

    def test_changes_of_what_is_not_remembered_are_told_only_if_they_are_known(self) -> None:
        self.rooms.deleted("den", 2)
        self.rooms.read("den", newest(10, 4))
        page = self.back(10)
        assert page is not None
        assert list(page.deleted) == [2]

        self.rooms.edited("den", 3, "new", 5.0)
        assert self.back(10) is None
        self.rooms.deleted("den", 3)
        assert self.back(10) is not None

    def test_it_has_limits(self) -> None:
        self.rooms.read("den", newest(300, 290))
        assert self.older(None, 1000, told=300) == list(range(101, 301))
        self.rooms.told("den", message(301, "x" * (CHARACTERS - 8)))
        assert self.older(None, 1000, told=301) == [299, 300, 301]
        for number in range(302, 302 + MESSAGES):
            self.rooms.told("den", message(number))
        assert self.older(None, 1000, told=501) == list(range(302, 502))

        for number in range(CHANGES + 1):
            self.rooms.edited("den", 100 + number if number else 1, "new", 5.0)
        assert self.back(502 - 1, told=501) is None
        self.rooms.forget("den")
        assert self.older(None, told=501) is None

    def test_who_may_have_missed_a_forgotten_change_asks_the_database(self) -> None:
        def forget(room: str) -> None:
            for number in range(CHANGES):
                self.rooms.deleted(room, 10_000 + number)

        self.rooms.deleted("den", 2)
        self.rooms.read("den", newest(10, 4))
        page = self.back(10)
        assert page is not None and list(page.deleted) == [2]
        forget("other")
        assert self.back(10) is None
        # A new client shows nothing yet.
        assert self.older(None) == [7, 8, 9, 10]
        self.rooms.forget("den")
        self.rooms.read("den", newest(10, 4, first=3))
        assert self.back(10) is not None

    def test_the_rooms_with_forgotten_changes_are_limited_and_the_others_are_unknown_then(self) -> None:
        self.rooms.read("den", newest(10, 4))
        for number in range(2 * CHANGES):
            self.rooms.deleted(f"room {number}", 5)
        assert self.back(10) is not None
        for number in range(2):
            self.rooms.deleted(f"other {number}", 5)
        assert self.back(10) is None

    def test_what_is_too_old_is_not_shown(self) -> None:
        self.rooms.read("den", newest(10, 4))

        page = self.rooms.page(PageQuery("den", 0, 50), 10, SURFACE._replace(cutoff=1e9 + 9))

        assert page is not None
        assert (numbers(page), page.first) == ([9, 10], 9)

    def test_it_never_says_anything_else_than_the_database(self) -> None:
        answered = sum(self.walk(random.Random(seed)) for seed in range(30))

        assert answered > 200

    def walk(self, dice: random.Random) -> int:
        """Say, edit and delete messages at random; returns how many pages were compared."""
        tables, rooms, answered = SqliteTables(), RememberedRooms(), 0
        self.addCleanup(tables.connection.close)
        tokens = {0: epochs.gone_token(0)}
        for step in range(60):
            now = 1e9 + step
            deed, number = dice.choice("saaaedrrr"), dice.randint(1, len(tokens))
            correction = Correction("den", number, "ann", 1e6, now)
            if deed == "a":
                (stored,) = tables.insert([Draft("den", "Ann", f"text {step}", now, None, author="ann")], LIMITS)
                tokens[stored.message.number] = stored.token
                rooms.told("den", stored)
            elif deed == "e":
                done = tables.run(tables.store.corrections.edit, correction, f"new {step}")
                if isinstance(done, StoredAct):
                    rooms.edited("den", number, f"new {step}", done.act.at)
            elif deed == "d":
                if isinstance(tables.run(tables.store.corrections.delete_own, correction, "Ann"), StoredAct):
                    rooms.deleted("den", number)
            elif deed == "s":
                rooms.forget("den")
            else:
                answered += self.compare(dice, tables, rooms, tokens)
        return answered

    def compare(self, dice: random.Random, tables: SqliteTables, rooms: RememberedRooms, tokens: dict[int, str]) -> int:
        last = max(tokens)
        seen = dice.choice([0, last, dice.randint(0, last)])
        known = Known("epoch", dice.choice([tokens[seen], None, "1.f"]), 5)
        before = None if seen else dice.choice([None, dice.randint(1, last + 2)])
        query = PageQuery(
            "den", seen, dice.choice([3, 1000]) if before else 1000, before, seen, known if seen else None
        )
        (expected,) = tables.run(tables.store.messages.read, [query], LIMITS)
        page = rooms.page(query, last, Surface(expected.topic, LIMITS, 0.0))
        rooms.read("den", expected)
        if page is None:
            return 0
        messages = list(expected.messages)
        # A new client may get fewer of them.
        shown = messages if query.known is not None else messages[len(messages) - len(page.messages) :]
        assert list(page.messages) == shown
        assert (set(page.deleted), page.edited) == (set(expected.deleted), expected.edited)
        assert replace(page, messages=(), deleted=(), edited=()) == replace(
            expected, messages=(), deleted=(), edited=()
        )
        return 1
