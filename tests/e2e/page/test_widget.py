"""The widget in a page of another origin, under a strict policy: with tokens, as a guest, and when things go wrong."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from werkzeug.security import generate_password_hash

from tests.builds import PROJECT
from tests.e2e.support.axe import violations
from tests.e2e.support.browser import NewVisitor
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.foreign_site import ForeignSite
from tests.e2e.support.service import Config, Launch, Service
from tests.e2e.support.urls import post
from tests.e2e.support.waiting import wait_until

PASSWORD: Final = "correct horse"
LOG_IN: Final = """async (password) => {
  const body = JSON.stringify({ name: "Mona", password });
  const headers = { "Content-Type": "application/json" };
  return (await fetch("/mixsvc/api/login", { method: "POST", headers, body })).status;
}"""
# Names that scripts of a page may take, and what they may do to objects of all.
HOSTILE_SCRIPT: Final = """
globalThis.define = () => { throw new Error("define"); };
define.amd = {};
globalThis.module = globalThis.exports = globalThis.require = globalThis.process = globalThis.SockJS = {};
globalThis.Chat = globalThis.Page = globalThis.texts = globalThis.later = "taken";
Object.prototype.polluted = "yes";
Array.prototype.polluted = "yes";
Object.prototype.toJSON = Array.prototype.toJSON = () => "changed";
"""
HOSTILE_STYLE: Final = """
* { all: unset !important; }
html, body { display: block !important; }
head { display: none !important; }
mix-chat { display: block !important; width: 26rem !important; visibility: hidden; font: 0/0 serif !important; }
section, button, textarea, li, p, .box, .log, .line { display: none !important; color: transparent !important; }
"""
TOKENS: Final = """
for (const element of document.querySelectorAll("mix-chat[data-person]")) {
  element.token = async () => {
    const answer = await fetch(`CHAT/token?person=${element.dataset.person}`, { method: "POST" });
    return answer.text();
  };
}
"""
HEAD: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Somebody's page</title>
HOSTILE
<script type="module" src="CHAT/chat/widget.js"></script><script src="/tokens.js" defer></script></head><body><main>
<h1>Somebody's page</h1>"""

HOSTILE: Final = '<script src="/hostile.js"></script><link rel="stylesheet" href="/hostile.css">'

PAGES: Final = {
    "/hostile.js": HOSTILE_SCRIPT,
    "/hostile.css": HOSTILE_STYLE,
    "/tokens.js": TOKENS,
    "/two.html": f'{HEAD.replace("HOSTILE", HOSTILE)}<mix-chat room="lobby" data-person="ann"></mix-chat>'
    '<mix-chat room="news" data-person="bob" theme="dark"></mix-chat></main></body></html>',
    "/guest.html": f'{HEAD.replace("HOSTILE", "").replace("en", "de", 1)}<mix-chat room="lobby"></mix-chat>'
    '<mix-chat room="nowhere"></mix-chat></main></body></html>',
}


@pytest.fixture(scope="module")
def site() -> Iterator[ForeignSite]:
    with ForeignSite(PAGES) as running:
        yield running


def launch_for(installed: Path, folder: Path, config: Config, site: ForeignSite) -> Launch:
    """A service whose views, which sign the tokens, run in a process of their own."""
    launch = Launch(installed, folder, config, environ={"PYTHONPATH": str(PROJECT / "tests" / "e2e" / "apps")})
    web = {"wsgi": "widget_app:app", "pages": "/mixsvc", "processes": "1"}
    moderators = f"Mona: {generate_password_hash(PASSWORD, method='scrypt')}"
    chat = {"rooms": "lobby, news", "open_rooms": "no", "origins": site.origin, "moderators": moderators}
    return launch.having(web=web, chat=chat)


@pytest.fixture(scope="module")
def service(
    installed: Path, tmp_path_factory: pytest.TempPathFactory, config: Config, site: ForeignSite
) -> Iterator[Service]:
    with Service(launch_for(installed, tmp_path_factory.mktemp("service"), config, site)) as running:
        assert running.port
        site.chat = f"http://127.0.0.1:{running.port}"
        yield running


def box(page: Page, room: str) -> Locator:
    return page.locator(f"mix-chat[room={room}]")


def texts(box: Locator) -> Locator:
    """Of what is stored, as the other one sees it, and not of what is still to be sent."""
    return box.locator(".log > ol:not(.unsent) .text")


