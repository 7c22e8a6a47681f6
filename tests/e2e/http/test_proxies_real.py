"""Behind the real nginx and the real HAProxy, with the examples of deploy/ and three nodes on a real PostgreSQL."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from itertools import count
from pathlib import Path
from secrets import token_hex
from threading import Event

import pytest
from playwright.sync_api import Browser
from websockets.sync.client import ClientConnection, connect

from tests.builds import PROJECT
from tests.e2e.support.proxies import Backend, Proxy, haproxy, nginx
from tests.e2e.support.service import DEADLINE, Config
from tests.e2e.support.three_nodes import ThreeNodes, documented
from tests.e2e.support.urls import get_text, status_of
from tests.e2e.support.waiting import wait_until
from tests.e2e.support.wanderers import TRANSPORTS, Wanderers
from tests.postgres import Postgres

# An address that no proxy here has, so that it is found in the log only if the proxy says it.
CLIENT = "127.0.0.2"

PROXIES = {"nginx": nginx, "haproxy": haproxy}

Started = Callable[[str], "House"]


@dataclass(frozen=True)
class House:
    """A proxy, and the nodes behind it."""

    proxy: Proxy
    nodes: ThreeNodes

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
        url = f"wss://localhost:{self.proxy.tls_port}/chat/000/{token_hex(8)}/websocket"
        return connect(url, ssl=self.proxy.context, open_timeout=DEADLINE, source_address=(CLIENT, 0))

    def opened(self) -> list[int]:
        """How many sessions each node has had."""
        pattern = re.compile(r"^mixsvc_sockjs_sessions_opened_total ([0-9.]+)$", re.MULTILINE)
        texts = [get_text(f"http://127.0.0.1:{each.admin_port}/metrics") for each in self.nodes.backends]
        return [int(float(found[1])) for text in texts if (found := pattern.search(text))]


@pytest.fixture(scope="module")
def nodes(
    programs: Path, config: Config, server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ThreeNodes]:
    """The nodes of the documentation; a test that stops one starts it again."""
    url = server.url(server.new_database())
    having = {**config, "server": {"access_log_file": "access.log"}, "nodes": {"heartbeat": "1", "dead_after": "5"}}
    with documented(programs, tmp_path_factory.mktemp("nodes"), url, having) as running:
        yield running


@pytest.fixture(scope="module")
def started(nodes: ThreeNodes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Starts a proxy of this name in front of the nodes, once for the module."""
    with ExitStack() as stack:
        houses: dict[str, House] = {}

        def start(name: str) -> House:
            if name not in houses:
                proxy = stack.enter_context(PROXIES[name](tmp_path_factory.mktemp(name) / "proxy", nodes.backends))
                houses[name] = House(proxy, nodes)
            return houses[name]

        yield start


@pytest.fixture(params=list(PROXIES))
def behind(started: Started, request: pytest.FixtureRequest) -> House:
    """The nodes behind each of the proxies."""
    return started(request.param)


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
        socket.send(json.dumps([json.dumps({"type": "hello", "name": f"Wes-{behind.proxy.port}"})]))
        frame = str(socket.recv(DEADLINE))

    assert json.loads(json.loads(frame[1:])[0])["type"] == "welcome"


def test_the_python_client_speaks_over_tls_to_whoever_is_at_another_node(behind: House) -> None:
    name = f"bot-{behind.proxy.port}"
    with behind.chat() as socket:
        assert socket.recv(DEADLINE) == "o"
        for request in ({"type": "hello", "name": f"Ear-{behind.proxy.port}"}, {"type": "join", "room": "lobby"}):
            socket.send(json.dumps([json.dumps(request)]))
        while '\\"type\\":\\"joined\\"' not in str(socket.recv(DEADLINE)):
            pass
        url = f"wss://localhost:{behind.proxy.tls_port}/chat/websocket"
        said = subprocess.run(
            [sys.executable, "-m", "mixsvc", "say", f"--url={url}", "--room=lobby", f"--name={name}", "--verbose", "-"],
            cwd=PROJECT,
            input="one\ntwo\nthree\n",
            env={**os.environ, "SSL_CERT_FILE": str(behind.proxy.certificate)},
            stdout=subprocess.PIPE,
            text=True,
            timeout=DEADLINE,
            check=True,
        )
        numbers = [int(each) for each in said.stdout.split()]
        heard: list[tuple[int, str]] = []
        while len(heard) < len(numbers):
            frame = str(socket.recv(DEADLINE))
            events = [json.loads(each) for each in json.loads(frame[1:])] if frame.startswith("a") else []
            heard += [(each["number"], each["text"]) for each in events if each.get("name") == name and "text" in each]

    assert heard == list(zip(numbers, ("one", "two", "three"), strict=True))


