"""Where one writes: lines, input methods, drafts, names that are completed, and one's own messages anew."""

import pytest
from playwright.sync_api import expect

from tests.e2e.support.axe import violations
from tests.e2e.support.browser import NewVisitor
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.service import Service

# What a browser tells of a key that an input method takes for itself.
COMPOSE = """(field, [key, isComposing, keyCode]) =>
    field.dispatchEvent(new KeyboardEvent("keydown", {key, isComposing, keyCode, bubbles: true, cancelable: true}))"""


@pytest.mark.usefixtures("no_complaints")
def test_lines_stay_lines_and_markdown_becomes_elements(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Ada")
    field = ann.page.get_by_label("Your message")
    height = field.evaluate("(field) => field.offsetHeight")

    field.press_sequentially("one")
    field.press("Shift+Enter")
    field.press_sequentially("  two")
    assert field.evaluate("(field) => field.offsetHeight") > height
    field.press("Enter")
    expect(field).to_have_value("")
    ann.say("so:\n```\nx = 1\n```\n**bold** <b>typed</b>")

    expect(ann.texts.last.locator("pre")).to_have_text("x = 1")
    expect(ann.texts.last.locator("strong")).to_have_text("bold")
    expect(ann.texts.last.locator("b")).to_have_count(0)
    assert ann.texts.nth(-2).inner_text() == "one\n  two"
    assert field.evaluate("(field) => field.offsetHeight") == height
    assert violations(ann.page) == []


@pytest.mark.usefixtures("no_complaints")
def test_the_keys_of_an_input_method_are_its_own(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Bea")
    field = ann.page.get_by_label("Your message")
    offered = ann.page.locator("#completions li")
    field.press_sequentially("/")
    expect(offered).to_have_count(5)

    for key in ("Enter", "Tab", "ArrowDown", "Escape"):
        for state in ((True, 0), (False, 229)):
            assert field.evaluate(COMPOSE, [key, *state])

    expect(offered.first).to_have_attribute("aria-selected", "true")
    expect(field).to_have_value("/")


@pytest.mark.usefixtures("no_complaints")
def test_a_draft_belongs_to_its_room_and_survives_a_reload(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Cleo")
    field = ann.page.get_by_label("Your message")
    ann.make_room("drafts")
    field.press_sequentially("for the drafts")

    ann.open_room("lobby")
    expect(field).to_have_value("")
    field.press_sequentially("for the lobby")
    ann.page.get_by_label("Name of a room").fill("no such name")
    ann.page.keyboard.press("Enter")
    expect(ann.page.locator("#room-error")).not_to_be_empty()
    expect(field).to_have_value("for the lobby")
    ann.page.reload()

    expect(field).to_have_value("for the lobby")
    ann.open_room("drafts")
    expect(field).to_have_value("for the drafts")
    field.press("Enter")
    expect(ann.texts.last).to_have_text("for the drafts")
    ann.page.reload()
    expect(ann.texts.last).to_have_text("for the drafts")
    expect(field).to_have_value("")


@pytest.mark.usefixtures("no_complaints")
def test_what_is_wrong_goes_when_something_else_is_typed(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Dora")

    ann.say("x" * 2001)
    expect(ann.page.locator("#say-error")).to_have_text("This is too long by 1 characters.")
    ann.page.get_by_label("Your message").press("Backspace")

    expect(ann.page.locator("#say-error")).to_be_empty()


@pytest.mark.usefixtures("no_complaints")
def test_names_are_completed_and_whoever_is_mentioned_sees_it(service: Service, visitor: NewVisitor) -> None:
    ann, bob = visitor(), visitor()
    ann.enter(service.url, "Edda")
    bob.enter(service.url, "מיכל <i>Lee</i>")
    field = ann.page.get_by_label("Your message")
    expect(ann.members).to_contain_text(["מיכל <i>Lee</i>"])

    field.press_sequentially("(@מי")
    expect(ann.page.locator("#completions li")).to_have_text(["@מיכל <i>Lee</i>"])
    expect(ann.page.locator("#offered")).to_have_text("1 suggestion")
    assert violations(ann.page) == []
    field.press("Enter")
    expect(field).to_have_value("(@מיכל <i>Lee</i> ")
    field.press_sequentially("look)")
    field.press("Enter")

    expect(bob.page.locator("#log .calls .me-mentioned").last).to_have_text("@מיכל <i>Lee</i>")
    expect(ann.page.locator("#log .own .mention").last).to_have_text("@מיכל <i>Lee</i>")
    expect(ann.page.locator("#log .own i")).to_have_count(0)


@pytest.mark.usefixtures("no_complaints")
def test_ones_own_messages_are_edited_and_deleted_by_a_menu(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Fee")
    field = ann.page.get_by_label("Your message")
    with Chatter(service.port, "Gus") as gus:
        number = gus.say("not yours")
        ann.say("helo")
        expect(ann.texts.last).to_have_text("helo")
        field.press_sequentially("a draft")

        ann.choose(f"Menu of message {number + 1} by Fee", "Edit")
        expect(field).to_have_value("helo")
        expect(ann.page.locator("#editing")).to_be_visible()
        field.press("Escape")
        expect(field).to_have_value("a draft")
        field.fill("")
        field.press("ArrowUp")
        expect(field).to_have_value("helo")
        field.fill("hello")
        field.press("Enter")

        expect(ann.texts.last).to_have_text("hello")
        expect(ann.page.locator("#editing")).to_be_hidden()
        assert gus.wait_for("edited")["text"] == "hello"
        ann.page.get_by_role("button", name=f"Menu of message {number} by Gus").click()
        expect(ann.page.get_by_role("menuitem")).to_have_text(["Quote"])
        assert violations(ann.page) == []
        ann.page.keyboard.press("Enter")
        expect(field).to_have_value("> not yours\n")
        ann.choose(f"Menu of message {number + 1} by Fee", "Delete")
        ann.page.locator("#deletion").get_by_role("button", name="Delete").click()
        assert gus.wait_for("deleted")["number"] == number + 1


@pytest.mark.usefixtures("no_complaints")
def test_the_menus_of_messages_are_one_stop_of_the_tab_key(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Ida")
    ann.say("first")
    ann.say("second")
    expect(ann.texts.last).to_have_text("second")

    assert ann.page.locator(".more[tabindex='0']").count() == 1
    ann.page.locator(".more[tabindex='0']").focus()
    ann.page.keyboard.press("ArrowUp")
    ann.page.keyboard.press("Enter")
    ann.page.keyboard.press("Enter")

    expect(ann.page.get_by_label("Your message")).to_have_value("first")
    expect(ann.page.get_by_label("Your message")).to_be_focused()
    assert ann.page.locator(".more[tabindex='0']").count() == 1
