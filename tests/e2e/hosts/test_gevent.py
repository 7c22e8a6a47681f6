"""The whole service on gevent's hub: tests of other modules once more, and tests of what only a hub can do."""

import json
import signal
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

import pytest

from tests.builds import Distributions, install
from tests.e2e.chat.test_kill import test_what_was_acknowledged_survives_kills_once_and_in_order
from tests.e2e.hosts.test_own_app import (
    lane,
    test_a_view_of_the_shop_says_a_line_in_the_chat,
    test_an_application_that_starts_threads_does_not_keep_the_service,
    test_django_has_the_rates_and_the_chat,
)
from tests.e2e.http.test_hostile import test_the_service_goes_on_as_if_nothing_had_been
from tests.e2e.http.test_wsgi import hosted, test_the_validator_has_nothing_to_say, way
from tests.e2e.operations.test_clock import listener, system, test_the_service_keeps_its_time, watched
from tests.e2e.operations.test_forks import (
    children,
    forking,
    test_processes_of_a_view_end_when_told_to_and_leave_the_port_to_the_next_service,
)
from tests.e2e.operations.test_signals import test_both_stop_a_service_that_a_shell_has_started_in_the_background
from tests.e2e.operations.test_start import (
    busy,
    test_a_busy_port_is_named,
    test_a_rate_and_its_whole_past_are_there_at_once_without_internet,
    test_it_serves_pages_chat_and_rates_on_one_port,
)
from tests.e2e.operations.test_stop import (
    either,
    slow,
    test_a_daemon_starts_logs_and_ends_without_a_trace,
    test_a_locked_database_does_not_delay_the_end,
    test_a_second_signal_changes_nothing,
    test_a_streaming_client_gets_the_close_frame_of_sockjs,
    test_a_view_that_never_ends_does_not_delay_the_end,
    test_chatters_get_a_close_frame,
    test_requests_in_flight_and_waiting_are_answered,
    test_under_load_it_ends_in_time,
    test_what_was_said_is_there_after_a_restart,
    threads,
)
from tests.e2e.page.test_page import test_two_people_see_each_other_come_and_talk_both_ways
from tests.e2e.page.test_page_connection import (
    test_after_a_crash_nothing_said_is_lost_or_doubled,
    test_where_there_is_no_websocket_the_page_talks_by_another_transport,
)
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.ecb import Ecb
from tests.e2e.support.hosts import GUNICORN_NEEDS, Host, Server
from tests.e2e.support.operators import admin_url, wait_for_views
from tests.e2e.support.service import DEADLINE, Config, Daemon, Launch, Service
from tests.e2e.support.urls import get_json, get_text
from tests.e2e.support.waiting import wait_until
from tests.e2e.support.workers import chat_port

# These run again here, with the fixtures of this module.
__all__ = [
    "busy",
    "children",
    "either",
    "forking",
    "hosted",
    "lane",
    "listener",
    "slow",
    "system",
    "test_a_busy_port_is_named",
    "test_a_daemon_starts_logs_and_ends_without_a_trace",
    "test_a_locked_database_does_not_delay_the_end",
    "test_a_rate_and_its_whole_past_are_there_at_once_without_internet",
    "test_a_second_signal_changes_nothing",
    "test_a_streaming_client_gets_the_close_frame_of_sockjs",
    "test_a_view_of_the_shop_says_a_line_in_the_chat",
    "test_a_view_that_never_ends_does_not_delay_the_end",
    "test_after_a_crash_nothing_said_is_lost_or_doubled",
    "test_an_application_that_starts_threads_does_not_keep_the_service",
    "test_both_stop_a_service_that_a_shell_has_started_in_the_background",
    "test_chatters_get_a_close_frame",
    "test_django_has_the_rates_and_the_chat",
    "test_it_serves_pages_chat_and_rates_on_one_port",
    "test_processes_of_a_view_end_when_told_to_and_leave_the_port_to_the_next_service",
    "test_requests_in_flight_and_waiting_are_answered",
    "test_the_service_goes_on_as_if_nothing_had_been",
    "test_the_service_keeps_its_time",
    "test_the_validator_has_nothing_to_say",
    "test_two_people_see_each_other_come_and_talk_both_ways",
    "test_under_load_it_ends_in_time",
    "test_what_was_acknowledged_survives_kills_once_and_in_order",
    "test_what_was_said_is_there_after_a_restart",
    "test_where_there_is_no_websocket_the_page_talks_by_another_transport",
    "threads",
    "watched",
    "way",
]

Start = Callable[[Launch], Service]

GUNICORN: Final = Server(
    "gunicorn-gevent", ("-m", "gunicorn", "--bind=127.0.0.1:0", "--worker-class=gevent", "{app}:app"), GUNICORN_NEEDS, 0
)


