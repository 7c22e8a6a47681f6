"""What operators see of the real service: health, metrics and the drain, even while all views are busy."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.builds import PROJECT
from tests.e2e.chat.test_disk_trouble import TROUBLES, trouble
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.operators import OPERATORS, admin_url, metric, wait_for_views
from tests.e2e.support.service import DEADLINE, Launch, Service
from tests.e2e.support.urls import get_json, get_text, status_of


def answer(url: str, path: str) -> tuple[int, Any]:
    """Status and JSON, for any status."""
    port = int(url.rpartition(":")[2])
    with closing(HTTPConnection("127.0.0.1", port, timeout=DEADLINE)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, json.loads(response.read())


def test_without_a_port_of_their_own_health_is_on_the_others_and_metrics_nowhere(service: Service) -> None:
    assert get_json(f"{service.url}/healthz") == {"status": "alive"}
    assert get_json(f"{service.url}/readyz")["status"] == "ready"
    assert status_of(f"{service.url}/metrics") == 404


def test_with_a_port_of_their_own_they_are_there_alone(start: Callable[[Launch], Service], launch: Launch) -> None:
    service = start(launch.having(server=OPERATORS))
    url = admin_url(service)

    assert [status_of(f"{url}{path}") for path in ("/healthz", "/readyz", "/metrics", "/", "/api/rates")] == [
        *[200] * 4,
        404,
    ]
    assert [status_of(f"{service.url}{path}") for path in ("/healthz", "/readyz", "/metrics")] == [404] * 3


def test_the_metrics_tell_what_happened(start: Callable[[Launch], Service], launch: Launch) -> None:
    service = start(launch.having(server=OPERATORS))
    url = admin_url(service)
    service.wait_for("rates: 4 new quotes of 2026-11-20")
    get_text(f"{service.url}/")
    status_of(f"{service.url}/nowhere")
    with Chatter(service.port, "Ann") as ann:
        ann.say("hello")
        ann.ask(type="dance")
        ann.wait_for("error")

        assert metric(url, "mixsvc_chat_members") == 1
        assert metric(url, 'mixsvc_sockjs_sessions{transport="raw websocket"}') == 1

    assert metric(url, 'mixsvc_http_requests_total{method="GET",part="pages",status="2xx"}') >= 1
    assert metric(url, 'mixsvc_http_requests_total{method="GET",part="pages",status="4xx"}') == 1
    assert metric(url, 'mixsvc_http_requests_total{method="GET",part="chat",status="1xx"}') == 1
    assert metric(url, "mixsvc_chat_messages_total") == 1
    assert metric(url, "mixsvc_chat_commit_messages_count") == 1
    assert metric(url, 'mixsvc_chat_refusals_total{code="unknown_type"}') == 1
    assert metric(url, 'mixsvc_rates_source_state{source="ecb",state="good"}') == 1
    assert 0 <= metric(url, 'mixsvc_rates_source_age_seconds{source="ecb"}') < DEADLINE
    assert metric(url, "mixsvc_view_threads") == 10
    assert metric(url, "process_open_fds") > 5


@pytest.fixture
def slow(launch: Launch, tmp_path: Path) -> Launch:
    """With one thread for views, of which one never ends."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "slow_app.py").write_text((PROJECT / "tests" / "e2e" / "apps" / "slow_app.py").read_text())
    environ = {"PYTHONPATH": str(tmp_path / "code")}
    server = {**OPERATORS, "shutdown_timeout": "1"}
    return replace(launch, environ=environ).having(web={"wsgi": "slow_app:app", "threads": "1"}, server=server)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def test_they_answer_while_no_view_can(
    start: Callable[[Launch], Service], slow: Launch, threads: ThreadPoolExecutor
) -> None:
    service = start(slow)
    url, port = admin_url(service), service.port

    def hang() -> None:
        with closing(HTTPConnection("127.0.0.1", port, timeout=DEADLINE)) as connection:
            connection.request("GET", "/hang")
            with suppress(HTTPException, OSError):
                connection.getresponse()

    for _ in range(3):
        threads.submit(hang)
    wait_for_views(url, running=1, waiting=2)

    assert status_of(f"{url}/healthz") == 200
    assert answer(url, "/readyz")[0] == 200
    service.stop()


