"""A full disk and a locked database while the service runs: no false answer, reading goes on, and it recovers."""

import json
import resource
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection

import pytest

from tests.e2e.support.chatter import Chatter
from tests.e2e.support.service import DEADLINE, SLACK, Launch, Service
from tests.e2e.support.urls import status_of

TROUBLES = ["full", "locked", "renamed"]


@contextmanager
def trouble(kind: str, service: Service, launch: Launch) -> Iterator[None]:
    """The database cannot be written to."""
    if kind == "locked":
        with closing(sqlite3.connect(launch.folder / "mixsvc.sqlite3", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield
            other.execute("ROLLBACK")
        return
    if kind == "renamed":
        database = launch.folder / "mixsvc.sqlite3"
        away = database.rename(launch.folder / "away")
        yield
        away.rename(database)
        return
    # What a full disk does to a write, without filling one: no file may grow beyond its first byte.
    before = resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    yield
    resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("kind", TROUBLES)
def test_nothing_is_acknowledged_that_is_not_stored_reading_goes_on_and_it_recovers(launch: Launch, kind: str) -> None:
    with Service(launch) as service, Chatter(service.port, "Ann") as ann:
        assert ann.say("before", key="k1") == 1
        with trouble(kind, service, launch):
            ann.ask(type="say", room="lobby", text="meanwhile", key="k2")
            refused = ann.wait_for("error")
            with Chatter(service.port, "Bob") as bob:
                assert [each["text"] for each in bob.joined["messages"]] == ["before"]
            assert status_of(f"{service.url}/api/rates") == 200
            assert status_of(f"{service.url}/readyz") == 503
        assert (refused["code"], refused["key"]) == ("not_saved", "k2")

        assert ann.say("meanwhile", key="k2") == 2
        assert ann.say("after", key="k3") == 3
        service.wait_for("chat: the database works again")
        assert service.log().count("chat: the database fails (insert)") == 1


def test_while_the_database_does_not_answer_other_pages_are_answered(launch: Launch) -> None:
    with Service(launch.having(web={"threads": "2"})) as service, ThreadPoolExecutor(30) as clients:
        assert status_of(f"{service.url}/api/rates") == 200
        token = (launch.folder / "api_token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

        def post(number: int) -> tuple[int, str | None]:
            with closing(HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE)) as connection:
                body = json.dumps({"text": f"message {number}"})
                connection.request("POST", "/api/rooms/lobby/messages", body, headers)
                answer = connection.getresponse()
                return answer.status, answer.headers["Retry-After"]

        with trouble("locked", service, launch):
            posts = [clients.submit(post, number) for number in range(30)]
            posts_began = time.monotonic()
            assert [status_of(f"{service.url}{path}") for path in ("/api/rates", "/")] == [200, 200]
            seconds = time.monotonic() - posts_began
            assert {each.result(DEADLINE) for each in posts} == {(503, "2")}
    # The posts together would hold both threads for more than a minute.
    assert seconds < SLACK
