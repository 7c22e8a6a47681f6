"""A service on PostgreSQL, under each reactor: what is acknowledged is kept, whatever happens to the server."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from urllib.error import HTTPError

import pytest

from tests.builds import PROJECT
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.operators import OPERATORS, admin_url, metric
from tests.e2e.support.service import DEADLINE, Config, Launch, Service, refused
from tests.e2e.support.urls import get_json, get_text
from tests.e2e.support.waiting import wait_until
from tests.postgres import PASSWORD, Postgres

Start = Callable[[Launch], Service]

CHECKOUT = {"PYTHONPATH": str(PROJECT)}

# No rate limit is reached here.
LIVELY = {"rate": "1000000", "burst": "1000000", "joins": "1000000", "keep": "1000000"}


@dataclass(frozen=True)
class WithReactor(Launch):
    """The same with one of twistd's reactors."""

    reactor: str = "default"

    def command(self, *twistd_options: str) -> list[str]:
        """See Launch."""
        return super().command(f"--reactor={self.reactor}", *twistd_options)


class Talker(Thread):
    """Says one message after another in the lobby; says one again, with its key, until it is acknowledged."""

    def __init__(self, port: int, name: str) -> None:
        super().__init__(daemon=True)
        self.acknowledged: dict[str, int] = {}
        self.not_saved = 0
        self.is_over = Event()
        self._port, self._name = port, name

    def run(self) -> None:
        """Until it is told to end, and the last message is acknowledged."""
        with Chatter(self._port, self._name) as chatter:
            while not self.is_over.is_set():
                text = f"{self._name} {len(self.acknowledged)}"
                self.acknowledged[text] = self._say(chatter, text)

    def _say(self, chatter: Chatter, text: str) -> int:
        while True:
            chatter.ask(type="say", room="lobby", text=text, key=text)
            while (told := json.loads(chatter.socket.recv(timeout=DEADLINE)))["type"] not in ("said", "error"):
                pass
            if told["type"] == "said":
                return int(told["number"])
            assert told["code"] == "not_saved", told
            self.not_saved += 1
            self.is_over.wait(0.05)


@pytest.fixture(params=["epoll", "asyncio", "gevent"])
def launch(request: pytest.FixtureRequest, programs: Path, config: Config, tmp_path: Path, url: str) -> Launch:
    """A service on the server."""
    made = WithReactor(programs, tmp_path / "service", config, environ=CHECKOUT, reactor=request.param)
    return made.having(storage={"url": url}, server=OPERATORS, chat=LIVELY)


def readiness(service: Service) -> str:
    """The reasons of /readyz, "" if it is ready."""
    try:
        return " ".join(get_json(f"{admin_url(service)}/readyz")["reasons"])
    except HTTPError as error:
        return " ".join(json.load(error)["reasons"])


def count(talkers: list[Talker]) -> int:
    """How many messages are acknowledged."""
    return sum(len(each.acknowledged) for each in talkers)


def check_stored(server: Postgres, url: str, talkers: list[Talker]) -> None:
    """Every acknowledged message is there once with its number, and the numbers have no gap."""
    rows = server.execute("SELECT text, number FROM message ORDER BY number", url.rpartition("/")[2])
    acknowledged = {text: number for talker in talkers for text, number in talker.acknowledged.items()}

    assert dict(rows) | acknowledged == dict(rows)
    assert len(dict(rows)) == len(rows)
    assert [number for _, number in rows] == list(range(1, len(rows) + 1))


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
    assert sorted(path.name for path in launch.folder.iterdir()) == ["api_token", "mixsvc.ini", "secret_key"]
    assert PASSWORD not in first.log() + second.log()


def test_a_server_that_crashes_under_load_loses_and_doubles_nothing(
    launch: Launch, start: Start, server: Postgres, url: str
) -> None:
    service = start(launch)
    talkers = [Talker(service.port, f"talker{number}") for number in range(4)]
    with ExitStack() as stack:
        for each in talkers:
            stack.callback(each.join, DEADLINE)
            stack.callback(each.is_over.set)
            each.start()
        wait_until(lambda: count(talkers) > 100, "no progress")
        server.crash()
        said = count(talkers)
        wait_until(lambda: count(talkers) > said + 100, "it does not come back")

    assert not any(each.is_alive() for each in talkers)
    check_stored(server, url, talkers)


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
            wait_until(lambda: readiness(service) != "", "/readyz does not say it")
            assert "PostgreSQL is away" in readiness(service)
            assert metric(admin_url(service), "mixsvc_postgresql_up") == 0
            assert get_text(f"{service.url}/api/rates")
        finally:
            server.start()
        wait_until(lambda: readiness(service) == "", "it does not come back")
        assert ann.say("after") == 2

    assert PASSWORD not in service.log()


def test_a_silent_server_is_noticed_within_ten_seconds(
    programs: Path, config: Config, tmp_path: Path, start: Start, server: Postgres, url: str
) -> None:
    launch = Launch(programs, tmp_path / "service", config, environ=CHECKOUT)
    service = start(launch.having(storage={"url": url}, server=OPERATORS))
    with Chatter(service.port, "Ann") as ann:
        assert ann.say("before") == 1
        server.pause()
        try:
            ann.ask(type="say", room="lobby", text="meanwhile", key="k1")
            end = monotonic() + 10
            while (told := json.loads(ann.socket.recv(timeout=end - monotonic())))["type"] != "error":
                pass
            assert told["code"] == "not_saved"
        finally:
            server.go_on()
        wait_until(lambda: readiness(service) == "", "it does not come back")
        number = ann.say("meanwhile", key="k1")

    assert number == 2


def test_a_start_is_refused_in_one_line(programs: Path, config: Config, tmp_path: Path, server: Postgres) -> None:
    launch = Launch(programs, tmp_path / "service", config, environ=CHECKOUT)

    told = refused(launch.having(storage={"url": server.url("nowhere")}))

    assert 'database "nowhere" does not exist' in told
    assert PASSWORD not in told


def test_without_the_extra_one_line_says_what_is_missing(installed: Path, config: Config, tmp_path: Path) -> None:
    launch = Launch(installed, tmp_path / "service", config).having(storage={"url": "postgresql://localhost/chat"})

    assert "[storage] url needs psycopg, which is not installed here" in refused(launch)
