"""Identity: the session's cookie identifies a person over every transport, and a hostile page is refused."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.builds import PROJECT
from tests.e2e.chat.test_sockjs_client import EVERYWHERE, SAME_ORIGIN
from tests.e2e.support.browser import Visitor
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.service import Launch, Service
from tests.e2e.support.urls import get_json

SOCKJS: Final = PROJECT / "node_modules" / "sockjs-client" / "dist" / "sockjs.min.js"

TAKE_NAME: Final = """
(name) => fetch("/api/session", {
  method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({name}),
}).then(async (answer) => [answer.status, await answer.json()])
"""

# Says hello without a name, and resolves with the answer.
HELLO: Final = """
(transport) => new Promise((resolve, reject) => {
  const socket = new SockJS("/chat", null, {transports: [transport], timeout: 60000});
  socket.onopen = () => socket.send('{"type": "hello"}');
  socket.onmessage = (event) => { resolve(JSON.parse(event.data)); socket.close(); };
  socket.onclose = (event) => reject(new Error(`closed ${event.code} ${event.reason}`));
})
"""

# Talks as a guest, takes a name, and talks on: resolves with the close code of the guest's session, the name in the
# next one, and what that one answers after its cookie was signed again.
CHANGES: Final = """
async ([transport, guest, name]) => {
  const open = (hello) => new Promise((resolve, reject) => {
    const socket = new SockJS("/chat", null, {transports: [transport], timeout: 60000});
    socket.onopen = () => socket.send(JSON.stringify(hello));
    socket.onmessage = (event) => resolve([socket, JSON.parse(event.data)]);
    socket.onclose = (event) => reject(new Error(`closed ${event.code} ${event.reason}`));
  });
  const [stranger] = await open({type: "hello", name: guest});
  const closed = new Promise((resolve) => { stranger.onclose = (event) => resolve(event.code); });
  await fetch("/api/session", {
    method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({name}),
  });
  stranger.send('{"type": "rooms"}');
  const code = await closed;
  const [person, welcome] = await open({type: "hello"});
  // The signature has the second in it.
  const renew = async () => (await fetch("/api/session")).headers.get("Date");
  const first = await renew();
  while ((await renew()) === first);
  const answered = new Promise((resolve, reject) => {
    person.onmessage = (event) => resolve(JSON.parse(event.data).type);
    person.onclose = (event) => reject(new Error(`closed ${event.code} ${event.reason}`));
  });
  person.send('{"type": "rooms"}');
  const type = await answered;
  person.close();
  return [code, welcome.name, type];
}
"""

# What a page of another site would try, one after the other; resolves when all of it was answered or refused.
ATTACK: Final = """
async (target) => {
  const opened = [];
  const sockets = ["websocket", "000/evil/websocket"].map((path) => new Promise((resolve) => {
    const socket = new WebSocket(`${target.replace("http", "ws")}/chat/${path}`);
    socket.onopen = () => { opened.push(path); resolve(); };
    socket.onerror = resolve;
  }));
  await Promise.all(sockets);
  const post = (path, body, type) => fetch(target + path, {
    method: "POST", mode: "no-cors", credentials: "include", headers: {"Content-Type": type}, body,
  }).catch(() => null);
  await post("/chat/000/evil/xhr", "", "text/plain");
  await post("/chat/000/evil/xhr_send", '["x"]', "text/plain");
  await post("/chat/000/evil/jsonp_send", "d=%5B%22x%22%5D", "application/x-www-form-urlencoded");
  await post("/api/session", '{"name": "Evil"}', "text/plain");
  await post("/api/login", '{"name": "Evil", "password": "x"}', "text/plain");
  await post("/api/rooms/lobby/messages", '{"name": "Evil", "text": "x"}', "text/plain");
  await fetch(target + "/api/session", {method: "DELETE", credentials: "include"}).catch(() => null);
  return opened;
}
"""


@pytest.fixture
def context(chrome: Browser) -> Iterator[BrowserContext]:
    context = chrome.new_context()
    yield context
    context.close()


class _Evil(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>evil</title>")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def evil() -> Iterator[str]:
    """A page of another site: to a browser, localhost is not 127.0.0.1."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Evil) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


