"""Services that are full, out of files, behind TLS, limited to some hosts, or used by a thousand clients at once."""

import os
import resource
import signal
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from bench.processes import raise_file_limit
from tests.e2e.support.ecb import Ecb
from tests.e2e.support.raw_http import CLOSING, answer_to, at_rest, crowd, get, opened, read_to_end, settled
from tests.e2e.support.service import DEADLINE, Config, Launch, Service
from tests.txsockjs.certificate import write_certificate


@pytest.fixture(scope="module")
def config(ecb: Ecb) -> Config:
    """A short deadline for heads, and room for a thousand connections."""
    # Set before a service starts, which inherits the limit of this process.
    raise_file_limit(8192)
    return {
        "rates": {"ecb_url": ecb.url, "ecb_90_days_url": "", "ecb_history_url": ""},
        "server": {"header_timeout": "3"},
    }


def test_a_thousand_connections_at_once_find_room_to_wait(start: Callable[[Launch], Service], launch: Launch) -> None:
    # As a user would write them: without a backlog.
    endpoints = ("--listen", "tcp:0:interface=127.0.0.1", "--listen", "tcp:0:interface=127.0.0.1")
    service = start(replace(launch, options=endpoints))
    # The lines come one by one.
    service.lines.wait_for_count("mixsvc: listening on ", 2)
    ports = [int(address.rpartition(":")[2]) for address in service.addresses]
    # Nothing accepts connections; they wait in the system's queue.
    os.kill(service.process.pid, signal.SIGSTOP)
    try:
        for port in ports:
            with crowd(port, 1000):
                pass
    finally:
        os.kill(service.process.pid, signal.SIGCONT)

    assert get(ports[0]).startswith(b"HTTP/1.1 200 ")


def test_a_full_service_makes_room_for_the_newest(start: Callable[[Launch], Service], launch: Launch) -> None:
    service = start(launch.having(server={"max_connections": "50"}))
    with crowd(service.port, 200) as connections:
        assert get(service.port).startswith(b"HTTP/1.1 200 ")
        # Those that were idle longest were closed.
        assert read_to_end(connections[0]) == b""

    with ExitStack() as stack:
        for number in range(50):
            stream = stack.enter_context(opened(service.port))
            stream.sendall(b"POST /chat/000/%d/xhr_streaming HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n" % number)
            assert stream.recv(100)
        # No connection is idle now.
        assert read_to_end(stack.enter_context(opened(service.port))).startswith(b"HTTP/1.1 503 ")


def test_over_tls_nobody_is_waited_for_any_longer(
    start: Callable[[Launch], Service], launch: Launch, tmp_path: Path
) -> None:
    key, certificate = write_certificate(tmp_path / "certificate")
    endpoint = f"ssl:0:interface=127.0.0.1:privateKey={key}:certKey={certificate}"
    service = start(replace(launch.having(server={"idle_timeout": "1"}), options=("--listen", endpoint)))
    context = ssl.create_default_context(cafile=certificate)

    def connected() -> ssl.SSLSocket:
        return context.wrap_socket(opened(service.port), server_hostname="localhost")

    with connected() as refused, connected() as idle:
        idle.sendall(CLOSING.replace(b"Connection: close\r\n", b""))
        refused.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n\r\n")
        begun, pause = monotonic(), Event()
        with pytest.raises(OSError):
            while monotonic() - begun < DEADLINE:
                refused.sendall(b"x" * 1000)
                pause.wait(0.05)
        # Below TLS, where the client never answers the server's close_notify.
        with socket.socket(fileno=idle.detach()) as silent:
            silent.settimeout(DEADLINE)
            assert read_to_end(silent)


def test_over_tls_it_is_the_same(start: Callable[[Launch], Service], launch: Launch, tmp_path: Path) -> None:
    key, certificate = write_certificate(tmp_path / "certificate")
    endpoint = f"ssl:0:interface=127.0.0.1:privateKey={key}:certKey={certificate}"
    service = start(replace(launch.having(server={"hsts": "3600"}), options=("--listen", endpoint)))
    context = ssl.create_default_context(cafile=certificate)
    context.set_alpn_protocols(["h2", "http/1.1"])

    def answer(data: bytes) -> bytes:
        with context.wrap_socket(opened(service.port), server_hostname="localhost") as connection:
            assert connection.selected_alpn_protocol() in (None, "http/1.1")
            connection.sendall(data)
            return read_to_end(connection)

    # All at once, because each refused connection stays open for a moment.
    with ThreadPoolExecutor() as threads:
        good, bad, late = threads.map(answer, (CLOSING, b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nX: "))
    assert b"Strict-Transport-Security: max-age=3600" in good
    assert bad.endswith(b"The request has no Host header.\n")
    assert late.startswith(b"HTTP/1.1 408 ")


def test_without_any_file_left_it_goes_on_when_there_are_some(
    start: Callable[[Launch], Service], launch: Launch
) -> None:
    service = start(launch)
    pid = service.process.pid
    before = at_rest(pid, service.port)
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (before + 20, hard))
    with crowd(service.port, 100) as connections:
        # A connection that came too late is closed at once.
        assert read_to_end(connections[-1]) == b""

    assert settled(pid, service.port, before) <= before
    assert get(service.port).startswith(b"HTTP/1.1 200 ")
    assert "Traceback" not in service.log()


def test_only_the_hosts_that_are_set_are_answered(start: Callable[[Launch], Service], launch: Launch) -> None:
    service = start(launch.having(server={"hosts": "example.org, 127.0.0.1"}))

    assert get(service.port).startswith(b"HTTP/1.1 421 ")
    head = b"GET /chat/info HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n"
    assert answer_to(service.port, head % b"example.org:81").startswith(b"HTTP/1.1 200 ")
    assert answer_to(service.port, head % b"rebound.example").startswith(b"HTTP/1.1 421 ")
