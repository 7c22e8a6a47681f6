"""The page has room for what matters: many rooms and people, small screens, large letters, and no errors of before."""

import json
import re
from typing import Any, Final

import pytest
from playwright.sync_api import expect

from tests.e2e.support.axe import violations
from tests.e2e.support.browser import NewVisitor, Visitor
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.service import Config, Service

DESK: Final[dict[str, Any]] = {"viewport": {"width": 1280, "height": 800}}
PHONE: Final[dict[str, Any]] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
ROOMS: Final = [f"room-{number:02}" for number in range(30)]

# How much more there is to scroll to than the window shows.
BELOW: Final = "() => document.scrollingElement.scrollHeight - innerHeight"
# As another window in front of this one does it.
COVER: Final = """
(isCovered) => {
  document.hasFocus = () => !isCovered;
  dispatchEvent(new Event(isCovered ? "blur" : "focus"));
}
"""
# What happens here when another window has written how far the lobby was read, and yet another one has written since.
WRITTEN_ELSEWHERE: Final = """
(read) => {
  const kept = {...JSON.parse(localStorage.mixsvc), rooms: {lobby: read}};
  dispatchEvent(new StorageEvent("storage", {key: "mixsvc", newValue: JSON.stringify(kept)}));
}
"""


@pytest.fixture(scope="module")
def config(config: Config) -> Config:
    return {**config, "chat": {"rate": "1000", "burst": "1000", "joins": "1000", "max_joined": "100"}}


def come_to_many_rooms(ann: Visitor, service: Service, name: str) -> None:
    """Be in thirty rooms besides the lobby, as somebody who was there before."""
    kept = {"rooms": dict.fromkeys(["lobby", *ROOMS], 0), "open": "lobby"}
    ann.page.add_init_script(f"localStorage.mixsvc ??= {json.dumps(json.dumps(kept))}")
    ann.enter(service.url, name)
    expect(ann.page.locator("#rooms .room-item")).to_have_count(len(ROOMS) + 1)


@pytest.mark.usefixtures("no_complaints")
def test_many_rooms_scroll_in_their_list_and_one_filters_them(service: Service, visitor: NewVisitor) -> None:
    ann = visitor(**DESK)
    come_to_many_rooms(ann, service, "Ann")
    with Chatter(service.port, "Otto") as otto:
        otto.ask(type="join", room="elsewhere-29")
        otto.wait_for("joined")
        ann.page.reload()
        expect(ann.page.locator("#others .room-name")).to_have_text(["elsewhere-29"])

        assert ann.page.evaluate(BELOW) <= 0
        expect(ann.page.get_by_label("Your message")).to_be_in_viewport()
        assert violations(ann.page) == []
        ann.page.get_by_label("Name of a room").fill("29")

        expect(ann.page.locator("#rooms .room-name")).to_have_text(["room-29"])
        expect(ann.page.locator("#others .room-name")).to_have_text(["elsewhere-29"])
        ann.page.keyboard.press("Escape")
        expect(ann.page.locator("#rooms .room-name")).to_have_count(len(ROOMS) + 1)


@pytest.mark.usefixtures("no_complaints")
def test_a_phone_has_its_first_message_at_the_top_and_many_rooms_in_one_screen(
    service: Service, visitor: NewVisitor
) -> None:
    with Chatter(service.port, "Paula") as paula:
        paula.say("the first of all, or nearly")
        ann = visitor(**PHONE)
        come_to_many_rooms(ann, service, "Berta")
        first = ann.page.locator("#log [data-number]").first
        place = first.bounding_box()

        assert place and place["y"] < PHONE["viewport"]["height"] / 5
        expect(ann.page.get_by_label("Your message")).to_be_in_viewport()
        assert ann.page.evaluate(BELOW) <= 0
        ann.page.get_by_role("button", name="Rooms", exact=True).tap()
        assert ann.page.evaluate(BELOW) <= 0
        expect(ann.page.get_by_role("button", name="My menu")).to_be_in_viewport()


@pytest.mark.usefixtures("no_complaints")
@pytest.mark.parametrize(("width", "height"), [(960, 540), (640, 360), (512, 384), (320, 256)])
def test_with_twice_as_large_letters_one_still_sees_what_one_writes(
    service: Service, visitor: NewVisitor, width: int, height: int
) -> None:
    ann = visitor(viewport={"width": width, "height": height})
    ann.enter(service.url, f"Carla {width}")

    expect(ann.page.get_by_label("Your message")).to_be_in_viewport(ratio=1)
    expect(ann.page.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)
    assert ann.page.evaluate(BELOW) <= 0


