"""One service for each database: the second one ends with a line that names the first, in every kind of start."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from mixsvc.storage.sqlite_version import has_wal_reset_fault
from tests.builds import PROJECT
from tests.e2e.support.hosts import FLASK, WAITRESS, Host, Server
from tests.e2e.support.service import DEADLINE, Launch, Service, refused
from tests.e2e.support.urls import get_json

Start = Callable[[Launch], Service]

CHAT = {"chat": {"listen": "tcp:0:interface=127.0.0.1"}}


@pytest.fixture
def host(launch: Launch) -> Iterator[Callable[..., Host]]:
    """Starts WSGI servers for one test."""
    with ExitStack() as stack:

        def started(server: Server = WAITRESS, app: str = "mixsvc", **config: dict[str, str]) -> Host:
            launch.folder.mkdir(exist_ok=True)
            shutil.copy(PROJECT / "tests" / "e2e" / "apps" / "hosted.py", launch.folder)
            return stack.enter_context(Host(server, launch.having(**config), app))

        yield started


def test_the_second_service_names_the_first_as_a_daemon_too_and_as_another_user(start: Start, launch: Launch) -> None:
    first = start(launch)
    assert first.port
    user = [f"--uid={os.getuid()}", f"--gid={os.getgid()}"]
    # Its ports are the first one's as well.
    again = replace(launch, options=("--port", str(first.port)))

    for options in (["--nodaemon", "--pidfile="], ["--pidfile=pid", "--logfile=log"], ["--pidfile=pid", *user]):
        said = refused(again, *options)

        assert f"mixsvc.sqlite3 cannot be used: process {first.process.pid} (twistd mixsvc) has had it since 20" in said

    first.kill()
    assert start(launch).port


def test_a_worker_with_a_chat_ends_beside_a_service_and_one_without_shares_its_database(
    start: Start, launch: Launch, host: Callable[..., Host]
) -> None:
    service = start(launch)
    assert service.port

    refused = host(**CHAT)
    assert refused.process.wait(DEADLINE) != 0
    refused.lines.wait_for_end()
    (line,) = [each for each in refused.lines.so_far() if each.startswith("mixsvc: ")]
    assert f"process {service.process.pid} (twistd mixsvc) has had it since 20" in line

    shared = host(FLASK)
    assert get_json(f"{shared.url}/api/rates/EUR/USD")["quote"] == "USD"
    if has_wal_reset_fault():
        shared.lines.wait_for("database: SQLite .* can lose commits if other programs checkpoint")


def test_a_service_ends_beside_a_worker_that_serves_the_chat(launch: Launch, host: Callable[..., Host]) -> None:
    worker = host(app="hosted", **CHAT)
    assert get_json(f"{worker.url}/api/rates/EUR/USD")["quote"] == "USD"
    worker.lines.wait_for("the chat is served here")

    said = refused(launch, "--nodaemon", "--pidfile=")

    assert f"process {worker.process.pid} (a worker of a WSGI server) has had it since 20" in said
