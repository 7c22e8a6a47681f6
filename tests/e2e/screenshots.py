"""Pictures of the page in each of its states: `make screenshots`, or `python -m tests.e2e.screenshots STATES README`.

The folder README gets those that the README shows, STATES all of them.
"""

import shutil
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from playwright.sync_api import Browser, Page, expect
from werkzeug.security import generate_password_hash

from tests.builds import PROJECT
from tests.e2e.support.browser import Visitor, browser
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.ecb import RATES_XML, Ecb
from tests.e2e.support.operators import OPERATORS
from tests.e2e.support.service import Launch, Service
from tests.e2e.support.window import WindowPage

PASSWORD: Final = "correct horse"
SETTINGS: Final = {
    "rooms": "lobby, trading, releases",
    "rate": "1000",
    "burst": "1000",
    "joins": "1000",
    "large_room": "200",
    "moderators": f"Mona: {generate_password_hash(PASSWORD, method='scrypt')}",
}
DESK: Final[dict[str, Any]] = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"}
PHONE: Final[dict[str, Any]] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "locale": "en-GB",
}
# What the README shows, by the name of the picture.
README: Final = {"busy": "desktop-light", "busy-dark": "desktop-dark", "phone": "phone", "phone-rates": "phone-rates"}

# Rates of today: those of before are marked.
TODAYS: Final = RATES_XML.replace(b"2026-11-20", datetime.now(UTC).date().isoformat().encode())

TALK: Final = (
    ("Tom", "/topic The yen, the weather and everything else"),
    ("Jonas", "Good morning! Did anybody look at the yen this week?"),
    ("Tom", "It went below 172. I wrote down why: https://example.org/notes/yen"),
    ("Tom", "The short version: nobody knows."),
    ("Jonas", "/rate EUR/JPY"),
    ("Bob", "That settles my trip to Kyoto."),
    ("Bob", "/convert 2500 EUR JPY"),
    ("Jonas", "/me packs a suitcase"),
    ("Tom", "Bring back some of those pens, please."),
    ("Bob", "Noted. Anything else before I close the list?"),
)
BOX: Final = """<!doctype html><title>Box</title><script type="module" src="/chat/widget.js"></script>
<mix-chat room="lobby" lang="en"></mix-chat>"""
PLACES: Final = (
    "announcements|archive|backend|book-club|bikes|coffee|climate|data-platform|design|documentation|events|finance|frontend"
    "|games|hardware|incidents|interviews|kitchen|legal|marketing|music|on-call|photos|random|recruiting|research|security"
).split("|")
FIRST: Final = ("Ada", "Ben", "Chloé", "David", "Ewa", "Farid", "Grace", "Hugo", "Inès", "Jürgen")
LAST: Final = ("Abel", "Brandt", "Costa", "Dubois", "Eriksen", "Fischer", "García", "Haddad", "Ivanova", "Jansen")


@dataclass(frozen=True)
class Studio:
    """Where the pictures are taken. people: those who talk, by name; stack: what ends with it. token: the
    file of the operators' token.
    """

    service: Service
    chrome: Browser
    ecb: Ecb
    people: Mapping[str, Chatter]
    stack: ExitStack
    folder: Path
    token: Path

    def visitor(self, **options: Any) -> Visitor:
        """Somebody at the page, who has not come yet."""
        return Visitor(self.chrome.new_context(**options).new_page())

    def shoot(self, page: Page, name: str) -> None:
        """Take a picture once everything is drawn and nothing moves."""
        if page.locator("#chart-plot:visible").count():
            expect(page.locator("#chart-plot canvas")).to_have_count(1)
        page.wait_for_function("() => document.getAnimations().every((each) => each.playState !== 'running')")
        page.screenshot(path=self.folder / f"{name}.png")


def main(states: Path, readme: Path) -> None:
    """Take all pictures."""
    states.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        studio = opened(stack, states)
        for take in (empty, idle_window, busy, phone, boxes, many, busy_window, moderated, banned, offline):
            take(studio)
    for state, name in README.items():
        shutil.copy(states / f"{state}.png", readme / f"{name}.png")


