"""Behind the real nginx and the real HAProxy, with the examples of deploy/ and two processes."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from threading import Event

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.e2e.support.proxies import Backend, Proxy, haproxy, nginx
from tests.e2e.support.service import DEADLINE, Config, Launch, Service
from tests.e2e.support.urls import get_text

# An address that no proxy here has, so that it is found in the log only if the proxy says it.
CLIENT = "127.0.0.2"

PROXIES = {"nginx": nginx, "haproxy": haproxy}

Started = Callable[[str], "House"]


@dataclass(frozen=True)
class House:
    """A proxy, and the two services behind it."""

    proxy: Proxy
    services: tuple[Service, Service]
    backends: tuple[Backend, Backend]

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
        """Status, headers (names in small letters) and body, over TLS and from CLIENT."""
        with closing(self.connection()) as connection:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body.encode(), named)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()

    def connection(self) -> HTTPSConnection:
        """From CLIENT to the proxy."""
        return HTTPSConnection(
            "localhost", self.proxy.tls_port, timeout=DEADLINE, context=self.proxy.context, source_address=(CLIENT, 0)
        )

    def chat(self) -> ClientConnection:
        """A WebSocket from CLIENT."""
        url = f"wss://localhost:{self.proxy.tls_port}/chat/000/{id(self)}/websocket"
        return connect(url, ssl=self.proxy.context, open_timeout=DEADLINE, source_address=(CLIENT, 0))

    def opened(self) -> list[int]:
        """How many sessions each service has had."""
        pattern = re.compile(r"^mixsvc_sockjs_sessions_opened_total ([0-9.]+)$", re.MULTILINE)
        texts = [get_text(f"http://127.0.0.1:{each.admin_port}/metrics") for each in self.backends]
        return [int(float(found[1])) for text in texts if (found := pattern.search(text))]


def admin_port(service: Service) -> int:
    return int(service.wait_for("mixsvc: admin pages on ").rpartition(":")[2])


@pytest.fixture(scope="module")
def started(installed: Path, config: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Starts a proxy of this name with two services behind it, once for the module."""
    with ExitStack() as stack:
        houses: dict[str, House] = {}

        def start(name: str) -> House:
            if name not in houses:
                houses[name] = stack.enter_context(house(name, installed, config, tmp_path_factory.mktemp(name)))
            return houses[name]

        yield start


@pytest.fixture(params=list(PROXIES))
def behind(started: Started, request: pytest.FixtureRequest) -> House:
    """The services behind each of the proxies."""
    return started(request.param)


@contextmanager
def house(name: str, installed: Path, config: Config, folder: Path) -> Iterator[House]:
    """Two services behind a proxy."""
    server = {
        "admin_listen": "tcp:0:interface=127.0.0.1",
        "trusted_proxies": "127.0.0.1",
        "access_log_file": "access.log",
        # More than HAProxy needs to notice on a loaded machine.
        "drain": "8",
    }
    launches = [Launch(installed, folder / each, config).having(server=server) for each in ("one", "two")]
    with Service(launches[0]) as one, Service(launches[1]) as two:
        backends = (Backend(one.port, admin_port(one)), Backend(two.port, admin_port(two)))
        with PROXIES[name](folder / "proxy", backends) as proxy:
            yield House(proxy, (one, two), backends)


def test_pages_come_over_tls_and_whoever_asks_without_is_sent_there(behind: House) -> None:
    status, _, body = behind.ask("GET", "/")
    assert (status, "Rates" in body) == (200, True)

    with closing(HTTPConnection("127.0.0.1", behind.proxy.port, timeout=DEADLINE)) as connection:
        connection.request("GET", "/x?y=z", headers={"Host": "example.org"})
        answer = connection.getresponse()

    assert answer.status in (301, 302)
    assert answer.headers["Location"] == "https://example.org/x?y=z"


