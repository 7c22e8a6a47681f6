"""A user's WSGI application in the real service: over real sockets, read fast, slowly, or not at all."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from hashlib import sha256
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from time import monotonic

import pytest

from tests.builds import PROJECT
from tests.e2e.support.service import DEADLINE, SLACK, Launch, Service

BODY = bytes(range(256)) * 20_000


@pytest.fixture
def hosting(launch: Launch, tmp_path: Path) -> Launch:
    """With two threads and short time limits."""
    code = tmp_path / "code"
    code.mkdir()
    (code / "wsgi_app.py").write_text((PROJECT / "tests" / "e2e" / "apps" / "wsgi_app.py").read_text())
    # A little waits in files, so that endless responses wait in their threads soon.
    web = {"wsgi": "wsgi_app:app", "threads": "2", "slow_client_timeout": "1", "max_unread": "2000000"}
    return Launch(launch.programs, launch.folder, launch.config, environ={"PYTHONPATH": str(code)}).having(web=web)


@pytest.fixture
def service(start: Callable[[Launch], Service], hosting: Launch) -> Service:
    return start(hosting)


@pytest.fixture
def connection(service: Service) -> Iterator[HTTPConnection]:
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE)) as opened:
        yield opened


def asked(
    connection: HTTPConnection, path: str, method: str = "GET", body: bytes | Iterator[bytes] | None = None
) -> HTTPResponse:
    connection.request(method, path, body=body)
    return connection.getresponse()


def not_reading(port: int, path: str) -> socket.socket:
    """Sends a request, and then does not read."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(DEADLINE)
    client.connect(("127.0.0.1", port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    return client


def until_closed(client: socket.socket) -> int:
    """Read until the connection ends; returns the number of bytes."""
    came = 0
    with client:
        while True:
            try:
                data = client.recv(2**20)
            except ConnectionResetError:
                return came
            if not data:
                return came
            came += len(data)


def test_the_validator_has_nothing_to_say(service: Service, connection: HTTPConnection) -> None:
    assert asked(connection, "/J%C3%BCrgen").read() == "/Jürgen".encode()
    assert asked(connection, "/stream").read() == b"".join(b"%d\n" % number for number in range(1000))
    assert asked(connection, "/", "HEAD").read() == b""
    assert len(asked(connection, "/large").read()) == 160 * 65536
    assert "Traceback" not in service.log()


def test_uploads_arrive_whole_in_one_piece_or_in_chunks(service: Service, connection: HTTPConnection) -> None:
    expected = f"{len(BODY)} {sha256(BODY).hexdigest()}".encode()

    assert asked(connection, "/upload", "POST", BODY).read() == expected
    chunks = (BODY[start : start + 10_000] for start in range(0, len(BODY), 10_000))
    assert asked(connection, "/upload", "POST", chunks).read() == expected
    assert "Traceback" not in service.log()


def test_a_failure_is_500_and_one_traceback(service: Service, connection: HTTPConnection) -> None:
    answer = asked(connection, "/fails")

    assert answer.status == 500
    assert b"on purpose" not in answer.read()
    assert asked(connection, "/next").read() == b"/next"
    service.stop()
    assert service.log().count("wsgi: the application failed in GET /fails") == 1
    assert service.log().count("RuntimeError: on purpose") == 1


def test_a_late_failure_ends_the_connection(service: Service) -> None:
    with not_reading(service.port, "/fails-late") as client:
        came = b""
        while data := client.recv(65536):
            came += data

    assert b"begun" in came
    assert not came.endswith(b"0\r\n\r\n")


def test_a_split_header_is_500_and_one_line(service: Service, connection: HTTPConnection) -> None:
    answer = asked(connection, "/evil")

    assert answer.status == 500
    assert answer.getheader("Set-Cookie") is None
    answer.read()
    service.wait_for("wsgi: GET /evil: the header X-Evil has control characters in its value")
    assert "Traceback" not in service.log()


def test_clients_that_leave_free_their_threads(service: Service, connection: HTTPConnection) -> None:
    for _ in range(5):
        leaving = [not_reading(service.port, "/endless") for _ in range(2)]
        for client in leaving:
            assert client.recv(10)
            client.close()

    assert asked(connection, "/running").read() in (b"0", b"1")
    assert "Traceback" not in service.log()


def test_a_client_that_does_not_read_is_dropped_and_frees_its_thread(
    service: Service, connection: HTTPConnection
) -> None:
    with not_reading(service.port, "/endless") as slow:
        assert slow.recv(10)
        assert asked(connection, "/running").read() == b"1"

        service.wait_for("web: 127.0.0.1 did not read its response in time and is dropped")
        until_closed(slow)

    assert asked(connection, "/running").read() in (b"0", b"1")


def test_a_page_is_answered_while_streams_that_nobody_reads_hold_all_threads(
    start: Callable[[Launch], Service], hosting: Launch
) -> None:
    service = start(hosting.having(web={"slow_client_timeout": "300"}))
    with ExitStack() as stack:
        for _ in range(2):
            assert stack.enter_context(not_reading(service.port, "/endless")).recv(10)

        with closing(HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE)) as connection:
            assert asked(connection, "/page").read() == b"/page"

        service.wait_for("web: the response to 127.0.0.1 is cut off: other requests need its thread")


def test_two_hundred_that_read_nothing_of_a_long_response_do_not_stop_the_pages(
    start: Callable[[Launch], Service], hosting: Launch
) -> None:
    web = {"slow_client_timeout": "300", "threads": "4", "max_unread": "20000000", "max_unread_together": "500000000"}
    service = start(hosting.having(web=web, rates={"sources": "archive"}))
    with ExitStack() as stack, closing(HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE)) as connection:
        for _ in range(8):
            stack.enter_context(not_reading(service.port, "/large"))
        assert asked(connection, "/page").read() == b"/page"

        before = memory(service)
        for _ in range(192):
            stack.enter_context(not_reading(service.port, "/large"))
        assert asked(connection, "/page").read() == b"/page"
        assert memory(service) - before < 192 * 2**18 + 4 * 160 * 65536
        assert len(asked(connection, "/large").read()) == 160 * 65536


