"""Texts sent from the command line, over a WebSocket in memory."""

import os
from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.client.client import ChatClient
from mixsvc.client.errors import ClientError, Refused
from mixsvc.client.say_command import MAX_LINE_BYTES, PAUSE_SECONDS, GivenTexts, LineReader, SayJob, say_all
from mixsvc.client.testing import ScriptedConnection, accept, refuse

URL: Final = "ws://127.0.0.1/chat/websocket"


class SayAllTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.stored: list[int] = []
        job = SayJob("lobby", GivenTexts(["one", "two"]), 10, self.stored.append, [URL])
        self.done: Deferred[None] = Deferred.fromCoroutine(say_all(self.reactor, self.client, job))

    def say_at(self, *urls: str) -> "Deferred[None]":
        """Say something in another chat, whose first connection waits."""
        self.done.addErrback(lambda _: None)
        refuse(self.reactor)
        job = SayJob("lobby", GivenTexts(["one"]), 10, self.stored.append, urls)
        return Deferred.fromCoroutine(say_all(self.reactor, self.client, job))

    def client(self) -> ChatClient:
        return ChatClient(self.reactor, URL, "Ann")

    def inside(self) -> ScriptedConnection:
        connection = accept(self.reactor)
        connection.welcome()
        connection.requests()
        connection.send(type="joined", room="lobby", messages=[], first=1, last=0)
        return connection

    def test_each_text_is_said_after_the_one_before_is_stored(self) -> None:
        connection = self.inside()
        for number, text in enumerate(("one", "two"), 1):
            (asked,) = connection.requests()
            self.assertEqual(text, asked["text"])
            connection.send(type="said", room="lobby", number=number, key=asked["key"])
        connection.read()
        connection.lose()

        self.successResultOf(self.done)
        self.assertEqual([1, 2], self.stored)

    def refuse_name(self) -> None:
        connection = accept(self.reactor)
        connection.requests()
        connection.send(type="error", of="hello", code="name_taken", text="The name Ann is taken; Ann2 is free.")
        connection.read()
        connection.lose()

    def test_a_name_in_use_is_requested_again(self) -> None:
        self.refuse_name()
        self.assertNoResult(self.done)
        self.reactor.advance(PAUSE_SECONDS)

        self.test_each_text_is_said_after_the_one_before_is_stored()

    def test_a_name_that_stays_in_use_is_refused_in_the_end(self) -> None:
        tries = 0
        while not self.done.called:
            self.refuse_name()
            tries += 1
            self.reactor.advance(PAUSE_SECONDS)

        self.assertEqual(7, tries)
        self.assertEqual("name_taken", self.failureResultOf(self.done, Refused).value.code)
        self.assertEqual([], self.reactor.getDelayedCalls())

    def test_nothing_is_said_after_the_first_refusal(self) -> None:
        connection = self.inside()
        (asked,) = connection.requests()
        connection.send(type="error", of="say", code="bad_text", text="No.", key=asked["key"])
        connection.read()
        connection.lose()

        self.failureResultOf(self.done, Refused)
        self.assertEqual([], connection.requests())

    def test_a_server_that_refuses_the_connection_is_reported_at_once(self) -> None:
        refuse(self.reactor)

        error = self.failureResultOf(self.done, ClientError).value
        self.assertIn(f"cannot reach the chat at {URL} (", str(error))
        self.assertIn("refused", str(error))
        self.assertEqual([], self.reactor.getDelayedCalls())

    def test_where_a_certificate_is_needed_its_name_is_asked_for(self) -> None:
        done = self.say_at("wss://127.0.0.1:8443/chat/websocket")
        refuse(self.reactor)

        said = str(self.failureResultOf(done, ClientError).value)
        self.assertIn("give the name in its certificate, as in --url wss://NAME:8443/chat/websocket", said)

    def test_of_several_places_at_which_nothing_listens_all_are_named(self) -> None:
        secure = "wss://127.0.0.1:8443/chat/websocket"
        done = self.say_at(secure, URL)
        refuse(self.reactor)

        said = str(self.failureResultOf(done, ClientError).value)
        self.assertIn(f"cannot reach the chat at {secure} and {URL} (", said)
        self.assertIn("start the service, or say where it is", said)

    def test_where_guests_may_not_write_a_program_is_told_how_to(self) -> None:
        connection = accept(self.reactor)
        connection.requests()
        connection.send(type="error", of="hello", code="not_allowed", text="Log in first.")
        connection.read()
        connection.lose()

        said = str(self.failureResultOf(self.done, ClientError).value)
        self.assertTrue(said.startswith("Log in first. A program writes over HTTP, with the token"), said)
        self.assertTrue(said.endswith("POST /api/rooms/lobby/messages"), said)

    def test_a_room_that_is_closed_to_one_needs_no_such_advice(self) -> None:
        connection = accept(self.reactor)
        connection.welcome()
        connection.requests()
        connection.send(type="error", of="join", room="lobby", code="not_allowed", text="You may not.")
        connection.read()
        connection.lose()

        self.assertEqual("You may not.", str(self.failureResultOf(self.done, Refused).value))

    def test_a_connection_that_is_lost_later_is_made_again(self) -> None:
        connection = self.inside()
        (first,) = connection.requests()
        connection.lose()
        self.reactor.advance(1)
        self.assertNoResult(self.done)

        again = self.inside()
        (asked,) = again.requests()
        self.assertEqual(first["key"], asked["key"])
        again.send(type="error", of="say", code="bad_text", text="No.", key=asked["key"])
        again.read()
        again.lose()
        self.failureResultOf(self.done, Refused)

    def test_a_silent_server_is_reported_with_its_address(self) -> None:
        connection = self.inside()
        self.reactor.advance(10)
        connection.read()
        connection.lose()

        error = self.failureResultOf(self.done, ClientError).value
        self.assertEqual(f"not acknowledged within 10 s by {URL}: the server does not answer", str(error))


class ReactorOfOneThread:
    """Calls at once what another thread would hand over."""

    def callFromThread(self, function: Callable[..., object], *args: object) -> None:
        function(*args)


def reader(descriptor: int) -> LineReader:
    """One that reads in the thread of the test."""
    return LineReader(ReactorOfOneThread(), descriptor, lambda function: function())


class LineReaderTests(SynchronousTestCase):
    def lines(self, data: bytes) -> LineReader:
        name = self.mktemp()
        with open(name, "wb") as file:
            file.write(data)
        descriptor = os.open(name, os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        return reader(descriptor)

    def test_a_line_that_begins_with_a_slash_is_said_as_text(self) -> None:
        lines = self.lines(b"/var 90%\n//x\n")

        self.assertEqual(["//var 90%", "///x"], [self.successResultOf(lines.next()) for _ in range(2)])

    def test_lines_come_without_their_ends_and_without_empty_ones(self) -> None:
        lines = self.lines("one\r\n\n  \n zwei ü\nlast".encode())

        self.assertEqual(["one", "zwei ü", "last", None, None], [self.successResultOf(lines.next()) for _ in range(5)])

    def test_the_longest_line_is_read_and_a_longer_one_refused(self) -> None:
        longest = b"x" * (MAX_LINE_BYTES - 1)

        self.assertEqual(longest.decode(), self.successResultOf(self.lines(longest).next()))
        self.failureResultOf(self.lines(longest + b"x").next(), ClientError)

    def test_an_input_that_cannot_be_read_fails_with_the_reason(self) -> None:
        error = self.failureResultOf(reader(10**6).next(), ClientError).value

        self.assertEqual("cannot read the standard input: Bad file descriptor", str(error))