def say(box: Locator, text: str) -> None:
    box.locator("textarea").fill(text)
    box.locator("textarea").press("Enter")


@pytest.mark.usefixtures("no_complaints")
def test_two_widgets_in_a_hostile_page_of_another_site_talk_by_tokens(
    service: Service, site: ForeignSite, visitor: NewVisitor
) -> None:
    page = visitor().page
    loaded: dict[str, int] = {}
    page.on("requestfinished", lambda each: loaded.update({each.url: each.sizes()["responseBodySize"]}))
    page.goto(f"{site.origin}/two.html")
    ann, bob = box(page, "lobby"), box(page, "news")
    with Chatter(service.port, "Carl") as carl:
        carl.say("<b>Hello</b> https://example.org/x")
        expect(texts(ann)).to_have_text("<b>Hello</b> https://example.org/x")

        say(ann, "Hello, Carl")
        expect(texts(ann).last).to_have_text("Hello, Carl")
        say(bob, "news of Bob\nin two lines")

        expect(texts(bob)).to_have_text("news of Bob\nin two lines")
        expect(texts(ann)).to_have_count(2)
        expect(ann.locator(".name")).to_have_text(["Carl", "Ann"])
        expect(ann.locator(".text b")).to_have_count(0)
        expect(ann.locator(".text a")).to_have_attribute("href", "https://example.org/x")
        ann.get_by_role("button", name="2 here").click()
        expect(ann.locator(".people li")).to_have_text(["Ann", "Carl"])

    scripts = {url.rpartition("/")[2]: size for url, size in loaded.items() if "/chat/" in url}
    assert list(scripts) == ["widget.js"] and scripts["widget.js"] < 30_000


@pytest.mark.usefixtures("no_complaints")
def test_in_a_box_one_mentions_others_and_edits_and_deletes_ones_own_messages(
    service: Service, site: ForeignSite, visitor: NewVisitor
) -> None:
    page = visitor().page
    page.goto(f"{site.origin}/two.html")
    ann = box(page, "lobby")
    field, own = ann.locator("textarea"), ann.locator(".log > ol:not(.unsent) .line").last
    with Chatter(service.port, "Zoë <b>") as zoe:
        expect(ann.get_by_role("button", name="2 here")).to_be_visible()
        field.press_sequentially("@zo")
        expect(ann.locator(".offers li")).to_have_text(["@Zoë <b>"])
        page.emulate_media(forced_colors="active")
        expect(ann.locator(".offers li")).to_have_css("outline-style", "solid")
        page.emulate_media(forced_colors="none")
        field.press("Enter")
        expect(field).to_have_value("@Zoë <b> ")
        field.press_sequentially("**helo**")
        field.press("Enter")
        expect(own.locator(".text")).to_have_text("@Zoë <b> helo")
        expect(own.locator("strong")).to_have_text("helo")
        expect(own.locator(".mention")).to_have_text("@Zoë <b>")
        zoe.say("@Ann: `look`")
        expect(ann.locator(".calls .me-mentioned")).to_have_text("@Ann")

        field.press_sequentially("a draft")
        mine = ann.locator(".line", has=page.locator("strong"))
        mine.locator(".more").click()
        ann.get_by_role("menuitem", name="Edit").click()
        expect(field).to_have_value("@Zoë <b> **helo**")
        field.fill("")
        field.press("Enter")
        expect(ann.locator(".problem")).to_contain_text("A message has a text")
        field.fill("**hello**")
        expect(ann.locator(".problem")).to_be_empty()
        field.press("Enter")
        expect(mine.locator(".text")).to_contain_text("hello edited")
        expect(field).to_have_value("a draft")
        page.reload()
        # It has come before the parser of Markdown.
        expect(mine.locator(".text")).to_contain_text("hello edited")
        mine.locator(".more").click()
        ann.get_by_role("menuitem", name="Delete").click()
        ann.locator(".question button").first.click()

        zoe.wait_for("deleted")
        expect(ann.locator(".deleted")).to_have_text("deleted")
        page.reload()
        expect(field).to_have_value("a draft")