@pytest.mark.usefixtures("no_complaints")
def test_rates_stay_folded_until_they_are_unfolded(service: Service, visitor: NewVisitor) -> None:
    ann = visitor(**DESK)
    ann.come(service.url)
    ann.page.get_by_role("button", name="Hide rates").click()
    ann.page.reload()

    unfold = ann.page.get_by_role("button", name="Show rates")
    expect(unfold).to_have_attribute("aria-expanded", "false")
    for part in ("#market", "#rates"):
        expect(ann.page.locator(part)).to_be_hidden()
    unfold.click()
    ann.page.reload()

    for part in ("#market", "#rates"):
        expect(ann.page.locator(part)).to_be_visible()


@pytest.mark.usefixtures("no_complaints")
def test_what_is_read_in_one_window_is_read_in_the_other_and_nothing_is_read_behind_one(
    service: Service, visitor: NewVisitor
) -> None:
    ann = visitor(**DESK)
    ann.enter(service.url, "Dora")
    behind = Visitor(ann.page.context.new_page())
    behind.come_back(service.url, "Dora")
    for window in (ann, behind):
        window.page.evaluate(COVER, True)
    with Chatter(service.port, "Quinn") as quinn:
        quinn.say("nobody looks")
        for window in (ann, behind):
            expect(window.page).to_have_title(re.compile(r"^\(1\) "))
        expect(ann.page.locator("#icon")).to_have_attribute("href", re.compile("unread"))

        ann.page.evaluate(COVER, False)

        for window in (ann, behind):
            expect(window.page).to_have_title(re.compile("^lobby"))
        quinn.say("read at once")
        expect(behind.texts.last).to_have_text("read at once")
        expect(behind.page).to_have_title(re.compile("^lobby"))


def test_what_was_read_in_another_window_stays_read_though_a_window_writes_what_it_knew_before(
    service: Service, visitor: NewVisitor
) -> None:
    ann = visitor(**DESK)
    ann.enter(service.url, "Dolly")
    ann.page.evaluate(COVER, True)
    with Chatter(service.port, "Quentin") as quentin:
        before = quentin.say("first")
        expect(ann.page).to_have_title(re.compile(r"^\(1\) "))
        for read in (before + 1, before):
            ann.page.evaluate(WRITTEN_ELSEWHERE, read)

        quentin.say("second")

        expect(ann.texts.last).to_have_text("second")
        expect(ann.page).to_have_title(re.compile("^lobby"))


@pytest.mark.usefixtures("no_complaints")
def test_a_refused_room_changes_nothing_and_its_error_goes_with_the_next_letter(
    service: Service, visitor: NewVisitor
) -> None:
    ann = visitor(**DESK)
    ann.enter(service.url, "Emil")
    ann.make_room("cellar")
    kept = ann.page.evaluate("localStorage.mixsvc")
    rooms = ann.page.locator("#rooms .room-name").all_text_contents()
    field = ann.page.get_by_label("Name of a room")

    field.fill("no spaces here")
    field.press("Enter")

    expect(ann.page.locator("#room-error")).not_to_be_empty()
    expect(field).to_have_value("no spaces here")
    expect(field).to_be_focused()
    expect(ann.page.locator("#room-title")).to_have_text("cellar")
    assert (ann.page.evaluate("localStorage.mixsvc"), rooms) == (kept, ["cellar", "lobby"])
    field.press_sequentially("!")
    expect(ann.page.locator("#room-error")).to_be_empty()
    field.fill("lobby")
    field.press("Enter")
    expect(ann.page.locator("#room-title")).to_have_text("lobby")
    expect(field).to_have_value("")


@pytest.mark.usefixtures("no_complaints")
def test_an_address_in_a_topic_is_a_link(service: Service, visitor: NewVisitor) -> None:
    ann = visitor(**DESK)
    ann.enter(service.url, "Fanny")

    ann.say("/topic Plans: https://example.org/plans")

    expect(ann.page.locator("#room-topic")).to_have_text("Plans: https://example.org/plans")
    for place in ("#room-topic", "#log .topic-text"):
        link = ann.page.locator(f"{place} a").last
        expect(link).to_have_attribute("href", "https://example.org/plans")
        expect(link).to_have_attribute("rel", re.compile("noopener"))


@pytest.mark.usefixtures("no_complaints")
def test_a_menu_is_walked_through_with_the_keyboard_and_gives_the_focus_back(
    service: Service, visitor: NewVisitor
) -> None:
    ann = visitor(**DESK)
    ann.enter(service.url, "Gina")
    menu = ann.page.get_by_role("button", name="My menu")

    menu.press("Enter")
    expect(ann.page.get_by_role("menuitemcheckbox", name="Notify me")).to_be_focused()
    ann.page.keyboard.press("ArrowUp")
    expect(ann.page.get_by_role("menuitem", name="Change my name")).to_be_focused()
    ann.page.keyboard.press("Escape")

    expect(ann.page.get_by_role("menu")).to_have_count(0)
    expect(menu).to_be_focused()
    expect(menu).to_have_attribute("aria-expanded", "false")
