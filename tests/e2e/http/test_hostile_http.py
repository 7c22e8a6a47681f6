"""Hostile HTTP on real sockets, against the running service: refused in words, in time, with no harm to others."""

import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import monotonic

import pytest

from bench.processes import raise_file_limit
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.ecb import Ecb
from tests.e2e.support.heads import REFUSED
from tests.e2e.support.raw_http import answer_to, at_rest, crowd, get, on_disk, opened, read_to_end, settled
from tests.e2e.support.service import DEADLINE, SLACK, Config, Service

MOST_BODY = 2 * 2**20
MOST_BODIES = 8 * 2**20
HEADER_SECONDS = 3
IDLE_SECONDS = 5

# How long a normal request may take on a loaded machine, in seconds: less than the chat's pause between heartbeats.
# Without the other clients it takes a few milliseconds.
MOMENT = SLACK


@pytest.fixture(scope="module")
def config(ecb: Ecb) -> Config:
    """Short deadlines and small limits."""
    # Set before the service starts, which inherits the limit of this process.
    raise_file_limit(8192)
    return {
        "rates": {"ecb_url": ecb.url, "ecb_90_days_url": "", "ecb_history_url": ""},
        "server": {
            "header_timeout": str(HEADER_SECONDS),
            "idle_timeout": str(IDLE_SECONDS),
            "transfer_timeout": "3",
            "slowest_transfer": "1000",
        },
        "web": {"max_body": str(MOST_BODY), "max_bodies": str(MOST_BODIES)},
    }


@pytest.fixture(autouse=True)
def others_are_unharmed(service: Service) -> Iterator[None]:
    """Before, during and after each test somebody chats, and the log stays free of tracebacks."""
    with Chatter(service.port, "Bystander") as bystander:
        yield
        number = bystander.say("still here")
        assert bystander.wait_for("message")["number"] == number
    assert "Traceback" not in service.log()
    assert "Unhandled" not in service.log()


def asked_in_a_moment(service: Service) -> None:
    """A normal request is answered as if there were no other clients."""
    start = monotonic()
    assert get(service.port).startswith(b"HTTP/1.1 200 ")
    assert monotonic() - start < MOMENT


