"""The connection: it works over every transport, it is made again when it breaks, and no message is lost or doubled."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.chat.test_sockjs_client import EVERYWHERE, SAME_ORIGIN
from tests.e2e.support.browser import FALLBACK, NewVisitor, Visitor, without_fallback
from tests.e2e.support.service import Launch, Service

# The page's SockJS client with this transport alone. The real one has another URL.
ONE_TRANSPORT = """
import { SockJS as Client } from "./NAME?";
export const SockJS = class { constructor(url) { return new Client(url, null, {transports: ["TRANSPORT"]}); } };
"""

# What comes over a WebSocket is kept until `letIn()`.
LATE_WEBSOCKET = """
(() => {
  const entrance = new Promise((letIn) => { globalThis.letIn = letIn; });
  globalThis.WebSocket = class extends WebSocket {
    set onmessage(received) {
      super.onmessage = (event) => entrance.then(() => received(event));
    }
  };
})()
"""


def allow_one_transport(page: Page, transport: str) -> None:
    """From the next visit on, the page can use this transport only. Frames of SockJS load scripts of their own."""
    if transport != "websocket":
        page.add_init_script("if (self === top) delete globalThis.WebSocket")

    def fulfill(route: Route) -> None:
        body = ONE_TRANSPORT.replace("NAME", route.request.url.rpartition("/")[2]).replace("TRANSPORT", transport)
        route.fulfill(body=body, content_type="text/javascript")

    page.route(FALLBACK, fulfill)


def no_policy_was_broken(*people: Visitor) -> None:
    """The console also reports connections that fail; these are expected, refusals by the CSP are not."""
    assert [text for each in people for text in each.complaints if "Security" in text] == []


@pytest.mark.parametrize("transport", [*EVERYWHERE, *SAME_ORIGIN])
def test_two_people_talk_over_each_transport(service: Service, visitor: NewVisitor, transport: str) -> None:
    ann, bob = visitor(), visitor()
    for person, name in ((ann, f"Ann {transport}"), (bob, f"Bob {transport}")):
        allow_one_transport(person.page, transport)
        person.enter(service.url, name)
    expect(ann.status).to_have_text(f"online over {transport}")

    ann.say(f"hello over {transport}")
    expect(bob.texts.last).to_have_text(f"hello over {transport}")
    bob.say(f"back over {transport}")

    expect(ann.texts.last).to_have_text(f"back over {transport}")
    assert ann.numbers()[-2:] == bob.numbers()[-2:]
    no_policy_was_broken(ann, bob)


@pytest.mark.usefixtures("no_complaints")
def test_with_websockets_the_page_loads_one_script_and_asks_for_no_other_transport(
    service: Service, visitor: NewVisitor
) -> None:
    ann, bob = visitor(), visitor()
    sockets: list[str] = []
    asked: list[str] = []
    ann.page.on("websocket", lambda socket: sockets.append(socket.url))
    ann.page.on("request", lambda request: asked.append(request.url))
    without_fallback(ann.page)
    ann.enter(service.url, "Dora")
    bob.enter(service.url, "Emil")

    ann.say("Hello from a plain socket")
    expect(bob.texts.last).to_have_text("Hello from a plain socket")
    bob.say("Hello back")

    expect(ann.texts.last).to_have_text("Hello back")
    # Each name has a connection of its own, which carries its session.
    assert all(url.startswith(f"ws://127.0.0.1:{service.port}/chat/") for url in sockets) and len(sockets) == 2
    assert [url for url in asked if "/chat/" in url or "fallback" in url] == []
    assert len([url for url in asked if "/static/" in url]) <= 5


def test_where_nothing_but_websockets_is_there_and_none_opens_the_page_tries_again(
    service: Service, visitor: NewVisitor
) -> None:
    ann = visitor()
    without_fallback(ann.page)
    ann.page.add_init_script("if (self === top) delete globalThis.WebSocket")

    ann.page.goto(service.url)

    expect(ann.status).to_have_text(re.compile(r"^offline, next try in \d+ s$"))


@pytest.mark.usefixtures("no_complaints")
def test_where_there_is_no_websocket_the_page_talks_by_another_transport(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.page.add_init_script("delete globalThis.WebSocket")

    ann.enter(service.url, "Fritz")

    expect(ann.status).to_have_text("online over xhr-streaming")


@pytest.mark.usefixtures("no_complaints")
def test_a_websocket_that_opens_late_is_not_given_up(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.page.clock.install()
    ann.page.add_init_script(LATE_WEBSOCKET)
    with ann.page.expect_websocket():
        ann.page.goto(service.url)

    ann.page.clock.run_for(2500)
    ann.page.evaluate("letIn()")

    expect(ann.status).to_have_text("online over websocket")


def test_after_a_crash_nothing_said_is_lost_or_doubled(
    launch: Launch, start: Callable[[Launch], Service], visitor: NewVisitor
) -> None:
    service = start(launch)
    ann, bob = visitor(), visitor()
    ann.enter(service.url, "Ann")
    bob.enter(service.url, "Bob")
    again = replace(launch, options=("--port", str(service.port)))
    ann.say("before")
    expect(bob.texts).to_have_text(["before"])

    service.kill()
    expect(ann.status).to_have_text(re.compile(r"^offline, next try in \d+ s$"))
    ann.say("meanwhile")
    ann.say("and another")
    expect(ann.page.locator("#unsent .time").first).to_have_text("waits to be sent")
    start(again)

    for person in (ann, bob):
        expect(person.texts).to_have_text(["before", "meanwhile", "and another"])
        expect(person.members).to_have_text(["Ann", "Bob"])
        assert person.numbers() == [1, 2, 3]
    expect(ann.page.locator("#unsent")).to_be_empty()
    no_policy_was_broken(ann, bob)


def test_every_room_catches_up_after_a_restart(
    launch: Launch, start: Callable[[Launch], Service], visitor: NewVisitor
) -> None:
    service = start(launch.having(chat={"rooms": "lobby, news"}))
    ann, bob = visitor(), visitor()
    for person, name in ((ann, "Ann"), (bob, "Bob")):
        person.enter(service.url, name)
        person.open_room("news")
        expect(person.members).to_contain_text([name])
    ann.say("in the news")
    expect(bob.texts.last).to_have_text("in the news")
    bob.open_room("lobby")
    again = replace(launch.having(chat={"rooms": "lobby, news"}), options=("--port", str(service.port)))

    assert service.stop() == -15
    expect(ann.status).to_contain_text("offline")
    ann.say("more news")
    start(again)

    expect(bob.room("news").locator(".badge-count")).to_have_text("1")
    bob.open_room("news")
    expect(bob.texts).to_have_text(["in the news", "more news"])
    expect(ann.texts).to_have_text(["in the news", "more news"])


def test_offline_and_back(launch: Launch, visitor: NewVisitor) -> None:
    with Service(launch) as service:
        ann, bob = visitor(), visitor()
        ann.enter(service.url, "Ann")
        bob.enter(service.url, "Bob")

        ann.page.context.set_offline(True)
        expect(ann.status).to_contain_text("offline")
        ann.say("typed in the tunnel")
        bob.say("said meanwhile")
        expect(bob.texts).to_have_text(["said meanwhile"])
        ann.page.context.set_offline(False)

        for person in (ann, bob):
            expect(person.texts).to_have_text(["said meanwhile", "typed in the tunnel"])
            assert person.numbers() == [1, 2]
        expect(ann.status).to_contain_text("online")
        no_policy_was_broken(ann, bob)


def test_a_connection_that_has_died_in_sleep_is_found_out(launch: Launch, visitor: NewVisitor) -> None:
    with Service(launch) as service:
        ann, bob = visitor(), visitor()
        # From now on it sends and receives nothing, as after a sleep behind a router that has dropped the connection.
        ann.page.add_init_script(
            """const send = WebSocket.prototype.send;
            globalThis.sockets = [];
            WebSocket.prototype.send = function (text) {
              sockets.push(this);
              return this.dead ? undefined : send.call(this, text);
            };"""
        )
        ann.enter(service.url, "Ann")
        bob.enter(service.url, "Bob")
        ann.page.evaluate("() => { for (const each of sockets) { each.dead = true; each.onmessage = null; } }")
        bob.say("unheard")
        expect(bob.texts).to_have_text(["unheard"])
        ann.say("into the void")

        ann.page.evaluate("dispatchEvent(new Event('pageshow'))")

        for person in (ann, bob):
            expect(person.texts).to_have_text(["unheard", "into the void"])
        expect(ann.status).to_contain_text("online")


def test_no_need_to_wait_for_the_next_try(
    launch: Launch, start: Callable[[Launch], Service], visitor: NewVisitor
) -> None:
    service = start(launch)
    ann = visitor()
    ann.enter(service.url, "Ann")
    again = replace(launch, options=("--port", str(service.port)))
    ann.page.clock.install()
    service.kill()
    ann.pause_before_the_next_try()
    assert start(again).port

    ann.page.get_by_role("button", name="Try now").click()

    # The clock stands still: no wait has ended.
    expect(ann.status).to_contain_text("online")


@pytest.mark.usefixtures("no_complaints")
@pytest.mark.parametrize("name", ["", "Ann"])
def test_a_connection_that_falls_silent_is_found_out_where_nobody_looks(
    launch: Launch, visitor: NewVisitor, name: str
) -> None:
    with Service(launch) as service:
        ann = visitor()
        ann.page.add_init_script(
            """globalThis.sockets = [];
            globalThis.WebSocket = class extends WebSocket {
              constructor(...given) { super(...given); sockets.push(this); }
            };
            globalThis.beat = () => sockets.at(-1).onmessage({data: "h"});
            Object.defineProperty(document, "hidden", {get: () => true});"""
        )
        ann.page.clock.install()
        ann.come(service.url)
        if name:
            ann.ask_for(name)
            expect(ann.members).to_have_text([name])
        # Without a name nothing on the page tells that the session is open.
        ann.page.wait_for_function(
            "() => sockets.length && sockets.at(-1).readyState === 1 && sockets.at(-1).onmessage"
        )
        so_far = ann.page.evaluate("sockets.length")
        # From here on the page's time is the test's.
        ann.page.clock.pause_at(ann.page.evaluate("Date.now()") / 1000 + 0.5)

        for _ in range(8):
            ann.page.clock.run_for(15_000)
            ann.page.evaluate("beat()")
        assert ann.page.evaluate("sockets.length") == so_far
        # Somebody sets the computer's clock back, which changes nothing.
        ann.page.clock.set_system_time(ann.page.evaluate("Date.now()") / 1000 - 3600)
        ann.page.clock.run_for(61_000)
        ann.page.clock.resume()
        ann.page.wait_for_function("(so_far) => sockets.length > so_far", arg=so_far)

        expect(ann.status).to_contain_text("online")
