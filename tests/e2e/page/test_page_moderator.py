"""The moderator's view: a login, and deleting, muting, kicking and banning, each confirmed before it is done."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from werkzeug.security import generate_password_hash

from tests.e2e.support.axe import violations
from tests.e2e.support.browser import NewVisitor, Visitor
from tests.e2e.support.service import Config, Launch, Service

PASSWORD = "correct horse"

# The session's cookie says that it is the same person.
EDIT = """(number) => new Promise((done) => {
    const socket = new WebSocket(`${location.origin.replace("http", "ws")}/chat/websocket`);
    const edit = { type: "edit", room: "lobby", number, text: "hello" };
    const requests = [{ type: "hello" }, { type: "join", room: "lobby" }, edit];
    socket.onopen = () => requests.forEach((each) => socket.send(JSON.stringify(each)));
    socket.onmessage = ({ data }) => JSON.parse(data).type === "done" && done(socket.close());
})"""


@pytest.fixture(scope="module")
def config(config: Config) -> Config:
    return {**config, "chat": {"moderators": f"Mona: {generate_password_hash(PASSWORD, method='scrypt')}"}}


def log_in(mona: Visitor, service: Service, password: str = PASSWORD) -> None:
    mona.come(service.url)
    mona.page.get_by_role("button", name="Log in as a moderator").click()
    mona.page.get_by_label("Name", exact=True).fill("Mona")
    mona.page.get_by_label("Password").fill(password)
    mona.page.get_by_role("button", name="Log in", exact=True).click()


def moderate(mona: Visitor, name: str, what: str) -> None:
    """Choose what is to be done about a person; all but to unmute them is asked again."""
    mona.choose(f"Moderate {name}", what)


@pytest.fixture
def both(launch: Launch, visitor: NewVisitor) -> Iterator[tuple[Visitor, Visitor]]:
    """Mona, who is a moderator, and Ann in one room."""
    with Service(launch) as service:
        mona, ann = visitor(), visitor()
        log_in(mona, service)
        expect(mona.members).to_have_text(["Mona"])
        ann.enter(service.url, "Ann")
        expect(mona.members).to_have_text(["Ann", "Mona"])
        yield mona, ann


@pytest.mark.usefixtures("no_complaints")
def test_a_wrong_password_is_refused_and_nobody_else_sees_the_tools(service: Service, visitor: NewVisitor) -> None:
    mona = visitor()
    log_in(mona, service, "wrong")
    expect(mona.page.locator("#login-error")).to_contain_text("wrong")
    mona.page.get_by_role("button", name="Cancel").click()

    mona.ask_for("Nobody")
    mona.say("just me")

    expect(mona.texts.last).to_have_text("just me")
    expect(mona.page.locator(".moderate, #me-role:visible")).to_have_count(0)


@pytest.mark.usefixtures("no_complaints")
def test_a_message_is_deleted_for_everyone_after_a_question(both: tuple[Visitor, Visitor]) -> None:
    mona, ann = both
    ann.say("something rude")
    expect(mona.texts).to_have_text(["something rude"])

    mona.choose("Menu of message 1 by Ann", "Delete")
    assert violations(mona.page) == []
    mona.page.get_by_role("button", name="Cancel").click()
    expect(mona.texts).to_have_text(["something rude"])
    mona.choose("Menu of message 1 by Ann", "Delete")
    mona.page.get_by_role("button", name="Delete", exact=True).click()

    for person in (mona, ann):
        expect(person.texts).to_have_count(0)
        expect(person.page.locator("#log .gone")).to_have_count(1)
    expect(mona.page.locator("#log .line", has=mona.page.locator(".gone"))).to_be_focused()


@pytest.mark.usefixtures("no_complaints")
def test_who_is_muted_is_told_and_may_speak_again_later(both: tuple[Visitor, Visitor]) -> None:
    mona, ann = both
    moderate(mona, "Ann", "Mute …")
    mona.page.get_by_label("Reason").fill("too loud")
    assert violations(mona.page) == []
    mona.page.get_by_role("button", name="Mute", exact=True).click()
    expect(ann.page.locator("#log .notice").last).to_have_text(re.compile(r"^Mona muted you until tomorrow, \d\d:\d\d"))
    expect(ann.page.locator("#muted")).to_have_text(
        re.compile("^Mona muted you until tomorrow, .*: too loud. You can read")
    )
    expect(mona.page.locator(".member", has_text="Ann")).to_contain_text("muted")

    ann.say("hello?")
    expect(ann.page.locator("#unsent .failed")).to_contain_text("muted you")
    moderate(mona, "Ann", "Unmute")
    expect(ann.page.locator("#log .notice").last).to_have_text("Mona unmuted you")
    expect(ann.page.locator("#muted")).to_be_hidden()
    ann.page.get_by_role("button", name="Try again").click()

    expect(mona.texts).to_have_text(["hello?"])


@pytest.mark.usefixtures("no_complaints")
def test_only_the_muted_can_be_unmuted_and_the_log_says_what_moderators_did(both: tuple[Visitor, Visitor]) -> None:
    mona, ann = both
    items = mona.page.get_by_role("menuitem")
    mona.page.get_by_role("button", name="Moderate Ann").click()
    expect(items).to_have_text(["Mute …", "Remove from this room …", "Ban …"])
    assert violations(mona.page) == []
    items.first.click()
    mona.page.get_by_label("Reason").fill("too loud")
    mona.page.get_by_role("button", name="Mute", exact=True).click()
    expect(ann.page.locator("#muted")).to_contain_text("Mona muted you")
    mona.page.reload()
    expect(mona.page.locator(".member", has_text="Ann")).to_contain_text("muted")
    ann.page.reload()
    ann.say("hm?")
    expect(ann.page.locator("#muted")).to_contain_text("You are muted until tomorrow")

    mona.page.get_by_role("button", name="Moderate Ann").click()
    expect(items).to_have_text(["Unmute", "Remove from this room …", "Ban …"])
    items.first.click()
    expect(ann.page.locator("#muted")).to_be_hidden()
    mona.choose("My menu", "What moderators did")

    deeds = mona.page.locator("#audit-list .deed-what")
    expect(deeds).to_have_text(["Mona unmuted Ann", "Mona muted Ann: too loud"])
    assert violations(mona.page) == []


@pytest.mark.usefixtures("no_complaints")
def test_who_is_kicked_is_outside_until_they_come_back(both: tuple[Visitor, Visitor]) -> None:
    mona, ann = both
    moderate(mona, "Ann", "Remove from this room …")
    mona.page.get_by_role("button", name="Remove", exact=True).click()

    expect(mona.members).to_have_text(["Mona"])
    expect(ann.page.get_by_label("Your message")).to_be_hidden()
    expect(ann.page.locator("#outside")).to_contain_text("You are out of this room")
    expect(ann.page.locator("#log .notice").last).to_contain_text("Mona removed you from this room")
    ann.page.get_by_role("button", name="Join again").click()

    expect(mona.members).to_have_text(["Ann", "Mona"])
    expect(ann.page.get_by_label("Your message")).to_be_visible()


def test_who_is_banned_is_sent_away_and_may_come_back_when_the_ban_is_lifted(both: tuple[Visitor, Visitor]) -> None:
    mona, ann = both
    moderate(mona, "Ann", "Ban …")
    mona.page.get_by_role("button", name="Ban", exact=True).click()
    expect(ann.page.locator("#banned-until")).to_have_text(re.compile(r"^Mona banned you until tomorrow, \d\d:\d\d"))
    expect(ann.page.get_by_label("Your message")).to_be_hidden()
    assert violations(ann.page) == []
    expect(mona.members).to_have_text(["Mona"])

    mona.choose("My menu", "Mutes and bans")
    assert violations(mona.page) == []
    mona.page.get_by_role("button", name="Lift the ban of Ann").click()
    expect(mona.page.locator("#sanctions-list")).to_contain_text("Nobody is muted or banned.")
    mona.page.get_by_role("button", name="Close").click()
    ann.page.get_by_role("button", name="Check again").click()
    expect(ann.page.locator("#banned")).to_be_hidden()

    expect(mona.members).to_have_text(["Ann", "Mona"])


@pytest.mark.usefixtures("no_complaints")
def test_a_topic_is_deleted_like_any_message_and_goes_from_every_head(both: tuple[Visitor, Visitor]) -> None:
    mona, ann = both
    ann.say("/topic something rude")
    for person in both:
        expect(person.page.locator("#room-topic")).to_have_text("something rude")

    mona.choose("Menu of message 1 by Ann", "Delete")
    mona.page.locator("#deletion").get_by_role("button", name="Delete").click()

    for person in both:
        expect(person.page.locator("#room-topic")).to_be_empty()
        expect(person.page.locator("#log .notice")).to_contain_text(["This message was deleted."])
    expect(mona.page.locator(".more")).to_have_count(0)


@pytest.mark.usefixtures("no_complaints")
def test_a_message_that_is_edited_over_another_connection_changes_in_the_page(
    service: Service, visitor: NewVisitor
) -> None:
    ann = visitor()
    ann.enter(service.url, "Editha")
    ann.say("helo")
    expect(ann.texts.last).to_have_text("helo")

    ann.page.evaluate(EDIT, int(ann.page.locator("#log [data-number]").last.get_attribute("data-number") or 0))

    expect(ann.texts.last).to_have_text("hello")
    edited = ann.page.locator("#log .edited").last
    expect(edited).to_contain_text("edited")
    late = visitor()
    late.enter(service.url, "Late")
    at = edited.locator("time").get_attribute("datetime")
    expect(late.page.locator("#log .edited time").last).to_have_attribute("datetime", str(at))


def edit(visitor: Visitor, before: str, after: str) -> None:
    """Say something, and give that another text."""
    visitor.say(before)
    expect(visitor.texts).to_have_text([before])
    visitor.page.get_by_label("Your message").press("ArrowUp")
    visitor.say(after)


@pytest.mark.usefixtures("no_complaints")
def test_a_moderator_reads_what_a_message_said_before_it_was_edited(both: tuple[Visitor, Visitor]) -> None:
    mona, ann = both
    edit(ann, "something rude", "something **kind**")
    expect(mona.texts).to_have_text(["something kind"])

    mona.choose("Menu of message 1 by Ann", "Earlier texts")

    expect(mona.page.locator("#earlier-list .earlier-text")).to_have_text(["something rude", "something **kind**"])
    assert violations(mona.page) == []
    ann.page.get_by_role("button", name="Menu of message 1 by Ann").click()
    expect(ann.page.get_by_role("menuitem")).to_have_text(["Edit", "Quote", "Delete"])


@pytest.mark.usefixtures("no_complaints")
def test_why_nobody_reads_what_a_message_said_before_is_said_where_it_was_asked(both: tuple[Visitor, Visitor]) -> None:
    mona, ann = both
    edit(ann, "somthing", "something")
    expect(mona.texts).to_have_text(["something"])
    mona.page.evaluate(
        """() => {
          const { send } = WebSocket.prototype;
          WebSocket.prototype.send = function (text) {
            send.call(this, text.replace('\\\\"number\\\\":1', '\\\\"other\\\\":1'));
          };
        }"""
    )

    mona.choose("Menu of message 1 by Ann", "Earlier texts")

    expect(mona.page.locator("#earlier .refused")).not_to_be_empty()
    expect(mona.page.locator("#earlier-list")).to_be_empty()
    expect(mona.page.locator("#log .notice")).to_have_count(0)


@pytest.mark.usefixtures("no_complaints")
def test_who_logs_out_is_a_guest_in_every_window(launch: Launch, visitor: NewVisitor) -> None:
    with Service(launch) as service:
        mona = visitor()
        log_in(mona, service)
        expect(mona.members).to_have_text(["Mona"])
        other = Visitor(mona.page.context.new_page())
        other.come_back(service.url, "Mona")
        expect(other.page.locator("#me-role")).to_be_visible()

        mona.choose("My menu", "Log out")

        for window in (mona, other):
            expect(window.page.locator("#name-error")).to_have_text("You have logged out.")
            expect(window.page.locator("#me-role")).to_be_hidden()
        other.ask_for("Nobody")
        expect(other.members).to_have_text(["Nobody"])
        other.page.get_by_role("button", name="My menu").click()
        expect(other.page.get_by_role("menu")).to_have_text("Notify meChange my name")


@pytest.mark.usefixtures("no_complaints")
def test_what_cannot_be_done_now_is_not_lost_in_silence(launch: Launch, visitor: NewVisitor) -> None:
    with Service(launch) as service:
        mona = visitor()
        log_in(mona, service)
        expect(mona.members).to_have_text(["Mona"])
        mona.say("something rude")
        mona.choose("Menu of message 1 by Mona", "Delete")
        mona.page.context.set_offline(True)
        expect(mona.status).to_contain_text("offline")
        delete = mona.page.locator("#deletion").get_by_role("button", name="Delete")

        delete.click()
        expect(mona.page.locator("#deletion .refused")).to_contain_text("no connection")
        assert violations(mona.page) == []
        mona.page.context.set_offline(False)
        expect(mona.status).to_contain_text("online")
        mona.complaints.clear()
        expect(mona.page.locator("#side")).to_have_attribute("data-phase", "here")
        delete.click()

        expect(mona.page.locator("#deletion")).to_be_hidden()
        expect(mona.page.locator("#log .gone")).to_have_count(1)
