"""What an application gets of a request: the same environ and the same body in threads and in processes."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.support.exchange import Exchange, Response
from tests.e2e.support.heads import HEADS
from tests.e2e.support.service import Service

# Where pieces of bodies begin and end: some that the pipes and buffers on the way care for.
SIZES = (1, 7, 1000, 32768, 65535, 65536, 65537, 131072, 131073)


def pattern(size: int) -> bytes:
    """A body in which no part is like another."""
    return b"".join(number.to_bytes(4) for number in range(size // 4 + 1))[:size]


def environ_of(service: Service, head: bytes) -> dict[str, Any]:
    """The environ that a view sees for these bytes."""
    with Exchange(service.port) as client:
        client.socket.sendall(head)
        answer = client.receive()
    assert answer.code == 200
    seen: dict[str, Any] = answer.json()
    return seen


@pytest.mark.parametrize("head", HEADS, ids=[repr(head.split(b" HTTP")[0].decode()) for head in HEADS])
def test_the_environ_is_the_same_but_for_the_number_of_processes(both: Mapping[str, Service], head: bytes) -> None:
    in_threads, in_processes = (environ_of(both[way], head) for way in ("threads", "processes"))

    assert in_threads.pop("wsgi.multiprocess") is False
    assert in_processes.pop("wsgi.multiprocess") is True
    for environ, way in ((in_threads, "threads"), (in_processes, "processes")):
        assert environ.pop("SERVER_PORT") == str(both[way].port)
        assert environ.pop("REMOTE_PORT", "0").isdigit()
    assert in_threads == in_processes


def test_the_environ_has_what_pep_3333_asks_for(contract: Service) -> None:
    environ = environ_of(contract, HEADS[0])

    assert (environ["wsgi.version"], environ["wsgi.url_scheme"]) == ([1, 0], "http")
    assert (environ["wsgi.multithread"], environ["wsgi.run_once"]) == (True, False)
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"], environ["SERVER_NAME"]) == ("", "/", "here")
    assert {"wsgi.input", "wsgi.errors", "wsgi.file_wrapper"} <= environ.keys()


def echoed(service: Service, body: bytes, sent: list[int] | None, query: str) -> Response:
    """The answer to a body that is sent as a whole, or in chunks of these sizes."""
    with Exchange(service.port) as client:
        if sent is None:
            client.send(f"/echo?{query}", "POST", body)
        else:
            client.send_chunks(f"/echo?{query}", pieces(body, sent))
        return client.receive()


def pieces(body: bytes, sizes: list[int]) -> list[bytes]:
    """The body in pieces of these sizes, again and again."""
    found: list[bytes] = []
    start = 0
    while start < len(body):
        size = sizes[len(found) % len(sizes)]
        found.append(body[start : start + size])
        start += size
    return found


@st.composite
def echoes(draw: st.DrawFn) -> tuple[bytes, list[int] | None, str]:
    """A body, in which chunks it is sent, and the query that says how it is read and returned."""
    reads = draw(st.lists(st.sampled_from([*map(str, SIZES), "all", "line", "lines", "each"]), min_size=1, max_size=3))
    writes = draw(st.lists(st.sampled_from(SIZES), min_size=1, max_size=3))
    chunks = draw(st.none() | st.lists(st.sampled_from(SIZES), min_size=1, max_size=3))
    # Many pieces of one byte take long.
    most = 3000 if min([*writes, *(chunks or [])]) < 1000 or reads[0] in ("1", "7") else 300_000
    size = draw(st.integers(0, 300) | st.integers(0, most))
    way = draw(st.sampled_from(["list", "iterator", "write", "both", "file"]))
    length = draw(st.sampled_from(["known", "unknown"]))
    query = f"read={','.join(reads)}&write={','.join(map(str, writes))}&way={way}&length={length}"
    return pattern(size), chunks, query


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(echoes())
def test_a_body_comes_back_whole_in_whatever_pieces_it_is_sent_read_and_returned(
    both: Mapping[str, Service], echo: tuple[bytes, list[int] | None, str]
) -> None:
    answers = [echoed(both[way], *echo) for way in ("threads", "processes")]

    for answer in answers:
        assert (answer.code, answer.is_whole) == (200, True)
        assert answer.body == echo[0]
    first, second = ([field for field in answer.fields if field[0] != "date"] for answer in answers)
    assert first == second


@pytest.mark.parametrize("size", [65535, 65536, 65537, 2**20, 17 * 2**20])
@pytest.mark.parametrize("way", ["list", "iterator"])
def test_large_bodies_come_and_go_whole(contract: Service, size: int, way: str) -> None:
    body = pattern(size)

    answer = echoed(contract, body, None, f"read=1000000&write=100000&length=known&way={way}")

    assert answer.is_whole and answer.body == body


def test_a_body_that_nobody_reads_is_no_obstacle(contract: Service) -> None:
    with Exchange(contract.port) as client:
        for size in (10, 100_000, 1_000_000):
            assert client.ask("/process", "POST", bytes(size)).code == 200


def test_bodies_beyond_the_limit_are_refused(contract: Service) -> None:
    with Exchange(contract.port) as client:
        client.socket.sendall(b"POST /process HTTP/1.1\r\nHost: here\r\nContent-Length: 40000001\r\n\r\n")

        assert client.receive().code == 413


def test_slow_uploads_hold_no_thread_and_arrive(contract: Service) -> None:
    body = pattern(100_000)
    slow = [Exchange(contract.port) for _ in range(6)]
    for client in slow:
        client.socket.sendall(b"POST /echo?read=all&write=1000&way=list&length=known HTTP/1.1\r\nHost: here\r\n")
        client.socket.sendall(b"Content-Length: 100000\r\n\r\n" + body[:70_000])

    with Exchange(contract.port) as other:
        assert other.ask("/process").code == 200

    for client in slow:
        client.socket.sendall(body[70_000:])
    for client in slow:
        assert client.receive().body == body
        client.close()


def test_a_client_that_expects_100_continue_gets_it_and_then_the_response(contract: Service) -> None:
    with Exchange(contract.port) as client:
        client.socket.sendall(
            b"POST /echo?read=all&write=9&way=list&length=known HTTP/1.1\r\nHost: here\r\n"
            b"Content-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        )
        assert client.head().code == 100
        client.socket.sendall(b"body")

        assert client.receive().body == b"body"


def test_a_request_behind_an_upload_on_the_same_connection_is_answered(contract: Service) -> None:
    body = pattern(200_000)
    with Exchange(contract.port) as client:
        for number in range(3):
            client.send("/echo?read=1000&write=50000&way=iterator&length=unknown", "POST", body)
            client.send(f"/after/{number}")
        for number in range(3):
            assert client.receive().body == body
            assert client.receive().json()["PATH_INFO"] == f"/after/{number}"
