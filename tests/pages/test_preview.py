from collections.abc import Sequence
from threading import Event, Thread, enumerate
from unittest.mock import patch

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import ChatPage
from mixsvc.pages.preview import BUSY_SECONDS, CACHE_SECONDS, MAX_MESSAGES, PreviewCache, RoomPreview
from tests.pages.fakes import MESSAGE, FakeChat


class PreviewCacheTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.now = 100.0
        self.chat = FakeChat()
        self.preview = PreviewCache(lambda: self.now)

    def test_it_has_the_newest_messages_of_the_first_room(self) -> None:
        self.assertEqual(self.preview.newest(self.chat), RoomPreview("lobby", [MESSAGE]))
        self.assertEqual(self.chat.asked, [("lobby", None, MAX_MESSAGES)])

    def test_the_chat_is_asked_again_only_when_the_answer_has_expired(self) -> None:
        for _ in range(3):
            self.preview.newest(self.chat)
        self.assertEqual(len(self.chat.asked), 1)

        self.now += CACHE_SECONDS
        self.preview.newest(self.chat)

        self.assertEqual(len(self.chat.asked), 2)

    def test_a_busy_chat_is_asked_again_only_after_a_longer_time(self) -> None:
        self.chat.trouble = ServiceBusy(5)
        self.assertEqual(self.preview.newest(self.chat), RoomPreview("lobby", ()))
        self.chat.trouble = None

        self.now += BUSY_SECONDS - 1
        self.assertEqual(self.preview.newest(self.chat), RoomPreview("lobby", ()))
        self.now += 1

        self.assertEqual(self.preview.newest(self.chat), RoomPreview("lobby", [MESSAGE]))

    def test_without_a_thread_now_the_next_view_asks(self) -> None:
        with patch.object(Thread, "start", side_effect=RuntimeError("can't start new thread")):
            self.assertRaises(ServiceBusy, self.preview.newest, self.chat)

        self.assertEqual(self.preview.newest(self.chat), RoomPreview("lobby", [MESSAGE]))

    def test_while_one_view_waits_for_the_chat_the_others_take_the_last_answer(self) -> None:
        inside: list[RoomPreview | None] = []

        class Slow(FakeChat):
            def page(_, room: str, before: int | None, limit: int) -> ChatPage:
                inside.append(self.preview.newest(self.chat))
                return super().page(room, before, limit)

        self.preview.newest(Slow())

        self.assertEqual(inside, [RoomPreview("lobby", ())])
        self.assertEqual(self.chat.asked, [])

    def test_no_view_waits_long_for_a_chat_that_does_not_answer(self) -> None:
        let_go = Event()
        self.addCleanup(let_go.set)

        class Hanging(FakeChat):
            def page(_, room: str, before: int | None, limit: int) -> ChatPage:
                assert let_go.wait(60)
                return super().page(room, before, limit)

        hanging = Hanging()
        for _ in range(3):
            self.assertEqual(self.preview.newest(hanging), RoomPreview("lobby", ()))
        let_go.set()
        for asking in [each for each in enumerate() if each.name == "preview"]:
            asking.join(60)

        self.assertEqual(self.preview.newest(hanging), RoomPreview("lobby", [MESSAGE]))

    def test_a_chat_that_is_away_is_told_and_looked_for_again_soon(self) -> None:
        class Away(FakeChat):
            def rooms(self) -> Sequence[str]:
                raise ServiceBusy("no process serves the chat")

        self.preview.newest(self.chat)
        self.now += CACHE_SECONDS
        for _ in range(2):
            self.assertRaises(ServiceBusy, self.preview.newest, Away())
        self.now += CACHE_SECONDS

        self.assertEqual(self.preview.newest(self.chat), RoomPreview("lobby", [MESSAGE]))

    def test_no_view_waits_long_for_a_chat_that_may_be_away(self) -> None:
        let_go = Event()
        self.addCleanup(let_go.set)

        class Hanging(FakeChat):
            def rooms(self) -> Sequence[str]:
                assert let_go.wait(60)
                return super().rooms()

        hanging = Hanging()
        for _ in range(2):
            self.assertRaises(ServiceBusy, self.preview.newest, hanging)
        let_go.set()
        for asking in [each for each in enumerate() if each.name == "preview"]:
            asking.join(60)

        self.assertEqual(self.preview.newest(hanging), RoomPreview("lobby", [MESSAGE]))

    def test_without_rooms_there_is_no_preview(self) -> None:
        class Empty(FakeChat):
            def rooms(self) -> list[str]:
                return []

        self.assertIsNone(self.preview.newest(Empty()))