@pytest.mark.parametrize("kind", TROUBLES)
def test_a_database_that_takes_nothing_makes_it_unready_and_says_why(launch: Launch, kind: str) -> None:
    with Service(launch.having(server=OPERATORS)) as service:
        url = admin_url(service)
        with trouble(kind, service, launch):
            status, body = answer(url, "/readyz")
            assert status_of(f"{url}/healthz") == 200
            assert metric(url, "mixsvc_ready") == 0

    assert status == 503
    assert body["status"] == "not ready"
    # Each wait for a lock takes a second, and what is before the probe in the database thread waits as well.
    late = r"|The database does not answer\." if kind == "locked" else ""
    assert re.fullmatch(rf"The database cannot be written to \(.+\)\.{late}", body["reasons"][0])


def test_sources_that_fail_are_told_of_and_do_not_make_it_unready(
    start: Callable[[Launch], Service], launch: Launch
) -> None:
    service = start(launch.having(rates={"ecb_url": "http://127.0.0.1:9/"}))
    service.wait_for("rates: ecb fails")

    status, body = answer(service.url, "/readyz")

    assert status == 200
    assert body["sources"][0] == {"name": "ecb", "state": "failing", "last_success": None}


def test_draining_it_is_not_ready_and_goes_on_serving(start: Callable[[Launch], Service], launch: Launch) -> None:
    # Longer than any test takes; it is killed at its end.
    service = start(launch.having(server={**OPERATORS, "drain": "300"}))
    url, page = admin_url(service), service.url

    service.process.terminate()
    service.wait_for("mixsvc: not ready any more; the service stops in 300")

    status, body = answer(url, "/readyz")
    assert (status, body["reasons"]) == (503, ["The service is stopping."])
    assert status_of(f"{url}/healthz") == 200
    assert metric(url, "mixsvc_ready") == 0
    assert status_of(f"{page}/") == 200
    with Chatter(service.port, "Ann") as ann:
        assert ann.say("still here") == 1
    assert service.process.poll() is None
    assert "Traceback" not in service.log()


def test_it_ends_when_it_has_drained(start: Callable[[Launch], Service], launch: Launch) -> None:
    service = start(launch.having(server={"drain": "1"}))
    assert service.port
    began = monotonic()

    assert service.stop() == -15

    assert monotonic() - began >= 1
    assert "Traceback" not in service.log()


def test_a_backup_made_while_it_runs_is_whole(
    start: Callable[[Launch], Service], launch: Launch, tmp_path: Path
) -> None:
    page = (PROJECT / "docs" / "how-to" / "operations.md").read_text()
    commands = re.findall(r"^runuser -u mixsvc -- ((?:.*\\\n)*.*)", page, re.MULTILINE)
    # To PostgreSQL; with sqlite3 before an upgrade, with it for a backup, and without it; the last puts a backup back.
    programs = [command.split()[0] for command in commands]
    assert programs == [
        "/opt/mixsvc/bin/mixsvc",
        "sqlite3",
        "sqlite3",
        "/opt/mixsvc/bin/python",
        "/opt/mixsvc/bin/mixsvc",
    ]
    service, copies = start(launch), tmp_path / "copies"
    copies.mkdir()

    def run(command: str) -> None:
        command = command.replace("/var/lib/mixsvc/", "").replace("/etc/mixsvc/", "")
        command = command.replace("/opt/mixsvc/bin", str(launch.programs)).replace("/var/backups/mixsvc", str(copies))
        subprocess.run(command, shell=True, cwd=launch.folder, check=True, timeout=DEADLINE)

    with Chatter(service.port, "Ann") as ann:
        ann.say("before the backup")
        run(commands[3])
        ann.say("after it")
    service.stop()
    (made,) = copies.iterdir()
    run(re.sub(r"/var/backups/mixsvc/\S+", str(made), commands[4]))

    with Service(launch) as restored, Chatter(restored.port, "Bob") as bob:
        assert [message["text"] for message in bob.joined["messages"]] == ["before the backup"]


def test_a_wrong_port_for_operators_is_named(launch: Launch) -> None:
    with Service(launch.having(server={"admin_listen": "nonsense"})) as service:
        assert service.wait_for_exit() == 1

        assert "mixsvc: [server] admin_listen: 'nonsense' is not an endpoint" in service.log()
