"""Bad input from a client: that client gets an answer, other clients get nothing, and there is no traceback."""

import json
from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.e2e.support.chatter import Chatter
from tests.e2e.support.raw_http import answer_to
from tests.e2e.support.service import DEADLINE, Service
from tests.e2e.support.urls import post, status_of


@pytest.fixture(autouse=True)
def others_are_unharmed(service: Service) -> Iterator[None]:
    """Before, during and after each test two people chat, and the log stays free of tracebacks."""
    with Chatter(service.port, "Bystander") as bystander:
        yield
        number = bystander.say("still here")
        assert bystander.wait_for("message")["number"] == number
    assert "Traceback" not in service.log()
    assert "Unhandled" not in service.log()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "bad_json"),
        ("[]", "bad_json"),
        ("null", "bad_json"),
        ('"x"', "bad_json"),
        ("[" * 50_000, "bad_json"),
        ('{"type": "dance"}', "unknown_type"),
        ('{"type": 7}', "bad_json"),
        ('{"type": "hello"}', "no_name"),
        ('{"type": "hello", "name": 7}', "bad_field"),
        (json.dumps({"type": "hello", "name": "x" * 33}), "bad_name"),
        (json.dumps({"type": "hello", "name": "a\u202eb"}), "bad_name"),
        (json.dumps({"type": "say", "room": "lobby", "text": "x"}), "no_name"),
        (json.dumps({"type": "hello", "name": "bystander"}), "name_taken"),
    ],
)
def test_a_bad_message_is_answered_with_an_error(service: Service, text: str, code: str) -> None:
    with connect(f"ws://127.0.0.1:{service.port}/chat/websocket", open_timeout=DEADLINE) as client:
        client.send(text)

        assert json.loads(client.recv(timeout=DEADLINE))["code"] == code

        client.send('{"type": "hello", "name": "Sender"}')
        assert json.loads(client.recv(timeout=DEADLINE))["type"] == "welcome"


def test_a_huge_message_ends_its_connection_with_1009(service: Service) -> None:
    with (
        connect(f"ws://127.0.0.1:{service.port}/chat/websocket", open_timeout=DEADLINE) as client,
        pytest.raises(ConnectionClosed) as closed,
    ):
        client.send("x" * 10_000_000)
        client.recv(timeout=DEADLINE)

    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009


def test_invalid_utf_8_ends_its_connection_with_1007(service: Service) -> None:
    with (
        connect(f"ws://127.0.0.1:{service.port}/chat/websocket", open_timeout=DEADLINE) as client,
        pytest.raises(ConnectionClosed) as closed,
    ):
        client.send(b"\xff\xfe", text=True)
        client.recv(timeout=DEADLINE)

    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1007


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 500), (b"{", 500), (b"[1]", 500), (b'"x"', 500), (b"\xff", 500), (b"[]", 204)]
)
def test_a_bad_post_is_refused_and_its_session_goes_on(service: Service, body: bytes, status: int) -> None:
    session = f"{service.url}/chat/000/{abs(hash(body))}"
    assert post(f"{session}/xhr", b"") == (200, b"o\n")

    assert post(f"{session}/xhr_send", body)[0] == status

    assert post(f"{session}/xhr_send", b'["{}"]')[0] == 204
    assert b"bad_json" in post(f"{session}/xhr", b"")[1]


def test_a_huge_post_is_refused(service: Service) -> None:
    session = f"{service.url}/chat/000/huge"
    post(f"{session}/xhr", b"")

    assert post(f"{session}/xhr_send", json.dumps(["x" * 1_000_000]).encode())[0] == 413


def test_a_page_of_another_site_may_neither_connect_nor_post(service: Service) -> None:
    session = f"{service.url}/chat/000/evil"

    assert post(f"{session}/xhr", b"", Origin="http://evil.example")[0] == 403
    assert post(f"{session}/xhr", b"", Origin=service.url)[0] == 200
    assert post(f"{session}/xhr_send", b'["{}"]', Origin="http://evil.example")[0] == 403
    assert post(f"{session}/xhr_send", b'["{}"]', Origin="null")[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/static/../app.py",
        "/static/..%2f..%2f__init__.py",
        "/static/%00",
        "/static//etc/passwd",
        "/static/vendor/",
        "/%ff%fe",
        "/chat/../api",
        "/chat/..%2f/a/xhr",
    ],
)
def test_a_path_that_leads_elsewhere_is_not_found(service: Service, path: str) -> None:
    assert answer_to(service.port, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()).split()[
        1
    ] in (
        b"404",
        b"400",
        b"308",
    )


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /api/rates/%ff/%00 HTTP/1.1\r\nHost: \xff\r\nConnection: close\r\n\r\n",
        b"POST /chat/1/2/xhr HTTP/1.1\r\nHost: x\r\nCookie: \xff=\x01;;=\r\nConnection: close\r\n\r\n",
        b"POST /chat/1/2/jsonp_send HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data\r\nContent-Length: 3\r\n"
        b"Connection: close\r\n\r\nabc",
    ],
)
def test_bad_http_is_answered_or_closed(service: Service, data: bytes) -> None:
    answer = answer_to(service.port, data)

    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 200"))


def test_an_unknown_url_of_the_api_is_a_problem_in_json(service: Service) -> None:
    assert status_of(f"{service.url}/api/rates/EUR/XXX") == 404
    assert status_of(f"{service.url}/api/nothing") == 404
