"""What the URLs of Socket.IO say."""

from types import SimpleNamespace
from typing import Any

import pytest

from mixsvc.sockets.socketio import SocketIo


def asking(uri: str, method: bytes = b"GET", length: int = 0) -> Any:
    """A request for this."""
    fields = SimpleNamespace(body_length=length)
    return SimpleNamespace(uri=uri.encode(), path=uri.partition("?")[0].encode(), method=method, fields=fields)


@pytest.mark.parametrize(
    ("path", "uri", "is_one"),
    [
        ("/socket.io", "/socket.io/?EIO=4", True),
        ("/socket.io", "/socket.io", True),
        ("/socket.io", "/socket.iou", False),
        ("/live/io", "/live/io/?EIO=4", True),
        ("", "/", False),
    ],
)
def test_only_requests_below_the_path_are_those_of_socket_io(path: str, uri: str, is_one: bool) -> None:
    assert SocketIo(path).is_one(asking(uri)) is is_one


@pytest.mark.parametrize(
    ("request_", "is_poll"),
    [
        (asking("/socket.io/?EIO=4&transport=polling&sid=aB"), True),
        (asking("/socket.io/?sid=aB&transport=polling&t=1"), True),
        (asking("/socket.io/?EIO=4&transport=polling"), False),
        (asking("/socket.io/?transport=websocket&sid=aB"), False),
        (asking("/socket.io/?transport=polling&sid=aB", b"POST"), False),
        (asking("/socket.io/?transport=polling&sid=aB", length=5), False),
        (asking("/other/?transport=polling&sid=aB"), False),
    ],
)
def test_a_poll_waits_in_a_session(request_: Any, is_poll: bool) -> None:
    assert SocketIo("/socket.io").is_poll(request_) is is_poll
