"""Blocking servers on PostgreSQL: each of their processes is a node, and one of them has the chat's port."""

import json
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path
from threading import Event
from typing import Final

import pytest

from tests.builds import PROJECT
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.hosts import FLASK, GTHREAD, PRELOAD, WAITRESS, Host, Server
from tests.e2e.support.service import Config, Launch
from tests.e2e.support.steadfast import Steadfast
from tests.e2e.support.urls import get_json, post
from tests.e2e.support.waiting import wait_until
from tests.e2e.support.workers import chat_port, each_worker, said
from tests.postgres import PASSWORD, Postgres

Start = Callable[..., Host]

SERVED: Final = "the chat is served here"
LIVELY: Final = {"listen": "tcp:0:interface=127.0.0.1", "rate": "1000000", "burst": "1000000", "joins": "1000000"}

# A host whose reactor is Twisted's own.
TWISTD: Final = Server(
    "twistd-web",
    (
        "-c",
        "from twisted.scripts.twistd import run; run()",
        *("--nodaemon", "--pidfile=", "web", "--listen=tcp:0:interface=127.0.0.1", "--wsgi={app}.app"),
    ),
    interrupted=-signal.SIGINT,
)


@pytest.fixture
def start(programs: Path, config: Config, tmp_path: Path, url: str) -> Iterator[Start]:
    """Starts servers with a chat for one test; whatever still runs at the end is killed."""
    with ExitStack() as stack:

        def started(server: Server, app: str = "hosted") -> Host:
            launch = Launch(programs, tmp_path / "host", config, environ={"PYTHONPATH": str(PROJECT)})
            launch = launch.having(storage={"url": url}, chat=LIVELY, nodes={"heartbeat": "0.5", "dead_after": "10"})
            launch.folder.mkdir()
            shutil.copy(PROJECT / "tests" / "e2e" / "apps" / "hosted.py", launch.folder)
            (launch.folder / "eager.py").write_text(
                "from hosted import app, mix\nprint(mix.rates.latest('EUR', 'USD'))\n"
            )
            return stack.enter_context(Host(server, launch, app))

        yield started


def owner(host: Host, after: int = 0) -> int:
    """The process that has the chat's port."""
    return int(re.findall(r"^\[(\d+)\]", host.lines.wait_for(SERVED, after))[0])


def stored(server: Postgres, url: str) -> dict[int, str]:
    return dict(server.execute("SELECT number, text FROM message ORDER BY number", url.rpartition("/")[2]))


@pytest.mark.parametrize("kind", [TWISTD, WAITRESS, FLASK], ids=str)
def test_page_view_and_chat_of_every_server_are_one(start: Start, kind: Server) -> None:
    host = start(kind)

    assert get_json(f"{host.url}/api/rates/EUR/USD")["quote"] == "USD"
    with Chatter(chat_port(host), "Ann") as ann:
        assert said(host, "hello")["inside"] == ["Ann"]
        assert ann.wait_for("message")["text"] == "hello"
        ann.say("hello back")
        messages = get_json(f"{host.url}/api/rooms/lobby/messages")["messages"]
        assert [each["text"] for each in messages] == ["hello", "hello back"]
    assert host.stop(signal.SIGINT) == kind.interrupted
    assert "Traceback" not in host.log()
    assert PASSWORD not in host.log()


def test_each_worker_reads_and_speaks_by_itself_while_the_one_with_the_port_hangs(start: Start) -> None:
    host = start(GTHREAD)
    with Chatter(chat_port(host), "Ann") as ann:
        numbers = each_worker(host, 3)
        assert [ann.wait_for("message")["number"] for _ in range(3)] == sorted(numbers.values())
        hanging = owner(host)
        os.kill(hanging, signal.SIGSTOP)
        try:
            others = [answer for _ in range(12) if (answer := said(host, "on", f"worker-unless/{hanging}"))]
        finally:
            os.kill(hanging, signal.SIGCONT)

        assert others
        assert all((each["rooms"], each["inside"]) == (["lobby"], ["Ann"]) for each in others)
        assert [ann.wait_for("message")["number"] for _ in others] == sorted(each["number"] for each in others)


