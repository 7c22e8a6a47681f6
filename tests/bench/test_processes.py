"""The servers of the benchmark: the cores that they get, and the CPU time of all their processes."""

import os
import subprocess
import sys

import pytest

from bench.peers import ALL_PEERS
from bench.processes import CannotStart, Cores, Server, on_cores

BURN = "import time\nwhile time.process_time() < 0.3: pass\nprint('burnt', flush=True)\ninput()"


@pytest.mark.parametrize(
    ("available", "number", "server", "load"),
    [
        ({0, 1, 2, 3}, 2, {0, 1}, {3}),
        ({0, 1}, 1, {0}, {1}),
        ({0, 1}, 2, {0, 1}, {0, 1}),
        ({5}, 1, {5}, {5}),
    ],
)
def test_the_load_has_a_core_of_its_own_where_one_is_left(
    monkeypatch: pytest.MonkeyPatch, available: set[int], number: int, server: set[int], load: set[int]
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: available)

    assert on_cores(number) == Cores(frozenset(server), frozenset(load))


def test_a_scenario_for_two_cores_needs_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0})

    with pytest.raises(CannotStart, match="needs 2 cores"):
        on_cores(2)


def test_the_time_of_children_counts_as_the_servers() -> None:
    server = Server(ALL_PEERS["mixsvc"], 0, os.getpid(), 0)
    before = server.cpu()
    child = subprocess.Popen([sys.executable, "-c", BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()

    took = server.cpu() - before

    child.communicate()
    assert took >= 0.25
