from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from mixsvc.chat.facade import Chat
from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import IChat
from tests.chat.fakes import ChatHouse


class ChatTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = ChatHouse()
        self.addCleanup(self.house.database.connection.close)
        self.settle: Callable[[], None] = self.house.database.settle
        self.chat = Chat(self.bridge, self.house.service, "/chat")

    def bridge(self, function: Callable[..., Deferred[Any]], *args: object) -> Any:
        answer = function(*args)
        self.settle()
        results: list[Any] = []
        failures: list[Any] = []
        answer.addCallbacks(results.append, failures.append)
        for failure in failures:
            failure.raiseException()
        return results[0]

    def test_it_is_the_chat_of_the_interfaces(self) -> None:
        verifyObject(IChat, self.chat)
        self.assertEqual("/chat", self.chat.prefix)

    def test_rooms_and_members_are_those_of_the_service(self) -> None:
        self.house.inside("Ann")

        self.assertEqual(("lobby", "den"), self.chat.rooms())
        self.assertEqual(("Ann",), self.chat.members("lobby"))
        self.assertEqual((), self.chat.members("attic"))

    def test_what_is_said_is_stored_and_shown_and_has_its_number(self) -> None:
        ann = self.house.inside("Ann")

        self.assertEqual(1, self.chat.say("lobby", " Clock ", "noon \ud800"))

        (message,) = ann.got("message")
        self.assertEqual((1, "Clock", "noon \ufffd"), (message["number"], message["name"], message["text"]))
        self.assertEqual([(1, "noon \ufffd")], self.house.database.rows())

    def test_what_the_chat_refuses_is_a_value_error(self) -> None:
        for room, name, text in (("attic", "Ann", "hi"), ("lobby", "\u202e", "hi"), ("lobby", "Ann", " ")):
            with self.assertRaises(ValueError):
                self.chat.say(room, name, text)
        with self.assertRaisesRegex(ValueError, "2000"):
            self.chat.say("lobby", "Ann", "x" * 2001)

    def test_what_cannot_be_stored_now_is_service_busy(self) -> None:
        self.settle = self.house.database.fail

        self.assertRaises(ServiceBusy, self.chat.say, "lobby", "Ann", "hi")
        self.flushLoggedErrors()
