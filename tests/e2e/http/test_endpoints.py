"""Every kind of endpoint that the service may listen on, several at one time."""

import socket
import ssl
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

from tests.e2e.support.service import DEADLINE, Launch, Service
from tests.e2e.support.urls import status_of
from tests.txsockjs.certificate import write_certificate


class UnixConnection(HTTPConnection):
    """HTTP over a socket with a path."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=DEADLINE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(DEADLINE)
        self.sock.connect(str(self._path))


def status(connection: HTTPConnection) -> int:
    with closing(connection):
        connection.request("GET", "/api/rates")
        return connection.getresponse().status


def listening_on(*endpoints: str) -> tuple[str, ...]:
    return tuple(word for endpoint in endpoints for word in ("--listen", endpoint))


def test_it_listens_on_tcp_tls_and_a_unix_socket_at_once(start: Callable[[Launch], Service], launch: Launch) -> None:
    key, certificate = write_certificate(launch.folder)
    service = start(
        replace(
            launch,
            options=listening_on(
                "tcp:0:interface=127.0.0.1",
                f"ssl:0:interface=127.0.0.1:privateKey={key}:certKey={certificate}",
                "unix:web.sock:mode=660",
            ),
        )
    )
    service.wait_for("listening on web.sock")
    tcp, tls, path = service.addresses

    assert status_of(f"http://{tcp}/api/rates") == 200
    context = ssl.create_default_context(cafile=str(certificate))
    assert status(HTTPSConnection("localhost", int(tls.rpartition(":")[2]), timeout=DEADLINE, context=context)) == 200
    assert status(UnixConnection(launch.folder / path)) == 200
    assert (launch.folder / path).stat().st_mode & 0o777 == 0o660
    service.stop()
    assert not (launch.folder / path).exists()


def test_a_proxy_at_a_unix_socket_may_say_who_its_client_is(start: Callable[[Launch], Service], launch: Launch) -> None:
    server = {"trusted_proxies": "unix", "access_log_file": "access.log"}
    service = start(replace(launch, options=listening_on("unix:web.sock")).having(server=server))
    service.wait_for("listening on web.sock")

    with closing(UnixConnection(launch.folder / "web.sock")) as connection:
        connection.request("GET", "/", headers={"X-Forwarded-For": "192.0.2.7"})
        assert connection.getresponse().status == 200
    service.stop()

    assert (launch.folder / "access.log").read_text().startswith("192.0.2.7 - - ")
