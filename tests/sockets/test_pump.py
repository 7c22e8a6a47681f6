"""What the pump does from time to time, and at the end of a connection."""

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from mixsvc.sockets.frames import PING, close_frame
from mixsvc.sockets.pair import ViewSocket, make_pair
from mixsvc.sockets.pair_end import PairEnd
from mixsvc.sockets.pump import SILENT_LOOKS, Ending, SocketPump

HEAD = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
LONG = 3_000_000
RESTART = close_frame(*Ending.RESTART.value)
FAILED = close_frame(*Ending.FAILED.value)


class Owner:
    """Notes what the pump asks for."""

    def __init__(self) -> None:
        self.losses = self.slow = 0
        self.aborts: list[float] = []
        self.looks: list[float] = []

    def lost(self) -> None:
        self.losses += 1

    def too_slow(self) -> None:
        self.slow += 1

    def abort_later(self, seconds: float) -> None:
        self.aborts.append(seconds)

    def look_later(self, seconds: float) -> None:
        self.looks.append(seconds)


class Talk:
    """A pump between a client in memory and a view that the test plays."""

    def __init__(self) -> None:
        self.owner = Owner()
        self.logged: list[object] = []
        record: Any = SimpleNamespace(answered=self._answered)
        self.record = record
        self.reactor: Any = SelectReactor()
        ours, self.view = make_pair()
        self.view.settimeout(5)
        self.pair = PairEnd(self.reactor, ours, self)  # type: ignore[arg-type]  # replaced at once
        self.pump = self.pair.owner = SocketPump(self.owner, record, self.pair)
        self.client = StringTransport()
        self.pump.makeConnection(self.client)
        self.pump.came(HEAD)
        self.sent()

    def _answered(self) -> None:
        self.logged.append((self.record.code, self.record.sentLength))

    def sent(self) -> bytes:
        """What the client has got since."""
        data: bytes = self.client.value()
        self.client.clear()
        return data

    def say(self, data: bytes) -> None:
        """The view writes."""
        self.view.sendall(data)
        self.pair.read_now()


@pytest.fixture
def talk() -> Iterator[Talk]:
    made = Talk()
    yield made
    made.pair.close()
    made.view.close()
    made.reactor.removeAll()


def test_a_silent_client_gets_pings_and_is_then_given_up(talk: Talk) -> None:
    for _ in range(SILENT_LOOKS):
        talk.pump.look()
        assert talk.sent() == PING
    before = talk.owner.slow
    talk.pump.look()

    assert (before, talk.owner.slow) == (0, 1)
    assert talk.client.disconnecting or talk.client.disconnected


def test_a_client_that_sends_gets_no_ping(talk: Talk) -> None:
    for _ in range(2 * SILENT_LOOKS):
        talk.pump.dataReceived(b"\x8a\x80\x00\x00\x00\x00")
        talk.pump.look()
    assert talk.sent() == b""
    assert not talk.owner.slow


def test_no_ping_stands_within_a_frame_of_the_view(talk: Talk) -> None:
    talk.say(b"\x81\x05ab")
    talk.sent()
    talk.pump.look()
    assert talk.sent() == b""


def test_a_client_that_takes_nothing_is_given_up(talk: Talk) -> None:
    producer: Any = talk.client.producer
    producer.pauseProducing()
    talk.pump.dataReceived(b"x")
    talk.pump.look()
    before = talk.owner.slow
    talk.pump.dataReceived(b"x")
    talk.pump.look()

    assert (before, talk.owner.slow) == (0, 1)


def test_a_view_whose_client_does_not_read_waits(talk: Talk) -> None:
    producer: Any = talk.client.producer
    producer.pauseProducing()
    talk.say(b"\x81\x01a")
    talk.sent()
    talk.say(b"\x81\x01b")
    assert talk.sent() == b""
    producer.resumeProducing()
    talk.pair.read_now()

    assert talk.sent() == b"\x81\x01b"


def test_a_client_whose_view_does_not_read_waits(talk: Talk) -> None:
    portion, count = bytes(65536), 0
    while talk.client.producerState == "producing":
        talk.pump.dataReceived(portion)
        count += 1
    assert count < 50
    for _ in range(count):
        rest = 65536
        while rest:
            rest -= len(talk.view.recv(rest))
        talk.pair.doWrite()

    assert talk.client.producerState == "producing"


