"""What comes by the socket of the operators: one question, one answer, and limits on everything."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection

from mixsvc.errors import MixError
from mixsvc.operations.control.channel import MOST_CONNECTIONS, ControlChannel, ControlConnection


class Desk:
    """Answers at once, or when it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Sequence[str]]] = []
        self.answers: Deferred[Mapping[str, Any]] = succeed({"text": "done"})

    def seconds(self, name: str) -> float:
        return 30.0

    def answer(self, name: str, words: Sequence[str]) -> "Deferred[Mapping[str, Any]]":
        self.asked.append((name, words))
        return self.answers


class Door:
    """A channel with a clock, and its connections."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.desk = Desk()
        self.channel = ControlChannel(self.clock, self.desk)

    def connect(self) -> tuple[ControlConnection, StringTransportWithDisconnection]:
        connection = self.channel.buildProtocol(None)
        transport = StringTransportWithDisconnection()
        transport.protocol = connection
        connection.makeConnection(transport)
        return connection, transport

    def ask(self, *pieces: bytes) -> Any:
        """The answer to what a client sends."""
        connection, transport = self.connect()
        for piece in pieces:
            connection.dataReceived(piece)
        assert not transport.connected
        return json.loads(transport.value())


@pytest.fixture
def door() -> Door:
    return Door()


def test_a_question_gets_an_answer_and_the_connection_ends(door: Door) -> None:
    assert door.ask(b'{"action": "say", "argu', b'ments": ["lobby", "hi"]}\n') == {"ok": True, "text": "done"}
    assert door.desk.asked == [("say", ["lobby", "hi"])]
    assert not door.channel.connections


def test_what_cannot_be_done_is_answered(door: Door) -> None:
    door.desk.answers = fail(MixError("there is no room loby"))

    assert door.ask(b'{"action": "say"}\n') == {"ok": False, "error": "there is no room loby"}


def test_an_error_of_ours_is_logged_and_not_told(door: Door) -> None:
    door.desk.answers = fail(ZeroDivisionError("secret"))

    assert door.ask(b'{"action": "say"}\n') == {"ok": False, "error": "it failed; the log says why"}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"status",
        b"[]",
        b'{"action": 1}',
        b'{"action": "say", "arguments": "lobby"}',
        b'{"action": "say", "arguments": [1]}',
        b"\xff\xfe",
        b"[" * 5000,
        b'{"action": NaN}',
    ],
)
def test_what_is_no_question_gets_an_example_of_one(door: Door, line: bytes) -> None:
    assert door.ask(line + b"\n")["error"].startswith("give one line such as {")
    assert not door.desk.asked


def test_a_question_has_a_limit(door: Door) -> None:
    assert door.ask(b"x" * 65_536, b"y")["error"] == "a question has at most 65536 bytes"


def test_the_longest_question_is_taken(door: Door) -> None:
    line = b'{"action": "say"}'

    assert door.ask(line.ljust(65_536), b"\n")["ok"]


def test_the_end_of_what_is_sent_ends_the_question(door: Door) -> None:
    connection, transport = door.connect()
    connection.dataReceived(b'{"action": "reopen"}')

    IHalfCloseableProtocol(connection).readConnectionLost()

    assert json.loads(transport.value())["ok"]


@pytest.mark.parametrize("begun", [b"", b'{"action": "say"'])
def test_whoever_does_not_ask_in_time_is_told_so_and_dropped(door: Door, begun: bytes) -> None:
    connection, transport = door.connect()
    connection.dataReceived(begun)

    door.clock.advance(10)

    assert json.loads(transport.value())["error"].startswith("no question has come within 10 s; give one line such as ")
    assert not transport.connected


def test_an_answer_has_its_time(door: Door) -> None:
    door.desk.answers = Deferred()
    connection, transport = door.connect()
    connection.dataReceived(b'{"action": "say"}\n')

    door.clock.advance(29)
    assert not transport.value()
    door.clock.advance(1)

    assert json.loads(transport.value())["error"] == "there was no answer within 30 s; it may still be done"


def test_whoever_leaves_before_the_answer_gets_none(door: Door) -> None:
    answers = door.desk.answers = Deferred()
    connection, transport = door.connect()
    connection.dataReceived(b'{"action": "say"}\n')
    transport.loseConnection()

    answers.callback({"text": "done"})

    assert not transport.value()
    assert not door.clock.getDelayedCalls()


def test_one_more_than_so_many_is_told_so(door: Door) -> None:
    waiting = [door.connect() for _ in range(MOST_CONNECTIONS)]

    _, transport = door.connect()

    assert json.loads(transport.value()) == {"ok": False, "error": "too many ask at the same time; try again"}
    assert all(not each.value() for _, each in waiting)
