"""The chat in blocking servers: on a separate port, one for all workers, and ended with the server."""

import json
import os
import re
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Semaphore
from typing import Final
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from mixsvc.embedded.chat_rpc import DATABASE_SLOTS
from tests.builds import PROJECT
from tests.e2e.support.browser import Visitor, browser
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.ecb import Ecb
from tests.e2e.support.hosts import (
    BIND,
    GTHREAD,
    GUNICORN,
    GUNICORN_NEEDS,
    HOSTS,
    PRELOAD,
    WAITRESS,
    Host,
    Server,
)
from tests.e2e.support.service import DEADLINE, Launch
from tests.e2e.support.urls import get_json, get_text, post, status_of
from tests.e2e.support.waiting import wait_until
from tests.e2e.support.workers import chat_port, chat_url, each_worker, said

Start = Callable[..., Host]

AWAY: Final = "The chat is away at the moment."

# A worker ends after 60 requests, and gunicorn starts another one.
RECYCLED: Final = Server(
    "gunicorn-recycled",
    (*BIND, "--worker-class=gthread", "--threads=4", "--workers=2", "--max-requests=60", "{app}:app"),
    GUNICORN_NEEDS,
    0,
)

CHAT: Final = {"listen": "tcp:0:interface=127.0.0.1"}


@pytest.fixture
def start(launch: Launch) -> Iterator[Start]:
    """Starts servers with a chat for one test; whatever still runs at the end is killed."""
    with ExitStack() as stack:

        def started(server: Server, app: str = "hosted", **config: dict[str, str]) -> Host:
            launch.folder.mkdir(exist_ok=True)
            shutil.copy(PROJECT / "tests" / "e2e" / "apps" / "hosted.py", launch.folder)
            (launch.folder / "eager.py").write_text(
                "from hosted import app, mix\nprint(mix.rates.latest('EUR', 'USD'))\n"
            )
            return stack.enter_context(Host(server, launch.having(**{"chat": CHAT, **config}), app))

        yield started