@pytest.mark.usefixtures("no_complaints")
def test_a_box_finds_messages_and_reads_on_from_there(service: Service, site: ForeignSite, visitor: NewVisitor) -> None:
    page = visitor().page
    loaded: list[str] = []
    page.on("requestfinished", lambda each: loaded.append(each.url))
    _, number = post(f"{service.url}/fill?room=news&count=260", b"")
    page.goto(f"{site.origin}/two.html")
    bob = box(page, "news")
    expect(texts(bob).last).to_have_text("line 259")
    shown = texts(bob).count()
    bob.get_by_role("button", name="Earlier messages").click()
    expect(texts(bob)).to_have_count(shown + 100)
    assert not any("panels" in url for url in loaded)

    bob.get_by_role("button", name="Search").click()
    bob.get_by_label("Words, or parts of words").fill("NEEDLE")
    page.keyboard.press("Enter")
    expect(bob.locator(".hit mark")).to_have_text("needle")
    expect(bob.locator(".panel [role=status]")).to_have_text("Messages: 1")
    bob.locator(".hit").click()

    expect(bob.locator(".panel")).to_have_count(0)
    expect(bob.locator(f"[data-number='{number.decode()}']")).to_be_focused()
    expect(bob.locator(".sought .text")).to_have_text("a needle here")
    bob.get_by_role("button", name="New messages").click()
    expect(texts(bob).last).to_have_text("line 259")
    bob.locator(".log").evaluate("(log) => (log.scrollTop = 0)")
    bob.locator(".log").evaluate("() => new Promise(requestAnimationFrame)")
    post(f"{service.url}/say?room=news&text=hello", b"")
    post(f"{service.url}/say?room=news&text=@Bob:%20hello", b"")
    bob.get_by_role("button", name="New messages: 2, for you: 1").click()
    expect(texts(bob).last).to_have_text("@Bob: hello")
    expect(bob.locator(".newest")).to_be_hidden()
    bob.get_by_role("button", name="Search").click()
    expect(bob.get_by_label("Words, or parts of words")).to_be_focused()
    page.keyboard.press("Escape")
    expect(bob.get_by_role("button", name="Search")).to_be_focused()


def test_a_moderator_reads_in_a_box_what_a_message_said_before(service: Service, visitor: NewVisitor) -> None:
    page = visitor().page
    page.goto(f"{service.url}/box")
    assert page.evaluate(LOG_IN, PASSWORD) == 200
    page.reload()
    mona = box(page, "lobby")
    with Chatter(service.port, "Ed") as ed:
        number = ed.say("something rude")
        ed.ask(type="edit", room="lobby", number=number, text="something kind")
        expect(texts(mona).last).to_contain_text("something kind edited")

        mona.get_by_role("button", name=f"Menu of message {number}").click()
        mona.get_by_role("menuitem", name="Earlier texts").click()

        expect(mona.locator(".panel .text")).to_have_text(["something rude", "something kind"])
        mona.get_by_role("button", name="Close").click()
        expect(mona.locator(".panel")).to_have_count(0)


def test_a_topic_that_is_deleted_is_not_read_in_a_box_any_more(service: Service, visitor: NewVisitor) -> None:
    page = visitor().page
    page.goto(f"{service.url}/box")
    lobby = box(page, "lobby")
    with Chatter(service.port, "Eve") as eve:
        number = eve.say("/topic something rude")
        lobby.get_by_label("Your name").fill("Finn")
        lobby.get_by_label("Your name").press("Enter")
        line = lobby.locator(f"[data-number='{number}']")
        expect(line).to_contain_text("something rude")

        eve.ask(type="delete", room="lobby", number=number)

        expect(line.locator(".deleted")).to_have_text("deleted")
        expect(line).not_to_contain_text("rude")
        page.reload()
        expect(line.locator(".deleted")).to_have_text("deleted")
        expect(line).not_to_contain_text("removed")


def test_a_guest_who_logs_in_is_whom_the_session_names(service: Service, visitor: NewVisitor) -> None:
    page = visitor().page
    page.goto(f"{service.url}/box")
    lobby = box(page, "lobby")
    lobby.get_by_label("Your name").fill("Fred")
    lobby.get_by_label("Your name").press("Enter")
    expect(lobby.locator("textarea")).to_be_visible()
    assert page.evaluate(LOG_IN, PASSWORD) == 200

    page.reload()

    say(lobby, "no guest any more")
    expect(texts(lobby).last).to_have_text("no guest any more")
    expect(lobby.locator(".log .name").last).to_have_text("Mona")
    expect(lobby.locator(".problem")).to_be_empty()


