"""Charts, drawn by real processes of a real service."""

import http.client
import os
import re
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from time import monotonic
from typing import Final

import pytest
from PIL import Image

from tests.e2e.support.service import DEADLINE, SLACK, Launch, Service
from tests.e2e.support.urls import get_json
from tests.e2e.support.waiting import wait_until

Start = Callable[[Launch], Service]

# Seconds; enough for a process to start on a busy machine.
PATIENT: Final = "60"
# Not less: a process that needs longer for its first chart is replaced each time.
HASTY: Final = 3.0

MARK: Final = b"mixsvc.charts.worker.ChartChild"


@dataclass(frozen=True)
class Answer:
    status: int
    kind: str
    retry_after: str | None
    body: bytes


def ask(service: Service, days: int, form: str = "png") -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE)
    try:
        connection.request("GET", f"/api/rates/EUR/USD/chart.{form}?days={days}")
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers["Content-Type"], answer.headers["Retry-After"], answer.read())
    finally:
        connection.close()


def children(service: Service) -> list[int]:
    """The processes that draw for a service."""
    listed = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children").read_text().split()
    return [int(each) for each in listed if is_drawing(int(each))]


def is_drawing(process: int) -> bool:
    """Whether the process runs or is stopped; False once it has ended, also before its parent waits for it."""
    with suppress(OSError):
        return MARK in Path(f"/proc/{process}/cmdline").read_bytes()
    return False


def wait_until_gone(processes: Sequence[int]) -> None:
    wait_until(lambda: not any(map(is_drawing, processes)), f"{processes} still run")


def check_refused(answer: Answer) -> None:
    assert (answer.status, answer.kind, answer.retry_after) == (503, "application/problem+json", "5")


@pytest.fixture
def drawing(launch: Launch) -> Launch:
    # The archive has many days, and each number of days makes a different picture.
    return launch.having(rates={"sources": "ecb, archive", "chart_timeout": PATIENT})


def begun(service: Service) -> Service:
    """The service, once it knows the past, and not only the latest rates of the archive, and has got those of today."""
    rate = f"http://127.0.0.1:{service.port}/api/rates/EUR/USD"
    wait_until(lambda: get_json(rate)["source"] == "ecb", "no rate of the bank")
    wait_until(lambda: re.search(rb">200\d-\d\d-\d\d to ", ask(service, 9000, "svg").body) is not None, "no past")
    assert ask(service, 9000).status == 200
    return service


def test_a_chart_is_a_picture_and_a_picture_costs_one_process(drawing: Launch, start: Start) -> None:
    service = begun(start(drawing))

    answers = [ask(service, days) for days in (100, 1000, 1000)]

    assert [(answer.status, answer.kind) for answer in answers] == [(200, "image/png")] * 3
    assert answers[1].body == answers[2].body != answers[0].body
    for answer in answers:
        with Image.open(BytesIO(answer.body)) as picture:
            picture.load()
            assert picture.size == (600, 300)
    assert len(children(service)) == 1
    assert b"resvg" not in Path(f"/proc/{service.process.pid}/maps").read_bytes()


def test_after_the_death_of_its_process_the_next_chart_is_drawn_by_another(drawing: Launch, start: Start) -> None:
    service = begun(start(drawing))
    (first,) = children(service)

    os.kill(first, signal.SIGKILL)
    answer = ask(service, 1001)

    # The service may not have noticed yet that the process has died.
    if answer.status != 200:
        check_refused(answer)
        assert ask(service, 1001).status == 200
    assert children(service) and first not in children(service)


def test_a_process_that_hangs_is_replaced_and_whoever_waited_is_told_in_time(drawing: Launch, start: Start) -> None:
    service = begun(start(drawing.having(rates={"chart_timeout": str(HASTY)})))
    (first,) = children(service)
    os.kill(first, signal.SIGSTOP)

    began = monotonic()
    answer = ask(service, 1001)

    assert HASTY - 0.1 < monotonic() - began < HASTY + SLACK
    check_refused(answer)
    wait_until_gone([first])
    wait_until(lambda: ask(service, 1001).status == 200, "no picture")
    assert first not in children(service)


@pytest.mark.parametrize("state", [signal.SIGCONT, signal.SIGSTOP], ids=["at work", "hanging"])
def test_when_the_service_stops_no_process_is_left(drawing: Launch, start: Start, state: signal.Signals) -> None:
    service = begun(start(drawing))
    left = children(service)
    for process in left:
        os.kill(process, state)

    assert service.stop() == -15

    assert [process for process in left if is_drawing(process)] == []
    assert len(left) == 1
    assert "did not end in time" not in service.log() and "Traceback" not in service.log()


def test_when_the_service_is_killed_its_processes_end(drawing: Launch, start: Start) -> None:
    service = begun(start(drawing.having(rates={"chart_processes": "2"})))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda days: ask(service, days), range(500, 900, 100)))
    assert [answer.status for answer in answers] == [200] * 4
    left = children(service)
    assert len(left) == 2

    service.kill()

    wait_until_gone(left)


def test_50_requests_at_once_share_the_processes_and_each_is_answered(drawing: Launch, start: Start) -> None:
    service = begun(start(drawing.having(rates={"chart_processes": "2"})))
    most = 0

    with ThreadPoolExecutor(50) as pool:
        asked = [pool.submit(ask, service, days) for days in range(500, 3000, 50)]
        while not all(each.done() for each in asked):
            most = max(most, len(children(service)))
    answers = [each.result() for each in asked]

    assert {answer.status for answer in answers} <= {200, 503}
    for answer in answers:
        if answer.status == 503:
            check_refused(answer)
    assert most == len(children(service)) == 2
    # Only requests that came while enough were waiting were refused.
    assert sum(answer.status == 200 for answer in answers) >= 8
    assert ask(service, 2999).status == 200
