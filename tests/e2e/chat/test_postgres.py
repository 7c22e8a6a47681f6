"""A service on PostgreSQL, under each reactor: what is acknowledged is kept, whatever happens to the server."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builds import PROJECT
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.crowd import Crowd, stored_messages
from tests.e2e.support.operators import OPERATORS, admin_url, metric, unready
from tests.e2e.support.service import Config, Launch, Service, WithReactor, refused
from tests.e2e.support.urls import get_text
from tests.e2e.support.waiting import wait_until
from tests.postgres import PASSWORD, Postgres

Start = Callable[[Launch], Service]

CHECKOUT = {"PYTHONPATH": str(PROJECT)}

# No rate limit is reached here.
LIVELY = {"rate": "1000000", "burst": "1000000", "joins": "1000000", "keep": "1000000"}


@pytest.fixture(params=["epoll", "asyncio", "gevent"])
def launch(request: pytest.FixtureRequest, programs: Path, config: Config, tmp_path: Path, url: str) -> Launch:
    """A service on the server."""
    made = WithReactor(programs, tmp_path / "service", config, environ=CHECKOUT, reactor=request.param)
    return made.having(storage={"url": url}, server=OPERATORS, chat=LIVELY)


def test_messages_and_rates_outlast_a_restart_without_a_file(launch: Launch, start: Start) -> None:
    first = start(launch)
    with Chatter(first.port, "Ann") as ann:
        assert ann.say("kept") == 1
    rates = get_text(f"{first.url}/api/rates")
    assert first.stop() == -15

    second = start(launch)
    with Chatter(second.port, "Bob") as bob:
        assert [each["text"] for each in bob.joined["messages"]] == ["kept"]

    assert "EUR" in rates
    assert metric(admin_url(second), "mixsvc_postgresql_up") == 1
    files = {path.name for path in launch.folder.iterdir()}
    assert files == {"admin_token", "api_token", "mixsvc.ctl", "mixsvc.ini", "secret_key"}
    assert PASSWORD not in first.log() + second.log()


def test_a_server_that_crashes_under_load_loses_and_doubles_nothing(
    launch: Launch, start: Start, server: Postgres, url: str
) -> None:
    service = start(launch)
    crowd = Crowd([service.port], "lobby")
    crowd.wait_for_more(20)
    server.crash()
    crowd.wait_for_more(20)
    crowd.end()

    crowd.judge(stored_messages(server, url, crowd.room))


def test_while_the_server_is_away_nobody_waits_and_afterwards_nothing_needs_a_restart(
    launch: Launch, start: Start, server: Postgres, url: str
) -> None:
    service = start(launch)
    with Chatter(service.port, "Ann") as ann:
        assert ann.say("before") == 1
        server.stop()
        try:
            ann.ask(type="say", room="lobby", text="meanwhile", key="k1")
            assert ann.wait_for("error")["code"] == "not_saved"
            wait_until(lambda: unready(admin_url(service)) != "", "/readyz does not say it")
            assert "PostgreSQL is away" in unready(admin_url(service))
            assert metric(admin_url(service), "mixsvc_postgresql_up") == 0
            assert get_text(f"{service.url}/api/rates")
            ann.ask(type="history", room="lobby")
            assert [each["text"] for each in ann.wait_for("history")["messages"]] == ["before"]
        finally:
            server.start()
        wait_until(lambda: unready(admin_url(service)) == "", "it does not come back")
        assert ann.say("after") == 2

    assert PASSWORD not in service.log()
    assert service.log().count("nothing is stored until it answers again") == 1


def test_a_start_is_refused_in_one_line(programs: Path, config: Config, tmp_path: Path, server: Postgres) -> None:
    launch = Launch(programs, tmp_path / "service", config, environ=CHECKOUT)

    told = refused(launch.having(storage={"url": server.url("nowhere")}))

    assert 'database "nowhere" does not exist' in told
    assert PASSWORD not in told


def test_without_the_extra_one_line_says_what_is_missing(installed: Path, config: Config, tmp_path: Path) -> None:
    launch = Launch(installed, tmp_path / "service", config).having(storage={"url": "postgresql://localhost/chat"})

    assert "[storage] url needs psycopg, which is not installed here" in refused(launch)
