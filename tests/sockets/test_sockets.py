"""Views that take their client's socket: real clients and servers of WebSockets over the loopback."""

import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from simple_websocket import ConnectionClosed, Server
from twisted.internet.ssl import KeyPair
from twisted.logger import ILogObserver, globalLogPublisher
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as plain_connect
from zope.interface import implementer

from mixsvc.config.network import proxies
from mixsvc.config.settings import ChatSettings, ServerSettings, Settings, WebSettings
from mixsvc.sockets import pump
from mixsvc.sockets.socketio import polls_at_once
from tests.sockets.live import SECONDS, Live, live, no_body

connect = partial(plain_connect, max_size=None, close_timeout=SECONDS, open_timeout=SECONDS)

LONG = 3_000_000

HANDSHAKE = (
    b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: %b\r\n\r\n"
)


class App:
    """What the tests ask for, by path. ended: set when a view has returned; gate: what `/slow` waits for."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.gate = threading.Event()
        self.said: list[Any] = []

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        try:
            return getattr(self, environ["PATH_INFO"].strip("/"))(environ, start_response)  # type: ignore[no-any-return]
        finally:
            self.ended.set()

    def echo(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """Echo until the client leaves, then respond over HTTP, as flask-sock does."""
        server = Server(environ)
        try:
            while (said := server.receive()) != "close":
                server.send(said)
        except ConnectionClosed as error:
            self.said.append(error.reason)
        if server.connected:
            server.close()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"this is no frame"]

    def fail(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        Server(environ).send("first")
        raise LookupError("of a view")

    def left(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """Return while a thread is about to close, as simple-websocket's does when the client has closed."""
        server = Server(environ)
        threading.Timer(0.05, server.close).start()
        return no_body(start_response, "200 OK")

    def quiet(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """End as Socket.IO's driver does."""
        Server(environ).close()
        raise ConnectionError

    def hang(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        self.said.append(Server(environ))
        self.gate.wait(SECONDS)
        return no_body(start_response, "200 OK")

    def deaf(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """Wait for the client without having written."""
        self.said.append(environ["werkzeug.socket"].recv(1))
        return no_body(start_response, "204 No Content")

    def half(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """Take the socket, and stop in the middle of a frame until the gate opens."""
        Server(environ)
        environ["werkzeug.socket"].sendall(b"\x81\x05ab")
        self.said.append("half")
        self.gate.wait(SECONDS)
        environ["werkzeug.socket"].sendall(b"cde\x81\x03fgh")
        self.ended.wait(SECONDS)
        return []

    def raw(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        environ["werkzeug.socket"].sendall(b"HTTP/1.1 418 I'm a teapot\r\nContent-Length: 2\r\n\r\nno")
        environ["werkzeug.socket"].close()
        return no_body(start_response, "200 OK")

    def no(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        self.said.append("werkzeug.socket" in environ)
        return no_body(start_response, "403 Forbidden")

    def poll(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """Begin a session, or wait as Socket.IO does."""
        start_response("200 OK", [("Content-Type", "text/plain")])
        if "sid=" not in environ["QUERY_STRING"]:
            return [b'0{"sid":"aB"}']
        self.said.append("poll")
        self.gate.wait(SECONDS)
        return [b"nothing new"]

    def stream(self, environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"a"
        yield b"b"


@pytest.fixture
def app() -> Iterator[App]:
    application = App()
    yield application
    application.gate.set()


@pytest.fixture(params=["threads", "processes"])
def served(app: App, request: pytest.FixtureRequest) -> Iterator[Live]:
    processes = int(request.param == "processes")
    web = WebSettings(threads=1, socket_threads=2, processes=processes, socketio_path="/poll")
    with live(app, Settings(web=web)) as running:
        yield running


def refusal(url: str, **options: Any) -> Any:
    """The response to a handshake that fails."""
    with pytest.raises(InvalidStatus) as caught, connect(url, **options):
        pass
    return caught.value.response


def asked(served: Live, data: bytes, end: bytes = b"\r\n\r\n") -> bytes:
    """What comes back for these bytes, up to this end."""
    with socket.create_connection(("127.0.0.1", served.port), SECONDS) as client:
        client.sendall(data)
        answer = b""
        while not answer.endswith(end):
            more = client.recv(65536)
            assert more, answer
            answer += more
        return answer


def test_messages_of_any_length_come_back(served: Live) -> None:
    with connect(f"{served.url}/echo") as client:
        for message in ("short", b"\x00" * 70_000, "x" * LONG):
            client.send(message)
            assert client.recv(SECONDS) == message


def test_what_a_view_says_over_http_behind_its_close_frame_is_not_sent(served: Live) -> None:
    with connect(f"{served.url}/echo", compression=None) as client:
        client.send("a")
        client.recv(SECONDS)
        client.send("close")
        with pytest.raises(ConnectionClosedOK):
            client.recv(SECONDS)

    served.wait_until(lambda: served.logged.answers)
    # The frame of the echo and that of the close.
    assert served.logged.answers == [(101, 3 + 4)]


def test_a_client_that_closes_ends_the_view(served: Live, app: App) -> None:
    with connect(f"{served.url}/echo"):
        pass

    assert app.ended.wait(SECONDS)
    assert app.said == [1000]


def test_a_client_that_leaves_ends_the_view(served: Live, app: App) -> None:
    with socket.create_connection(("127.0.0.1", served.port), SECONDS) as client:
        client.sendall(HANDSHAKE % (b"/echo", b"13"))
        assert client.recv(65536).startswith(b"HTTP/1.1 101 ")

    assert app.ended.wait(SECONDS)


def test_a_client_that_leaves_ends_a_view_that_has_not_answered_yet(served: Live, app: App) -> None:
    with socket.create_connection(("127.0.0.1", served.port), SECONDS) as client:
        client.sendall(HANDSHAKE % (b"/deaf", b"13"))
        served.wait_until(lambda: served.sockets.busy() == ["GET /deaf"])

    assert app.ended.wait(SECONDS)
    assert app.said == [b""]


def test_what_a_client_sends_behind_its_handshake_reaches_the_view(served: Live) -> None:
    frame = b"\x81\x81\x00\x00\x00\x00a"
    asked(served, HANDSHAKE % (b"/echo", b"13") + frame, b"\r\n\r\n\x81\x01a")


def test_a_view_that_fails_closes_with_1011(served: Live) -> None:
    with connect(f"{served.url}/fail") as client:
        assert client.recv(SECONDS) == "first"
        with pytest.raises(ConnectionClosedError) as caught:
            client.recv(SECONDS)

    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1011


@pytest.fixture
def failures() -> Iterator[list[str]]:
    """The failures that the log gets."""
    seen: list[str] = []

    @implementer(ILogObserver)
    def observe(event: Any) -> None:
        if "log_failure" in event:
            seen.append(event["request"])

    globalLogPublisher.addObserver(observe)
    yield seen
    globalLogPublisher.removeObserver(observe)


def test_a_view_may_return_before_its_thread_closes(served: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump, "THREAD_SECONDS", SECONDS)
    with connect(f"{served.url}/left") as client, pytest.raises(ConnectionClosedOK):
        client.recv(SECONDS)


def test_a_connection_error_behind_a_conversation_is_no_failure(served: Live, failures: list[str]) -> None:
    with connect(f"{served.url}/quiet") as client, pytest.raises(ConnectionClosedOK):
        client.recv(SECONDS)
    with connect(f"{served.url}/fail") as client:
        client.recv(SECONDS)
        assert closed_with(client) == 1011

    served.wait_until(lambda: not served.sockets.busy())
    assert failures == ["GET /fail"]


def test_a_view_that_does_not_take_the_socket_responds_as_usual(served: Live, app: App) -> None:
    assert refusal(f"{served.url}/no").status_code == 403
    assert app.said == [True]
    asked(served, HANDSHAKE % (b"/stream", b"13"), b"\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n")
    assert asked(served, b"GET /no HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 403 ")


def test_a_response_that_the_view_writes_there_itself_is_passed_on(served: Live) -> None:
    asked(served, HANDSHAKE % (b"/raw", b"13"), b"\r\n\r\nno")
    served.wait_until(lambda: served.logged.answers)
    assert served.logged.answers == [(418, 2)]


@pytest.mark.parametrize(
    "request_",
    [
        HANDSHAKE.replace(b"Sec-", b"X-") % (b"/no", b"13"),
        HANDSHAKE.replace(b"websocket", b"h2c") % (b"/no", b"13"),
        HANDSHAKE.replace(b"GET", b"HEAD") % (b"/no", b"13"),
        HANDSHAKE.replace(b"HTTP/1.1", b"HTTP/1.0") % (b"/no", b"13"),
        HANDSHAKE.replace(b"Connection: Upgrade", b"Connection: keep-alive") % (b"/no", b"13"),
        b"GET /no HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_there_is_no_socket_for_what_is_no_handshake(served: Live, app: App, request_: bytes) -> None:
    assert asked(served, request_).startswith((b"HTTP/1.1 403 ", b"HTTP/1.0 403 "))
    assert app.said == [False]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (HANDSHAKE % (b"/no", b"8"), 426),
        (HANDSHAKE % (b"/no", b"13, 8"), 426),
        (HANDSHAKE % (b"/no", b""), 426),
        (HANDSHAKE.replace(b"dGhl", b"") % (b"/no", b"13"), 400),
        (HANDSHAKE.replace(b"Sec-WebSocket-Key", b"X-Key") % (b"/no", b"13"), 400),
        (HANDSHAKE.replace(b"Sec-WebSocket-Version", b"X-Version") % (b"/no", b"13"), 400),
    ],
)
def test_a_handshake_that_is_not_valid_is_answered_before_its_view_is_asked(
    served: Live, app: App, request_: bytes, status: int
) -> None:
    # The process of views has started.
    asked(served, b"GET /no HTTP/1.1\r\nHost: a\r\n\r\n")
    app.ended.clear()

    head = asked(served, request_, b".\n")

    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"Sec-WebSocket-Version: 13\r\n" in head
    assert (b"Upgrade: websocket\r\nConnection: Upgrade\r\n" in head) is (status == 426)
    assert len(app.said) == 1 and not app.ended.is_set()
    assert served.call(served.sockets.stats).refused["handshake"] == 1


def test_pages_of_other_origins_get_403_and_their_view_is_not_run(served: Live, app: App) -> None:
    assert refusal(f"{served.url}/echo", origin="http://other.example").status_code == 403
    assert not app.ended.is_set()
    with connect(f"{served.url}/echo", origin=f"http://127.0.0.1:{served.port}"):
        pass


def test_origins_of_the_chat_may_open_a_socket(app: App) -> None:
    settings = Settings(chat=ChatSettings(origins=("https://other.example",)))
    with live(app, settings) as served, connect(f"{served.url}/echo", origin="https://other.example"):
        pass


def test_beyond_the_threads_is_503_and_pages_are_answered(served: Live, app: App) -> None:
    with connect(f"{served.url}/hang"), connect(f"{served.url}/hang"):
        full = refusal(f"{served.url}/echo")
        page = asked(served, b"GET /no HTTP/1.1\r\nHost: a\r\n\r\n")

    assert full.status_code == 503
    assert full.headers["Retry-After"]
    assert page.startswith(b"HTTP/1.1 403 ")
    app.gate.set()


def test_views_that_hang_before_they_answer_take_their_threads_only(served: Live, app: App) -> None:
    clients = [socket.create_connection(("127.0.0.1", served.port), SECONDS) for _ in range(2)]
    for client in clients:
        client.sendall(HANDSHAKE % (b"/deaf", b"13"))
    served.wait_until(lambda: len(served.sockets.busy()) == 2)

    assert refusal(f"{served.url}/echo").status_code == 503
    for client in clients:
        client.close()
    served.wait_until(lambda: not served.sockets.busy())
    with connect(f"{served.url}/echo"):
        pass


def test_polls_of_socket_io_wait_in_threads_of_their_own(served: Live, app: App) -> None:
    asked(served, b"GET /poll HTTP/1.1\r\nHost: a\r\n\r\n", b'"}')
    clients = [socket.create_connection(("127.0.0.1", served.port), SECONDS) for _ in range(2)]
    for client in clients:
        client.sendall(b"GET /poll?transport=polling&sid=aB HTTP/1.1\r\nHost: a\r\n\r\n")
    served.wait_until(lambda: app.said == ["poll", "poll"])

    assert asked(served, b"GET /no HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 403 ")
    app.gate.set()
    for client in clients:
        answer = b""
        while not answer.endswith(b"nothing new"):
            answer += client.recv(65536)
        client.close()


def test_polls_beyond_their_threads_are_told_to_come_again_and_pages_are_answered(served: Live, app: App) -> None:
    asked(served, b"GET /poll HTTP/1.1\r\nHost: a\r\n\r\n", b'"}')
    most = polls_at_once(2)
    with ExitStack() as stack:
        for _ in range(most):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", served.port), SECONDS))
            client.sendall(b"GET /poll?transport=polling&sid=aB HTTP/1.1\r\nHost: a\r\n\r\n")
        served.wait_until(lambda: app.said == ["poll"] * most)

        refused = asked(served, b"GET /poll?transport=polling&sid=aB HTTP/1.1\r\nHost: a\r\n\r\n", b"later.\n")
        page = asked(served, b"GET /no HTTP/1.1\r\nHost: a\r\n\r\n")
        app.gate.set()

    assert (refused[:13], page[:13]) == (b"HTTP/1.1 503 ", b"HTTP/1.1 403 ")
    assert b"Retry-After: 5" in refused


def test_polls_that_wait_when_the_service_stops_are_told_to_come_again(served: Live, app: App) -> None:
    asked(served, b"GET /poll HTTP/1.1\r\nHost: a\r\n\r\n", b'"}')
    with socket.create_connection(("127.0.0.1", served.port), SECONDS) as client:
        client.sendall(b"GET /poll?transport=polling&sid=aB HTTP/1.1\r\nHost: a\r\n\r\n")
        served.wait_until(lambda: app.said == ["poll"])

        served.call(served.sockets.stop)
        answer = client.recv(65536)
        app.gate.set()
        client.sendall(b"GET /no HTTP/1.1\r\nHost: a\r\n\r\n")
        after = client.recv(65536)

    assert (answer[:13], after[:13]) == (b"HTTP/1.1 503 ", b"HTTP/1.1 403 ")
    assert b"Retry-After: 5" in answer


def test_one_address_may_have_so_many(app: App) -> None:
    with (
        live(app, Settings(web=WebSettings(sockets_per_address=1))) as served,
        connect(f"{served.url}/echo"),
    ):
        assert refusal(f"{served.url}/echo").status_code == 503


def test_without_threads_for_sockets_there_are_none(app: App) -> None:
    with live(app, Settings(web=WebSettings(socket_threads=0))) as served:
        refusal(f"{served.url}/no")

    assert app.said == [False]


def closed_with(client: ClientConnection) -> int | None:
    """The code of the close frame that comes next."""
    with pytest.raises(ConnectionClosedError) as caught:
        client.recv(SECONDS)
    return caught.value.rcvd.code if caught.value.rcvd is not None else None


def test_the_end_of_the_service_closes_with_1012_and_ends_the_views(served: Live, app: App) -> None:
    with connect(f"{served.url}/echo") as client:
        client.send("a")
        client.recv(SECONDS)
        stopped = served.call(served.sockets.stop)

        assert closed_with(client) == 1012
    served.wait_until(lambda: stopped.called)
    assert app.ended.is_set()
    assert refusal(f"{served.url}/echo").status_code == 503


def test_at_the_end_a_frame_that_has_begun_is_completed(served: Live, app: App) -> None:
    with connect(f"{served.url}/half", compression=None) as client:
        served.wait_until(lambda: app.said)
        served.call(served.sockets.stop)
        app.gate.set()

        assert client.recv(SECONDS) == "abcde"
        assert closed_with(client) == 1012
    app.ended.set()


def test_a_view_that_hangs_is_named_when_the_stop_is_given_up(served: Live, app: App) -> None:
    with connect(f"{served.url}/hang") as client:
        stopped = served.call(served.sockets.stop)
        assert closed_with(client) == 1012
    assert not stopped.called
    assert served.call(served.sockets.busy) == ["GET /hang"]
    app.gate.set()
    served.wait_until(lambda: stopped.called)


def test_a_child_that_is_replaced_closes_with_1012_and_another_one_takes_over(app: App) -> None:
    with live(app, Settings(web=WebSettings(processes=1))) as served, connect(f"{served.url}/echo") as client:
        served.call(served.views.reload)

        assert closed_with(client) == 1012
        with connect(f"{served.url}/echo") as another:
            another.send("a")
            assert another.recv(SECONDS) == "a"


def test_the_death_of_a_child_ends_its_sockets(app: App) -> None:
    with live(app, Settings(web=WebSettings(processes=1))) as served, connect(f"{served.url}/echo") as client:
        client.send("a")
        client.recv(SECONDS)
        (child,) = served.children
        served.call(child.signalProcess, "KILL")

        assert closed_with(client) == 1011
        served.wait_until(lambda: not served.sockets.busy())


def test_a_handshake_waits_for_the_first_child(app: App) -> None:
    with live(app, Settings(web=WebSettings(processes=1))) as served, connect(f"{served.url}/echo") as client:
        client.send("a")
        assert client.recv(SECONDS) == "a"


def test_sockets_are_spread_over_the_children_and_are_none_of_their_calls(app: App) -> None:
    with live(app, Settings(web=WebSettings(processes=2, socket_threads=2))) as served:
        served.wait_until(lambda: all(slot.is_ready for slot in served.views.stats().slots))
        clients = [connect(f"{served.url}/hang").__enter__() for _ in range(4)]
        full = refusal(f"{served.url}/hang")
        begun = [child.requests for child in served.children]
        calls = served.call(lambda: [slot.calls for slot in served.views.stats().slots])
        app.gate.set()
        for client in clients:
            client.close()

    assert full.status_code == 503
    assert begun == [2, 2]
    assert calls == [0, 0]


def test_many_clients_talk_at_one_time(app: App) -> None:
    with live(app) as served:
        clients = [connect(f"{served.url}/echo").__enter__() for _ in range(30)]
        for number, client in enumerate(clients):
            client.send(f"{number} {'x' * 5000}")
        for number, client in enumerate(clients):
            assert client.recv(SECONDS) == f"{number} {'x' * 5000}"
            client.close()
        served.wait_until(lambda: not served.sockets.stats().running)
        assert served.call(served.sockets.stats).opened == 30


# Twisted makes a key by functions that pyOpenSSL no longer likes.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_over_tls_messages_of_any_length_come_back_and_a_restart_closes_with_1012(app: App) -> None:
    certificate = KeyPair.generate(size=2048).selfSignedCert(1, CN="localhost")
    trust = ssl.create_default_context(cadata=certificate.dumpPEM().decode())
    # Python 3.13 asks more of a certificate than this one has.
    trust.verify_flags &= ~ssl.VERIFY_X509_STRICT
    trust.check_hostname = False
    # With TLS 1.3 websockets.sync may lose its request (tests/e2e/support/proxies.py).
    trust.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        live(app, tls=certificate.options()) as served,
        connect(f"wss://127.0.0.1:{served.port}/echo", ssl=trust, compression=None) as client,
    ):
        for message in ("short", "x" * LONG):
            client.send(message)
            assert client.recv(SECONDS) == message
        served.call(served.sockets.stop)
        assert closed_with(client) == 1012
    assert app.ended.wait(SECONDS)


def test_behind_a_trusted_proxy_the_own_origin_is_that_of_the_visitor(app: App) -> None:
    settings = Settings(server=ServerSettings(trusted_proxies=proxies("127.0.0.1")))
    seen = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example"}
    with live(app, settings) as served:
        with connect(f"{served.url}/echo", origin="https://shop.example", additional_headers=seen) as client:
            client.send("a")
            assert client.recv(SECONDS) == "a"
        own = refusal(f"{served.url}/echo", origin="http://shop.example", additional_headers=seen)
    assert own.status_code == 403