@dataclass(frozen=True)
class OnGevent(Launch):
    """The same with `--reactor gevent`."""

    def command(self, *twistd_options: str) -> list[str]:
        """See Launch."""
        return super().command("--reactor=gevent", *twistd_options)


@pytest.fixture(scope="module")
def installed(distributions: Distributions, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtualenv with the wheel and its extra."""
    return install(Path(f"{distributions.wheel}[gevent]"), tmp_path_factory.mktemp("gevent") / "venv")


@pytest.fixture(scope="module")
def service(installed: Path, config: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that listens, shared by the tests of this module."""
    with Service(OnGevent(installed, tmp_path_factory.mktemp("service"), config)) as running:
        assert running.port
        yield running


@pytest.fixture
def launch(installed: Path, config: Config, tmp_path: Path) -> Launch:
    """How a test starts a service of its own."""
    return OnGevent(installed, tmp_path / "service", config)


@pytest.fixture
def sleepy(slow: Launch) -> Launch:  # noqa: F811  # the fixture
    """The same with many views at a time."""
    return slow.having(web={"threads": "1000"})


def refused(chatter: Chatter) -> bool:
    """Whether the chatter gets the answer that its message could not be stored; other messages are ignored."""
    with suppress(TimeoutError):
        while json.loads(chatter.socket.recv(timeout=0.001))["type"] != "error":
            pass
        return True
    return False


def test_it_runs_on_gevent(service: Service) -> None:
    service.wait_for("reactor class: txgevent.reactor.GeventReactor")


def test_a_thousand_views_that_wait_are_served_at_once(start: Start, sleepy: Launch) -> None:
    service = start(sleepy)
    with ExitStack() as stack:
        connections = [HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE) for _ in range(1000)]
        for connection in connections:
            stack.callback(connection.close)
            connection.request("GET", "/until/go")

        wait_for_views(admin_url(service), running=1000)
        (sleepy.folder / "go").touch()

        assert [connection.getresponse().status for connection in connections] == [200] * 1000


def test_chat_and_rates_go_on_while_views_wait(start: Start, sleepy: Launch) -> None:
    service = start(sleepy)
    with ThreadPoolExecutor(1) as pool, Chatter(service.port, "Ann") as ann:
        waiting = pool.submit(get_text, f"{service.url}/until/go")
        wait_for_views(admin_url(service), running=1)

        for number in range(1, 6):
            assert ann.say(f"line {number}") == number

        (sleepy.folder / "go").touch()
        assert waiting.result(DEADLINE) == "answer to /until/go"


def answered_before_a_refusal(service: Service, ann: Chatter) -> int:
    """How many requests are answered while SQLite tries for a second to store a message."""
    ann.ask(type="say", room="lobby", text="this waits for the lock")
    answered = 0
    while answered < 1000 and not refused(ann):
        get_json(f"{service.url}/api/rates/EUR/USD")
        answered += 1
    return answered


def test_a_locked_database_stalls_nobody(start: Start, launch: Launch) -> None:
    """SQLite waits for the lock in a thread of its own, which the hub does not wait for."""
    service = start(launch)
    assert service.port
    # The first view takes as long as the wait for the lock on a busy machine.
    get_json(f"{service.url}/api/rates/EUR/USD")
    other = sqlite3.connect(launch.folder / "mixsvc.sqlite3")
    with Chatter(service.port, "Ann") as ann:
        other.execute("BEGIN IMMEDIATE")
        # A hub that waits answers one request each time, when the wait is over; a slow machine few in the first second.
        assert any(answered_before_a_refusal(service, ann) > 3 for _ in range(20))
        other.rollback()
    other.close()


def test_a_daemon_on_gevent_serves(launch: Launch) -> None:
    with Daemon(launch) as daemon:
        assert get_json(f"{daemon.url}/api/rates/EUR/USD")["base"] == "EUR"
        with Chatter(daemon.port, "Ann") as ann:
            assert ann.say("hello") == 1
        daemon.stop()


def test_under_gunicorn_the_rates_are_polled_and_the_chat_is_served(launch: Launch) -> None:
    with Ecb() as ecb, ExitStack() as stack:
        rates = {"interval": "3600", "ecb_url": ecb.url}
        launch = launch.having(chat={"listen": "tcp:0:interface=127.0.0.1"}, rates=rates)
        host = stack.enter_context(Host(GUNICORN, launch, "mixsvc"))
        # The archive's price may be there before the bank's.
        wait_until(lambda: get_json(f"{host.url}/api/rates/EUR/USD")["price"] == "1.1172", "another price")
        with Chatter(chat_port(host), "Ann") as ann:
            assert ann.say("hello") == 1

        assert host.stop(signal.SIGTERM) == 0

    assert len(ecb.requests) == 1
    assert "Traceback" not in host.log()