def opened(stack: ExitStack, folder: Path) -> Studio:
    """A service with nobody in it yet but those who will talk."""
    ecb = stack.enter_context(Ecb())
    ecb.answer(body=TODAYS)
    run = Path(stack.enter_context(TemporaryDirectory()))
    rates = {"ecb_url": ecb.url, "interval": "0.5", "ecb_90_days_url": "", "ecb_history_url": ""}
    settings = {"rates": rates, "chat": SETTINGS, "server": {**OPERATORS, "admin_token_file": str(run / "token")}}
    launch = Launch(Path(sys.executable).parent, run / "service", settings, environ={"PYTHONPATH": str(PROJECT)})
    service = stack.enter_context(Service(launch))
    chrome = stack.enter_context(browser(shutil.which("chromium") or shutil.which("google-chrome")))
    people = {name: stack.enter_context(Chatter(service.port, name)) for name in ("Tom", "Jonas", "Bob", "Li Wei")}
    return Studio(service, chrome, ecb, people, stack, folder, run / "token")


def empty(studio: Studio) -> None:
    """Before one has a name, and a room in which nobody has said anything."""
    guest = studio.visitor(**DESK)
    guest.come(studio.service.url)
    studio.shoot(guest.page, "nameless")
    guest.ask_for("Nils")
    expect(guest.members).to_contain_text(["Nils"])
    guest.make_room("attic")
    studio.shoot(guest.page, "empty")
    guest.page.context.close()


def busy(studio: Studio) -> None:
    """The lobby, light and dark, with the rates and without."""
    for name, text in TALK:
        studio.people[name].say(text)
    ann = dweller(studio, "Ann", **DESK)
    ann.say("A postcard. And the pound, while you are at it!")
    expect(ann.page.locator("#unsent")).to_be_empty()
    # A rate that changes while somebody looks.
    studio.ecb.answer(body=TODAYS.replace(b"1.1172", b"1.1189").replace(b"0.8731", b"0.8722"))
    expect(ann.page.locator("[data-pair='EUR/USD'] .change")).to_contain_text("0.0017")
    in_both(studio, ann.page, "busy")
    search(studio, ann, "search")
    ann.page.get_by_role("button", name="Hide rates").click()
    studio.shoot(ann.page, "folded")
    ann.page.set_viewport_size({"width": 640, "height": 400})
    studio.shoot(ann.page, "zoomed")
    ann.page.context.close()


def phone(studio: Studio) -> None:
    """The parts of the page on a phone."""
    emma = dweller(studio, "Emma", **PHONE)
    in_both(studio, emma.page, "phone")
    search(studio, emma, "phone-search")
    for part in ("Rates", "Rooms"):
        emma.page.get_by_role("button", name=part).first.tap()
        studio.shoot(emma.page, f"phone-{part.lower()}")
    emma.page.get_by_role("button", name="My menu").tap()
    studio.shoot(emma.page, "phone-menu")
    emma.page.context.close()


def boxes(studio: Studio) -> None:
    """A chat box in a page of the service's own origin: the talk, and what a search has found."""
    for theme in ("light", "dark"):
        visitor = studio.visitor(**{**DESK, "viewport": {"width": 480, "height": 560}})
        visitor.page.route("**/box.html", lambda route: route.fulfill(body=BOX, content_type="text/html"))
        visitor.page.goto(f"{studio.service.url}/box.html")
        box = visitor.page.locator("mix-chat")
        box.evaluate("(box, theme) => box.setAttribute('theme', theme)", theme)
        box.get_by_label("Your name").fill(f"Guest {theme}")
        box.get_by_role("button", name="Enter").click()
        expect(box.locator(".log .line").first).to_be_visible()
        studio.shoot(visitor.page, f"box-{theme}")
        box.get_by_role("button", name="Search").click()
        box.get_by_label("Words, or parts of words").fill("yen")
        visitor.page.keyboard.press("Enter")
        expect(box.locator(".hit")).not_to_have_count(0)
        studio.shoot(visitor.page, f"box-search-{theme}")
        box.locator(".hit").last.click()
        expect(box.locator(".sought")).to_be_focused()
        studio.shoot(visitor.page, f"box-hit-{theme}")
        visitor.page.context.close()


