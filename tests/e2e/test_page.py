"""The page in a real browser, on the real service."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import Visitor, browser, without_sockjs
from tests.e2e.service import Launch, Service

NewVisitor = Callable[[], Visitor]

# Milliseconds, and a little more: the page asks for the rates every 30 s.
HALF_A_MINUTE = 31_000


@pytest.fixture(scope="module")
def chrome(chromium: str | None) -> Iterator[Browser]:
    with browser(chromium) as running:
        yield running


@pytest.fixture
def everyone(chrome: Browser) -> Iterator[list[Visitor]]:
    """Who has come in this test; each is sent away at its end."""
    came: list[Visitor] = []
    yield came
    for visitor in came:
        visitor.page.context.close()


@pytest.fixture
def visitor(chrome: Browser, everyone: list[Visitor]) -> NewVisitor:
    """Makes a person with a browser context of their own."""

    def make() -> Visitor:
        everyone.append(Visitor(chrome.new_context().new_page()))
        return everyone[-1]

    return make


@pytest.fixture
def no_complaints(everyone: list[Visitor]) -> Iterator[None]:
    """At the end of the test no console has an error, and the CSP had nothing to refuse."""
    yield
    assert [visitor.complaints for visitor in everyone] == [[] for _ in everyone]


@pytest.mark.usefixtures("no_complaints")
def test_the_first_pair_is_shown_with_price_date_and_source(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()

    ann.come(service.url)

    rate = ann.page.locator(".rate-large")
    expect(rate.locator(".pair")).to_have_text("EUR/USD")
    expect(rate.locator(".price")).to_have_text(re.compile(r"^\d+\.\d+$"))
    expect(rate.locator(".date")).to_have_text(re.compile(r"^\d{4}-\d\d-\d\d$"))
    expect(rate.locator(".source")).to_have_text(re.compile("^(ecb|archive)$"))


@pytest.mark.usefixtures("no_complaints")
def test_the_rates_are_refreshed_while_the_page_is_open(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.page.clock.install()
    ann.come(service.url)
    quote = {"base": "EUR", "quote": "USD", "price": "1.5000", "date": "2026-11-02", "source": "ecb", "stale": True}
    ann.page.route("**/api/rates", lambda route: route.fulfill(json={"quotes": [quote]}))

    ann.page.clock.run_for(HALF_A_MINUTE)

    rate = ann.page.locator(".rate-large")
    expect(rate.locator(".price")).to_have_text("1.5000")
    expect(rate.locator(".date")).to_have_text("2026-11-02")
    expect(rate.locator(".stale")).to_be_visible()
    expect(ann.page.locator("[data-pair='EUR/GBP'] .price")).to_have_text("unavailable")


def test_the_page_says_when_the_rates_cannot_be_refreshed(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.page.clock.install()
    ann.come(service.url)
    price = ann.page.locator(".rate-large .price")
    before = price.text_content() or ""
    ann.page.route("**/api/rates", lambda route: route.abort())

    ann.page.clock.run_for(HALF_A_MINUTE)

    expect(ann.page.locator("#rates-status")).to_contain_text("may be out of date")
    expect(price).to_have_text(before)


@pytest.mark.usefixtures("no_complaints")
def test_two_people_see_each_other_come_and_talk_both_ways(service: Service, visitor: NewVisitor) -> None:
    ann, bob = visitor(), visitor()
    ann.enter(service.url, "Ann")
    bob.enter(service.url, "Bob")
    expect(ann.members).to_have_text(["Ann", "Bob"])
    expect(bob.members).to_have_text(["Ann", "Bob"])

    ann.say("Good morning, Bob")
    expect(bob.texts.last).to_have_text("Good morning, Bob")
    bob.say("Good morning, Ann")

    for person in (ann, bob):
        expect(person.texts.last).to_have_text("Good morning, Ann")
    assert ann.numbers() == bob.numbers()


@pytest.mark.usefixtures("no_complaints")
def test_who_goes_is_no_longer_listed(service: Service, visitor: NewVisitor) -> None:
    ann, bob = visitor(), visitor()
    ann.enter(service.url, "Anna")
    bob.enter(service.url, "Bert")
    expect(ann.members).to_have_text(["Anna", "Bert"])

    bob.page.close()

    expect(ann.members).to_have_text(["Anna"])


@pytest.mark.usefixtures("no_complaints")
def test_markup_in_a_message_and_in_a_name_stays_text(service: Service, visitor: NewVisitor) -> None:
    ann, bob = visitor(), visitor()
    ann.enter(service.url, "<i>Ann</i>")
    bob.enter(service.url, "Bo&amp;b")

    ann.say("<b>hostile</b><img src=x onerror=alert(1)>")

    expect(bob.texts.last).to_have_text("<b>hostile</b><img src=x onerror=alert(1)>")
    expect(bob.page.locator("#log .who").last).to_have_text("<i>Ann</i>")
    expect(ann.members).to_have_text(["<i>Ann</i>", "Bo&amp;b"])
    expect(bob.page.locator("#log :is(.text, .who) *, #members i")).to_have_count(0)


@pytest.mark.usefixtures("no_complaints")
def test_a_name_that_is_taken_is_refused_with_another(service: Service, visitor: NewVisitor) -> None:
    first, second = visitor(), visitor()
    first.enter(service.url, "Carl")
    second.come(service.url)

    second.ask_for("carl")

    expect(second.page.locator("#name-error")).not_to_be_empty()
    offer = second.page.get_by_role("button", name="Enter as")
    suggestion = (offer.text_content() or "").removeprefix("Enter as ")
    offer.click()
    expect(first.members).to_have_text(sorted(["Carl", suggestion]))


@pytest.mark.usefixtures("no_complaints")
def test_without_the_sockjs_client_the_page_talks_by_plain_websocket(service: Service, visitor: NewVisitor) -> None:
    ann, bob = visitor(), visitor()
    sockets: list[str] = []
    ann.page.on("websocket", lambda socket: sockets.append(socket.url))
    without_sockjs(ann.page)
    ann.enter(service.url, "Dora")
    bob.enter(service.url, "Emil")

    ann.say("Hello from a plain socket")
    expect(bob.texts.last).to_have_text("Hello from a plain socket")
    bob.say("Hello back")

    expect(ann.texts.last).to_have_text("Hello back")
    # Each name has a connection of its own, which carries its session.
    assert set(sockets) == {f"ws://127.0.0.1:{service.port}/chat/websocket"}


@pytest.mark.usefixtures("no_complaints")
def test_where_there_is_no_websocket_the_page_talks_by_another_transport(service: Service, visitor: NewVisitor) -> None:
    ann, bob = visitor(), visitor()
    ann.page.add_init_script("delete globalThis.WebSocket")
    ann.enter(service.url, "Fritz")
    bob.enter(service.url, "Gerda")
    expect(ann.status).to_have_text("online over xhr-streaming")

    ann.say("Hello from a stream")
    expect(bob.texts.last).to_have_text("Hello from a stream")
    bob.say("Hello back, stream")

    expect(ann.texts.last).to_have_text("Hello back, stream")


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
    expect(ann.status).to_contain_text("offline")
    ann.say("meanwhile")
    start(again)

    for person in (ann, bob):
        expect(person.texts).to_have_text(["before", "meanwhile"])
        expect(person.members).to_have_text(["Ann", "Bob"])
        assert person.numbers() == [1, 2]
    expect(ann.page.locator("#unsent")).to_be_empty()