def test_the_chat_works_over_polls_which_all_reach_one_node(behind: House) -> None:
    before = behind.opened()

    for number in range(20):
        session = f"/chat/{number:03}/polled{number}-{behind.proxy.port}"
        assert behind.ask("POST", f"{session}/xhr")[2] == "o\n"
        hello = json.dumps([json.dumps({"type": "hello", "name": f"Pol{number}-{behind.proxy.port}"})])
        assert behind.ask("POST", f"{session}/xhr_send", hello)[0] == 204
        answer = behind.ask("POST", f"{session}/xhr")[2]
        assert json.loads(json.loads(answer[1:])[0])["type"] == "welcome"

    added = [now - then for now, then in zip(behind.opened(), before, strict=True)]
    assert sum(added) == 20
    assert all(added), "one of them got nothing"


def test_a_stream_comes_as_it_is_written(behind: House) -> None:
    with closing(behind.connection()) as connection:
        connection.request("POST", f"/chat/000/streamed{behind.proxy.port}/xhr_streaming")
        stream = connection.getresponse()
        assert stream.readline() == b"h" * 2048 + b"\n"
        assert stream.readline() == b"o\n"
        hello = json.dumps([json.dumps({"type": "hello", "name": f"Stream-{behind.proxy.port}"})])
        assert behind.ask("POST", f"/chat/000/streamed{behind.proxy.port}/xhr_send", hello)[0] == 204

        assert json.loads(json.loads(stream.readline()[1:])[0])["type"] == "welcome"


def test_the_log_has_the_client_and_not_what_it_says_of_itself(behind: House) -> None:
    assert behind.ask("GET", f"/?looked-for-{behind.proxy.port}", X_Forwarded_For="192.0.2.66")[0] == 200

    lines = logged(behind, f"looked-for-{behind.proxy.port}")

    assert [line.split(" ")[0] for line in lines] == [CLIENT]


def test_a_host_that_a_client_invents_is_not_believed(behind: House) -> None:
    status, _, _ = behind.ask(
        "POST", f"/chat/000/own{behind.proxy.port}/xhr", Origin=f"https://localhost:{behind.proxy.tls_port}"
    )
    assert status == 200

    status, _, _ = behind.ask(
        "POST", "/chat/000/evil/xhr", Origin="https://evil.example", X_Forwarded_Host="evil.example"
    )

    assert status == 403


def logged(house: House, word: str) -> list[str]:
    """The lines of the access logs with this word; SIGUSR1 makes the service write those that wait."""
    lines: list[str] = []
    for service in house.nodes.services:
        count = len(service.lines.so_far())
        service.process.send_signal(10)
        service.wait_for("reopened", after=count)
        lines += Path(f"/proc/{service.process.pid}/cwd/access.log").read_text().splitlines()
    return [line for line in lines if word in line]


@contextmanager
def hammered(house: House) -> Iterator[None]:
    """Meanwhile two threads ask for rates all the time; at the end each of them has got an answer each time."""
    over = Event()

    def hammer() -> list[int]:
        statuses = []
        while not over.wait(0.05):
            statuses.append(house.ask("GET", "/api/rates")[0])
        return statuses

    with ThreadPoolExecutor(2) as threads:
        hammering = [threads.submit(hammer) for _ in range(2)]
        try:
            yield
        finally:
            over.set()
        statuses = [status for each in hammering for status in each.result(DEADLINE)]
    assert len(statuses) > 2
    assert set(statuses) == {200}