def many(studio: Studio) -> None:
    """A hundred people, and thirty rooms, of which one is in some."""
    for first in FIRST:
        for last in LAST:
            person = studio.stack.enter_context(Chatter(studio.service.port, f"{first} {last}"))
            person.ask(type="join", room=PLACES[(len(first) * 7 + len(last) * 3) % len(PLACES)])
            person.wait_for("joined")
    for place in PLACES:
        studio.people["Tom"].ask(type="join", room=place)
        studio.people["Tom"].wait_for("joined")
    for size, name, options in (("", "Ann", DESK), ("phone-", "Emma", PHONE)):
        visitor = studio.visitor(**options)
        visitor.enter(studio.service.url, f"{name} Lee")
        join(visitor, *PLACES[:14], "lobby")
        for place in PLACES[1:14:4]:
            studio.people["Tom"].ask(type="say", room=place, text="News!")
            studio.people["Tom"].wait_for("said")
        expect(visitor.room(PLACES[13]).locator(".badge-count")).to_have_text("1")
        show_rooms(visitor)
        in_both(studio, visitor.page, f"{size}many")
        visitor.page.get_by_label("Name of a room").fill("in")
        studio.shoot(visitor.page, f"{size}filter")
        visitor.page.context.close()


def idle_window(studio: Studio) -> None:
    """The operators' log-in, and their window while hardly anybody is there."""
    operator = WindowPage(studio.visitor(**DESK).page, studio.service, studio.token)
    operator.page.goto(operator.url)
    in_both(studio, operator.page, "window-login")
    operator.page.context.close()
    show_window(studio, "window-idle", DESK)


def busy_window(studio: Studio) -> None:
    """The operators' window with many rooms."""
    show_window(studio, "window", DESK)
    show_window(studio, "phone-window", PHONE)


def show_window(studio: Studio, name: str, options: dict[str, Any]) -> None:
    """The whole window, not only what is in sight."""
    operator = WindowPage(studio.visitor(**options).page, studio.service, studio.token)
    operator.log_in()
    expect(operator.state).to_have_text("Live")
    expect(operator.page.locator("#plots canvas").first).to_be_visible()
    operator.page.screenshot(path=studio.folder / f"{name}.png", full_page=True)
    operator.page.emulate_media(color_scheme="dark")
    operator.page.screenshot(path=studio.folder / f"{name}-dark.png", full_page=True)
    operator.page.context.close()


def moderated(studio: Studio) -> None:
    """What a moderator has, and what the muted see."""
    mona, ann = studio.visitor(**DESK), studio.visitor(**DESK)
    log_in(mona, studio.service.url)
    ann.enter(studio.service.url, "Ada")
    for number in range(3):
        studio.people["Bob"].say(f"Buy my pens, they are the best pens ({number})!")
    moderate(mona, "Bob", "Mute")
    studio.shoot(mona.page, "mute")
    mona.page.get_by_label("Reason").fill("advertising")
    mona.page.get_by_role("button", name="Mute", exact=True).click()
    moderate(mona, "Ada", "Mute")
    mona.page.get_by_label("Reason").fill("too loud")
    mona.page.get_by_role("button", name="Mute", exact=True).click()
    expect(ann.page.locator("#muted")).to_contain_text("Mona muted you")
    studio.shoot(ann.page, "muted")
    mona.page.get_by_role("button", name="Moderate Ada", exact=True).click()
    studio.shoot(mona.page, "moderator-menu")
    mona.page.get_by_role("menuitem", name="Unmute").click()
    expect(ann.page.locator("#muted")).to_be_hidden()
    for item, dialog in (("Mutes and bans", "sanctions"), ("What moderators did", "audit")):
        mona.page.get_by_role("button", name="My menu").click()
        mona.page.get_by_role("menuitem", name=item).click()
        expect(mona.page.locator(f"#{dialog} li")).not_to_have_count(0)
        in_both(studio, mona.page, dialog)
        mona.page.get_by_role("button", name="Close").click()
    mona.page.context.close()
    ann.page.context.close()


