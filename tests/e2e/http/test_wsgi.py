"""Clients that read an application slowly or not at all: what that costs the service, in threads and in processes."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from time import monotonic

import pytest

from mixsvc.wsgi.supervision.calls_ahead import SLOW_SECONDS
from tests.e2e.support.both_ways import PROCESSES, WAYS, hosting, wait_for_processes
from tests.e2e.support.exchange import Exchange
from tests.e2e.support.raw_http import memory
from tests.e2e.support.service import SLACK, Launch, Service

Start = Callable[[Launch], Service]

THREADS = 2
LARGE = 160 * 65536


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """How the application runs."""
    name: str = request.param
    return name


@pytest.fixture
def hosted(launch: Launch, way: str) -> Launch:
    """With two threads, in each process. A little waits in files, so that endless responses wait in their threads."""
    web = {"threads": str(THREADS), "slow_client_timeout": "300", "max_unread": "2000000", **WAYS[way]}
    # The history of the rates must not be loaded while memory is measured.
    return hosting(launch, "wsgi_app", **web).having(rates={"sources": "archive"})


def not_reading(service: Service, path: str) -> Exchange:
    """Sends a request, and then does not read."""
    client = Exchange(service.port, 4096)
    client.send(path)
    return client


def answers(service: Service, path: str) -> bytes:
    """The body of an answer on a new connection."""
    with Exchange(service.port) as client:
        return client.ask(path).body


def in_all(way: str) -> int:
    """The number of threads of all processes."""
    return THREADS * (PROCESSES if way == "processes" else 1)


def test_the_validator_has_nothing_to_say(start: Start, hosted: Launch) -> None:
    service = start(hosted)
    with Exchange(service.port) as client:
        assert client.ask("/J%C3%BCrgen").body == "/Jürgen".encode()
        assert client.ask("/stream").body == b"".join(b"%d\n" % number for number in range(1000))
        assert client.ask("/", "HEAD").code == 200
        assert client.ask("/upload", "POST", b"x" * 100_000).body.startswith(b"100000 ")
        assert len(client.ask("/large").body) == LARGE
    assert "Traceback" not in service.log()


def test_what_goes_to_stdout_is_in_the_log_with_all_that_can_be_shown(start: Start, hosted: Launch) -> None:
    service = start(hosted)

    assert answers(service, "/says") == b"said"

    for line in ("said by a program", "said in bytes", r"said half: \\ud800"):
        service.wait_for(line)


def test_a_page_is_answered_while_streams_that_nobody_reads_hold_all_threads(
    start: Start, hosted: Launch, way: str
) -> None:
    service = start(hosted)
    wait_for_processes(service, way)
    with ExitStack() as stack:
        for _ in range(in_all(way)):
            assert stack.enter_context(not_reading(service, "/endless")).head().code == 200

        assert answers(service, "/page") == b"/page"

        service.wait_for("web: the response to 127.0.0.1 is cut off: other requests need its thread")


def test_it_is_answered_also_where_no_response_has_ended_for_a_while(start: Start, hosted: Launch, way: str) -> None:
    service = start(hosted)
    wait_for_processes(service, way)
    with ExitStack() as stack:
        for _ in range(in_all(way)):
            assert stack.enter_context(not_reading(service, "/endless")).head().code == 200
        threading.Event().wait(SLOW_SECONDS + 0.1)

        assert answers(service, "/page") == b"/page"


def test_two_hundred_that_read_nothing_of_a_long_response_do_not_stop_the_pages(
    start: Start, hosted: Launch, way: str
) -> None:
    service = start(hosted.having(web={"max_unread": "20000000", "max_unread_together": "900000000"}))
    wait_for_processes(service, way)
    with ExitStack() as stack:
        for _ in range(8):
            stack.enter_context(not_reading(service, "/large"))
        assert answers(service, "/page") == b"/page"

        before = memory(*service.processes())
        for _ in range(192):
            stack.enter_context(not_reading(service, "/large"))
        assert answers(service, "/page") == b"/page"
        assert memory(*service.processes()) - before < 192 * 2**18 + 8 * LARGE
        assert len(answers(service, "/large")) == LARGE


def test_a_client_that_reads_slowly_gets_everything(start: Start, hosted: Launch) -> None:
    service = start(hosted.having(web={"slow_client_timeout": "5"}))
    never = threading.Event()
    with not_reading(service, "/large") as client:
        assert client.head().code == 200
        came = 0
        for _ in range(24):
            # Six seconds in all, more than the deadline; a loaded machine may add some to each pause.
            never.wait(0.25)
            came += len(client.read(2**16))
        assert came + len(client.read(LARGE - came)) == LARGE


def test_many_that_do_not_read_cost_little_memory(start: Start, hosted: Launch, way: str) -> None:
    service = start(hosted.having(web={"threads": "60"}))
    wait_for_processes(service, way)
    with ExitStack() as stack:
        before = 0
        for number in range(60):
            # The first requests load what is loaded only once.
            before = memory(*service.processes()) if number == 20 else before
            assert stack.enter_context(not_reading(service, "/endless")).head().code == 200

        grown = memory(*service.processes()) - before

    assert grown < 40 * 2**18 + 2**22


def test_stopping_while_answers_are_not_read_ends_in_time(start: Start, hosted: Launch, way: str) -> None:
    service = start(hosted.having(server={"shutdown_timeout": "2"}))
    wait_for_processes(service, way)
    with ExitStack() as stack:
        for _ in range(in_all(way)):
            assert stack.enter_context(not_reading(service, "/endless")).head().code == 200

        began = monotonic()
        service.stop()

        assert monotonic() - began < 2 + SLACK
    assert service.log().count("GET /endless did not end in time") == in_all(way)
