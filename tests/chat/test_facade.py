"""The chat as views see it."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from mixsvc.chat.facade import ChatFacade
from mixsvc.errors import NameTaken, NoSuchRoom, ServiceBusy
from mixsvc.interfaces import IChat
from mixsvc.threads.places import HANGING_SECONDS, Places
from tests.chat.fakes import ChatHarness


class ChatFacadeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.chat = ChatHarness(open_rooms=False)
        self.addCleanup(self.chat.database.connection.close)
        self.settle: Callable[[], None] = self.chat.database.settle
        self.facade = ChatFacade(self.bridge, self.chat.dispatcher, "/chat", Places(1))

    def bridge(self, function: Callable[..., Any], *args: object) -> Any:
        answer = function(*args)
        if not isinstance(answer, Deferred):
            return answer
        self.settle()
        results: list[Any] = []
        failures: list[Any] = []
        answer.addCallbacks(results.append, failures.append)
        for failure in failures:
            failure.raiseException()
        return results[0]

    def test_the_facade_implements_ichat(self) -> None:
        verifyObject(IChat, self.facade)
        self.assertEqual("/chat", self.facade.prefix)

    def test_rooms_and_members_are_those_of_the_service(self) -> None:
        self.chat.inside("Ann")

        self.assertEqual(["lobby", "den"], self.facade.rooms())
        self.assertEqual(["Ann"], self.facade.members("lobby"))
        self.assertEqual((), self.facade.members("attic"))
        self.assertEqual([("lobby", 1), ("den", 0)], [(each.room, each.members) for each in self.facade.overview()])

    def test_a_published_message_is_stored_and_broadcast_with_its_number(self) -> None:
        ann = self.chat.inside("Ann")

        self.assertEqual(1, self.facade.say("lobby", " Clock ", "noon \ud800"))

        (message,) = ann.got("message")
        self.assertEqual((1, "Clock", "noon \ufffd"), (message["number"], message["name"], message["text"]))
        self.assertEqual([(1, "noon \ufffd")], self.chat.database.rows())

    def test_refused_publications_are_value_errors(self) -> None:
        for room, name, text in (("attic", "Ann", "hi"), ("lobby", "\u202e", "hi"), ("lobby", "Ann", " ")):
            with self.assertRaises(ValueError):
                self.facade.say(room, name, text)
        with self.assertRaisesRegex(ValueError, "2000"):
            self.facade.say("lobby", "Ann", "x" * 2001)

    def test_a_published_message_with_a_known_key_is_stored_once(self) -> None:
        numbers = [self.facade.say("lobby", "Clock", text, "k") for text in ("noon", "noon again")]

        self.assertEqual([1, 1], numbers)
        self.assertEqual([(1, "noon")], self.chat.database.rows())

    def test_a_key_that_is_too_long_is_a_value_error(self) -> None:
        for key in ("", "k" * 65):
            self.assertRaises(ValueError, self.facade.say, "lobby", "Ann", "hi", key)
        self.assertEqual(1, self.facade.say("lobby", "Ann", "hi", "k" * 64))

    def test_a_page_has_the_newest_below_a_number(self) -> None:
        for text in "abcd":
            self.facade.say("lobby", "Clock", text)

        page = self.facade.page("lobby", 4, 2)

        self.assertEqual((["b", "c"], 1, 4), ([each.text for each in page.messages], page.first, page.last))
        self.assertRaises(NoSuchRoom, self.facade.page, "attic", None, 10)

    def test_a_name_can_be_claimed_that_nobody_else_uses(self) -> None:
        self.chat.named("Ann", token="t" * 16)

        self.assertEqual("Bob", self.facade.claim(" Bob ", "b"))
        self.assertEqual("ann", self.facade.claim("ann", "token:" + "t" * 16))
        with self.assertRaises(NameTaken) as caught:
            self.facade.claim("ann", "b")
        self.assertEqual("ann2", caught.exception.suggestion)
        self.assertRaises(ValueError, self.facade.claim, " ", "b")

    def test_while_the_database_hangs_only_calls_that_need_it_are_refused(self) -> None:
        self.chat.inside("Ann")
        now = [0.0]
        facade = ChatFacade(self.bridge, self.chat.dispatcher, "/chat", places := Places(1, lambda: now[0]))

        with places.place():
            now[0] += 2 * HANGING_SECONDS
            self.assertRaises(ServiceBusy, facade.page, "lobby", None, 10)
            self.assertRaises(ServiceBusy, facade.say, "lobby", "Ann", "hi")
            self.assertEqual("Bob", facade.claim("Bob", "b"))
            self.assertEqual(["Ann"], facade.members("lobby"))

        self.assertEqual(1, facade.say("lobby", "Ann", "hi"))
        self.assertEqual(1, facade.page("lobby", None, 10).last)

    def test_a_failing_database_is_service_busy(self) -> None:
        self.settle = self.chat.database.fail

        self.assertRaises(ServiceBusy, self.facade.say, "lobby", "Ann", "hi")
        self.flushLoggedErrors()
