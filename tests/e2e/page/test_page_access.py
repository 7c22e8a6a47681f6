"""Everybody can use the page: WCAG 2.2 AA as far as axe can tell, the keyboard alone, small screens and dark ones."""

from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.support.axe import violations
from tests.e2e.support.browser import NewVisitor, Visitor
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.service import Launch, Service

DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
TABLET: dict[str, Any] = {"viewport": {"width": 820, "height": 1100}}
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
SCREENS: dict[str, dict[str, Any]] = {
    "desk light": DESK,
    "desk dark": {**DESK, "color_scheme": "dark"},
    "tablet": TABLET,
    "phone": PHONE,
    "phone dark": {**PHONE, "color_scheme": "dark"},
}

# How far the page is wider than its window.
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def drawn(page: Page) -> None:
    """Wait until the chart is there."""
    expect(page.locator("#chart-plot canvas")).to_have_count(1)


def talked_in(ann: Visitor, service: Service) -> None:
    """A room with messages of every kind."""
    with Chatter(service.port, "Bob the Builder") as bob:
        for text in ("Good morning https://example.org/", "/me waves", "/rate EUR/USD", "/topic The weather"):
            bob.say(text)
    ann.enter(service.url, "Ann")
    ann.say("one")
    ann.say("two")
    ann.say("/help")
    expect(ann.page.locator("#log .notice").last).to_contain_text("/convert")


@pytest.mark.usefixtures("no_complaints")
@pytest.mark.parametrize("screen", SCREENS)
def test_axe_finds_nothing_to_blame(launch: Launch, visitor: NewVisitor, screen: str) -> None:
    with Service(launch) as service:
        ann = visitor(**SCREENS[screen])
        ann.come(service.url)
        drawn(ann.page)
        assert violations(ann.page) == []

        talked_in(ann, service)
        assert violations(ann.page) == []
        ann.page.get_by_label("Your message").press_sequentially("/")
        assert violations(ann.page) == []
        for part in ("Rooms", "Rates"):
            if "phone" in screen:
                ann.page.get_by_role("button", name=part, exact=True).click()
                assert violations(ann.page) == []
            if part == "Rooms":
                ann.page.get_by_role("button", name="My menu").click()
                assert violations(ann.page) == []
                ann.page.keyboard.press("Escape")
        if screen == "tablet":
            ann.page.get_by_role("button", name="Show rates").click()
        ann.page.locator("#chart-table summary").click()

        assert violations(ann.page) == []


@pytest.mark.usefixtures("no_complaints")
def test_axe_finds_nothing_to_blame_without_javascript_on_an_error_page_and_at_the_login(
    service: Service, visitor: NewVisitor
) -> None:
    ann = visitor()
    ann.come(service.url)
    ann.page.get_by_role("button", name="Log in as a moderator").click()
    assert violations(ann.page) == []

    ann.page.goto(f"{service.url}/api")
    ann.complaints.clear()
    ann.page.goto(f"{service.url}/nowhere")
    ann.complaints.clear()

    assert violations(ann.page) == []


@pytest.mark.usefixtures("no_complaints")
@pytest.mark.parametrize("width", [320, 360, 600, 768, 1024, 1152, 1440, 2560])
def test_nothing_is_wider_than_the_window(service: Service, visitor: NewVisitor, width: int) -> None:
    ann = visitor(viewport={"width": width, "height": 720})

    ann.enter(service.url, f"A{'n' * 25}{width}")
    ann.say("w" * 300)

    expect(ann.texts.last).to_have_text("w" * 300)
    for part in ("Rooms", "Rates", "Talk"):
        if width < 768:
            ann.page.get_by_role("button", name=part, exact=True).click()
        assert ann.page.evaluate(OVERFLOW) <= 0
    expect(ann.page.get_by_label("Your message")).to_be_in_viewport()