def test_a_log_out_ends_the_connection_and_no_other(service: Service, site: ForeignSite, visitor: NewVisitor) -> None:
    page = visitor().page
    page.goto(f"{site.origin}/two.html")
    ann, bob = box(page, "lobby"), box(page, "news")
    for each in (ann, bob):
        expect(each.locator("textarea")).to_be_visible()
    # Whoever is nobody now gets no token.
    page.evaluate("document.querySelector('[data-person=ann]').dataset.person = ''")

    assert post(f"{service.url}/log-out?person=ann", b"") == (200, b"out")

    expect(ann.locator(".problem")).to_have_text("Log in to take part.")
    expect(ann.locator("textarea")).to_be_hidden()
    say(bob, "still here")
    expect(texts(bob).last).to_have_text("still here")


@pytest.mark.usefixtures("no_complaints", "service")
def test_a_box_whose_token_expires_goes_on_with_the_next(site: ForeignSite, visitor: NewVisitor) -> None:
    page = visitor().page
    brought: list[str] = []

    def bring_a_short_one(route: Route) -> None:
        brought.append(route.request.url)
        route.continue_(url=f"{route.request.url}&seconds=1")

    page.route("**/token?person=ann", bring_a_short_one)
    page.goto(f"{site.origin}/two.html")
    ann = box(page, "lobby")
    expect(ann.locator("textarea")).to_be_visible()
    ann.locator("textarea").fill("typed meanwhile")

    wait_until(lambda: page.evaluate("1") == 1 and len(brought) > 2, "no other token was asked for")
    ann.locator("textarea").press("Enter")

    expect(texts(ann).last).to_have_text("typed meanwhile")


@pytest.mark.usefixtures("no_complaints", "service")
def test_a_guest_gives_a_name_once_for_all_boxes_and_reads_what_is_wrong_in_their_language(
    site: ForeignSite, visitor: NewVisitor
) -> None:
    page = visitor().page
    page.goto(f"{site.origin}/guest.html")
    lobby, nowhere = box(page, "lobby"), box(page, "nowhere")

    lobby.get_by_label("Dein Name").fill("Gast")
    lobby.get_by_label("Dein Name").press("Enter")

    expect(nowhere.locator(".problem")).to_have_text("Es gibt keinen Raum mit diesem Namen.")
    expect(nowhere.locator("textarea")).to_be_hidden()
    expect(lobby.locator("textarea")).to_be_focused()
    say(lobby, "Guten Tag `du`")
    expect(texts(lobby).last.locator("code")).to_have_text("du")
    lobby.locator(".more").last.click()
    expect(lobby.get_by_role("menuitem")).to_have_text(["Bearbeiten", "Löschen"])
    assert violations(page) == []
    page.keyboard.press("Escape")
    lobby.get_by_role("button", name="Suchen").click()
    lobby.get_by_label("Wörter oder Teile von Wörtern").fill("Guten")
    page.keyboard.press("Enter")
    expect(lobby.locator(".panel [role=status]")).to_have_text("Nachrichten: 1")
    assert violations(page) == []
    page.reload()
    expect(lobby.locator("textarea")).to_be_visible()


def test_a_restart_of_the_service_loses_nothing(
    installed: Path,
    tmp_path: Path,
    config: Config,
    start: Callable[[Launch], Service],
    visitor: NewVisitor,
) -> None:
    with ForeignSite(PAGES) as site:
        launch = launch_for(installed, tmp_path / "service", config, site)
        service = start(launch)
        site.chat = f"http://127.0.0.1:{service.port}"
        page = visitor().page
        page.goto(f"{site.origin}/two.html")
        ann = box(page, "lobby")
        say(ann, "before")
        expect(texts(ann)).to_have_text("before")

        assert service.stop() == -15
        expect(ann.locator(".status")).to_have_text(re.compile(r"^Offline, next try in \d+ s$"))
        say(ann, "meanwhile")
        expect(ann.locator(".unsent .state")).to_have_text("waits to be sent")
        start(replace(launch, options=("--port", str(service.port))))

        expect(texts(ann)).to_have_text(["before", "meanwhile"])
        expect(ann.locator(".status")).to_be_hidden()
