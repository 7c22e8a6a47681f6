"""The benchmark of SockJS servers counts right and detects faults; its figures are not tested."""

import socket
from collections.abc import Iterator
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.clients import Client, ClientGroup
from bench.connecting import connect, connect_one
from bench.load import Broadcasts, Echoes
from bench.peers import PEERS
from bench.processes import Server, on_cores, running
from bench.protocol import EVENTSOURCE, MARKER, PLAIN, WEBSOCKET, XHR_STREAMING, ProtocolError, Transport, numbered

SECONDS = 0.2
DEADLINE_SECONDS = 30.0


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Our server; its streaming responses end after 8 KB."""
    with running(PEERS["txsockjs"], on_cores(), streaming_limit=8192) as started:
        yield started


def server_frame(payload: bytes) -> bytes:
    return b"\x81" + bytes([len(payload)]) + payload


def array(*messages: int) -> bytes:
    return server_frame(b"a[%s]" % b",".join(b'"%s"' % numbered(number, 20) for number in messages))


@given(st.lists(st.integers(min_value=0, max_value=200)))
def test_messages_are_counted_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    # With beginnings of markers that are not continued.
    data = array(1, 2, 3) + MARKER[:2] + array(4) + b"\x81\x7e\x3c\x3d" + MARKER[:3] + MARKER + MARKER[:1]
    ours, theirs = socket.socketpair()
    with ours, theirs:
        client = Client(ours, WEBSOCKET, b"", b"")

        for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(data)], strict=True):
            if part := data[start:end]:
                client.take(bytearray(part + MARKER), len(part))

    assert client.count == data.count(MARKER) == 5


def checked(*frames: bytes, sent: int) -> None:
    """Check one session that receives these frames."""
    ours, theirs = socket.socketpair()
    with theirs, ClientGroup([Client(ours, WEBSOCKET, b"", b"")]) as group:
        theirs.sendall(b"".join(frames))
        broadcasts = Broadcasts(group.clients[0], group, window=sent, size=20)
        broadcasts.start()
        broadcasts.check()


def test_messages_that_came_once_and_in_order_pass() -> None:
    checked(server_frame(b"o"), array(0, 1), server_frame(b"h"), array(2), sent=3)


@pytest.mark.parametrize(
    ("numbers", "complaint"),
    [
        ((0, 2, 1), "out of order"),
        ((0, 1, 1), "out of order"),
        ((0, 1, 2, 2), "did not get 3 messages each; one got 4"),
    ],
)
def test_messages_out_of_order_or_doubled_are_detected(numbers: tuple[int, ...], complaint: str) -> None:
    with pytest.raises(ProtocolError, match=complaint):
        checked(*(array(number) for number in numbers), sent=3)


def test_a_close_frame_is_detected() -> None:
    with pytest.raises(ProtocolError, match="c\\[3000"):
        checked(array(0), server_frame(b'c[3000,"Go away!"]'), sent=1)


def test_a_server_that_closes_a_session_is_detected() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()

    with (
        ClientGroup([Client(ours, WEBSOCKET, b"", b"")]) as group,
        pytest.raises(ProtocolError, match="closed a session"),
    ):
        group.clients[0].receive(group.buffer, group.poll)


def test_a_plain_websocket_carries_messages_without_frames_of_their_own() -> None:
    data = server_frame(numbered(7, 20)) + b"\x89\x00" + server_frame(numbered(8, 20))

    assert list(PLAIN.messages(data)) == [numbered(7, 20), numbered(8, 20)]


def test_a_frame_that_is_cut_off_is_detected() -> None:
    with pytest.raises(ProtocolError, match="cut off"):
        list(WEBSOCKET.messages(array(1)[:-1]))


def test_broadcasts_to_websockets_all_arrive(server: Server) -> None:
    per_second, sent, seconds, deadline = 0.0, 0, SECONDS, perf_counter() + DEADLINE_SECONDS
    # On a busy machine nothing may come in so short a time.
    while not (per_second and sent > 4) and perf_counter() < deadline:
        with ClientGroup(connect(server.port, "/broadcast", WEBSOCKET, 5)) as group:
            broadcasts = Broadcasts(group.clients[0], group, window=4)
            per_second, sent, seconds = broadcasts.run(seconds), broadcasts.sent, 2 * seconds

            assert group.total() == 5 * sent

    assert per_second > 0
    assert sent > 4


@pytest.mark.parametrize("transport", [XHR_STREAMING, EVENTSOURCE], ids=lambda transport: transport.name)
def test_broadcasts_to_streams_all_arrive_although_responses_end(server: Server, transport: Transport) -> None:
    sender = connect_one(server.port, "/broadcast", WEBSOCKET)
    with ClientGroup([*connect(server.port, "/broadcast", transport, 4), sender]) as group:
        broadcasts = Broadcasts(sender, group, window=4)
        streams, deadline = group.clients[:-1], perf_counter() + DEADLINE_SECONDS

        broadcasts.start()
        while not all(client.reconnects for client in streams) and perf_counter() < deadline:
            broadcasts.run_until(perf_counter() + SECONDS)
        broadcasts.check()

        assert group.total() == 5 * broadcasts.sent
        assert all(client.reconnects for client in streams)


def test_echoes_come_back_to_their_senders(server: Server) -> None:
    with ClientGroup(connect(server.port, "/echo", WEBSOCKET, 5)) as group:
        echoes = Echoes(group)
        echoes.start(SECONDS)
        came, deadline = 0, perf_counter() + DEADLINE_SECONDS
        while not came and perf_counter() < deadline:
            came, took = echoes.run(SECONDS)
        echoes.check()

        assert came > 0
        assert took >= SECONDS


def test_a_refused_session_is_detected(server: Server) -> None:
    with pytest.raises(ProtocolError, match="404"):
        connect(server.port, "/nowhere", WEBSOCKET, 1)


def test_a_server_is_ended_when_its_context_is_left() -> None:
    with pytest.raises(ZeroDivisionError), running(PEERS["txsockjs"], on_cores()) as started:
        raise ZeroDivisionError

    with pytest.raises(OSError):
        started.memory()
