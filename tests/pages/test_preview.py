from twisted.trial.unittest import SynchronousTestCase

from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import ChatPage
from mixsvc.pages.preview import FRESH, MOST_MESSAGES, PATIENCE, Glimpse, Preview
from tests.pages.fakes import MESSAGE, FakeChat


class PreviewTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.now = 100.0
        self.chat = FakeChat()
        self.preview = Preview(lambda: self.now)

    def test_it_is_the_newest_of_the_first_room(self) -> None:
        self.assertEqual(self.preview.glimpse(self.chat), Glimpse("lobby", [MESSAGE]))
        self.assertEqual(self.chat.asked, [("lobby", None, MOST_MESSAGES)])

    def test_the_chat_is_asked_once_in_a_while(self) -> None:
        for _ in range(3):
            self.preview.glimpse(self.chat)
        self.assertEqual(len(self.chat.asked), 1)

        self.now += FRESH
        self.preview.glimpse(self.chat)

        self.assertEqual(len(self.chat.asked), 2)

    def test_a_busy_chat_is_left_alone_for_longer(self) -> None:
        self.chat.trouble = ServiceBusy(5)
        self.assertEqual(self.preview.glimpse(self.chat), Glimpse("lobby", ()))
        self.chat.trouble = None

        self.now += PATIENCE - 1
        self.assertEqual(self.preview.glimpse(self.chat), Glimpse("lobby", ()))
        self.now += 1

        self.assertEqual(self.preview.glimpse(self.chat), Glimpse("lobby", [MESSAGE]))

    def test_while_one_view_waits_for_the_chat_the_others_do_not(self) -> None:
        inside: list[Glimpse | None] = []

        class Slow(FakeChat):
            def page(_, room: str, before: int | None, limit: int) -> ChatPage:
                inside.append(self.preview.glimpse(self.chat))
                return super().page(room, before, limit)

        self.preview.glimpse(Slow())

        self.assertEqual(inside, [Glimpse("lobby", ())])
        self.assertEqual(self.chat.asked, [])

    def test_without_rooms_there_is_nothing_to_see(self) -> None:
        class Empty(FakeChat):
            def rooms(self) -> list[str]:
                return []

        self.assertIsNone(self.preview.glimpse(Empty()))