@pytest.mark.parametrize(("data", "status"), REFUSED)
def test_what_has_two_meanings_or_no_end_is_refused_in_words(service: Service, data: bytes, status: int) -> None:
    answer = answer_to(service.port, data + b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"Content-Length: ") == 1
    assert answer.endswith(b".\n")
    assert "/smuggled" not in service.log()


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET http://elsewhere/static/icon.svg HTTP/1.1", 200),
        (b"OPTIONS * HTTP/1.1", 200),
        (b"HEAD /static/icon.svg HTTP/1.1", 200),
        (b"FOO / HTTP/1.1", 405),
        (b"FOO /chat HTTP/1.1", 405),
        (b"GET /static/ HTTP/1.1", 404),
        (b"GET /static/%00 HTTP/1.1", 404),
        (b"GET /static/..%2f..%2fapp.py HTTP/1.1", 404),
    ],
)
def test_less_common_requests_have_their_answers(service: Service, line: bytes, status: int) -> None:
    answer = answer_to(service.port, line + b"\r\nHost: x\r\nConnection: x, close\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert not line.startswith(b"HEAD") or answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("path", [b"/", b"/static/vendor/sockjs.min.js", b"/chat/info", b"/healthz"])
def test_a_client_that_sends_nothing_more_is_answered(service: Service, path: bytes) -> None:
    with opened(service.port) as connection:
        connection.sendall(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path * 2)
        connection.shutdown(socket.SHUT_WR)
        answers = read_to_end(connection)

    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 2
    head, _, rest = answers.partition(b"\r\n\r\n")
    found = re.search(rb"(?i)content-length: ([0-9]+)", head)
    assert found and len(rest) > 2 * int(found[1])


@pytest.mark.parametrize("way", [b"xhr", b"xhr_streaming"])
def test_a_client_of_the_chat_that_sends_nothing_more_has_left(service: Service, way: bytes) -> None:
    head = b"POST /chat/000/half-%b/%b HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    with opened(service.port) as connection:
        connection.sendall(head % (way, b"xhr"))
        assert b"o\n" in receive_until(connection, b"o\n")
        connection.sendall(head % (way, way))
        if way != b"xhr":
            receive_until(connection, b"h" * 2048)
        start = monotonic()
        connection.shutdown(socket.SHUT_WR)
        read_to_end(connection)

    assert monotonic() - start < MOMENT


def receive_until(connection: socket.socket, end: bytes) -> bytes:
    got = b""
    while end not in got:
        part = connection.recv(65536)
        assert part, got
        got += part
    return got


def test_ranges_that_overlap_do_not_multiply(service: Service) -> None:
    head = b"GET /static/vendor/sockjs.min.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    whole = answer_to(service.port, head + b"\r\n")

    answer = answer_to(service.port, head + b"Range: bytes=" + b",".join([b"0-"] * 500) + b"\r\n\r\n")

    assert len(answer) < len(whole) + 1000


def test_a_body_is_refused_before_it_is_asked_for(service: Service) -> None:
    head = b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n"

    assert answer_to(service.port, head % (MOST_BODY + 1)).startswith(b"HTTP/1.1 413 ")
    with opened(service.port) as connection:
        connection.sendall(head % MOST_BODY)
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")


def test_a_chunked_body_is_counted(service: Service) -> None:
    head = b"POST /api/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

    assert answer_to(service.port, head + b"10000\r\n%b\r\n" % (b"x" * 65536) * 40).startswith(b"HTTP/1.1 413 ")


def test_many_uploads_at_once_fill_neither_memory_nor_disk(service: Service) -> None:
    pid = service.process.pid
    before = at_rest(pid, service.port)
    part = b"x" * (MOST_BODY // 2)
    head = b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % MOST_BODY
    with crowd(service.port, 20, head) as connections:
        with ThreadPoolExecutor(20) as threads:
            list(threads.map(lambda each: send(each, part), connections))
        asked_in_a_moment(service)

        assert on_disk(pid) <= MOST_BODIES

        answers = [read_to_end(each) for each in connections]
    # Some were refused for lack of room, the others sent no more.
    assert {answer[9:12] for answer in answers} <= {b"503", b"408", b""}
    assert sum(answer.startswith(b"HTTP/1.1 503 ") for answer in answers) >= 20 - MOST_BODIES // len(part)
    assert settled(pid, service.port, before) <= before
    assert on_disk(pid) == 0


def send(connection: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        connection.sendall(data)


@pytest.mark.parametrize(
    ("beginning", "byte"),
    [
        (b"GET / HTTP/1.1\r\nX: ", b"y"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", b"y"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\ny\r\n"),
    ],
)
def test_bytes_that_trickle_in_do_not_put_off_the_end(service: Service, beginning: bytes, byte: bytes) -> None:
    start = monotonic()
    with opened(service.port) as connection:
        connection.sendall(beginning)
        connection.settimeout(0.2)
        answer = b""
        while not answer and monotonic() - start < DEADLINE:
            # The answer may be there already, and the connection closed.
            with suppress(OSError):
                connection.sendall(byte)
            with suppress(TimeoutError):
                answer = connection.recv(1000)

    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_stream_of_the_chat_outlasts_every_deadline(service: Service) -> None:
    head = b"POST /chat/000/patient/xhr_streaming HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    with opened(service.port) as stream, opened(service.port) as idle:
        stream.sendall(head)
        idle.sendall(b"GET /chat HTTP/1.1\r\nHost: x\r\n\r\n")
        # An idle connection is closed; by then the stream has been silent for just as long.
        assert read_to_end(idle).startswith(b"HTTP/1.1 200 ")

        body = b'["{}"]'
        post = (
            b"POST /chat/000/patient/xhr_send HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
        )
        assert answer_to(service.port, post % (len(body), body)).startswith(b"HTTP/1.1 204 ")
        got = b""
        while b"bad_json" not in got:
            part = stream.recv(65536)
            assert part
            got += part


def test_slow_heads_and_idle_connections_by_the_thousand_disturb_nobody(service: Service) -> None:
    pid = service.process.pid
    before = at_rest(pid, service.port)
    with (
        crowd(service.port, 500, b"POST / HTTP/1.1\r\nHost: x\r\nX: "),
        crowd(service.port, 2000),
        crowd(service.port, 100, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx"),
    ):
        for _ in range(5):
            asked_in_a_moment(service)

    assert settled(pid, service.port, before) <= before


def test_five_thousand_that_connect_and_leave_are_forgotten(service: Service) -> None:
    pid = service.process.pid
    before = at_rest(pid, service.port)
    for number in range(5000):
        with opened(service.port) as connection:
            if number % 2:
                connection.sendall(b"GET / HT")
    asked_in_a_moment(service)

    assert settled(pid, service.port, before) <= before
