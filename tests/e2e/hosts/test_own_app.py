"""Users' applications beside the chat and the rates: Flask, Django and a plain callable, in the real service."""

import json
import shutil
import signal
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect
from websockets.sync.client import connect

from tests.builds import PROJECT
from tests.e2e.support.both_ways import WAYS
from tests.e2e.support.browser import Visitor, browser
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.hosts import GTHREAD, Host, lend
from tests.e2e.support.service import DEADLINE, Launch, Service
from tests.e2e.support.urls import get_json, get_text, status_of

Start = Callable[[Launch], Service]

BARE = """
def app(environ, start_response):
    from mixsvc import mix
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['SCRIPT_NAME']}|{environ['PATH_INFO']}|{mix.rates.latest('EUR', 'USD').base}".encode()]
"""


def having(launch: Launch, example: str, **config: dict[str, str]) -> Launch:
    """A launch in a copy of an example's folder."""
    shutil.copytree(PROJECT / "examples" / example, launch.folder)
    return launch.having(**config)


@pytest.fixture(params=WAYS)
def lane(request: pytest.FixtureRequest, launch: Launch) -> Launch:
    """A launch whose views run in the service's threads, or in processes."""
    return launch.having(web=WAYS[request.param])


def posted(port: int, path: str, cookie: str = "", **form: str) -> tuple[int, str]:
    """The status of a form's answer, and the cookie that it sets."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
    with closing(HTTPConnection("127.0.0.1", port, timeout=DEADLINE)) as connection:
        connection.request("POST", path, urlencode(form), headers)
        answer = connection.getresponse()
        return answer.status, (answer.headers["Set-Cookie"] or "").partition(";")[0]


def hello(port: int, cookie: str) -> Any:
    """What the chat answers to a client with this cookie."""
    with connect(f"ws://127.0.0.1:{port}/chat/websocket", additional_headers={"Cookie": cookie}) as client:
        client.send('{"type": "hello"}')
        return json.loads(client.recv(timeout=DEADLINE))


SHOP = {"web": {"wsgi": "shop:app", "pages": "/mixsvc"}, "chat": {"authenticator": "shop:who"}}


def test_the_shop_shows_prices_in_another_currency_with_their_date(start: Start, lane: Launch) -> None:
    service = start(having(lane, "shop", **SHOP))
    service.wait_for("rates: 4 new quotes of 2026-11-20")

    assert "39.00 EUR" in get_text(f"{service.url}/")
    page = get_text(f"{service.url}/?currency=USD")
    # 39.00 at 1.1172.
    assert "43.57 USD" in page and "at the rate of 2026-11-20" in page


def test_a_view_of_the_shop_says_a_line_in_the_chat(start: Start, lane: Launch) -> None:
    service = start(having(lane, "shop", **SHOP))
    status, cookie = posted(service.port, "/login", name="ann", password="teatime")
    assert status == 303

    with Chatter(service.port, "Bob") as bob:
        assert posted(service.port, "/ask", cookie, goods="Teapot")[0] == 303
        message = bob.wait_for("message")

    assert (message["name"], message["text"]) == ("Shop", "ann asks about: Teapot")
    assert posted(service.port, "/ask", goods="Teapot")[0] == 400


def test_an_order_of_the_shop_is_live_for_its_customer_alone(start: Start, lane: Launch, chromium: str | None) -> None:
    service = start(having(lane, "shop", **SHOP))
    staff = posted(service.port, "/login", name="staff", password="kettle")[1]

    with browser(chromium) as chrome:
        page = chrome.new_context().new_page()
        page.goto(f"{service.url}/")
        page.get_by_placeholder("ann").fill("ann")
        page.get_by_placeholder("teatime").fill("teatime")
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("button", name="Order it").last.click()
        expect(page.locator("#states li")).to_have_text(["Cup ordered"])
        number = page.url.rpartition("/")[2]

        for _ in range(2):
            assert posted(service.port, f"/orders/{number}/state", staff, state="paid")[0] == 303
        assert posted(service.port, f"/orders/{number}/state", staff, state="packed")[0] == 303

        expect(page.locator("#states li")).to_have_text(["Cup ordered", "paid", "packed"])

    assert status_of(f"{service.url}/orders/{number}/events") == 403


def test_who_is_logged_in_at_the_shop_is_known_in_the_chat(start: Start, launch: Launch) -> None:
    service = start(having(launch, "shop", **{**SHOP, "chat": {**SHOP["chat"], "guests": "no"}}))
    _, ann = posted(service.port, "/login", name="ann", password="teatime")
    _, staff = posted(service.port, "/login", name="staff", password="kettle")

    answers = [hello(service.port, cookie) for cookie in (ann, staff, "")]

    known = [(each["type"], each.get("name"), each.get("moderator")) for each in answers]
    assert known == [("welcome", "ann", False), ("welcome", "staff", True), ("error", None, None)]
    assert answers[2]["code"] == "not_allowed"


def test_our_pages_work_below_their_prefix_in_a_browser(start: Start, launch: Launch, chromium: str | None) -> None:
    settings = {"web": SHOP["web"]}
    service = start(having(launch, "shop", **settings))

    with browser(chromium) as chrome:
        ann = Visitor(chrome.new_context().new_page())
        ann.enter(f"{service.url}/mixsvc/", "Ann")
        ann.say("hello from below")
        expect(ann.texts.last).to_have_text("hello from below")
        # The session's cookie also identifies the person in the chat.
        ann.come(f"{service.url}/mixsvc/")
        expect(ann.members).to_contain_text(["Ann"])

        assert ann.complaints == []


def test_our_paths_are_the_applications_where_our_pages_are_away(start: Start, launch: Launch) -> None:
    service = start(having(launch, "shop", web={"wsgi": "shop:app"}))

    assert get_text(f"{service.url}/").count("Teapots") == 2
    for path in ("/api/rates", "/static/rates/rates.js", "/mixsvc/"):
        assert status_of(service.url + path) == 404
    assert get_json(f"{service.url}/chat/info")["websocket"] is True


def test_the_shop_runs_in_another_server_as_well(launch: Launch) -> None:
    settings = {**SHOP, "chat": {"authenticator": "shop:who", "listen": "tcp:0:interface=127.0.0.1"}}

    with Host(GTHREAD, having(launch, "shop", **settings), "shop") as host:
        port = int(host.url.rpartition(":")[2])
        _, cookie = posted(port, "/login", name="ann", password="teatime")
        assert posted(port, "/ask", cookie, goods="Cup")[0] == 303
        assert host.stop(signal.SIGTERM) == 0
    assert "Traceback" not in host.log()


def test_django_has_the_rates_and_the_chat(start: Start, lane: Launch) -> None:
    lane = having(lane, "guestbook_django", web={"wsgi": "guestbook:app"})
    lend(lane.folder / "lent", ("django", "asgiref", "sqlparse"))
    service = start(replace(lane, environ={"PYTHONPATH": "lent"}))

    with Chatter(service.port, "Bob") as bob:
        bob.say("<b>hello</b>")
        page = get_text(f"{service.url}/")

    assert "EUR/USD: 1." in page and "<li>Bob: &lt;b&gt;hello&lt;/b&gt;</li>" in page
    service.stop()
    assert "Traceback" not in service.log()


@pytest.mark.parametrize(("pages", "seen"), [("", "|/mixsvc/x|EUR"), ("/elsewhere", "|/mixsvc/x|EUR")])
def test_a_bare_callable_gets_every_path_but_those_of_chat_and_pages(
    start: Start, lane: Launch, pages: str, seen: str
) -> None:
    lane.folder.mkdir()
    (lane.folder / "bare.py").write_text(BARE)
    service = start(lane.having(web={"wsgi": "bare:app", "pages": pages}))

    assert get_text(f"{service.url}/mixsvc/x") == seen
    assert get_json(f"{service.url}/chat/info")["websocket"] is True
    if pages:
        assert get_json(f"{service.url}{pages}/api/rates/EUR/USD")["quote"] == "USD"
        assert f'href="{pages}/static/' in get_text(f"{service.url}{pages}/")


def test_an_application_that_starts_threads_does_not_keep_the_service(start: Start, lane: Launch) -> None:
    lane.folder.mkdir()
    threads = "import threading\nthreading.Thread(target=threading.Event().wait).start()\n"
    (lane.folder / "bare.py").write_text(threads + BARE)
    service = start(lane.having(web={"wsgi": "bare:app"}))
    assert get_text(f"{service.url}/") == "|/|EUR"

    assert service.stop() == -signal.SIGTERM
