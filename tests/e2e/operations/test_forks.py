"""Processes that views start: they end when they are told to, and hold nothing of the service."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from tests.e2e.support.both_ways import WAYS, hosting
from tests.e2e.support.service import Launch, Service
from tests.e2e.support.urls import get_text

Start = Callable[[Launch], Service]


@pytest.fixture(params=WAYS)
def forking(request: pytest.FixtureRequest, launch: Launch) -> Launch:
    """With a user's views that start processes: in threads of the service, and in its processes."""
    return hosting(launch, "forking_app", **WAYS[request.param])


@pytest.fixture
def children() -> Iterator[list[int]]:
    """Process numbers of children; they are killed at the end."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_processes_of_a_view_end_when_told_to_and_leave_the_port_to_the_next_service(
    start: Start, forking: Launch, children: list[int]
) -> None:
    service = start(forking)

    assert get_text(f"{service.url}/terminated") == "-15"
    assert get_text(f"{service.url}/fallen_through") == "0"
    assert get_text(f"{service.url}/programs") == "said -15"
    children.append(int(get_text(f"{service.url}/left_behind")))
    assert get_text(f"{service.url}/terminated") == "-15"
    service.process.terminate()
    assert service.process.wait() == -signal.SIGTERM

    # The child still lives, and keeps neither the port nor the service's connections.
    os.kill(children[0], 0)
    other = start(replace(forking, options=("--port", str(service.port))))
    assert get_text(f"{other.url}/terminated") == "-15"
    # It had the service's output; whoever reads that waits for its end.
    os.kill(children[0], signal.SIGTERM)
    service.lines.wait_for_end()
    assert "Traceback" not in service.log()


def test_pools_of_processes_end_with_their_block(start: Start, forking: Launch) -> None:
    service = start(forking)

    assert get_text(f"{service.url}/pools") == "[1, 2] [3]"
    assert service.stop() == -signal.SIGTERM
    assert "Traceback" not in service.log()
