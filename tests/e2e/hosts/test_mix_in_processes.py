"""Views in processes of their own see the same `mix` as in threads, and share what must be known to all of them."""

import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from werkzeug.security import generate_password_hash

from mixsvc.chat.protocol.events import LOGGED_OUT
from tests.e2e.support.both_ways import WAYS, Fifo, hosting, wait_for_processes
from tests.e2e.support.service import DEADLINE, Config, Launch, Service
from tests.e2e.support.urls import get_json, get_text
from tests.e2e.support.waiting import wait_until

PASSWORD: Final = "correct horse"
MODERATORS: Final = f"Mia: {generate_password_hash(PASSWORD, method='scrypt:1024:8:1')}"


def launch_of(installed: Path, folder: Path, config: Config, way: str) -> Launch:
    """Our pages are below /mix. The rates are those of the archive; no file holds a key, the log-outs or messages."""
    launch = hosting(Launch(installed, folder, config), "mix_app", pages="/mix", **WAYS[way])
    return launch.having(
        rates={"sources": "archive", "chart_timeout": "60"}, storage={"path": ":memory:"}, chat={"rooms": "lobby"}
    )


@pytest.fixture(scope="module")
def in_processes(
    installed: Path, config: Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Service, Path]]:
    """A service with two processes, and its folder."""
    folder = tmp_path_factory.mktemp("processes")
    launch = launch_of(installed, folder, config, "processes").having(chat={"moderators": MODERATORS})
    with Service(launch) as service:
        wait_for_processes(service, "processes")
        yield service, folder


def ask(service: Service, method: str, path: str, cookie: str = "", body: object = None) -> tuple[int, Any, str]:
    """Status, JSON, and the session cookie that is set."""
    connection = HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE)
    headers = {"Cookie": cookie, "Content-Type": "application/json"}
    connection.request(method, f"/mix/api{path}", b"" if body is None else json.dumps(body), headers)
    with connection.getresponse() as response:
        cookies = [value.split(";")[0] for name, value in response.getheaders() if name.lower() == "set-cookie"]
        found = response.read()
    connection.close()
    session = next((each for each in cookies if each.startswith("mixsvc_session=")), "")
    return response.status, json.loads(found) if found else None, session


def guess(service: Service) -> int:
    return ask(service, "POST", "/login", body={"name": "mia", "password": "wrong"})[0]


def is_moderator(service: Service, cookie: str) -> bool:
    return bool(ask(service, "GET", "/session", cookie)[1]["moderator"])


class HeldCall:
    """A call that keeps a thread of some process busy."""

    def __init__(self, service: Service, folder: Path, name: str) -> None:
        self._pipe = Fifo(folder / name)
        self._connection = HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE)
        self._connection.request("GET", f"/hold/{name}")
        self._pipe.wait_for_view()
        self.pid = (folder / f"{name}.pid").read_text()

    def end(self) -> None:
        self._pipe.let_go(b"over")
        assert self._connection.getresponse().read() == b"over"
        self._connection.close()
        self._pipe.path.unlink()


@contextmanager
def served_by(pid: str, service: Service, folder: Path) -> Iterator[None]:
    """Meanwhile this process gets all requests, as it has fewer calls than the other one."""
    held: list[HeldCall] = []
    # More by two: a process may have a call a moment longer than its client.
    while sum(each.pid != pid for each in held) < 2:
        held.append(HeldCall(service, folder, f"hold-{len(held)}"))
    for each in held:
        if each.pid == pid:
            each.end()
    wait_until(lambda: get_text(f"{service.url}/pid") == pid, "requests go elsewhere")
    yield
    for each in held:
        if each.pid != pid:
            each.end()


