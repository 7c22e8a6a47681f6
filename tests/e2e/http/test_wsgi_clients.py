"""Clients that leave, wait, or do not read: what a view notices of it, the same in threads and in processes."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.support.both_ways import PROCESSES, Fifo
from tests.e2e.support.exchange import Exchange
from tests.e2e.support.service import Service

# [web] threads of the services.
THREADS = 2


@pytest.fixture
def fifo(tmp_path: Path) -> Fifo:
    """Where one view waits."""
    return Fifo(tmp_path / "fifo")


def test_a_client_that_leaves_in_its_upload_is_no_call(contract: Service) -> None:
    with Exchange(contract.port) as leaving:
        leaving.socket.sendall(b"POST /answer?status=200+OK&name=unsent HTTP/1.1\r\nHost: here\r\n")
        leaving.socket.sendall(b"Content-Length: 100000\r\n\r\n" + b"x" * 80_000)

    with Exchange(contract.port) as client:
        assert client.ask("/answer?status=200+OK&name=others").body == b"body"
    contract.wait_for("closed others 1 times")
    assert "closed unsent" not in contract.log()


@pytest.mark.parametrize("begun", ["", "&begun=yes"])
def test_a_client_that_leaves_before_the_end_is_noticed_when_the_view_writes(
    contract: Service, fifo: Fifo, begun: str
) -> None:
    name = f"left{len(begun)}"
    with Exchange(contract.port) as leaving:
        leaving.send(f"/waits?fifo={fifo.path}&name={name}{begun}")
        if begun:
            assert leaving.head().code == 200
            assert leaving.read(3) == b"5\r\n"
        fifo.wait_for_view()
    fifo.let_go(b"x" * 60_000)

    contract.wait_for(f"closed {name} 1 times")
    with Exchange(contract.port) as client:
        assert client.ask("/next").code == 200
    assert f"closed {name} 2 times" not in contract.log()


def test_clients_that_leave_an_endless_response_free_its_thread(contract: Service) -> None:
    for number in range(3):
        for each in range(THREADS * PROCESSES):
            with Exchange(contract.port, 4096) as leaving:
                leaving.send(f"/endless?name=endless-{number}-{each}")
                assert leaving.head().code == 200
                assert leaving.read(10)
        for each in range(THREADS * PROCESSES):
            contract.wait_for(f"closed endless-{number}-{each} 1 times")


def test_a_client_that_does_not_read_an_endless_response_is_dropped(contract: Service) -> None:
    with Exchange(contract.port, 4096) as deaf:
        deaf.send("/endless?name=deaf")
        assert deaf.head().code == 200

        contract.wait_for("web: 127.0.0.1 did not read its response in time and is dropped")
        contract.wait_for("closed deaf 1 times")


def test_long_responses_that_nobody_reads_hold_no_threads(contract: Service, tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(bytes(2**24))
    with ExitStack() as stack:
        for _ in range(3 * THREADS * PROCESSES):
            deaf = stack.enter_context(Exchange(contract.port, 4096))
            deaf.send(f"/file?path={tmp_path / 'long'}")
        client = stack.enter_context(Exchange(contract.port))
        for number in range(10):
            assert client.ask(f"/{number}").code == 200


@pytest.mark.parametrize("way", ["threads", "processes"])
def test_as_many_views_run_at_one_time_as_there_are_threads(
    both: Mapping[str, Service], way: str, tmp_path: Path
) -> None:
    service, size = both[way], THREADS * (PROCESSES if way == "processes" else 1)
    with ExitStack() as stack:
        fifos = [Fifo(tmp_path / str(number)) for number in range(size)]
        waiting = [stack.enter_context(Exchange(service.port)) for _ in fifos]
        for number, (client, fifo) in enumerate(zip(waiting, fifos, strict=True)):
            client.send(f"/waits?fifo={fifo.path}&name=together-{number}")
        for fifo in fifos:
            fifo.wait_for_view()
        one_more = stack.enter_context(Exchange(service.port))
        one_more.send("/one-more")

        for number, (client, fifo) in enumerate(zip(waiting, fifos, strict=True)):
            fifo.let_go(b"%d" % number)
            assert client.receive().body == b"%d" % number
        assert one_more.receive().json()["PATH_INFO"] == "/one-more"


def test_clients_that_leave_while_they_wait_for_a_thread_are_no_obstacle(contract: Service, tmp_path: Path) -> None:
    with ExitStack() as stack:
        fifos = [Fifo(tmp_path / str(number)) for number in range(THREADS * PROCESSES)]
        waiting = [stack.enter_context(Exchange(contract.port)) for _ in fifos]
        for number, (client, fifo) in enumerate(zip(waiting, fifos, strict=True)):
            client.send(f"/waits?fifo={fifo.path}&name=before-{number}")
        fifos[0].wait_for_view()
        for _ in range(50):
            with Exchange(contract.port) as leaving:
                leaving.send("/answer?status=200+OK&name=gone")

        for client, fifo in zip(waiting, fifos, strict=True):
            fifo.let_go(b"over")
            assert client.receive().body == b"over"
        client = stack.enter_context(Exchange(contract.port))
        assert client.ask("/next").code == 200
