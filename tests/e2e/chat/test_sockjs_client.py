"""sockjs-client in a real Chromium over each of its transports, from the same origin and from another."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page

from tests.builds import PROJECT
from tests.e2e.support.browser import browser
from tests.e2e.support.service import DEADLINE, Lines

SERVER: Final = PROJECT / "tests" / "e2e" / "apps" / "sockjs_server.py"

EVERYWHERE: Final = (
    "websocket",
    "xhr-streaming",
    "eventsource",
    "iframe-eventsource",
    "iframe-htmlfile",
    "xhr-polling",
    "iframe-xhr-polling",
    "jsonp-polling",
)
# The client offers this transport only to pages of the same origin.
SAME_ORIGIN: Final = ("htmlfile",)

HOSTILE: Final = [
    "",
    "plain",
    "100% sure",
    "%41%00%",
    "</script><script>alert(1)</script>",
    "<!-- comment",
    "\u2028\u2029",
    "".join(map(chr, range(32))) + "\x7f\x80\x9f",
    '"quoted" \\ \\u0041',
    "a\ud800b",
    "\udfff\ud800",
    "\U0001f600\U0001f468\u200d\U0001f469",
    "\u200c\u202e\u2060\ufff0\uffff",
    "àéîõü €",
    "c[3000]",
    'a["x"]',
    "o",
    "h",
]

# One session: sends everything at once, resolves with what came back, in order, and the transport.
ECHO: Final = """
([url, transport, messages]) => new Promise((resolve, reject) => {
  const socket = new SockJS(url, null, {transports: [transport], timeout: 60000});
  const back = [];
  socket.onopen = () => messages.forEach((message) => socket.send(message));
  socket.onmessage = (event) => {
    back.push(event.data);
    if (back.length === messages.length) { resolve({back, transport: socket.transport}); socket.close(); }
  };
  socket.onclose = (event) => reject(new Error(`closed ${event.code} ${event.reason} after ${back.length}`));
})
"""

# The same with messages that the page makes and compares.
BURST: Final = """
([url, transport, sizes]) => new Promise((resolve, reject) => {
  const socket = new SockJS(url, null, {transports: [transport], timeout: 60000});
  const messages = sizes.map((size, number) => String.fromCharCode(65 + number % 26).repeat(size - 1) + "\u20ac");
  let good = 0;
  socket.onopen = () => messages.forEach((message) => socket.send(message));
  socket.onmessage = (event) => {
    if (event.data !== messages[good]) { reject(new Error(`message ${good} differs`)); }
    good += 1;
    if (good === messages.length) { resolve(good); socket.close(); }
  };
  socket.onclose = (event) => reject(new Error(`closed ${event.code} ${event.reason} after ${good}`));
})
"""

CLOSE: Final = """
([url, transport, command]) => new Promise((resolve) => {
  const socket = new SockJS(url, null, {transports: [transport], timeout: 60000});
  socket.onopen = () => socket.send(command);
  socket.onclose = (event) => resolve([event.code, event.reason, event.wasClean]);
})
"""


@dataclass(frozen=True)
class Place:
    """The URLs of the page and of the SockJS service."""

    page: Page
    url: str

    def run(self, script: str, *arguments: Any) -> Any:
        return self.page.evaluate(script, [self.url, *arguments])


@pytest.fixture(scope="module")
def port(installed: Path) -> Iterator[int]:
    """The server's URLs; it serves the client of the installed wheel."""
    (client,) = installed.parent.glob("lib/python*/site-packages/mixsvc/pages/static/vendor/sockjs.min.js")
    process = subprocess.Popen([installed / "python", SERVER, client], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    lines = Lines(process.stdout)
    try:
        yield int(lines.wait_for(r"^\d+$"))
    finally:
        process.terminate()
        process.wait(DEADLINE)
        lines.wait_for_end()


@pytest.fixture(scope="module")
def chrome(chromium: str | None) -> Iterator[Browser]:
    with browser(chromium) as running:
        yield running


def place(chrome: Browser, port: int, host: str) -> Iterator[Place]:
    page = chrome.new_context().new_page()
    page.goto(f"http://{host}:{port}/")
    yield Place(page, f"http://127.0.0.1:{port}/echo")
    page.context.close()


@pytest.fixture
def same(chrome: Browser, port: int) -> Iterator[Place]:
    """A page and a service of one origin."""
    yield from place(chrome, port, "127.0.0.1")


@pytest.fixture
def cross(chrome: Browser, port: int) -> Iterator[Place]:
    """A page of another origin than the service, and of another site as well."""
    yield from place(chrome, port, "localhost")


@pytest.mark.parametrize("transport", [*EVERYWHERE, *SAME_ORIGIN])
def test_every_string_comes_back_as_it_was(same: Place, transport: str) -> None:
    # Several times, so that the streaming limit ends a response in between.
    answer = same.run(ECHO, transport, HOSTILE * 20)

    assert answer["transport"] == transport
    assert answer["back"] == HOSTILE * 20


@pytest.mark.parametrize("transport", EVERYWHERE)
def test_every_string_comes_back_to_a_page_of_another_origin(cross: Place, transport: str) -> None:
    answer = cross.run(ECHO, transport, HOSTILE * 20)

    assert answer["transport"] == transport
    assert answer["back"] == HOSTILE * 20


@pytest.mark.parametrize("transport", [*EVERYWHERE, *SAME_ORIGIN])
def test_large_messages_in_a_burst_come_back_in_order(same: Place, transport: str) -> None:
    sizes = [1, 70_000, 200_000, 3, 128 * 1024, 131_073, 200_000, 65_536, 65_535, 10]

    assert same.run(BURST, transport, sizes) == len(sizes)


@pytest.mark.parametrize("transport", [*EVERYWHERE, *SAME_ORIGIN])
def test_the_applications_close_code_and_reason_arrive(same: Place, transport: str) -> None:
    assert same.run(CLOSE, transport, "CLOSE:4001:because") == [4001, "because", True]