@pytest.mark.parametrize("kind", [GTHREAD, PRELOAD], ids=str)
def test_when_the_worker_with_the_port_is_killed_under_load_nothing_is_lost_or_doubled(
    start: Start, kind: Server, url: str, server: Postgres
) -> None:
    host = start(kind)
    each_worker(host, 3)
    talkers = [Steadfast([chat_port(host)], f"talker{number}") for number in range(2)]
    over = Event()

    def publish(number: int) -> dict[int, str]:
        acknowledged, count = {}, 0
        while not over.wait(0.02):
            count += 1
            text = f"view{number}-{count}"
            try:
                acknowledged[said(host, text)["number"]] = text
            except (OSError, HTTPException):
                # Its worker was killed.
                pass
        return acknowledged

    with ThreadPoolExecutor(2) as threads, ExitStack() as stack:
        stack.callback(over.set)
        for talker in talkers:
            stack.callback(talker.finish)
            talker.start()
        publishing = [threads.submit(publish, number) for number in range(2)]
        wait_until(lambda: all(len(each.acknowledged) > 20 for each in talkers), "no progress")
        lines = len(host.lines.so_far())

        os.kill(owner(host), signal.SIGKILL)

        owner(host, after=lines)
        for talker in talkers:
            talker.ports = [chat_port(host)]
        wait_until(lambda: all(each.connections > 1 for each in talkers), "they do not come back")
        count = [len(each.acknowledged) for each in talkers]
        wait_until(lambda: all(len(each.acknowledged) > count[0] + 20 for each in talkers), "no progress afterwards")
        over.set()
        published = {number: text for each in publishing for number, text in each.result().items()}
    for talker in talkers:
        talker.wait()

    all_of_them = stored(server, url)
    assert list(all_of_them) == list(range(1, len(all_of_them) + 1))
    texts = [text for text in all_of_them.values() if text != "line"]
    assert len(set(texts)) == len(texts)
    assert published.items() <= all_of_them.items()
    for talker in talkers:
        assert talker.gaps == talker.refused == []
        assert [number for number, _ in talker.seen] == sorted({number for number, _ in talker.seen})
        assert {number: key for key, number in talker.acknowledged}.items() <= all_of_them.items()


def test_while_the_server_is_away_a_worker_that_dies_ends_no_other_and_all_comes_back(
    start: Start, server: Postgres
) -> None:
    host = start(GTHREAD)
    workers = sorted(each_worker(host, 3))
    server.stop()
    try:
        os.kill(workers[0], signal.SIGKILL)
        host.lines.wait_for("mixsvc: the database postgresql://.* cannot be used: .*Connection refused")
        assert post(f"{host.url}/worker/away", b"")[0] == 503
    finally:
        server.start()

    back: set[int] = set()

    def ask() -> bool:
        status, body = post(f"{host.url}/worker/back", b"")
        if status == 200:
            back.add(json.loads(body)["pid"])
        return len(back) == 3

    wait_until(ask, "not all workers are back")
    assert {*workers[1:]} < back


def test_forks_of_a_worker_and_of_a_server_that_has_used_it_are_nodes_of_their_own(start: Start) -> None:
    host = start(PRELOAD, "eager")
    host.lines.wait_for(SERVED)

    with Chatter(chat_port(host), "Ann") as ann:
        each_worker(host, 3)
        assert said(host, "fork", path="child")["number"] == 4
        assert said(host, "parent")["number"] == 5
        assert [ann.wait_for("message")["number"] for _ in range(5)] == [1, 2, 3, 4, 5]
        assert host.stop(signal.SIGTERM) == 0
    assert "Traceback" not in host.log()
