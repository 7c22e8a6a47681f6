"""What the page keeps for its reader: the place in the log, the unread marks, and every line that was typed."""

import re

import pytest
from playwright.sync_api import Dialog, expect

from tests.e2e.page.test_page_talk import HIDE
from tests.e2e.support.browser import NewVisitor, Visitor
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.service import Config, Launch, Service

# More than comes with a join, and more than a screen holds.
MISSED = 70
PHONE = {"width": 390, "height": 800}
# What 640 x 360 pixels leave of a page of 1280 x 720 that is shown twice as large.
ZOOMED = {"width": 640, "height": 360}

# Whether the log was announcing at each change of its lines.
LISTEN = """
(log) => {
  globalThis.heard = [];
  const listen = () => heard.push(log.getAttribute("aria-live"));
  new MutationObserver(listen).observe(log.querySelector("#log"), {childList: true});
}
"""

LATER = """
(days) => {
  const now = Date.now() + days * 86_400_000;
  globalThis.Date = class extends Date {
    constructor(...parts) { parts.length ? super(...parts) : super(now); }
  };
}
"""


@pytest.fixture(scope="module")
def config(config: Config) -> Config:
    return {**config, "chat": {"rate": "1000", "burst": "1000", "joins": "1000"}}


def say_many(service: Service, name: str, count: int) -> None:
    with Chatter(service.port, name) as chatter:
        for number in range(count):
            chatter.say(f"{name} {number + 1}")


@pytest.mark.usefixtures("no_complaints")
def test_another_part_of_a_phones_page_leaves_the_log_where_it_was(service: Service, visitor: NewVisitor) -> None:
    say_many(service, "Writer", MISSED)
    ann = visitor(viewport=PHONE, has_touch=True, is_mobile=True)
    ann.enter(service.url, "Ann")
    expect(ann.texts.last).to_have_text(f"Writer {MISSED}")
    before = ann.numbers()

    ann.page.get_by_role("button", name="Rates").click()
    say_many(service, "Bob", 5)

    expect(ann.page).to_have_title(re.compile(r"^\(5\) "))
    assert ann.numbers() == [*before, *range(before[-1] + 1, before[-1] + 6)]
    ann.page.get_by_role("button", name="Talk").click()
    expect(ann.texts.last).to_be_in_viewport()
    expect(ann.page).to_have_title(re.compile("^lobby"))


@pytest.mark.usefixtures("no_complaints")
def test_what_is_said_in_a_short_log_is_announced_and_what_was_said_is_not(
    service: Service, visitor: NewVisitor
) -> None:
    ann, bob = visitor(), visitor()
    for person, name in ((ann, "Cleo"), (bob, "Dora")):
        person.enter(service.url, name)
        person.page.get_by_label("Name of a room").fill("short")
        person.page.keyboard.press("Enter")
    for person in (ann, bob):
        expect(person.page.locator("#room-title")).to_have_text("short")
        expect(person.members).to_have_text(["Cleo", "Dora"])
    expect(ann.log).to_have_attribute("aria-live", "polite")
    ann.log.evaluate(LISTEN)

    for text in ("one", "two"):
        bob.say(text)
        expect(ann.texts.last).to_have_text(text)
    ann.open_room("lobby")

    expect(ann.texts.last).not_to_have_text("two")
    assert ann.page.evaluate("heard") == ["polite", "polite", "off"]


