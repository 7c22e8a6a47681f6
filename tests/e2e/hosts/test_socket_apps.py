"""Applications of flask-sock and Flask-SocketIO, unchanged, with their clients: in processes, and on gevent."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import Any, Final

import pytest
from socketio import Client  # type: ignore[import-untyped]
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK
from websockets.sync.client import connect

from tests.builds import PROJECT
from tests.e2e.support.service import DEADLINE, Config, Service, WithReactor
from tests.e2e.support.urls import get_text

# The process of the application, and the reactor.
PROCESSES: Final = ("default", {"processes": "2"}, r"child \d+ is ready")
GEVENT: Final = ("gevent", {"threads": "10"}, "listening on")


@pytest.fixture(scope="module", params=[PROCESSES, GEVENT], ids=["processes", "gevent"])
def sockets(
    request: pytest.FixtureRequest, programs: Path, config: Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The service with the application; each socket that is open at its end gets 1012."""
    reactor, web, ready = request.param
    environ = {"PYTHONPATH": f"{PROJECT}:{PROJECT / 'tests' / 'e2e' / 'apps'}"}
    launch = WithReactor(programs, tmp_path_factory.mktemp("sockets"), config, environ=environ, reactor=reactor)
    with Service(launch.having(web={"wsgi": "socket_app:app", **web})) as service:
        service.lines.wait_for_count(ready, int(web.get("processes", "1")))
        yield service
        with connect(f"{ws(service)}/echo") as client, connect(f"{ws(service)}/hang") as hanging:
            client.send("a")
            client.recv(DEADLINE)
            service.stop()
            for each in (client, hanging):
                with pytest.raises(ConnectionClosedError) as caught:
                    each.recv(DEADLINE)
                assert caught.value.rcvd is not None
                assert caught.value.rcvd.code == 1012


def ws(service: Service) -> str:
    return f"ws://127.0.0.1:{service.port}"


@dataclass
class Talker:
    """A client of Socket.IO, with what it has heard."""

    client: Any = field(default_factory=lambda: Client(reconnection=False))
    heard: "Queue[str]" = field(default_factory=Queue)

    def join(self, service: Service, transports: list[str]) -> None:
        self.client.on("said", self.heard.put)
        self.client.connect(f"http://127.0.0.1:{service.port}", transports=transports, wait_timeout=DEADLINE)
        assert self.client.call("join", "room", timeout=DEADLINE) == "room"


def test_flask_sock_echoes_and_closes(sockets: Service) -> None:
    with connect(f"{ws(sockets)}/echo", max_size=None) as client:
        for message in ("short", b"\x00\xff" * 500_000):
            client.send(message)
            assert client.recv(DEADLINE) == message
        client.send("close")
        with pytest.raises(ConnectionClosedOK):
            client.recv(DEADLINE)
    sockets.wait_for(r'"GET /echo HTTP/1\.1" 101 \d{3,}')


@pytest.mark.parametrize("transports", [["polling"], ["websocket"], ["polling", "websocket"]], ids="+".join)
def test_socket_io_talks_by_each_transport(sockets: Service, transports: list[str]) -> None:
    talker = Talker()
    talker.join(sockets, transports)
    try:
        text = "x" * 100_000
        assert talker.client.call("say", {"room": "room", "text": text}, timeout=DEADLINE) == len(text)
        assert talker.heard.get(timeout=DEADLINE) == text
        assert talker.client.transport() == transports[-1]
    finally:
        talker.client.disconnect()


def test_sessions_that_poll_are_kept_apart_and_pages_are_answered_beside_them(sockets: Service) -> None:
    talkers = [Talker() for _ in range(6)]
    with ThreadPoolExecutor(len(talkers)) as pool:
        list(pool.map(lambda each: each.join(sockets, ["polling"]), talkers))
        try:
            for number, each in enumerate(talkers):
                assert (
                    each.client.call("say", {"room": each.client.get_sid(), "text": str(number)}, timeout=DEADLINE) == 1
                )
            assert get_text(f"http://127.0.0.1:{sockets.port}/") == "a page"
            assert [each.heard.get(timeout=DEADLINE) for each in talkers] == list("012345")
        finally:
            list(pool.map(lambda each: each.client.disconnect(), talkers))