def banned(studio: Studio) -> None:
    """What the banned see."""
    mona, troll = studio.visitor(**DESK), studio.visitor(**DESK)
    log_in(mona, studio.service.url)
    troll.enter(studio.service.url, "Abby")
    moderate(mona, "Abby", "Ban")
    mona.page.get_by_label("Reason").fill("advertising, again and again")
    mona.page.get_by_role("button", name="Ban", exact=True).click()
    expect(troll.page.locator("#banned-until")).to_contain_text("Mona banned you")
    in_both(studio, troll.page, "banned")
    troll.page.set_viewport_size(PHONE["viewport"])
    studio.shoot(troll.page, "phone-banned")
    for each in (mona, troll):
        each.page.context.close()


def offline(studio: Studio) -> None:
    """Without a network, with a line that waits."""
    ann = dweller(studio, "Ann", **DESK)
    ann.page.context.set_offline(True)
    expect(ann.status).to_contain_text("offline")
    ann.say("Does anybody hear me?")
    studio.shoot(ann.page, "offline")
    ann.page.set_viewport_size(PHONE["viewport"])
    studio.shoot(ann.page, "phone-offline")
    ann.page.context.close()


def dweller(studio: Studio, name: str, **options: Any) -> Visitor:
    """Somebody who is in two rooms, with something unread in the other one."""
    person = studio.visitor(**options)
    person.enter(studio.service.url, name)
    join(person, "releases", "lobby")
    newsman = studio.people["Li Wei"]
    newsman.ask(type="join", room="releases")
    for text in ("Version 1 is out.", f"@{name}: the notes need your eyes."):
        newsman.ask(type="say", room="releases", text=text)
        newsman.wait_for("said")
    expect(person.room("releases").locator(".badge-count")).to_have_text("2")
    return person


def search(studio: Studio, person: Visitor, name: str) -> None:
    """What is found, and where a hit leads."""
    person.page.get_by_role("button", name="Search", exact=True).first.click()
    person.page.get_by_label("Words to search for").fill("yen")
    person.page.keyboard.press("Enter")
    expect(person.page.locator("#search-found .hit")).not_to_have_count(0)
    in_both(studio, person.page, name)
    person.page.locator("#search-found .hit").last.click()
    expect(person.page.locator(".sought")).to_be_visible()
    studio.shoot(person.page, f"{name}-hit")


def join(person: Visitor, *rooms: str) -> None:
    """Be in rooms; the last one is open."""
    for room in rooms:
        show_rooms(person)
        person.open_room(room)


def show_rooms(person: Visitor) -> None:
    """On a phone they are a part of the page of their own."""
    tab = person.page.locator(".tabs [data-show=side]")
    if tab.is_visible():
        tab.click()


def log_in(mona: Visitor, url: str) -> None:
    """Become the moderator Mona."""
    mona.come(url)
    mona.page.get_by_role("button", name="Log in as a moderator").click()
    mona.page.get_by_label("Name", exact=True).fill("Mona")
    mona.page.get_by_label("Password").fill(PASSWORD)
    mona.page.get_by_role("button", name="Log in", exact=True).click()
    expect(mona.page.locator("#me-role")).to_be_visible()


def moderate(mona: Visitor, name: str, what: str) -> None:
    """Choose from the menu about somebody."""
    mona.page.get_by_role("button", name=f"Moderate {name}", exact=True).click()
    mona.page.get_by_role("menuitem", name=what).click()


def in_both(studio: Studio, page: Page, name: str) -> None:
    """Light and dark."""
    studio.shoot(page, name)
    page.emulate_media(color_scheme="dark")
    studio.shoot(page, f"{name}-dark")
    page.emulate_media(color_scheme="light")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
