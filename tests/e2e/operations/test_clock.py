"""Nothing waits and nothing hurries when somebody sets the system's clock, on any reactor."""

import os
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from time import monotonic, time

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.builds import PROJECT
from tests.e2e.apps.steady_server import HEARTBEAT
from tests.e2e.operations.test_systemd import listener
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.ecb import Ecb
from tests.e2e.support.raw_http import get, opened, read_to_end
from tests.e2e.support.service import DEADLINE, SLACK, Launch, Service
from tests.e2e.support.system_clock import SystemClock
from tests.e2e.support.urls import status_of
from tests.e2e.support.waiting import wait_until

__all__ = ["listener"]

Start = Callable[[Launch], Service]

MINUTE, HOUR, DAY = 60, 3600, 86_400

# The clock is set a year ahead, an hour back from the true time, a minute ahead of it, and right again.
STEPS = (400 * DAY, -HOUR, MINUTE, 0)

# Seconds: [server] header_timeout, and the longest wait that [chat] rate allows.
HEAD = 1.0
WAIT = 100

REACTORS = {
    "epoll": "twisted.internet.epollreactor.EPollReactor",
    "poll": "twisted.internet.pollreactor.PollReactor",
    "select": "twisted.internet.selectreactor.SelectReactor",
    "asyncio": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
    "gevent": "txgevent.reactor.GeventReactor",
}


@pytest.fixture
def system(tmp_path: Path) -> Iterator[SystemClock]:
    """The clock of the processes that are started with its `environ`."""
    with SystemClock(tmp_path) as clock:
        yield clock


@pytest.mark.parametrize("reactor", REACTORS)
def test_heartbeats_keep_their_time(reactor: str, system: SystemClock) -> None:
    command = [sys.executable, "-m", "tests.e2e.apps.steady_server", REACTORS[reactor]]
    environ = {**os.environ, **system.environ}
    with subprocess.Popen(command, cwd=PROJECT, env=environ, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        url = f"ws://127.0.0.1:{int(server.stdout.readline())}/0/s/websocket"
        with connect(url, open_timeout=DEADLINE) as client:
            assert client.recv(timeout=DEADLINE) == "o"
            for step in STEPS:
                system.set(step)
                first, _, third = [beat_at(client) for _ in range(3)]
                # The first may have come before; late they are only as far as the machine is busy.
                assert third - first > HEARTBEAT / 2
        server.terminate()


def beat_at(client: ClientConnection) -> float:
    assert client.recv(timeout=SLACK) == "h"
    return monotonic()


@pytest.fixture
def watched(launch: Launch, system: SystemClock, listener: socket.socket) -> Launch:  # noqa: F811  # the fixture
    """A service whose clock a test sets; `listener` hears every 0.2 s that it lives."""
    environ = {**system.environ, "NOTIFY_SOCKET": listener.getsockname(), "WATCHDOG_USEC": "400000"}
    slow = {"rate": f"{1 / WAIT:g}", "burst": "1"}
    return replace(launch, environ=environ).having(server={"header_timeout": f"{HEAD:g}"}, chat=slow)


def test_the_service_keeps_its_time(
    start: Start,
    watched: Launch,
    system: SystemClock,
    ecb: Ecb,
    listener: socket.socket,  # noqa: F811  # the fixture
) -> None:
    service = start(watched)
    assert service.port
    with Chatter(service.port, "Ann") as ann:
        assert ann.say("now nothing for a while") == 1
        for step in STEPS:
            with opened(service.port) as half:
                half.sendall(b"GET / HTTP/1.1\r\n")
                began = monotonic()

                system.set(step)

                check_reports(listener)
                check_polls(ecb)
                check_rate_limit(ann)
                check_dates(service, step)
                assert b" 408 " in read_to_end(half)
                assert HEAD - 0.1 < monotonic() - began < HEAD + SLACK
        system.set(-HOUR)
        began = monotonic()
        assert service.stop() == -15
        assert monotonic() - began < SLACK
    assert "Traceback" not in service.log()


def check_reports(listener: socket.socket) -> None:  # noqa: F811
    """systemd hears that the service lives."""
    listener.setblocking(False)
    with suppress(BlockingIOError):
        while listener.recv(1000):
            pass
    listener.settimeout(SLACK)
    assert [listener.recv(1000) for _ in range(2)] == [b"WATCHDOG=1"] * 2


def check_polls(ecb: Ecb) -> None:
    """The bank is asked every half second."""
    before, began = len(ecb.requests), monotonic()
    wait_until(lambda: len(ecb.requests) >= before + 2, "no poll")
    assert monotonic() - began < SLACK
    assert len(ecb.requests) - before <= 2 + 2 * (monotonic() - began)


def check_rate_limit(ann: Chatter) -> None:
    """The person who has said something must wait as long as before."""
    ann.ask(type="say", room="lobby", text="too early")
    error = ann.wait_for("error")
    assert error["code"] == "slow_down"
    assert 0 < error["wait"] <= WAIT


def check_dates(service: Service, step: int) -> None:
    """What is shown is the time of day."""
    seen = len(service.lines.so_far())
    date = re.search(rb"\r\nDate: ([^\r]+)\r\n", get(service.port), re.IGNORECASE)
    assert date
    line = service.wait_for(r'"GET /static/icon.svg ', seen)
    logged = re.search(r"\[([0-9]+/[^]]+)\]", line)
    assert logged
    shown = parsedate_to_datetime(date[1].decode()), datetime.strptime(logged[1], "%d/%b/%Y:%H:%M:%S %z")
    assert [each for each in shown if abs(each.timestamp() - time() - step) > SLACK] == []


def test_set_back_it_stores_the_new_time_and_notices_a_locked_database(
    start: Start, launch: Launch, system: SystemClock
) -> None:
    service = start(replace(launch, environ=system.environ))
    ready = f"{service.url}/readyz"
    assert status_of(ready) == 200
    with closing(sqlite3.connect(launch.folder / "mixsvc.sqlite3")) as other:
        system.set(-HOUR)

        with Chatter(service.port, "Ann") as ann:
            ann.ask(type="say", room="lobby", text="what time is it?")
            said = datetime.fromisoformat(ann.wait_for("message")["time"])
        other.execute("BEGIN IMMEDIATE")

        assert abs(said.timestamp() - time() + HOUR) < SLACK
        wait_until(lambda: status_of(ready) == 503, "still ready")