@pytest.mark.usefixtures("no_complaints")
def test_who_comes_back_to_much_is_where_they_left_and_has_not_read_it(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Emil")
    ann.say("I was here")
    expect(ann.page.locator("#log .own .sent").last).to_be_visible()
    ann.page.goto("about:blank")
    say_many(service, "Talker", MISSED)

    for _ in range(2):
        # The second time, too: nothing below the mark was seen.
        ann.come_back(service.url, "Emil")

        expect(ann.page.locator("#newest")).to_have_text(f"{MISSED} new messages")
        expect(ann.page.locator("#log .unread")).to_have_count(1)
        expect(ann.page).to_have_title(re.compile(rf"^\({MISSED}\) "))
    ann.page.locator("#newest").click()
    expect(ann.texts.last).to_be_in_viewport()
    expect(ann.page).to_have_title(re.compile("^lobby"))


def test_a_refused_line_is_kept_beside_the_one_that_is_being_written(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Fritz")
    failed = ann.page.locator("#unsent .failed")
    field = ann.page.get_by_label("Your message")
    ann.page.context.set_offline(True)
    expect(ann.status).to_contain_text("offline")
    ann.say("/tpoic A long plan")
    field.fill("the next")

    ann.page.context.set_offline(False)

    expect(failed.locator(".text")).to_have_text("/tpoic A long plan")
    expect(field).to_have_value("the next")
    ann.page.get_by_role("button", name="Edit").click()
    expect(ann.page.locator("#say-error")).to_contain_text("first")
    field.fill("")
    ann.page.get_by_role("button", name="Edit").click()
    expect(field).to_have_value("/tpoic A long plan")
    expect(field).to_be_focused()
    expect(failed).to_have_count(0)


@pytest.mark.parametrize("unsent", [True, False])
def test_who_goes_is_asked_again_while_something_is_unsent(service: Service, visitor: NewVisitor, unsent: bool) -> None:
    ann = visitor()
    ann.enter(service.url, f"Gina {unsent}")
    ann.say("sent")
    expect(ann.page.locator("#log .own .sent").last).to_be_visible()
    asked: list[str] = []

    def on_dialog(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    ann.page.on("dialog", on_dialog)
    if unsent:
        ann.page.context.set_offline(True)
        expect(ann.status).to_contain_text("offline")
        ann.say("not yet")
        expect(ann.page.locator("#unsent .text")).to_have_text("not yet")
    else:
        expect(ann.page.locator("#unsent")).to_be_empty()

    ann.page.goto("about:blank")

    assert asked == (["beforeunload"] if unsent else [])


def test_lines_go_one_by_one_where_few_are_taken_at_once(launch: Launch, visitor: NewVisitor) -> None:
    with Service(launch.having(chat={"rate": "2", "burst": "2"})) as service:
        ann = visitor()
        ann.enter(service.url, "Hugo")
        ann.page.context.set_offline(True)
        expect(ann.status).to_contain_text("offline")
        lines = [f"line {number}" for number in range(12)]
        for line in lines:
            ann.say(line)

        ann.page.context.set_offline(False)

        expect(ann.texts).to_have_text(lines)
        expect(ann.page.locator("#unsent")).to_be_empty()


@pytest.mark.usefixtures("no_complaints")
def test_the_title_tells_of_what_came_as_the_page_went_out_of_sight(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Ines")
    expect(ann.page).to_have_title(re.compile("^lobby"))

    # First no frame is drawn, then the page learns that it is hidden.
    ann.page.evaluate("() => { globalThis.requestAnimationFrame = () => { globalThis.is_awaited = true; }; }")
    say_many(service, "Jan", 1)
    # Not at each frame, of which none is drawn.
    ann.page.wait_for_function("() => globalThis.is_awaited", polling=50)
    ann.page.evaluate(HIDE, True)
    say_many(service, "Kim", 1)

    expect(ann.page).to_have_title(re.compile(r"^\(2\) "))


@pytest.mark.usefixtures("no_complaints")
def test_today_is_yesterday_after_midnight(launch: Launch, visitor: NewVisitor) -> None:
    with Service(launch) as service:
        ann = visitor(timezone_id="UTC")
        ann.enter(service.url, "Lea")
        ann.say("before midnight")
        expect(ann.page.locator("#log .day")).to_have_text(["Today"])

        for days, name in (
            (1, "Yesterday"),
            (2, re.compile("^[A-Z][a-z]+day$")),
            (9, re.compile(r"^[A-Z][a-z]+day, .*\d")),
        ):
            ann.page.evaluate(LATER, days)
            say_many(service, f"Max {days}", 1)
            expect(ann.page.locator("#log .day").first).to_have_text(name)


@pytest.mark.usefixtures("no_complaints")
def test_the_form_covers_nothing_of_the_log_on_a_low_screen(service: Service, visitor: NewVisitor) -> None:
    ann = visitor(viewport=ZOOMED)
    ann.enter(service.url, "Nora")
    ann.say("in sight")
    expect(ann.texts.last).to_have_text("in sight")

    assert bottom(ann, "#log-frame") <= top(ann, "#say-form")
    ann.page.get_by_label("Your message").scroll_into_view_if_needed()
    expect(ann.texts.last).to_be_in_viewport()


def bottom(person: Visitor, selector: str) -> float:
    found: float = person.page.locator(selector).evaluate("(element) => element.getBoundingClientRect().bottom")
    return found


def top(person: Visitor, selector: str) -> float:
    found: float = person.page.locator(selector).evaluate("(element) => element.getBoundingClientRect().top")
    return found