def test_mix_gives_the_same_answers_and_errors_as_in_threads(
    in_processes: tuple[Service, Path], installed: Path, config: Config, tmp_path: Path
) -> None:
    service, _ = in_processes
    with Service(launch_of(installed, tmp_path / "threads", config, "threads")) as threads:
        for path in (
            "rates",
            "chat-calls",
            "mix/api/rates",
            "mix/api/rates/EUR/USD/history?points=50",
            "mix/api/rooms",
        ):
            there, here = (get_json(f"{each.url}/{path}") for each in (threads, service))
            assert _without_times(here) == _without_times(there), path
        picture = "mix/api/rates/EUR/USD/chart.svg?days=30"
        assert get_text(f"{service.url}/{picture}") == get_text(f"{threads.url}/{picture}")


def test_all_processes_know_of_logins_what_one_knows(in_processes: tuple[Service, Path]) -> None:
    service, folder = in_processes
    one, two = (found[1] for found in re.finditer(r"is ready, pid (\d+)", service.log()))
    with served_by(one, service, folder):
        status, _, cookie = ask(service, "POST", "/login", body={"name": "mia", "password": PASSWORD})
        assert status == 200
        assert is_moderator(service, cookie)

    with served_by(two, service, folder):
        assert is_moderator(service, cookie)
        assert ask(service, "DELETE", "/session", cookie)[0] == 204
        # No process allows guesses of its own.
        guesses = [guess(service) for _ in range(3)]

    with served_by(one, service, folder):
        assert not is_moderator(service, cookie)
        guesses += [guess(service) for _ in range(3)]
    assert guesses == [403] * 5 + [429]


def test_the_authenticator_runs_in_the_processes_and_outlives_each_of_them(
    installed: Path, config: Config, tmp_path: Path
) -> None:
    folder = tmp_path / "service"
    launch = launch_of(installed, folder, config, "processes").having(
        chat={"authenticator": "mix_app:authenticator", "moderators": "Mia"}
    )
    with Service(launch) as service:
        wait_for_processes(service, "processes")
        assert not (folder / f"imported-{service.process.pid}").exists()
        with opened(service, "Mia") as mia, opened(service, "Ann") as ann:
            assert answer(mia, "sanctions")["type"] == "sanctions"
            assert answer(ann, "sanctions")["code"] == "not_allowed"
            (asked,) = folder.glob("asked-*")
            os.kill(int(asked.name.partition("-")[2]), signal.SIGKILL)
            service.wait_for("by signal SIGKILL")
            # Another one is asked again, with the cookie of then.
            assert answer(mia, "sanctions")["type"] == "sanctions"
            assert len(list(folder.glob("asked-*"))) == 2

            (folder / "Mia.out").touch()

            closed_with(mia, LOGGED_OUT)
            assert answer(ann, "rooms")["type"] == "rooms"
        with connected(service, "Nobody") as nobody:
            closed_with(nobody, 1011)
        service.wait_for("OSError: the users' database is gone")
        with opened(service, "Ann"):
            pass


@contextmanager
def connected(service: Service, user: str) -> Iterator[ClientConnection]:
    url = f"ws://127.0.0.1:{service.port}/chat/websocket"
    with connect(url, additional_headers={"Cookie": f"user={user}"}, open_timeout=DEADLINE) as socket:
        yield socket


@contextmanager
def opened(service: Service, user: str) -> Iterator[ClientConnection]:
    with connected(service, user) as socket:
        welcome = answer(socket, "hello")
        assert (welcome["name"], welcome["moderator"]) == (user, user == "Mia")
        yield socket


def answer(socket: ClientConnection, type: str) -> dict[str, Any]:
    socket.send(json.dumps({"type": type}))
    found: dict[str, Any] = json.loads(socket.recv(DEADLINE))
    return found


def closed_with(socket: ClientConnection, code: int) -> None:
    """Until the service closes the connection."""
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            socket.recv(DEADLINE)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == code


def _without_times(document: Any) -> Any:
    """JSON without the times at which the one service and the other have read or stored something."""
    if isinstance(document, dict):
        left_out = ("fetched_at", "time", "epoch")
        return {name: _without_times(each) for name, each in document.items() if name not in left_out}
    return [_without_times(each) for each in document] if isinstance(document, list) else document
