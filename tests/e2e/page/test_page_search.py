"""Search, and links to messages: what is found is one click away, and the browser's buttons lead back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.support.axe import violations
from tests.e2e.support.browser import NewVisitor, Visitor
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.service import Config, Launch, Service

MANY = 320
NEEDLE = "the <b>Needle</b> in Übersee"

# Requests to join wait in `joins`, to be called.
HOLD_JOINS = """() => {
  const send = WebSocket.prototype.send;
  globalThis.joins = [];
  WebSocket.prototype.send = function (text) {
    const isJoin = JSON.parse(JSON.parse(text)[0]).type === "join";
    isJoin ? joins.push(() => send.call(this, text)) : send.call(this, text);
  };
}"""


@pytest.fixture(scope="module")
def full(installed: Path, config: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose lobby has more than a page loads at first, and whose den has two messages."""
    launch = Launch(installed, tmp_path_factory.mktemp("full"), config)
    chat = {"rate": "1000", "burst": "100000", "rooms": "lobby, den, staff", "private_rooms": "staff"}
    with Service(launch.having(chat=chat)) as service:
        with Chatter(service.port, "Writer") as writer:
            for number in range(1, MANY + 1):
                writer.ask(type="say", room="lobby", text=NEEDLE if number == 10 else f"line {number}")
                writer.wait_for("said")
            writer.ask(type="join", room="den")
            writer.wait_for("joined")
            writer.ask(type="say", room="den", text="a needle in the den")
            writer.wait_for("said")
        yield service


def sought(ann: Visitor, number: int) -> None:
    expect(ann.page.locator(".sought")).to_have_attribute("data-number", str(number))
    expect(ann.page.locator(".sought")).to_be_in_viewport()


@pytest.mark.usefixtures("no_complaints")
def test_what_is_found_is_marked_and_a_click_leads_there_and_back(full: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(full.url, "Ann")
    ann.open_room("den")
    ann.page.keyboard.press("Control+k")
    expect(ann.page.locator("#search-text")).to_be_focused()
    ann.page.keyboard.type("NEEDLE")
    ann.page.keyboard.press("Enter")

    expect(ann.page.locator("#search-status")).to_have_text("2 messages.")
    expect(ann.page.locator("#search-found mark")).to_have_text(["needle", "Needle"])
    expect(ann.page.locator(".hit-text").last).to_have_text(NEEDLE)
    assert violations(ann.page) == []
    ann.page.locator(".hit").last.click()
    sought(ann, 10)
    expect(ann.page).to_have_url(f"{full.url}/#lobby/10")
    expect(ann.page.locator("#room-title")).to_have_text("lobby")
    ann.page.go_back()
    expect(ann.page.locator("#room-title")).to_have_text("den")
    ann.page.go_forward()
    sought(ann, 10)
    ann.page.locator("#log [data-number='12'] a.time").click()
    expect(ann.page).to_have_url(f"{full.url}/#lobby/12")
    expect(ann.page.locator("#log [data-number='12']")).to_be_focused()


def test_a_search_that_cannot_be_loaded_is_said_until_it_is_asked_for_again(full: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(full.url, "Ann")
    ann.page.route("**/search-*.js", lambda route: route.abort())
    ann.page.keyboard.press("Control+k")
    expect(ann.page.locator("#link-error")).to_contain_text("The search cannot be loaded now.")

    ann.page.unroute("**/search-*.js")
    ann.page.keyboard.press("Control+k")

    expect(ann.page.locator("#search-text")).to_be_focused()
    expect(ann.page.locator("#link-error")).to_have_text("")


@pytest.mark.usefixtures("no_complaints")
def test_a_link_opens_its_message_on_a_phone_and_one_that_leads_nowhere_says_so(
    full: Service, visitor: NewVisitor
) -> None:
    bob = visitor(viewport={"width": 390, "height": 844}, color_scheme="dark")
    bob.enter(f"{full.url}/#lobby/10", "Bob")
    sought(bob, 10)

    for place, text in (
        ("lobby/9999", "There is no message 9999 in lobby."),
        ("lobby/0", "This link names no message of lobby."),
        ("staff/1", "You may not read this room."),
    ):
        bob.page.evaluate("(place) => { location.hash = place; }", place)
        expect(bob.page.locator("#link-error")).to_contain_text(text)
    bob.page.locator("#search-open").click()
    bob.page.locator("#search-text").fill("über")
    bob.page.locator("#search-text").press("Enter")
    expect(bob.page.locator("#search-found mark")).to_have_text(["Über"])
    width = bob.page.evaluate("document.documentElement.scrollWidth")
    assert (width <= 390, violations(bob.page)) == (True, [])


@pytest.mark.usefixtures("no_complaints")
def test_what_was_deleted_and_edited_before_one_was_inside_is_seen_so(full: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(full.url, "Anna")
    ann.page.evaluate(HOLD_JOINS)
    with Chatter(full.port, "Author") as author:
        author.ask(type="join", room="attic")
        for number in range(1, 111):
            author.ask(type="say", room="attic", text=f"line {number}")
            author.wait_for("said")
        ann.page.evaluate("location.hash = '#attic/3'")
        ann.page.wait_for_function("() => globalThis.joins?.length === 1")
        author.ask(type="delete", room="attic", number=3)
        author.wait_for("done")
        author.ask(type="edit", room="attic", number=4, text="line four")
        author.wait_for("done")

        ann.page.evaluate("joins.pop()()")

        sought(ann, 3)
        expect(ann.page.locator("[data-number='3']")).to_contain_text("deleted")
        expect(ann.page.locator("[data-number='4'] .text")).to_have_text("line four")
