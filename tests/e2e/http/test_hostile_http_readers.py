"""Clients that request much and read nothing: they cost little, are disconnected in time, and delay no other client."""

import select
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

import pytest

from bench.processes import raise_file_limit
from tests.builds import PROJECT
from tests.e2e.support.raw_http import answer_to, crowd, descriptors, memory, read_to_end, settled
from tests.e2e.support.service import DEADLINE, SLACK

SERVER: Final = PROJECT / "tests" / "e2e" / "apps" / "site_server.py"

CLIENTS = 200
BIG = 5 * 2**20
ASK = b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n"
ASK_AND_CLOSE = b"GET /%b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


class Server(NamedTuple):
    """A process and its port."""

    pid: int
    port: int


@pytest.fixture
def server(installed: Path, tmp_path: Path) -> Iterator[Server]:
    """Serves `big`, of 5 MB, and `small`."""
    raise_file_limit(4096)
    (tmp_path / "big").write_bytes(b"x" * BIG)
    (tmp_path / "small").write_bytes(b"hello")
    command = [str(installed / "python"), str(SERVER), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        try:
            assert process.stdout is not None
            yield Server(process.pid, int(process.stdout.readline()))
        finally:
            process.kill()


@pytest.mark.parametrize("request_of_each", [ASK % b"big", ASK_AND_CLOSE % b"big", ASK % b"big" * 100])
def test_two_hundred_that_never_read_are_cheap_and_are_cut_off(server: Server, request_of_each: bytes) -> None:
    assert answer_to(server.port, ASK_AND_CLOSE % b"small").endswith(b"hello")
    before, files = memory(server.pid), descriptors(server.pid)
    with crowd(server.port, CLIENTS, request_of_each, receive_bytes=4096) as clients:
        start = monotonic()
        assert answer_to(server.port, ASK_AND_CLOSE % b"small").endswith(b"hello")
        assert monotonic() - start < SLACK
        # A full buffer each, and what is being read from the disk.
        assert memory(server.pid) - before < CLIENTS * 2 * 2**17

        # The bytes that the system has buffered come, and then the end; the test has not closed the connection.
        for client in clients:
            wait_until_cut_off(client)
        for client in clients:
            assert len(read_to_end(client)) < BIG + 2**19

    assert settled(server.pid, server.port, files) <= files


def wait_until_cut_off(client: socket.socket) -> None:
    """Until the server has reset the connection, without reading from it."""
    poll = select.poll()
    # Bytes to read do not wake it: only an error or a hang-up does.
    poll.register(client, 0)
    assert poll.poll(1000 * DEADLINE)


def test_who_reads_gets_everything(server: Server) -> None:
    answer = answer_to(server.port, ASK_AND_CLOSE % b"big")

    assert answer.endswith(b"x" * BIG)
