"""The HTTP load of the benchmark repeats what a server closed in between, and detects other answers."""

import socket
from collections.abc import Callable
from threading import Thread

import pytest

from bench.protocol import ProtocolError
from bench.requests import RequestLoad, RequestTimes

BODY = b"Hello"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello"


def loaded(serve: Callable[[socket.socket], None]) -> RequestTimes:
    """What one client measures with a server that does this with its listening socket."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        server = Thread(target=serve, args=(listening,), daemon=True)
        server.start()
        load = RequestLoad(listening.getsockname()[1], 1, BODY)
        try:
            return load.run(0.1)
        finally:
            load.close()
            server.join(10)


def answer_all(connection: socket.socket) -> None:
    """Answer until the client closes."""
    with connection:
        while connection.recv(1000):
            connection.sendall(ANSWER)


def test_a_request_is_sent_again_when_the_server_closes_the_connection_that_it_came_on() -> None:
    def serve(listening: socket.socket) -> None:
        with listening.accept()[0] as connection:
            connection.recv(1000)
            connection.sendall(ANSWER)
            connection.recv(1000)
        answer_all(listening.accept()[0])

    assert len(loaded(serve).took) > 1


def test_a_server_that_closes_again_and_again_is_detected() -> None:
    def serve(listening: socket.socket) -> None:
        for _ in range(2):
            with listening.accept()[0] as connection:
                connection.recv(1000)

    with pytest.raises(ProtocolError, match="answered b''"):
        loaded(serve)


def test_an_answer_that_is_cut_off_is_not_asked_for_again() -> None:
    def serve(listening: socket.socket) -> None:
        with listening.accept()[0] as connection:
            connection.recv(1000)
            connection.sendall(ANSWER[:-1])

    with pytest.raises(ProtocolError, match="the server answered b'HTTP/1.1 200 OK"):
        loaded(serve)
