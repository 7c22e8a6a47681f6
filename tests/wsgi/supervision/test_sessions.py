"""Sessions of Socket.IO in children: every request of one goes to the child that has it."""

import gzip
import zlib
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from mixsvc.sockets.socketio import SocketIo, polls_at_once
from mixsvc.wsgi.supervision.calls_ahead import LEAST_AHEAD
from mixsvc.wsgi.supervision.sessions import MAX_SESSIONS, SocketIoSessions
from mixsvc.wsgi.supervision.slots import Slot
from tests.wsgi.supervision.fake_processes import FakeCall, Family

OPEN = b'0{"sid":"%b","upgrades":["websocket"],"pingTimeout":20000}'


def asking(uri: str) -> Any:
    """A request for this."""
    return SimpleNamespace(uri=uri.encode(), path=uri.partition("?")[0].encode())


def child(slot: Slot) -> Any:
    """A ready child in this place."""
    slot.ready = Mock(is_ready=True)
    return slot.ready


@pytest.fixture
def slots() -> list[Slot]:
    return [Slot(1), Slot(2)]


@pytest.fixture
def sessions(slots: list[Slot]) -> SocketIoSessions:
    return SocketIoSessions(SocketIo("/socket.io"), slots)


def test_the_requests_of_a_session_go_to_the_child_that_has_begun_it(
    sessions: SocketIoSessions, slots: list[Slot]
) -> None:
    one, other = map(child, slots)
    sessions.answered(one, (), OPEN % b"aB-1_AAAA")
    sessions.answered(other, (), OPEN % b"cD-2_AAAB")

    assert sessions.process_of(asking("/socket.io/?EIO=4&transport=polling&sid=aB-1_AAAA")) == one
    assert sessions.process_of(asking("/socket.io/?sid=cD-2_AAAB&transport=websocket&EIO=4")) is other


@pytest.mark.parametrize(
    "uri", ["/socket.io/?EIO=4", "/socket.io/?sid=other", "/socket.io/?nosid=aB", "/socket.io/?sid=", "/socket.io/"]
)
def test_other_requests_have_no_child_of_their_own(sessions: SocketIoSessions, slots: list[Slot], uri: str) -> None:
    sessions.answered(child(slots[0]), (), OPEN % b"aB")
    assert sessions.process_of(asking(uri)) is None


def test_a_session_may_begin_within_jsonp(sessions: SocketIoSessions, slots: list[Slot]) -> None:
    one = child(slots[0])
    sessions.answered(one, (), b'___eio[3]("0{\\"sid\\":\\"aB\\",\\"upgrades\\":[]}");')
    assert sessions.process_of(asking("/socket.io/?sid=aB&j=4")) == one


@pytest.mark.parametrize(
    ("coding", "packed"),
    [(b"gzip", gzip.compress(OPEN % b"aB")), (b"Deflate", zlib.compress(OPEN % b"aB"))],
    ids=["gzip", "deflate"],
)
def test_a_session_may_begin_in_a_compressed_response(
    sessions: SocketIoSessions, slots: list[Slot], coding: bytes, packed: bytes
) -> None:
    one = child(slots[0])
    sessions.answered(one, ((b"content-Encoding", coding),), packed[:2])
    sessions.answered(one, ((b"content-Encoding", coding),), packed)
    assert sessions.process_of(asking("/socket.io/?sid=aB")) == one


def test_what_cannot_be_unpacked_begins_none(sessions: SocketIoSessions, slots: list[Slot]) -> None:
    sessions.answered(child(slots[0]), ((b"Content-Encoding", b"gzip"),), OPEN % b"aB")
    assert sessions.process_of(asking("/socket.io/?sid=aB")) is None


@pytest.mark.parametrize("body", [b'42["say","0{\\"sid\\":\\"aB\\"}"]', b'"Invalid session aB"', b"ok", b""])
def test_other_responses_begin_no_session(sessions: SocketIoSessions, slots: list[Slot], body: bytes) -> None:
    sessions.answered(child(slots[0]), (), body)
    assert sessions.process_of(asking("/socket.io/?sid=aB")) is None


def test_a_child_that_gets_no_more_requests_gets_none_of_a_session(
    sessions: SocketIoSessions, slots: list[Slot]
) -> None:
    one = child(slots[0])
    sessions.answered(one, (), OPEN % b"aB")
    child(slots[0])
    assert sessions.process_of(asking("/socket.io/?sid=aB")) is None


def test_the_sessions_used_last_are_remembered(sessions: SocketIoSessions, slots: list[Slot]) -> None:
    one = child(slots[0])
    for number in range(MAX_SESSIONS):
        sessions.answered(one, (), OPEN % b"%d" % number)
    assert sessions.process_of(asking("/socket.io/?sid=0")) == one
    sessions.answered(one, (), OPEN % b"another")

    assert sessions.process_of(asking("/socket.io/?sid=0")) == one
    assert sessions.process_of(asking("/socket.io/?sid=1")) is None


def test_a_child_that_has_ended_is_forgotten(sessions: SocketIoSessions, slots: list[Slot]) -> None:
    one = child(slots[0])
    sessions.answered(one, (), OPEN % b"aB")
    sessions.ended(one)
    assert sessions.process_of(asking("/socket.io/?sid=aB")) is None


def test_a_request_of_a_session_is_given_to_its_child_even_if_that_is_busy_and_others_begin_sessions() -> None:
    family = Family(threads=1).ready()
    one, other = family.made
    family.calls(2 * (1 + LEAST_AHEAD))
    opening: Any = FakeCall("GET /socket.io/")
    opening.answered = opening.process = None
    family.views.submit_opening(opening)
    assert family.holder(opening) is None
    other.answer(other.in_flight[0])
    assert family.holder(opening) is other
    opening.process = other
    opening.answered((), OPEN % b"aB")
    assert family.views.sessions.process_of(asking("/socket.io/?sid=aB")) is other

    later, unknown = FakeCall("later"), FakeCall("unknown")
    family.views.submit_to(later, other)
    family.views.submit_to(unknown, None)
    assert (family.holder(later), family.holder(unknown)) == (other, None)


def test_polls_are_none_of_the_calls_of_their_child_and_are_refused_beyond_their_threads() -> None:
    family = Family(socket_threads=1).ready()
    one, _ = family.made
    polls = [FakeCall("poll") for _ in range(polls_at_once(1) + 1)]
    for poll in polls:
        family.views.submit_poll(poll, one)

    assert one.polls_made == polls[:-1]
    assert one.in_flight == []
    assert [poll.refused for poll in polls[-2:]] == [None, 503]


def test_polls_without_threads_of_their_own_are_calls_of_their_child() -> None:
    family = Family(socket_threads=0).ready()
    one, _ = family.made
    poll = FakeCall("poll")
    family.views.submit_poll(poll, one)

    assert one.polls_made == []
    assert one.in_flight == [poll]
