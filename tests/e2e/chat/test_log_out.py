"""A moderator logs out: every copy of the cookie and every connection of that login ends, and no other login."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from werkzeug.security import generate_password_hash

from tests.e2e.support.service import DEADLINE, Launch, Service

PASSWORD = "correct horse"


@pytest.fixture
def moderated(launch: Launch) -> Launch:
    return launch.having(chat={"moderators": f"Mia: {generate_password_hash(PASSWORD, method='scrypt:1024:8:1')}"})


def ask(service: Service, method: str, path: str, cookie: str = "", body: object = None) -> tuple[int, str, str]:
    """Status, body, and the session cookie that is set."""
    connection = HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE)
    headers = {"Cookie": cookie, "Content-Type": "application/json"}
    connection.request(method, path, b"" if body is None else json.dumps(body), headers)
    with connection.getresponse() as response:
        cookies = [value.split(";")[0] for name, value in response.getheaders() if name.lower() == "set-cookie"]
        session = next((each for each in cookies if each.startswith("mixsvc_session=")), "")
        text = response.read().decode()
    connection.close()
    return response.status, text, session


def log_in(service: Service) -> str:
    status, _, cookie = ask(service, "POST", "/api/login", body={"name": "mia", "password": PASSWORD})
    assert status == 200
    return cookie


def is_moderator(service: Service, cookie: str) -> bool:
    found: bool = json.loads(ask(service, "GET", "/api/session", cookie)[1])["moderator"]
    return found


@contextmanager
def moderating(service: Service, cookie: str) -> Iterator[ClientConnection]:
    url = f"ws://127.0.0.1:{service.port}/chat/websocket"
    with connect(url, additional_headers={"Cookie": cookie}, open_timeout=DEADLINE) as socket:
        socket.send('{"type": "hello"}')
        assert json.loads(socket.recv(DEADLINE))["moderator"] is True
        yield socket


def mute(socket: ClientConnection, name: str) -> dict[str, Any]:
    """The answer."""
    socket.send(json.dumps({"type": "mute", "name": name}))
    answer: dict[str, Any] = json.loads(socket.recv(DEADLINE))
    return answer


def poll(service: Service, cookie: str) -> str:
    """One frame of a session over xhr-polling."""
    return ask(service, "POST", "/chat/000/s1/xhr", cookie)[1]


def test_a_log_out_ends_the_login_at_once_over_every_transport_and_for_good(moderated: Launch) -> None:
    with Service(moderated) as service:
        cookie, elsewhere = log_in(service), log_in(service)
        assert poll(service, cookie) == "o\n"
        with moderating(service, cookie) as socket, moderating(service, elsewhere) as other:
            assert mute(socket, "Ann")["type"] == "done"

            assert ask(service, "DELETE", "/api/session", cookie)[0] == 204
            # Without a request in between: all is over when the log-out is answered.
            assert json.loads(socket.recv(DEADLINE)) == {"type": "logged_out"}
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(DEADLINE)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 4001
            assert json.loads(json.loads(poll(service, cookie)[1:])[0]) == {"type": "logged_out"}
            assert poll(service, cookie) == 'c[4001,"Logged out"]\n'
            assert mute(other, "Bob")["type"] == "done"

        assert [is_moderator(service, each) for each in (cookie, elsewhere)] == [False, True]
        service.kill()
    with Service(moderated) as service:
        assert [is_moderator(service, each) for each in (cookie, elsewhere)] == [False, True]
    with Service(moderated.having(chat={"moderators": ""})) as service:
        assert not is_moderator(service, elsewhere)