@pytest.mark.usefixtures("no_complaints")
def test_on_a_phone_each_part_has_the_screen_for_itself(service: Service, visitor: NewVisitor) -> None:
    ann = visitor(**PHONE)
    ann.enter(service.url, "Pia")
    expect(ann.page.get_by_label("Your message")).to_be_in_viewport()

    ann.page.get_by_role("button", name="Rates", exact=True).tap()
    expect(ann.page.locator("#chart-plot")).to_be_in_viewport()
    expect(ann.page.locator("#talk")).to_be_hidden()
    ann.page.get_by_role("button", name="Rooms", exact=True).tap()
    expect(ann.members).to_have_text(["Pia"])
    ann.room("lobby").tap()

    expect(ann.page.get_by_label("Your message")).to_be_visible()


def tab_to(page: Page, wanted: str) -> None:
    """Press Tab until the element that the selector names has the focus; AssertionError when a round was made."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", wanted):
            return
    raise AssertionError(f"Tab never comes to {wanted}")


@pytest.mark.usefixtures("no_complaints")
def test_the_keyboard_is_enough(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.come(service.url)
    keyboard = ann.page.keyboard

    tab_to(ann.page, "#name")
    keyboard.type("Quentin")
    keyboard.press("Enter")
    expect(ann.page.get_by_label("Your message")).to_be_focused()
    keyboard.type("no mouse needed")
    keyboard.press("Enter")
    expect(ann.texts.last).to_have_text("no mouse needed")
    tab_to(ann.page, "#rates li:nth-child(2) button")
    keyboard.press("Enter")
    expect(ann.page.locator("#chart-title")).to_have_text("EUR/GBP")
    tab_to(ann.page, "#room-name")
    keyboard.type("attic")
    keyboard.press("Enter")

    expect(ann.page.locator("#room-title")).to_have_text("attic")
    expect(ann.page.get_by_label("Your message")).to_be_focused()


@pytest.mark.usefixtures("no_complaints")
def test_new_messages_are_announced_and_old_ones_are_not(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Rita")

    log = ann.page.get_by_role("log", name="Messages")
    expect(log).to_have_attribute("aria-live", "polite")
    ann.page.evaluate(
        """() => {
          globalThis.modes = [];
          new MutationObserver(() => modes.push(document.querySelector('#log-frame').getAttribute('aria-live')))
            .observe(document.querySelector('#log'), {childList: true});
        }"""
    )
    with Chatter(service.port, "Sven") as sven:
        sven.say("announced")
        expect(ann.texts.last).to_have_text("announced")
        assert set(ann.page.evaluate("modes")) == {"polite"}
        ann.page.get_by_label("Name of a room").fill("quiet")
        ann.page.keyboard.press("Enter")
        expect(ann.page.locator("#room-title")).to_have_text("quiet")

    assert ann.page.evaluate("modes.at(-1)") == "off"


@pytest.mark.usefixtures("no_complaints")
def test_who_wants_no_motion_gets_none(service: Service, visitor: NewVisitor) -> None:
    ann = visitor(reduced_motion="reduce")

    ann.come(service.url)

    assert ann.page.evaluate("document.getAnimations().length") == 0


@pytest.mark.usefixtures("no_complaints")
def test_a_long_list_of_people_can_be_scrolled_with_the_keyboard(launch: Launch, visitor: NewVisitor) -> None:
    with Service(launch) as service, ExitStack() as stack:
        ann = visitor(viewport={"width": 1280, "height": 600})
        ann.enter(service.url, "Ann")
        for number in range(20):
            stack.enter_context(Chatter(service.port, f"Bob {number}"))
        expect(ann.members).to_have_count(21)
        people = ann.page.locator(".people")
        assert people.evaluate("(people) => people.scrollHeight > people.clientHeight")

        assert violations(ann.page) == []
        tab_to(ann.page, ".people")
        ann.page.keyboard.press("End")

        expect(ann.members.last).to_be_in_viewport()


@pytest.mark.usefixtures("no_complaints")
def test_with_colours_of_ones_own_the_chosen_pair_is_told_apart(service: Service, visitor: NewVisitor) -> None:
    ann = visitor(forced_colors="active")
    ann.come(service.url)

    borders = ann.page.locator(".rate-pick").evaluate_all("(all) => all.map((each) => getComputedStyle(each).border)")

    assert borders[0] not in borders[1:]