@pytest.mark.parametrize("server", HOSTS, ids=str)
def test_the_page_knows_the_chat_and_it_is_one_for_page_and_view(start: Start, server: Server) -> None:
    host = start(server)
    page = get_text(f"{host.url}/")
    url = chat_url(page)
    port = int(url.split(":")[2].partition("/")[0])

    assert url == f"http://127.0.0.1:{port}/chat" and f":{port}" not in host.url
    assert get_json(f"{host.url}/api/rates/EUR/USD")["quote"] == "USD"
    with Chatter(port, "Ann") as ann:
        assert said(host, "hello")["inside"] == ["Ann"]
        message = ann.wait_for("message")
        assert (message["name"], message["text"]) == ("Worker", "hello")
        ann.say("hello back")
        messages = get_json(f"{host.url}/api/rooms/lobby/messages")["messages"]
        assert [each["text"] for each in messages] == ["hello", "hello back"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("server", HOSTS, ids=str)
def test_a_signal_ends_it_as_the_host_has_it(start: Start, server: Server, number: signal.Signals) -> None:
    host = start(server)
    with Chatter(chat_port(host), "Ann") as ann:
        said(host, "hello")

        status = host.stop(number)

        with pytest.raises(ConnectionClosed) as closed:
            while True:
                ann.socket.recv(timeout=DEADLINE)
    assert status == (server.terminated if number == signal.SIGTERM else server.interrupted)
    # gunicorn's own way to end at once, perhaps in the last moments of a request, is this exception.
    assert host.log().count("Traceback") == host.log().count("\nSystemExit: 0")
    # If the host ends its application in an orderly way, the chat sends a close frame.
    if status == 0:
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1001


@pytest.mark.parametrize("server", [GTHREAD, PRELOAD], ids=str)
def test_all_workers_share_one_chat_and_each_polls_once(start: Start, ecb: Ecb, server: Server) -> None:
    before = len(ecb.requests)
    host = start(server, rates={"interval": "3600"})
    with Chatter(chat_port(host), "Ann") as ann:
        numbers = each_worker(host, 3)

        last = max(numbers.values())
        assert [ann.wait_for("message")["number"] for _ in range(last)] == list(range(1, last + 1))
    # Only the first to poll has news: the others find its rates in the database.
    wait_until(lambda: len(ecb.requests) - before >= 3, "not every worker has polled")
    assert len(ecb.requests) - before == 3
    # Read before the end, when another worker may take over for a moment.
    assert host.log().count("the chat is served here") == 1


def test_when_the_worker_with_the_chat_is_killed_another_one_serves_it(start: Start) -> None:
    host = start(GTHREAD)
    each_worker(host, 3)
    first = host.lines.wait_for("the chat is served here")
    owner = int(re.findall(r"^\[(\d+)\]", first)[0])
    before = said(host, "before")["number"]

    os.kill(owner, signal.SIGKILL)

    host.lines.wait_for("the chat is served here", after=host.lines.so_far().index(first) + 1)
    assert said(host, "after")["number"] == before + 1
    with Chatter(chat_port(host), "Ann") as ann:
        assert [each["text"] for each in ann.joined["messages"]][-2:] == ["before", "after"]


def test_the_session_of_the_page_names_a_person_in_the_chat(start: Start) -> None:
    host = start(PRELOAD)
    asked = Request(f"{host.url}/api/session", b'{"name": "Ann"}', {"Content-Type": "application/json"})
    with urlopen(asked, timeout=DEADLINE) as answer:
        cookie = answer.headers["Set-Cookie"].partition(";")[0]

    with opened(chat_port(host), host.url, Cookie=cookie) as socket:
        socket.send('{"type": "hello"}')
        welcome = json.loads(socket.recv(timeout=DEADLINE))

    assert (welcome["type"], welcome["name"]) == ("welcome", "Ann")


def test_a_name_that_is_taken_in_one_worker_is_taken_in_all(start: Start) -> None:
    host = start(GTHREAD)
    each_worker(host, 3)

    with Chatter(chat_port(host), "Bob"):
        for _ in range(20):
            status, body = post(f"{host.url}/api/session", b'{"name": "BOB"}', Content_Type="application/json")
            assert (status, json.loads(body)["suggestion"]) == (409, "BOB2")


def test_only_pages_of_the_same_host_and_of_listed_sites_get_in(start: Start) -> None:
    host = start(GUNICORN, chat={**CHAT, "origins": "https://friend.example"})
    port = chat_port(host)

    for origin in (host.url, "https://friend.example"):
        with opened(port, origin):
            pass
    for origin in ("http://evil.example", "http://127.0.0.1.evil.example:8000", "null"):
        with pytest.raises(InvalidStatus), opened(port, origin):
            pass


def test_the_policy_of_the_page_lets_it_connect_there(start: Start) -> None:
    host = start(WAITRESS)
    port = chat_port(host)

    with urlopen(f"{host.url}/", timeout=DEADLINE) as answer:
        policy = answer.headers["Content-Security-Policy"]

    assert f"connect-src 'self' http://127.0.0.1:{port} ws://127.0.0.1:{port};" in policy


@pytest.mark.parametrize("transport", ["websocket", "xhr-streaming"])
def test_a_browser_talks_from_the_page_to_the_other_port(start: Start, chromium: str | None, transport: str) -> None:
    host = start(GTHREAD)

    with browser(chromium) as chrome:
        ann, bob = (Visitor(chrome.new_context().new_page()) for _ in range(2))
        if transport != "websocket":
            ann.page.add_init_script("delete globalThis.WebSocket")
        ann.enter(f"{host.url}/", "Ann")
        expect(ann.status).to_have_text(f"online over {transport}")
        bob.enter(f"{host.url}/", "Bob")
        ann.say("hello across")
        expect(bob.texts.last).to_have_text("hello across")
        # The cookie of the page is sent too, so the page does not ask for a name again.
        ann.come(f"{host.url}/")
        expect(ann.members).to_have_text(["Ann", "Bob"])

        assert ann.complaints == bob.complaints == []


def test_a_fork_after_the_first_use_starts_afresh_and_its_parent_goes_on(start: Start) -> None:
    host = start(GUNICORN)
    assert said(host, "parent")["number"] == 1

    assert said(host, "fork", path="child")["number"] == 2
    assert said(host, "parent")["number"] == 3
    assert host.stop(signal.SIGTERM) == 0


def test_workers_forked_after_the_first_use_have_a_service_of_their_own(start: Start) -> None:
    host = start(PRELOAD, "eager")
    host.lines.wait_for("the chat is served here")

    with Chatter(chat_port(host), "Ann") as ann:
        each_worker(host, 3)
        assert ann.wait_for("message")["number"] == 1
        assert host.stop(signal.SIGTERM) == 0
    assert "Traceback" not in host.log()


def test_a_busy_port_is_told_once_and_leaves_the_rates(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        host = start(GUNICORN, chat={"listen": f"tcp:{port}:interface=127.0.0.1"})

        assert get_json(f"{host.url}/api/rates/EUR/USD")["quote"] == "USD"

        host.lines.wait_for(f"mixsvc: there is no chat: cannot listen on 127.0.0.1:{port} ")
        wait_until(lambda: AWAY in get_text(f"{host.url}/"), "the page does not say that the chat is away")
        status, _ = post(f"{host.url}/api/session", b'{"name": "Ann"}', Content_Type="application/json")
        assert status == 503
        assert host.log().count("there is no chat") == 1
    # The next try is soon.
    host.lines.wait_for(f"the chat is served here, on port {port}")
    wait_until(lambda: AWAY not in get_text(f"{host.url}/"), "the page does not say that the chat is back")
    assert chat_port(host) == port
    assert said(host, "hello")["number"] == 1


def test_while_the_worker_with_the_chat_hangs_the_page_shows_the_rates_and_says_that_the_chat_is_away(
    start: Start, chromium: str | None
) -> None:
    host = start(GTHREAD)
    each_worker(host, 3)
    owner = int(re.findall(r"^\[(\d+)\]", host.lines.wait_for("the chat is served here"))[0])

    with browser(chromium) as chrome:
        visitor = Visitor(chrome.new_context().new_page())
        os.kill(owner, signal.SIGSTOP)
        try:
            # Each answer is a page with the rates, whatever is known of the chat at that moment.
            wait_until(lambda: AWAY in page_with_rates(host), "the page does not say that the chat is away")
            visitor.page.goto(f"{host.url}/")
            expect(visitor.page.locator("#chat-away")).to_be_visible()
        finally:
            os.kill(owner, signal.SIGCONT)

        # It comes back by itself.
        expect(visitor.page.locator("#talk")).to_be_visible(timeout=DEADLINE * 1000)
        assert visitor.complaints == []


def page_with_rates(host: Host) -> str:
    page = get_text(f"{host.url}/")
    assert "1.1172" in page
    return page


def test_no_request_is_refused_while_workers_are_recycled(start: Start) -> None:
    host = start(RECYCLED)
    numbers = [said(host, "first")["number"]]
    paths = ["/", "/api/rates/EUR/USD", "/"]
    # When the machine stops for a moment, more would be refused, as they should be.
    waiting = Semaphore(DATABASE_SLOTS)

    def ask(_: int) -> list[int]:
        pages = [status_of(f"{host.url}{path}") for path in paths]
        with waiting:
            return [*pages, post(f"{host.url}/worker/line", b"")[0]]

    with ThreadPoolExecutor(4) as pool:
        statuses = [status for answers in pool.map(ask, range(80)) for status in answers]

    # Workers ended, and the chat went from one to another.
    assert host.log().count("the chat is served here") > 1
    assert set(statuses) == {200}
    # Nothing is lost, and nothing is stored twice.
    assert said(host, "last")["number"] == numbers[0] + 80 + 1


@pytest.mark.parametrize("server", HOSTS, ids=str)
def test_a_wrong_setting_ends_every_host_with_one_line(start: Start, server: Server) -> None:
    host = start(server, "mixsvc", rates={"interval": "often"})

    assert complaint(host).endswith(
        "[rates] interval = 'often' is not valid: give a number of seconds from 0.1 to 86400"
    )


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"chat": {"listen": "x"}}, "[chat] listen: 'x' is not an endpoint"),
        ({"storage": {"path": ":memory:"}}, "[chat] listen needs a database in a file"),
        ({"storage": {"path": "/nowhere/x"}}, "the database /nowhere/x cannot be used: its directory does not exist"),
    ],
)
def test_what_the_chat_needs_is_found_out_before_the_first_request(
    start: Start, config: dict[str, dict[str, str]], said: str
) -> None:
    assert said in complaint(start(WAITRESS, "mixsvc", **config))


def complaint(host: Host) -> str:
    """The one line that a host ends with."""
    assert host.process.wait(DEADLINE) != 0
    host.lines.wait_for_end()
    # gunicorn's arbiter ends with one of its own, now and then.
    assert host.log().count("Traceback") == host.log().count("\ngunicorn.errors.HaltServer")
    (line,) = {line for line in host.lines.so_far() if line.startswith("mixsvc: ")}
    return line


def opened(port: int, origin: str, **headers: str) -> ClientConnection:
    """A WebSocket to the chat as a browser opens it from a page."""
    url = f"ws://127.0.0.1:{port}/chat/websocket"
    return connect(url, origin=Origin(origin), additional_headers=headers, open_timeout=DEADLINE)