def test_tls_at_the_proxy_makes_the_cookie_secure(behind: House) -> None:
    status, headers, _ = behind.ask("POST", "/api/session", '{"name": "Ann"}', Content_Type="application/json")

    assert status == 200
    assert "; Secure;" in headers["set-cookie"] + ";"


def test_the_chat_works_over_a_websocket(behind: House) -> None:
    with behind.chat() as socket:
        assert socket.recv(DEADLINE) == "o"
        socket.send(json.dumps([json.dumps({"type": "hello", "name": "Wes"})]))
        frame = str(socket.recv(DEADLINE))

    assert json.loads(json.loads(frame[1:])[0])["type"] == "welcome"


def test_the_chat_works_over_polls_which_all_reach_one_process(behind: House) -> None:
    before = behind.opened()

    for number in range(20):
        session = f"/chat/{number:03}/polled{number}"
        assert behind.ask("POST", f"{session}/xhr")[2] == "o\n"
        hello = json.dumps([json.dumps({"type": "hello", "name": f"Pol{number}"})])
        assert behind.ask("POST", f"{session}/xhr_send", hello)[0] == 204
        answer = behind.ask("POST", f"{session}/xhr")[2]
        assert json.loads(json.loads(answer[1:])[0])["type"] == "welcome"

    added = [now - then for now, then in zip(behind.opened(), before, strict=True)]
    assert sum(added) == 20
    assert all(added), "one of the two got nothing"


def test_a_stream_comes_as_it_is_written(behind: House) -> None:
    with closing(behind.connection()) as connection:
        connection.request("POST", "/chat/000/streamed/xhr_streaming")
        stream = connection.getresponse()
        assert stream.readline() == b"h" * 2048 + b"\n"
        assert stream.readline() == b"o\n"
        hello = json.dumps([json.dumps({"type": "hello", "name": "Stream"})])
        assert behind.ask("POST", "/chat/000/streamed/xhr_send", hello)[0] == 204

        assert json.loads(json.loads(stream.readline()[1:])[0])["type"] == "welcome"


def test_the_log_has_the_client_and_not_what_it_says_of_itself(behind: House) -> None:
    assert behind.ask("GET", "/?looked-for", X_Forwarded_For="192.0.2.66")[0] == 200

    lines = logged(behind, "looked-for")

    assert [line.split(" ")[0] for line in lines] == [CLIENT]


def test_a_host_that_a_client_invents_is_not_believed(behind: House) -> None:
    status, _, _ = behind.ask("POST", "/chat/000/own/xhr", Origin=f"https://localhost:{behind.proxy.tls_port}")
    assert status == 200

    status, _, _ = behind.ask(
        "POST", "/chat/000/evil/xhr", Origin="https://evil.example", X_Forwarded_Host="evil.example"
    )

    assert status == 403


def logged(house: House, word: str) -> list[str]:
    """The lines of the access logs with this word; SIGUSR1 makes the service write those that wait."""
    lines: list[str] = []
    for service in house.services:
        count = len(service.lines.so_far())
        service.process.send_signal(10)
        service.wait_for("reopened", after=count)
        lines += Path(f"/proc/{service.process.pid}/cwd/access.log").read_text().splitlines()
    return [line for line in lines if word in line]


def test_haproxy_turns_away_from_a_process_that_drains_and_nobody_notices(started: Started) -> None:
    behind = started("haproxy")
    over = Event()

    def hammer() -> list[int]:
        statuses = []
        while not over.is_set():
            statuses.append(behind.ask("GET", "/api/rates")[0])
        return statuses

    with ThreadPoolExecutor(2) as threads:
        hammering = [threads.submit(hammer) for _ in range(2)]
        try:
            status = behind.services[0].stop()
            # And some more requests once it is gone.
            assert [behind.ask("GET", "/")[0] for _ in range(5)] == [200] * 5
        finally:
            over.set()
        statuses = [status for each in hammering for status in each.result(DEADLINE)]

    assert status == -15
    assert set(statuses) == {200}
