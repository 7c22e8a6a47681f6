"""Pictures of the page for the README: `make screenshots`, or `python -m tests.e2e.screenshots FOLDER`."""

import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from playwright.sync_api import Browser, Page, expect

from tests.e2e.support.browser import Visitor, browser
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.ecb import RATES_XML, Ecb
from tests.e2e.support.service import Launch, Service

SETTINGS: Final = {"rooms": "lobby, trading, releases", "rate": "100"}
DESK: Final[dict[str, Any]] = {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB"}
PHONE: Final[dict[str, Any]] = {
    "viewport": {"width": 390, "height": 780},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "locale": "en-GB",
}

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


def main(folder: Path) -> None:
    """Make the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        ecb = stack.enter_context(Ecb())
        run = Path(stack.enter_context(TemporaryDirectory()))
        rates = {"ecb_url": ecb.url, "interval": "0.5", "ecb_90_days_url": "", "ecb_history_url": ""}
        launch = Launch(Path(sys.executable).parent, run / "service", {"rates": rates, "chat": SETTINGS})
        service = stack.enter_context(Service(launch))
        chrome = stack.enter_context(browser(shutil.which("chromium") or shutil.which("google-chrome")))
        people = {name: stack.enter_context(Chatter(service.port, name)) for name in ("Tom", "Jonas", "Bob", "Li Wei")}
        for name, text in TALK:
            people[name].say(text)
        desk = dweller(chrome, service, people["Li Wei"], **DESK)
        desk.say("A postcard. And the pound, while you are at it!")
        expect(desk.page.locator("#unsent")).to_be_empty()
        # A rate that changes while somebody looks.
        ecb.answer(body=RATES_XML.replace(b"1.1172", b"1.1189").replace(b"0.8731", b"0.8722"))
        expect(desk.page.locator("[data-pair='EUR/USD'] .change")).to_contain_text("0.0017")
        shoot(desk.page, folder / "desktop-light.png")
        desk.page.emulate_media(color_scheme="dark")
        shoot(desk.page, folder / "desktop-dark.png")
        phone = dweller(chrome, service, people["Li Wei"], **PHONE)
        shoot(phone.page, folder / "phone.png")
        phone.page.get_by_role("button", name="Rates", exact=True).tap()
        shoot(phone.page, folder / "phone-rates.png")


def dweller(chrome: Browser, service: Service, newsman: Chatter, **options: Any) -> Visitor:
    """Somebody who is in two rooms, with something unread in the other one."""
    person = Visitor(chrome.new_context(**options).new_page())
    is_phone = "is_mobile" in options
    person.come(service.url)
    person.ask_for("Ann" if not is_phone else "Emma")
    for room in ("releases", "lobby"):
        if is_phone:
            person.page.get_by_role("button", name="Rooms").first.tap()
        person.open_room(room)
    newsman.ask(type="join", room="releases")
    newsman.ask(type="say", room="releases", text="Version 1 is out.")
    newsman.wait_for("said")
    expect(person.room("releases").locator(".badge-count")).to_have_text("1")
    return person


def shoot(page: Page, file: Path) -> None:
    """Take a picture once everything is drawn and nothing moves."""
    expect(page.locator("#chart-plot canvas")).to_have_count(1)
    page.wait_for_function("() => document.getAnimations().every((each) => each.playState !== 'running')")
    page.screenshot(path=file)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
