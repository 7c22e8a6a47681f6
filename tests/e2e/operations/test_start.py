"""Starting: from the installed wheel in any directory, and the messages when it cannot start."""

import os
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.support.service import DEADLINE, Launch, Lines, Service, refused
from tests.e2e.support.urls import get_json, get_text


@pytest.fixture
def busy() -> Iterator[int]:
    """A port that somebody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def refused_both_ways(launch: Launch, wrapper: Sequence[str] = (), uid: int | None = None) -> str:
    """The one line on stderr of a start that fails, the same in the foreground and as a daemon."""
    user = [f"--uid={uid}", f"--gid={uid}"] if uid is not None else []
    said = {refused(launch, "--nodaemon", "--pidfile=", *user, wrapper=wrapper)}
    said.add(refused(launch, "--pidfile=pid", "--logfile=log", *user, wrapper=wrapper))
    assert not (launch.folder / "pid").exists()
    (line,) = said
    assert line.startswith("mixsvc: "), line
    return line


def test_twistd_lists_it(installed: Path, tmp_path: Path) -> None:
    listed = subprocess.run([installed / "twistd", "--help"], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert "mixsvc           Flask pages, SockJS chat and live rates." in listed.stdout


def test_it_serves_pages_chat_and_rates_on_one_port(service: Service) -> None:
    assert "Rates" in get_text(f"{service.url}/")
    assert get_json(f"{service.url}/chat/info")["websocket"] is True
    assert get_json(f"{service.url}/api/rates/EUR/USD")["quote"] == "USD"


def test_a_rate_and_its_whole_past_are_there_at_once_without_internet(
    start: Callable[[Launch], Service], launch: Launch, tmp_path: Path
) -> None:
    service = start(launch.having(rates={"ecb_url": "http://127.0.0.1:9/"}))

    past = get_json(f"{service.url}/api/rates/EUR/HRK/history?from=1999-01-04&points=10000")
    quote = get_json(f"{service.url}/api/rates/EUR/USD")

    assert len(past["points"]) == past["days"] > 4000
    assert (quote["source"], quote["stale"]) == ("archive", True)


def test_a_busy_port_is_named(launch: Launch, busy: int) -> None:
    said = refused_both_ways(replace(launch, options=("--port", str(busy))))

    assert said == (
        f"mixsvc: cannot listen on 127.0.0.1:{busy} (Address already in use): "
        "another program uses it; stop that one, or give another port with --port"
    )


def test_a_busy_port_for_operators_is_named(launch: Launch, busy: int) -> None:
    said = refused_both_ways(launch.having(server={"admin_listen": f"tcp:{busy}:interface=127.0.0.1"}))

    assert said.endswith("another program uses it; stop that one, or give another port in [server] admin_listen")


def test_a_port_without_permission_is_named(launch: Launch) -> None:
    # Root must first lose the right to open such ports.
    without_right = ["setpriv", "--bounding-set=-net_bind_service"] if os.getuid() == 0 else []

    said = refused_both_ways(replace(launch, options=("--port", "80")), without_right)

    assert said == (
        "mixsvc: cannot listen on 127.0.0.1:80 (Permission denied): "
        "ports below 1024 need the rights of root; start as root with --uid, or give a higher one with --port"
    )


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"rates": {"intervall": "3"}}, "there is no setting 'intervall' in [rates]; did you mean 'interval'?"),
        ({"chatt": {"prefix": "/x"}}, "there is no section [chatt]; did you mean 'chat'?"),
        ({"web": {"threads": "many"}}, "[web] threads = 'many' is not valid: give a whole number from 1 to 1000"),
        ({"storage": {"path": "/nowhere/x"}}, "the database /nowhere/x cannot be used: its directory does not exist"),
        ({"storage": {"path": "mixsvc.ini"}}, "cannot be used: file is not a database"),
        ({"web": {"secret_key_file": "/nowhere/key"}}, "the secret key file /nowhere/key cannot be used: "),
    ],
)
def test_a_wrong_setting_is_named(launch: Launch, config: dict[str, dict[str, str]], said: str) -> None:
    assert said in refused_both_ways(launch.having(**config))


def test_a_daemon_is_told_what_its_later_user_may_not_open(launch: Launch) -> None:
    # As root, who may become another user; the folder stays root's.
    if os.getuid() == 0:
        launch.folder.mkdir(mode=0o700)
        said = refused_both_ways(launch, uid=65534)

        assert "its directory" in said or "may not be read" in said


def test_a_database_of_a_newer_version_is_named(launch: Launch) -> None:
    launch.folder.mkdir()
    with closing(sqlite3.connect(launch.folder / "mixsvc.sqlite3")) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("PRAGMA application_id = 1835628659")

    assert "it was made by a newer mixsvc" in refused_both_ways(launch)


def test_everything_that_the_page_lacks_is_said_in_one_line(
    start: Callable[[Launch], Service], launch: Launch, without_client: None
) -> None:
    service = start(launch)

    line = service.wait_for("mixsvc: the page lacks ")
    assert line.endswith(
        "the page lacks the SockJS client (it uses a plain WebSocket) and uPlot (it shows past rates as a table and no "
        "chart) and markdown-it (it shows Markdown as it was typed), since npm was missing or failed when mixsvc was "
        "built; install npm, then install mixsvc again"
    )
    assert "sockjs.min.js" not in get_text(f"{service.url}/")


def test_the_command_serve_runs_it_and_leaves_no_file_of_its_own(launch: Launch) -> None:
    words = launch.command()
    command = [str(launch.programs / "mixsvc"), "serve", *words[words.index("mixsvc") + 1 :]]
    with subprocess.Popen(
        command,
        cwd=launch.folder,
        env=launch.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        try:
            lines = Lines(process.stdout)
            link = lines.wait_for("mixsvc: listening on ").rpartition(" ")[2]
            assert "Rates" in get_text(link)
            process.terminate()
            assert process.wait(DEADLINE) == -signal.SIGTERM
        finally:
            process.kill()
        lines.wait_for_end()
    assert not (launch.folder / "twistd.pid").exists()


def test_the_line_of_the_start_is_a_link(service: Service) -> None:
    line = service.wait_for("mixsvc: listening on ")

    assert line.endswith(f"mixsvc: listening on http://127.0.0.1:{service.port}/")
    assert "<h1" in get_text(line.rpartition(" ")[2])


@pytest.fixture
def without_client(installed: Path) -> Iterator[None]:
    """As if npm had been missing when the wheel was built."""
    (vendor,) = installed.parent.glob("lib/python*/site-packages/mixsvc/pages/static/vendor")
    # Beside the static files, whose folder may hold scripts of ours at any depth.
    away = vendor.rename(vendor.parents[1] / "away")
    yield
    away.rename(vendor)
