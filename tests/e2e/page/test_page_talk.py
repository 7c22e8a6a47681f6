"""What the page offers for talking: rooms, unread marks, links, commands, and a notice of what was not sent."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.support.browser import NewVisitor, Visitor
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.service import Launch, Service
from tests.e2e.support.urls import get_json
from tests.e2e.support.waiting import wait_until

# Takes the place of the browser's own, which a headless one does not show.
NOTIFICATION = """
globalThis.shown = [];
globalThis.Notification = class {
  static permission = "default";
  static asked = 0;
  static async requestPermission() { this.asked += 1; return (this.permission = "granted"); }
  constructor(title, options) { globalThis.shown.push([title, options.body]); globalThis.newest = this; }
  close() { this.isClosed = true; }
};
globalThis.focus = () => (globalThis.isFocused = true);
"""

HIDE = """
(hidden) => {
  Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
  document.dispatchEvent(new Event("visibilitychange", {bubbles: true}));
}
"""


@pytest.mark.usefixtures("no_complaints")
def test_a_room_that_is_not_open_counts_what_is_unread(service: Service, visitor: NewVisitor) -> None:
    ann, bob = visitor(), visitor()
    ann.enter(service.url, "Ann")
    bob.enter(service.url, "Bob")
    for person in (ann, bob):
        person.page.get_by_label("Name of a room").fill("news")
        person.page.keyboard.press("Enter")
        expect(person.page.locator("#room-title")).to_have_text("news")
    expect(ann.members).to_have_text(["Ann", "Bob"])
    ann.open_room("lobby")

    bob.say("first")
    bob.say("second")

    expect(ann.room("news").locator(".badge-count")).to_have_text("2")
    expect(ann.page).to_have_title(re.compile(r"^\(2\) "))
    bob.say("@Ann: `@Ann` and @ann")
    bob.say("`@Ann` is no mention")
    expect(ann.page.get_by_role("button", name=re.compile("4 unread, 1 mentions you"))).to_be_visible()
    expect(ann.room("news").locator(".badge-calls")).to_have_text("@1")
    expect(ann.page).to_have_title(re.compile(r"^\(4, @1\) "))
    ann.open_room("news")
    expect(ann.page.locator("#log .unread")).to_have_count(1)
    expect(ann.texts).to_have_text(["first", "second", "@Ann: @Ann and @ann", "@Ann is no mention"])
    expect(ann.room("news").locator(".badge")).to_be_hidden()
    expect(ann.page).to_have_title(re.compile("^news"))


@pytest.mark.usefixtures("no_complaints")
def test_the_rooms_and_what_is_unread_in_them_are_remembered(service: Service, visitor: NewVisitor) -> None:
    with Chatter(service.port, "Hugo") as hugo:
        ann = visitor()
        ann.enter(service.url, "Gina")
        ann.make_room("garden")
        ann.page.goto("about:blank")
        hugo.say("while you were away")

        ann.come(service.url)

        expect(ann.page.locator("#room-title")).to_have_text("garden")
        expect(ann.room("lobby").locator(".badge-count")).to_have_text("1")


@pytest.mark.usefixtures("no_complaints")
def test_a_room_can_be_left(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Ines")
    ann.make_room("cellar")

    ann.choose("Menu of this room", "Leave this room")

    expect(ann.page.locator("#room-title")).to_have_text("lobby")
    # The page does not wait for the service.
    wait_until(lambda: members_of(service).get("cellar", 0) == 0, "somebody is in the cellar")


def members_of(service: Service) -> dict[str, int]:
    """How many are in each room."""
    return {each["room"]: each["members"] for each in get_json(f"{service.url}/api/rooms")["rooms"]}


@pytest.mark.usefixtures("no_complaints")
def test_a_room_that_will_not_do_is_refused_beside_its_name(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Jana")

    ann.page.get_by_label("Name of a room").fill("no spaces here")
    ann.page.keyboard.press("Enter")

    expect(ann.page.locator("#room-error")).not_to_be_empty()
    expect(ann.page.locator("#room-title")).to_have_text("lobby")


@pytest.mark.usefixtures("no_complaints")
def test_addresses_become_links_and_nothing_else_does(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Kim")
    said = "see https://example.org/a_(b)?c=d&e=f, http://user@evil.example javascript:alert(1) (https://example.net)."

    ann.say(said)

    expect(ann.texts.last).to_have_text(said)
    links = ann.texts.last.locator("a")
    expect(links).to_have_text(["https://example.org/a_(b)?c=d&e=f", "https://example.net"])
    for attribute, value in (("rel", re.compile("noopener noreferrer nofollow")), ("target", "_blank")):
        expect(links.first).to_have_attribute(attribute, value)


@pytest.mark.usefixtures("no_complaints")
def test_commands_are_completed_with_the_keyboard(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Lea")
    field = ann.page.get_by_label("Your message")

    field.press_sequentially("/")
    expect(ann.page.locator("#completions li")).to_have_count(5)
    field.press("ArrowDown")
    field.press("Tab")
    expect(field).to_have_value("/topic ")
    field.press_sequentially("Gardens")
    field.press("Enter")

    expect(ann.page.locator("#room-topic")).to_have_text("Gardens")
    expect(ann.page.locator("#completions li")).to_have_count(0)


@pytest.mark.usefixtures("no_complaints")
def test_the_answers_to_commands_are_shown_and_help_is_for_oneself(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Max")

    ann.say("/rate EUR/USD")
    expect(ann.page.locator(".line-answer .text").last).to_contain_text("1.1172")
    ann.say("/help")

    expect(ann.page.locator("#log .notice").last).to_contain_text("/convert")
    expect(ann.page.locator("#unsent")).to_be_empty()


@pytest.mark.usefixtures("no_complaints")
def test_a_command_that_is_none_comes_back_to_be_mended(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Nora")

    ann.say("/dance wildly")

    expect(ann.page.locator("#say-error")).not_to_be_empty()
    expect(ann.page.get_by_label("Your message")).to_have_value("/dance wildly")


def refuse_the_next_line(person: Visitor) -> None:
    """What the server says to the next line is that the person was muted, as if by another moderator at that moment."""
    person.page.evaluate(
        """() => {
          const send = WebSocket.prototype.send;
          WebSocket.prototype.send = function (text) {
            const [asked] = text.startsWith("[") ? JSON.parse(text).map(JSON.parse) : [JSON.parse(text)];
            if (asked.type !== "say") return send.call(this, text);
            WebSocket.prototype.send = send;
            const {room, key} = asked;
            const error = {type: "error", of: "say", code: "muted", text: "You are muted.", room, key};
            this.onmessage({data: "a" + JSON.stringify([JSON.stringify(error)])});
          };
        }"""
    )


@pytest.mark.usefixtures("no_complaints")
def test_what_was_refused_can_be_tried_again_or_thrown_away(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Olga")
    failed = ann.page.locator("#unsent .failed")

    refuse_the_next_line(ann)
    ann.say("thrown away")
    expect(failed).to_contain_text("You are muted.")
    ann.page.get_by_role("button", name="Discard").click()
    expect(failed).to_have_count(0)
    refuse_the_next_line(ann)
    ann.say("tried again")
    ann.page.get_by_role("button", name="Try again").click()

    expect(ann.texts.last).to_have_text("tried again")
    expect(ann.page.locator("#log .own .sent").last).to_be_visible()
    expect(ann.page.locator("#unsent")).to_be_empty()


def refuse_to_let_in(person: Visitor, room: str) -> None:
    """From now on the server does not let this person into a room, as where an application has taken that back."""
    person.page.evaluate(
        """(name) => {
          const send = WebSocket.prototype.send;
          WebSocket.prototype.send = function (text) {
            const [{type, room}] = JSON.parse(text).map(JSON.parse);
            if (type !== "join" || room !== name) return send.call(this, text);
            const error = {type: "error", of: "join", code: "not_allowed", text: "You may not enter this room.", room};
            this.onmessage({data: "a" + JSON.stringify([JSON.stringify(error)])});
          };
        }""",
        room,
    )


def test_what_was_typed_offline_is_a_draft_again_where_one_is_not_let_in(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Petra")
    ann.make_room("cellar")
    field = ann.page.get_by_label("Your message")
    for room, lines in (("lobby", "one"), ("cellar", "two")):
        ann.open_room(room)
        refuse_to_let_in(ann, room)
        ann.page.context.set_offline(True)
        expect(ann.status).to_contain_text("offline")
        ann.say(lines)
        field.fill("a draft")
        expect(ann.page.locator("#unsent .text")).to_have_text(lines)
        ann.page.context.set_offline(False)
        expect(ann.page.locator("#room-error")).to_have_text(f"{room}: You may not enter this room.")

    expect(ann.page.locator("#say-form")).to_be_hidden()
    drafts = dict(ann.page.evaluate("JSON.parse(sessionStorage['mixsvc-drafts'])"))
    assert drafts == {"lobby": "one\na draft", "cellar": "two\na draft"}
    assert ann.page.evaluate("onbeforeunload") is None


@pytest.mark.usefixtures("no_complaints")
def test_whoever_is_away_is_called_only_after_asking_for_it(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.page.add_init_script(NOTIFICATION)
    ann.enter(service.url, "Paul")
    assert ann.page.evaluate("Notification.asked") == 0
    with Chatter(service.port, "Rosa") as rosa:
        ann.page.evaluate(HIDE, True)
        rosa.say("nobody asked to hear of this")
        expect(ann.page).to_have_title(re.compile(r"^\(1\) "))
        ann.page.evaluate(HIDE, False)
        expect(ann.page).to_have_title(re.compile("^lobby"))

        ann.choose("My menu", "Notify me")
        ann.page.evaluate(HIDE, True)
        rosa.say("are you there?")

        expect(ann.page).to_have_title(re.compile(r"^\(1\) "))
        ann.page.wait_for_function("() => shown.length")
        assert ann.page.evaluate("shown") == [["Rosa in lobby", "are you there?"]]


@pytest.mark.usefixtures("no_complaints")
def test_a_click_on_a_notification_leads_to_its_room_and_keeps_what_is_being_written(
    service: Service, visitor: NewVisitor
) -> None:
    ann = visitor()
    ann.page.add_init_script(NOTIFICATION)
    ann.enter(service.url, "Petra")
    ann.make_room("workshop")
    field = ann.page.get_by_label("Your message")
    ann.choose("My menu", "Notify me")
    field.press_sequentially("half a sentence")
    with Chatter(service.port, "Ruth") as ruth:
        ann.page.evaluate(HIDE, True)
        ruth.say("come to the lobby")
        ann.page.wait_for_function("() => shown.length")
        ann.page.evaluate(HIDE, False)

        ann.page.evaluate("newest.onclick()")

        expect(ann.page.locator("#room-title")).to_have_text("lobby")
        expect(ann.texts.last).to_have_text("come to the lobby")
        expect(field).to_be_focused()
        expect(field).to_have_value("")
        assert ann.page.evaluate("[isFocused, newest.isClosed]") == [True, True]
        expect(ann.room("lobby").locator(".badge")).to_be_hidden()
        ann.open_room("workshop")
        expect(field).to_have_value("half a sentence")


@pytest.mark.usefixtures("no_complaints")
def test_whoever_wants_to_hear_of_mentions_only_is_called_by_those(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.page.add_init_script(NOTIFICATION)
    ann.enter(service.url, "Pia")
    ann.choose("My menu", "Notify me")
    ann.choose("Menu of this room", "Notify me of mentions only")
    with Chatter(service.port, "Rosa") as rosa:
        ann.page.evaluate(HIDE, True)
        rosa.say("somebody? `@Pia`")
        rosa.say("@Pia: are you there?")

        ann.page.wait_for_function("() => shown.length")
        assert ann.page.evaluate("shown") == [["Rosa in lobby", "@Pia: are you there?"]]


@pytest.mark.usefixtures("no_complaints")
def test_days_and_people_are_told_apart(launch: Launch, visitor: NewVisitor) -> None:
    with Service(launch) as service:
        ann = visitor()
        ann.enter(service.url, "Ann")
        ann.say("one")
        ann.say("two")
        expect(ann.texts).to_have_text(["one", "two"])

        expect(ann.page.locator("#log .day")).to_have_text(["Today"])
        expect(ann.page.locator("#log .line.follows")).to_have_count(1)
        expect(ann.page.locator("#log time").first).to_have_attribute("title", re.compile(r"20\d\d"))


@pytest.mark.usefixtures("no_complaints")
def test_where_a_page_may_not_notify_it_says_so_and_counts_on(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.page.add_init_script(NOTIFICATION.replace("constructor(", "constructor() { throw new TypeError(); } made("))
    ann.enter(service.url, "Quinn")
    ann.choose("My menu", "Notify me")
    with Chatter(service.port, "Rolf") as rolf:
        ann.page.evaluate(HIDE, True)

        rolf.say("are you there?")

        expect(ann.page).to_have_title(re.compile(r"^\(1\) "))
    expect(ann.page.locator("#log .notice").last).to_contain_text("This browser lets no page notify you")
    ann.page.get_by_role("button", name="My menu").click()
    expect(ann.page.get_by_role("menuitemcheckbox", name="Notify me")).to_have_attribute("aria-checked", "false")


@pytest.mark.usefixtures("no_complaints")
def test_two_windows_do_not_forget_the_rooms_of_each_other(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Sara")
    other = Visitor(ann.page.context.new_page())
    other.come_back(service.url, "Sara")
    ann.make_room("loft")

    with Chatter(service.port, "Theo") as theo:
        theo.say("read in the other window")
        expect(other.texts.last).to_have_text("read in the other window")
    other.page.reload()
    expect(other.room("loft")).to_have_attribute("aria-current", "true")
    other.choose("Menu of this room", "Leave this room")
    expect(other.page.locator("#room-title")).to_have_text("lobby")

    other.page.wait_for_function("() => String(Object.keys(JSON.parse(localStorage.mixsvc).rooms)) === 'lobby'")
