"""Stopping: requests in flight are answered, chat clients get a close frame, and it ends in time even if views hang."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from time import monotonic

import pytest
from websockets.exceptions import ConnectionClosed

from tests.builds import PROJECT
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.operators import OPERATORS, admin_url, wait_for_views
from tests.e2e.support.service import DEADLINE, SLACK, Daemon, Launch, Service
from tests.e2e.support.urls import get_text
from tests.e2e.support.waiting import wait_until

# SIGTERM as subprocess reports it.
TERMINATED = -15


@pytest.fixture
def slow(launch: Launch, tmp_path: Path) -> Launch:
    """With a user's slow views; three at a time."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "slow_app.py").write_text((PROJECT / "tests" / "e2e" / "apps" / "slow_app.py").read_text())
    environ = {"PYTHONPATH": str(tmp_path / "code")}
    # More time to stop than a loaded machine takes.
    server = {**OPERATORS, "shutdown_timeout": "100"}
    return replace(launch, environ=environ).having(web={"wsgi": "slow_app:app", "threads": "3"}, server=server)


@pytest.fixture(params=["threads", "process"])
def either(request: pytest.FixtureRequest, slow: Launch) -> Launch:
    """Slow views in threads of the service, or of a process of their own; three at a time."""
    return slow.having(web={"processes": "1"}) if request.param == "process" else slow


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(20) as pool:
        yield pool


def asked(port: int, path: str) -> HTTPResponse | None:
    """A request that was sent; its answer is read later. None when the connection ends without one."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=DEADLINE)) as connection:
        connection.request("GET", path)
        with suppress(HTTPException, OSError):
            return connection.getresponse()
        return None


def test_requests_in_flight_and_waiting_are_answered(
    start: Callable[[Launch], Service], either: Launch, threads: ThreadPoolExecutor
) -> None:
    service = start(either)
    answers = [threads.submit(get_text, f"{service.url}/until/go") for _ in range(6)]
    wait_for_views(admin_url(service), running=3, waiting=3)

    service.process.terminate()
    service.wait_for("Received SIGTERM")
    (either.folder / "go").touch()

    assert service.wait_for_exit() == TERMINATED
    assert [answer.result(DEADLINE) for answer in answers] == ["answer to /until/go"] * 6
    assert "Traceback" not in service.log()


def test_a_view_that_never_ends_does_not_delay_the_end(
    start: Callable[[Launch], Service], either: Launch, threads: ThreadPoolExecutor
) -> None:
    service = start(either.having(server={"shutdown_timeout": "2"}))
    hanging = threads.submit(asked, service.port, "/hang")
    wait_for_views(admin_url(service), running=1)

    began = monotonic()
    status = service.stop()

    assert status == TERMINATED
    assert monotonic() - began < 2 + SLACK
    response = hanging.result(DEADLINE)
    if "processes" in either.config["web"]:
        assert "mixsvc: GET /hang did not end in time; its process is killed" in service.log()
        assert response is not None and response.status == 503
    else:
        assert "mixsvc: GET /hang did not end in time and is left behind" in service.log()
        assert response is None
    assert "Traceback" not in service.log()


def test_chatters_get_a_close_frame(start: Callable[[Launch], Service], launch: Launch) -> None:
    service = start(launch)
    with Chatter(service.port, "Ann") as ann, Chatter(service.port, "Bob") as bob:
        number = ann.say("before the end")
        service.process.terminate()

        for chatter in (ann, bob):
            with pytest.raises(ConnectionClosed) as closed:
                chatter.wait_for("nothing that will come")
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, "Server is stopping")

    assert service.wait_for_exit() == TERMINATED
    assert number == 1
    assert "Traceback" not in service.log()


def test_a_streaming_client_gets_the_close_frame_of_sockjs(start: Callable[[Launch], Service], launch: Launch) -> None:
    service = start(launch)
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE)) as connection:
        connection.request("POST", "/chat/000/abc/xhr_streaming")
        stream = connection.getresponse()
        assert stream.readline() == b"h" * 2048 + b"\n"
        assert stream.readline() == b"o\n"

        service.process.terminate()

        ((goodbye,),) = [json.loads(stream.readline()[1:])]
        assert json.loads(goodbye).keys() == {"type", "retry"}
        assert json.loads(stream.readline()[1:]) == [1001, "Server is stopping"]
        assert stream.read() == b""
        assert service.wait_for_exit() == TERMINATED


def test_under_load_it_ends_in_time(
    start: Callable[[Launch], Service], either: Launch, threads: ThreadPoolExecutor
) -> None:
    service = start(either.having(server={"shutdown_timeout": "3"}))
    port = service.port
    answered = [0] * 10

    def hammer(number: int) -> None:
        with (
            closing(HTTPConnection("127.0.0.1", port, timeout=DEADLINE)) as connection,
            suppress(HTTPException, OSError),
        ):
            while True:
                connection.request("GET", f"/sleep/0.0{answered[number] % 3}")
                assert connection.getresponse().read()
                answered[number] += 1

    hammering = [threads.submit(hammer, number) for number in range(10)]
    wait_until(lambda: all(answered), "not everybody was answered once")
    began = monotonic()
    status = service.stop()

    assert status == TERMINATED
    assert monotonic() - began < 3 + SLACK
    for each in hammering:
        each.result(DEADLINE)
    assert "Traceback" not in service.log()


def test_a_second_signal_changes_nothing(
    start: Callable[[Launch], Service], either: Launch, threads: ThreadPoolExecutor
) -> None:
    service = start(either)
    answer = threads.submit(get_text, f"{service.url}/until/go")
    wait_for_views(admin_url(service), running=1)

    service.process.terminate()
    service.wait_for("Received SIGTERM")
    # The log does not mention this one.
    service.process.terminate()
    (either.folder / "go").touch()

    assert service.wait_for_exit() == TERMINATED
    assert answer.result(DEADLINE) == "answer to /until/go"
    assert "Traceback" not in service.log()


def test_a_locked_database_does_not_delay_the_end(start: Callable[[Launch], Service], launch: Launch) -> None:
    service = start(launch.having(server={"shutdown_timeout": "2"}))
    with Chatter(service.port, "Ann") as ann, closing(sqlite3.connect(launch.folder / "mixsvc.sqlite3")) as other:
        other.execute("BEGIN IMMEDIATE")
        for number in range(100):
            ann.ask(type="say", room="lobby", text=f"{number}")
        began = monotonic()

        assert service.stop() == TERMINATED
        took = monotonic() - began

    assert took < 2 + SLACK


def test_what_was_said_is_there_after_a_restart(start: Callable[[Launch], Service], launch: Launch) -> None:
    first = start(launch)
    with Chatter(first.port, "Ann") as ann:
        assert [ann.say("one"), ann.say("two")] == [1, 2]
    first.stop()

    with Chatter(start(launch).port, "Bob") as bob:
        assert [message["text"] for message in bob.joined["messages"]] == ["one", "two"]


def test_a_daemon_starts_logs_and_ends_without_a_trace(launch: Launch) -> None:
    with Daemon(launch) as daemon:
        assert "EUR/USD" in get_text(daemon.url)
        with Chatter(daemon.port, "Ann") as ann:
            ann.say("hello")

        daemon.stop()

        assert not (launch.folder / "mixsvc.pid").exists()
        assert "Traceback" not in daemon.log()