def sessions_at(house: House, node: str) -> Iterator[str]:
    """Names of sessions that HAProxy sends to the node of this name."""
    for number in count():
        name = f"at-{node}-{number}"
        status, headers, _ = house.ask("POST", f"/chat/000/{name}/xhr_send", "[]")
        assert status == 404
        if headers["x-node"] == node:
            yield name


@contextmanager
def websocket_at(house: House, index: int) -> Iterator[ClientConnection]:
    """A WebSocket that the proxy has given to this node."""
    with ExitStack() as stack:
        while True:
            before = house.opened()[index]
            socket = stack.enter_context(house.chat())
            assert socket.recv(DEADLINE) == "o"
            if house.opened()[index] > before:
                yield socket
                return


def test_haproxy_turns_away_from_a_node_that_drains_and_nobody_notices(started: Started, chrome: Browser) -> None:
    behind = started("haproxy")
    page = chrome.new_context(ignore_https_errors=True, bypass_csp=True).new_page()
    page.goto(f"https://localhost:{behind.proxy.tls_port}/")
    page.add_script_tag(path=PROJECT / "node_modules" / "sockjs-client" / "dist" / "sockjs.min.js")
    wanderers = Wanderers(page, "/chat", dict(zip(TRANSPORTS, sessions_at(behind, "one"), strict=False)))
    wanderers.wait_for(opened=1)

    with websocket_at(behind, 0) as socket, hammered(behind):
        status = behind.nodes.services[0].stop()
        *_, last = socket
        # And some more requests once it is gone.
        assert [behind.ask("GET", "/")[0] for _ in range(5)] == [200] * 5

    assert status == -15
    # A WebSocket goes on until the node stops. A request at another node ends any other session at once.
    assert last == 'c[1001,"Server is stopping"]'
    wanderers.wait_for(opened=2)
    wanderers.finish()
    for transport, record in wanderers.records().items():
        assert [code for code, _ in record["closes"]] == [1006], f"{transport}: {record['closes']}"
        numbers = record["numbers"]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), f"{transport}: {numbers}"
    page.context.close()
    behind.nodes.start(0)


def test_nginx_turns_away_from_a_node_that_is_marked_with_down_and_nobody_notices(started: Started) -> None:
    behind = started("nginx")
    port = behind.nodes.backends[1].port

    with hammered(behind):
        behind.proxy.reload(f"127.0.0.1:{port} ", f"127.0.0.1:{port} down ")
        status = behind.nodes.services[1].stop()
        assert [behind.ask("GET", "/")[0] for _ in range(5)] == [200] * 5

    assert status == -15
    behind.nodes.start(1)
    behind.proxy.reload(f"127.0.0.1:{port} down ", f"127.0.0.1:{port} ")


def test_whoever_asks_after_a_node_was_killed_is_answered_by_another_one(behind: House) -> None:
    behind.nodes.services[2].kill()

    for number in range(10):
        assert behind.ask("GET", "/")[0] == 200
        assert behind.ask("POST", f"/chat/000/{behind.proxy.port}killed{number}/xhr")[2] == "o\n"

    behind.nodes.start(2)


def test_haproxy_uses_all_nodes_while_the_database_is_away(started: Started, server: Postgres) -> None:
    behind = started("haproxy")
    server.stop()
    try:
        behind.proxy.lines.wait_for("backend nodes has no server available|backend 'nodes' has no server available")

        assert [behind.ask("GET", "/")[0] for _ in range(5)] == [200] * 5
        for number in range(5):
            assert behind.ask("POST", f"/chat/000/away{number}/xhr")[2] == "o\n"
            # It is the same session.
            assert behind.ask("POST", f"/chat/000/away{number}/xhr_send", "[]")[0] == 204
    finally:
        server.start()
    wait_until(lambda: all(is_ready(each) for each in behind.nodes.backends), "not all nodes are ready")


def is_ready(backend: Backend) -> bool:
    return status_of(f"http://127.0.0.1:{backend.admin_port}/readyz") == 200