def test_a_client_that_reads_slowly_gets_everything(start: Callable[[Launch], Service], hosting: Launch) -> None:
    service = start(hosting.having(web={"slow_client_timeout": "5"}))
    never = threading.Event()
    with not_reading(service.port, "/large") as client:
        came = 0
        for _ in range(24):
            # Six seconds in all, more than the deadline; a loaded machine may add some to each pause.
            never.wait(0.25)
            came += len(client.recv(2**16))
        while came < 160 * 65536:
            data = client.recv(2**18)
            assert data
            came += len(data)


def test_many_that_do_not_read_cost_little_memory(start: Callable[[Launch], Service], hosting: Launch) -> None:
    # The history of the rates must not be loaded during the measurement.
    archive = hosting.having(web={"slow_client_timeout": "300", "threads": "60"}, rates={"sources": "archive"})
    service = start(archive)
    with ExitStack() as stack:
        before = 0
        for number in range(60):
            # The first requests load what is loaded only once.
            before = memory(service) if number == 20 else before
            client = stack.enter_context(not_reading(service.port, "/endless"))
            assert client.recv(10)

        grown = memory(service) - before

    assert grown < 40 * 2**18 + 2**22


def memory(service: Service) -> int:
    """Bytes that are resident."""
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+([0-9]+) kB", status)
    assert found
    return int(found[1]) * 1024


def test_stopping_while_answers_are_not_read_ends_in_time(start: Callable[[Launch], Service], hosting: Launch) -> None:
    service = start(hosting.having(server={"shutdown_timeout": "2"}, web={"slow_client_timeout": "60"}))
    slow = [not_reading(service.port, "/endless") for _ in range(2)]
    for client in slow:
        assert client.recv(10)

    began = monotonic()
    service.stop()

    assert monotonic() - began < 2 + SLACK
    assert service.log().count("GET /endless did not end in time and is left behind") == 2
    for client in slow:
        client.close()
