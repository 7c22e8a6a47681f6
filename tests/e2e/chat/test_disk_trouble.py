"""A full disk and a locked database while the service runs: no false answer, reading goes on, and it recovers."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.e2e.support.chatter import Chatter
from tests.e2e.support.service import Launch, Service
from tests.e2e.support.urls import status_of

TROUBLES = ["full", "locked"]


@contextmanager
def trouble(kind: str, service: Service, launch: Launch) -> Iterator[None]:
    """The database cannot be written to."""
    if kind == "locked":
        with closing(sqlite3.connect(launch.folder / "mixsvc.sqlite3", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield
            other.execute("ROLLBACK")
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
        assert (refused["code"], refused["key"]) == ("not_saved", "k2")

        assert ann.say("meanwhile", key="k2") == 2
        assert ann.say("after", key="k3") == 3
        service.wait_for("chat: the database works again")
        assert service.log().count("chat: the database fails") == 1