def test_a_restart_closes_between_two_frames_and_ends_the_view(talk: Talk) -> None:
    talk.say(b"\x81\x01a")
    talk.pump.end(Ending.RESTART)

    assert talk.sent() == b"\x81\x01a" + RESTART
    assert talk.view.recv(1) == b""
    assert talk.owner.aborts == [5.0]


def test_a_restart_waits_for_the_end_of_a_frame(talk: Talk) -> None:
    talk.say(b"\x81\x05ab")
    talk.pump.end(Ending.RESTART)
    assert talk.sent() == b"\x81\x05ab"
    assert talk.owner.aborts == [1.0]
    talk.say(b"cde\x81\x01z")

    assert talk.sent() == b"cde" + RESTART
    assert talk.owner.aborts == [1.0, 5.0]


def test_a_view_that_has_closed_gets_the_clients_answer(talk: Talk) -> None:
    talk.say(b"\x88\x00")
    talk.pump.view_returned()
    talk.pump.dataReceived(b"\x88\x80\x00\x00\x00\x00")

    assert talk.view.recv(6) == b"\x88\x80\x00\x00\x00\x00"
    assert talk.owner.aborts == [5.0]
    assert talk.sent() == b"\x88\x00"


def test_behind_a_close_frame_of_the_view_there_is_no_other(talk: Talk) -> None:
    talk.say(b"\x88\x00")
    talk.pump.end(Ending.RESTART)
    assert talk.sent() == b"\x88\x00"


def test_a_view_that_returns_without_closing_has_failed(talk: Talk) -> None:
    talk.view.sendall(b"\x81\x01a")
    talk.pump.view_returned()
    assert (talk.sent(), talk.owner.looks) == (b"\x81\x01a", [0.5])
    talk.pump.look_whether_over()
    assert talk.sent() == FAILED


def test_a_thread_of_a_view_that_has_returned_may_close(talk: Talk) -> None:
    talk.pump.view_returned()
    talk.view.sendall(b"\x88\x00")
    talk.pump.look_whether_over()

    assert talk.sent() == b"\x88\x00"
    assert talk.owner.aborts == [5.0]


def test_the_end_of_a_process_within_a_frame_ends_the_connection(talk: Talk) -> None:
    talk.say(b"\x81\x05ab")
    talk.view.close()
    talk.pair.read_now()

    assert talk.sent() == b"\x81\x05ab"
    assert talk.client.disconnecting


def test_a_client_that_leaves_is_logged_and_its_view_reads_the_rest_and_the_end(talk: Talk) -> None:
    talk.pump.dataReceived(b"rest")
    talk.say(b"\x81\x01a")
    talk.pump.connectionLost(Failure(ConnectionDone()))

    assert talk.logged == [(101, 3)]
    assert talk.owner.losses == 1
    assert talk.view.recv(10) == b"rest"
    assert talk.view.recv(10) == b""
    with pytest.raises(OSError):
        talk.view.sendall(b"\x81\x01a")


def test_the_views_end_sends_everything_that_it_is_given() -> None:
    ours, theirs = socket.socketpair()
    with ours, ViewSocket.of(theirs.detach()) as view:
        assert not view.has_sent
        assert view.send(memoryview(b"abcd")) == 4
        assert view.has_sent
        assert view.gettimeout() is None
        assert ours.recv(10) == b"abcd"


@pytest.mark.parametrize("timeout", [0, 0.01])
def test_a_view_that_does_not_wait_learns_how_much_was_sent(timeout: float) -> None:
    ours, theirs = socket.socketpair()
    with ours, ViewSocket.of(theirs.detach()) as view:
        view.settimeout(timeout)
        sent = view.send(bytes(LONG))
        assert 0 < sent < LONG
        with pytest.raises(BlockingIOError if timeout == 0 else TimeoutError):
            view.send(b"more")
        view.close()
        assert len(b"".join(iter(lambda: ours.recv(LONG), b""))) == sent


def test_the_views_end_can_be_duplicated() -> None:
    ours, theirs = socket.socketpair()
    with ours, ViewSocket.of(theirs.detach()) as view, view.dup() as other:
        assert other.send(b"abcd") == 4
        assert ours.recv(10) == b"abcd"


def test_the_owner_hears_of_the_end_even_if_the_log_fails(talk: Talk) -> None:
    def fail() -> None:
        raise ArithmeticError

    talk.record.answered = fail

    with pytest.raises(ArithmeticError):
        talk.pump.connectionLost(Failure(ConnectionDone()))

    assert talk.owner.losses == 1
