"""A thousand real WebSockets of which a hundred never read: they are disconnected, and the others notice nothing."""

import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from bench.clients import Client, ClientGroup
from bench.connecting import connect
from bench.load import Broadcasts
from bench.peers import PEERS
from bench.processes import Server, on_cores, raise_file_limit, running
from tests.e2e.support.service import DEADLINE

SESSIONS = 1000
SLOW = 100
MESSAGE_BYTES = 8192
# Enough for the outbox of a client that does not read (1 MiB) and all buffers of the kernel on the way.
LEAST_BYTES = 8 * 2**20


@pytest.fixture
def server() -> Iterator[Server]:
    """txsockjs alone, with one room for all."""
    raise_file_limit(2 * SESSIONS)
    with running(PEERS["txsockjs"], on_cores()) as started:
        yield started


def wait_until_cut_off(client: Client) -> None:
    """Read what was sent, until the server closes the connection, or drops it because its close frame has no answer."""
    client.socket.settimeout(DEADLINE)
    with client.socket, suppress(ConnectionResetError):
        while client.socket.recv(2**20):
            pass


def test_readers_get_everything_and_those_who_never_read_are_closed(server: Server) -> None:
    never_read = connect(server.port, "/broadcast", server.peer.websocket, SLOW, 4096)
    with ClientGroup(connect(server.port, "/broadcast", server.peer.websocket, SESSIONS - SLOW)) as group:
        before = server.memory()
        broadcasts = Broadcasts(group.clients[0], group, window=16, size=MESSAGE_BYTES)
        broadcasts.start()
        while broadcasts.sent * MESSAGE_BYTES < LEAST_BYTES:
            broadcasts.run_until(time.perf_counter() + 0.1)

        # Each session of the 900 got each message once, and a sample of them is looked at in full.
        broadcasts.check()

        grown = server.memory() - before
    for client in never_read:
        wait_until_cut_off(client)

    # What waits for a hundred that do not read is shared; without a limit it would be 800 MB here.
    assert grown < 64 * 2**20
