"""The chat as views see it, in the process that serves it and in another one."""

import json
from collections.abc import Callable, Sequence
from dataclasses import astuple
from enum import Enum
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from mixsvc.chat.facade import ChatFacade
from mixsvc.chat.remote import RemoteChat, chat_answers
from mixsvc.common import answers
from mixsvc.errors import NameTaken, NoSuchRoom, ServiceBusy
from mixsvc.interfaces import IChat, Identity, RoomMessage
from mixsvc.threads.wait_limit import HANGING_SECONDS, Slot, WaitLimit
from tests.chat.fakes import ChatHarness


class Words(str, Enum):  # noqa: UP042  # StrEnum writes its text
    """Whose members f-strings write by their names."""

    ROOM = "lobby"
    PERSON = "ada"


class EnumTests(SynchronousTestCase):
    def test_the_chat_gets_members_of_an_enum_as_their_texts(self) -> None:
        given: list[object] = []
        chat: Any = SimpleNamespace(revoke=None)
        facade = ChatFacade(lambda function, *args: given.extend(args), chat, "/chat", WaitLimit(1))

        facade.revoke(Words.PERSON, Words.ROOM)

        self.assertEqual([(str, "ada"), (str, "lobby")], [(type(each), each) for each in given])


class ChatFacadeTests(SynchronousTestCase):
    facade: ChatFacade | RemoteChat

    def facade_with(self, wait_limit: WaitLimit) -> ChatFacade | RemoteChat:
        return ChatFacade(self.bridge, self.chat.dispatcher, "/chat", wait_limit)

    def setUp(self) -> None:
        self.chat = ChatHarness(open_rooms=False)
        self.addCleanup(self.chat.database.connection.close)
        self.settle: Callable[[], None] = self.chat.database.settle
        self.facade = self.facade_with(WaitLimit(1))

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

        self.assertEqual(["lobby", "den"], list(self.facade.rooms()))
        self.assertEqual(["Ann"], list(self.facade.members("lobby")))
        self.assertEqual([], list(self.facade.members("attic")))
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

    def test_a_key_that_is_too_long_or_cannot_be_stored_is_a_value_error(self) -> None:
        for key in ("", "k" * 65, "k\0", "k\ud800"):
            self.assertRaises(ValueError, self.facade.say, "lobby", "Ann", "hi", key)
        self.assertEqual(1, self.facade.say("lobby", "Ann", "hi", "k" * 64))

    def test_a_page_has_the_newest_below_a_number(self) -> None:
        for text in "abcd":
            self.facade.say("lobby", "Clock", text)

        page = self.facade.page("lobby", 4, 2)

        self.assertEqual((["b", "c"], 1, 4), ([each.text for each in page.messages], page.first, page.last))
        self.assertRaises(NoSuchRoom, self.facade.page, "attic", None, 10)

    def test_a_number_that_no_message_can_have_is_as_good_as_the_next_that_one_can(self) -> None:
        for text in "abc":
            self.facade.say("lobby", "Clock", text)

        found = [self.facade.page("lobby", before, limit) for before, limit in ((2**64, 2**64), (-(2**64), 2), (3, -1))]

        self.assertEqual([["a", "b", "c"], [], []], [[each.text for each in page.messages] for page in found])

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
        facade = self.facade_with(wait_limit := WaitLimit(1, lambda: now[0]))

        with wait_limit.slot():
            now[0] += 2 * HANGING_SECONDS
            self.assertRaises(ServiceBusy, facade.page, "lobby", None, 10)
            self.assertRaises(ServiceBusy, facade.say, "lobby", "Ann", "hi")
            self.assertEqual("Bob", facade.claim("Bob", "b"))
            self.assertEqual(["Ann"], list(facade.members("lobby")))

        self.assertEqual(1, facade.say("lobby", "Ann", "hi"))
        self.assertEqual(1, facade.page("lobby", None, 10).last)

    def test_a_failing_database_is_service_busy(self) -> None:
        self.settle = self.chat.database.fail

        self.assertRaises(ServiceBusy, self.facade.say, "lobby", "Ann", "hi")
        self.flushLoggedErrors()

    def test_a_revocation_and_questions_go_to_the_chat(self) -> None:
        self.chat.hooks.registry.may(lambda person, action, room: person == "a")
        self.chat.inside("Ann", identity=Identity("a", "Ann"))

        self.assertTrue(self.facade.asks_permission)
        self.assertTrue(self.facade.allows("a", "say", "lobby"))
        self.assertFalse(self.facade.allows(None, "say", "lobby"))
        self.assertEqual(["lobby", "den"], [each.room for each in self.facade.seen_by(None)])
        self.chat.hooks.registry.may(lambda person, action, room: False)
        self.facade.revoke("a", "lobby")
        self.assertEqual([], self.facade.members("lobby"))

    def test_what_cannot_be_found_out_is_service_busy(self) -> None:
        self.chat.hooks.registry.may(lambda person, action, room: 1 // 0 == 0)

        self.assertRaises(ServiceBusy, self.facade.allows, "a", "say", "lobby")
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_what_a_hook_says_is_an_answer_which_calls_no_hooks(self) -> None:
        heard: list[str] = []

        def hear(message: RoomMessage) -> None:
            heard.append(message.text)
            if len(heard) < 5:
                self.facade.say("lobby", "Bot", "again")

        self.chat.hooks.registry.on_message(hear)

        self.chat.hooks.is_slow = True
        self.chat.inside("Ann").send("say", room="lobby", text="noon")
        self.settle()
        while self.chat.hooks.waiting:
            self.chat.hooks.run_next()

        self.assertEqual(["noon"], heard)
        self.assertEqual([(1, "noon"), (2, "again")], self.chat.database.rows())


class RemoteChatTests(ChatFacadeTests):
    """The same, asked through a pipe."""

    def facade_with(self, wait_limit: WaitLimit) -> RemoteChat:
        return RemoteChat(self.ask, "/chat", wait_limit)

    def ask(self, method: str, arguments: Sequence[object], slot: Slot) -> Any:
        """What comes back when question and answer are bytes in between."""
        asked, given = json.loads(json.dumps([method, arguments]))
        with slot():
            try:
                answer = answers.encode_value(self.bridge(chat_answers(self.chat.dispatcher)[asked], *given))
            except Exception as error:
                answer = answers.encode_error(error)
            return answers.decode(answer)

    def test_what_was_found_arrives_whole(self) -> None:
        for text in ("fox one", "fox two"):
            self.facade.say("lobby", "Ann", text)
        local = ChatFacade(self.bridge, self.chat.dispatcher, "/chat", WaitLimit(1)).search("lobby", "FOX", None, 1)

        found = self.facade.search("lobby", "FOX", None, 1)

        self.assertEqual((["fox"], {"lobby": 2}), (found.words, found.before))
        self.assertEqual((local.messages, local.before), (found.messages, found.before))
        self.assertEqual(1, self.facade.search("lobby", "FOX", 2, 1).messages[0].message.number)

    def test_a_page_arrives_whole(self) -> None:
        self.facade.say("lobby", "Clock", "noon")

        local = ChatFacade(self.bridge, self.chat.dispatcher, "/chat", WaitLimit(1)).page("lobby", None, 10)

        found = self.facade.page("lobby", None, 10)
        self.assertEqual([*map(_listed, astuple(local))], [*map(_listed, astuple(found))])


def _listed(value: object) -> object:
    return list(value) if isinstance(value, list | tuple) else value
