"""A program's clients on MemoryChat; and the example in docs/reference/client.md."""

import re
import subprocess
import sys
import unittest
from types import ModuleType

from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import LoopingCall
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.client import (
    Banned,
    BegunAnew,
    ChatClient,
    ChatMessage,
    Connecting,
    Deleted,
    Ended,
    Missed,
    Offline,
    Online,
    Refused,
    Removed,
    RoomEvent,
    State,
)
from mixsvc.client.testing import MemoryChat, MemoryServer
from tests.builds import PROJECT

_, EXAMPLE = re.findall(
    r"```python\n(.*?)```", (PROJECT / "docs" / "reference" / "client.md").read_text(encoding="utf-8"), re.DOTALL
)


class MemoryChatTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.set_up(MemoryChat())

    def set_up(self, chat: MemoryChat) -> None:
        """Ann in the lobby of a chat."""
        self.chat = chat
        self.states: list[State] = []
        self.events: list[RoomEvent] = []
        self.ann = chat.client("Ann")
        self.ann.on_state(self.states.append)
        self.ann.start()
        self.joined = self.ann.join("lobby", self.events.append)
        chat.settle()

    def said(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, ChatMessage)]

    def test_a_client_is_online_and_inside_once_all_is_settled(self) -> None:
        self.successResultOf(self.joined)
        self.assertEqual([Connecting(), Online("Ann")], self.states)

    def test_nothing_happens_before_the_chat_is_settled(self) -> None:
        said = self.ann.say("lobby", "hello")

        self.assertNoResult(said)
        self.chat.settle()
        self.assertEqual(1, self.successResultOf(said))

    def test_two_clients_hear_each_other(self) -> None:
        heard: list[RoomEvent] = []
        bob = ChatClient(self.chat.reactor, self.chat.url, "Bob")
        bob.start()
        bob.join("lobby", heard.append)
        self.chat.settle()

        self.ann.say("lobby", "hello")
        self.chat.settle()

        (message,) = heard
        assert isinstance(message, ChatMessage)
        self.assertEqual((1, "Ann", "hello"), (message.number, message.name, message.text))

    def test_a_client_comes_back_after_its_delay_and_gets_what_it_missed(self) -> None:
        self.chat.disconnect()
        self.chat.server.say("lobby", "meanwhile")

        self.chat.advance(0.4)
        self.assertEqual([], self.said())
        self.chat.advance(0.1)

        self.assertEqual(["meanwhile"], self.said())

    def test_what_was_under_way_is_lost_with_the_connection(self) -> None:
        self.chat.server.say("lobby", "once")
        self.chat.disconnect()

        self.chat.advance(30)

        self.assertEqual(["once"], self.said())

    def test_while_the_chat_is_down_each_attempt_fails(self) -> None:
        self.chat.go_down()
        self.chat.advance(10)
        self.assertEqual([0.5, 1, 2, 4, 8], [each.seconds for each in self.states if isinstance(each, Offline)])

        self.chat.come_up()
        self.chat.advance(8)

        self.assertEqual(Online("Ann"), self.states[-1])

    def test_a_connection_outlives_an_hour_in_one_step(self) -> None:
        self.chat.advance(3600)

        self.assertEqual([Connecting(), Online("Ann")], self.states)

    def test_calls_that_become_due_are_made_at_their_time(self) -> None:
        times: list[float] = []
        call = LoopingCall(lambda: times.append(self.chat.reactor.seconds()))
        call.clock = self.chat.reactor
        call.start(0.25)

        self.chat.advance(1)

        self.assertEqual([0, 0.25, 0.5, 0.75, 1], times)
        self.assertEqual(1, self.chat.reactor.seconds())

    def test_a_client_that_stops_is_gone(self) -> None:
        gone = self.ann.stop()
        self.chat.settle()

        self.successResultOf(gone)
        self.assertEqual((Ended(None), []), (self.states[-1], self.chat.server.connections))
        self.assertEqual([], self.chat.reactor.getDelayedCalls())

    def test_a_client_that_is_started_again_gets_its_name_back(self) -> None:
        self.ann.stop()
        self.chat.advance(1)

        again = self.chat.client("Ann")
        online = again.start()
        self.chat.settle()

        self.successResultOf(online)

    def test_commands_mean_what_they_mean_in_the_chat(self) -> None:
        for text in ("/me waves", "//me", "/topic May"):
            self.ann.say("lobby", text)
        refused = self.ann.say("lobby", "/nosuch")

        self.chat.settle()

        heard = [(event.text, event.kind) for event in self.events if isinstance(event, ChatMessage)]
        self.assertEqual([("waves", "action"), ("/me", ""), ("May", "topic")], heard)
        self.assertEqual("bad_command", self.failureResultOf(refused, Refused).value.code)

    def test_a_client_that_stops_while_it_connects_is_not_connected(self) -> None:
        bob = self.chat.client("Bob")
        bob.start().addErrback(lambda _: None)
        bob.stop()

        self.chat.settle()

        self.assertEqual(["Ann"], [each.name for each in self.chat.server.connections])

    def test_a_ban_ends_the_client(self) -> None:
        self.chat.server.ban("Ann", "Banned until May")
        self.chat.settle()
        self.chat.advance(60)

        assert isinstance(self.states[-1], Ended)
        self.assertIsInstance(self.states[-1].error, Banned)
        self.assertEqual("Banned until May", str(self.states[-1].error))

    def test_moderation_is_an_event(self) -> None:
        self.chat.server.say("lobby", "bad")
        self.chat.server.delete("lobby", 1)
        self.chat.server.kick("lobby", "Ann", "spam")

        self.chat.settle()

        _, deleted, removed = self.events
        assert isinstance(removed, Removed)
        self.assertEqual((Deleted((1,)), "Eve removed you from lobby: spam"), (deleted, str(removed.error)))

    def test_expired_messages_are_missed_and_a_lost_history_begins_anew(self) -> None:
        self.chat.disconnect()
        for text in ("one", "two", "three"):
            self.chat.server.say("lobby", text)
        self.chat.server.expire("lobby", 3)
        self.chat.advance(1)
        self.assertEqual((Missed(1, 2), ["three"]), (self.events[0], self.said()))

        self.chat.disconnect()
        self.chat.server.lose_history("lobby")
        self.chat.advance(1)
        self.assertEqual(BegunAnew(), self.events[-1])

    def test_a_long_gap_is_fetched_page_by_page(self) -> None:
        self.set_up(MemoryChat(MemoryServer(catch_up=10)))
        self.chat.disconnect()
        for number in range(500):
            self.chat.server.say("lobby", f"{number}")

        self.chat.advance(1)

        self.assertEqual([f"{number}" for number in range(500)], self.said())
        self.assertEqual(3, len(self.chat.server.requests_of("history")))

    def test_clients_that_answer_themselves_for_ever_are_reported(self) -> None:
        self.ann.leave("lobby")
        self.ann.join("den", lambda event: self.ann.say("den", "and so on"))
        self.ann.say("den", "once")

        self.assertRaisesRegex(AssertionError, "does a client answer itself", self.chat.settle)

    def test_connections_to_other_addresses_are_left_to_the_test(self) -> None:
        other = TCP4ClientEndpoint(self.chat.reactor, "127.0.0.1", 9).connect(Factory.forProtocol(Protocol))

        self.chat.settle()

        self.assertNoResult(other)
        self.assertEqual([("127.0.0.1", 9)], [client[:2] for client in self.chat.reactor.tcpClients])


class ExampleTests(SynchronousTestCase):
    def test_the_example_passes_its_own_tests(self) -> None:
        module = ModuleType("test_pong")
        exec(EXAMPLE, module.__dict__)

        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromModule(module).run(result)

        self.assertEqual((2, [], []), (result.testsRun, result.failures, result.errors))

    def test_importing_the_doubles_installs_no_reactor_and_needs_no_package_for_tests(self) -> None:
        script = (
            "import sys, mixsvc.client.testing\n"
            "print([name for name in ('twisted.internet.reactor', 'pytest', 'hypothesis')"
            " if name in sys.modules])"
        )

        done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True)

        self.assertEqual(("[]\n", ""), (done.stdout, done.stderr))