def come(page: Page, service: Service) -> None:
    """Open the page, which has loaded SockJS here, and not only where no WebSocket does."""
    page.goto(service.url)
    page.evaluate(SOCKJS.read_text())


def page_as(context: BrowserContext, service: Service, name: str) -> Page:
    page = context.new_page()
    come(page, service)
    status, session = page.evaluate(TAKE_NAME, name)
    assert (status, session) == (200, {"name": name, "moderator": False})
    return page


@pytest.mark.parametrize("transport", [*EVERYWHERE, *SAME_ORIGIN])
def test_the_session_carries_the_name_into_the_chat(service: Service, context: BrowserContext, transport: str) -> None:
    # The service keeps some sessions, and their names, for a while after the client has gone.
    name = f"by {transport}"
    page = page_as(context, service, name)

    answer = page.evaluate(HELLO, transport)

    assert (answer["type"], answer.get("name")) == ("welcome", name)


def test_who_becomes_somebody_else_opens_another_session_and_who_stays_the_same_goes_on(
    service: Service, context: BrowserContext
) -> None:
    page = context.new_page()
    come(page, service)
    for transport in ("xhr-streaming", "eventsource", "iframe-htmlfile", "jsonp-polling"):
        context.clear_cookies()
        name = f"is {transport}"

        code, shown, answer = page.evaluate(CHANGES, [transport, f"was {transport}", name])

        assert (code in (1006, 2011), shown, answer) == (True, name, "rooms"), transport


def test_the_cookie_is_for_this_site_and_for_no_script(service: Service, context: BrowserContext) -> None:
    page = page_as(context, service, "Ann")

    (cookie,) = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["secure"]) == (True, "Lax", False)
    assert page.evaluate("document.cookie") == ""


def test_a_name_that_another_uses_is_refused_with_a_free_one(service: Service, context: BrowserContext) -> None:
    with Chatter(service.port, "Bob"):
        page = context.new_page()
        page.goto(service.url)
        status, problem = page.evaluate(TAKE_NAME, "BOB")

    assert (status, problem["suggestion"]) == (409, "BOB2")


def test_two_windows_of_one_person_are_one_member(service: Service, context: BrowserContext) -> None:
    with Chatter(service.port, "Bob") as bob:
        first, second = Visitor(context.new_page()), Visitor(context.new_page())
        first.enter(service.url, "Cid")
        bob.wait_for("came")
        second.come(service.url)
        expect(second.members).to_contain_text(["Cid"])

        expect(first.members).to_have_count(2)
        expect(second.members).to_have_count(2)


def test_a_page_of_another_site_gets_nowhere(service: Service, context: BrowserContext, evil: str) -> None:
    victim = page_as(context, service, "Dora")
    page = context.new_page()
    statuses: list[tuple[str, int]] = []
    page.on("response", lambda answer: statuses.append((answer.url, answer.status)))
    page.goto(evil)
    before = get_json(f"{service.url}/api/rooms/lobby/messages")

    opened = page.evaluate(ATTACK, service.url)

    # One more request, which the browser reports after those of the attack.
    with page.expect_response(f"{service.url}/static/icon.svg?last"):
        page.evaluate(
            "(url) => fetch(url, {mode: 'no-cors'}).then(() => null, () => null)", f"{service.url}/static/icon.svg?last"
        )
    asked = [(url, status) for url, status in statuses if url.startswith(service.url) and not url.endswith("?last")]
    assert opened == []
    assert len(asked) >= 6
    assert {status for _, status in asked} == {403}
    assert victim.evaluate("fetch('/api/session').then((answer) => answer.json())")["name"] == "Dora"
    assert get_json(f"{service.url}/api/rooms/lobby/messages") == before


def test_a_listed_site_may_connect(launch: Launch, context: BrowserContext, evil: str) -> None:
    friend = evil.rstrip("/")
    with Service(launch.having(chat={"origins": friend})) as service:
        page = context.new_page()
        page.goto(evil)
        url = json.dumps(f"ws://127.0.0.1:{service.port}/chat/websocket")
        opened = page.evaluate(
            f"new Promise((done) => {{ const socket = new WebSocket({url});"
            " socket.onopen = () => done(true); socket.onerror = () => done(false); })"
        )
    assert opened is True
