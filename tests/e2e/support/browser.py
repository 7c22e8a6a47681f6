"""Visitors of the page, each in a new browser context of Chromium."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.e2e.support.service import DEADLINE

__all__ = ["FALLBACK", "NewVisitor", "Visitor", "browser", "without_fallback"]

# The script that the page loads where no WebSocket comes about.
FALLBACK: Final = "**/built/fallback-*.js"

# Milliseconds.
PATIENCE: Final = 1000 * DEADLINE

# Refusals that a test provokes: a name in use, a wrong password, an invalid amount, and the history in the first
# moment of a service.
MEANT: Final = ("400", "403", "409", "503")

ARGUMENTS: Final = [
    # It often runs as root in a container, where it has no sandbox.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # No connection may leave the loopback.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # As in browsers that give cookies to the site of the page only.
    "--test-third-party-cookie-phaseout",
]


@contextmanager
def browser(executable: str | None) -> Iterator[Browser]:
    """A headless Chromium; None takes Playwright's own."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        try:
            yield chromium
        finally:
            chromium.close()


class Visitor:
    """One person at the page; `complaints` are the errors in the console, those of the CSP included."""

    def __init__(self, page: Page) -> None:
        page.set_default_timeout(PATIENCE)
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def come(self, url: str) -> None:
        """Open the page and wait until the chat is connected."""
        self.page.goto(url)
        expect(self.status).to_contain_text("online")

    def ask_for(self, name: str) -> None:
        """Give a name in the form; the test checks whether it is accepted."""
        self.page.get_by_label("Your name").fill(name)
        self.page.get_by_role("button", name="Enter", exact=True).click()

    def enter(self, url: str, name: str) -> None:
        """Open the page and be in the room under the name."""
        self.come(url)
        self.ask_for(name)
        expect(self.members).to_contain_text([name])

    def pause_before_the_next_try(self) -> None:
        """Stop the page's clock while it is offline and waits, so that the wait lasts until `clock.resume()`.

        The page's clock has to be installed before the wait begins.
        """
        while True:
            expect(self.page.locator("#try-now")).to_be_visible()
            # A moment in the future, because the clock does not go back.
            self.page.clock.pause_at(self.page.evaluate("Date.now()") / 1000 + 0.5)
            if self.page.locator("#try-now").is_visible():
                return
            # The wait ended at that moment.
            self.page.clock.resume()

    def come_back(self, url: str, name: str) -> None:
        """Open the page again with the session of before."""
        self.come(url)
        expect(self.members).to_contain_text([name])

    def open_room(self, name: str) -> None:
        """Choose a room in the side bar, and wait until it is open."""
        self.room(name).click()
        expect(self.page.locator("#room-title")).to_have_text(name)

    def make_room(self, name: str) -> None:
        """Join a room by its name, which makes it where it is not there."""
        self.page.get_by_label("Name of a room").fill(name)
        self.page.get_by_role("button", name="Join", exact=True).click()
        # The previous room may have had one member, too.
        expect(self.page.locator("#room-title")).to_have_text(name)
        expect(self.members).to_have_count(1)

    def choose(self, menu: str, item: str) -> None:
        """Choose from a menu by the names of its button and of the item."""
        self.page.get_by_role("button", name=menu, exact=True).click()
        self.page.get_by_role("menu").get_by_text(item, exact=True).click()

    def say(self, text: str) -> None:
        """Type a line and send it with the Enter key."""
        field = self.page.get_by_label("Your message")
        field.fill(text)
        field.press("Enter")

    @property
    def status(self) -> Locator:
        return self.page.locator("#chat-status")

    @property
    def members(self) -> Locator:
        """The names of those present, one element each."""
        return self.page.locator("#members .member-name")

    @property
    def texts(self) -> Locator:
        """The texts of the messages in the log, one element each."""
        return self.page.locator("#log .text")

    @property
    def log(self) -> Locator:
        """What scrolls."""
        return self.page.locator("#log-frame")

    def room(self, name: str) -> Locator:
        """A room at the side."""
        return self.page.locator(".room-item", has=self.page.locator(f".room-name:text-is('{name}')")).locator("button")

    def scrolled(self) -> int:
        """How far down the log is scrolled, in pixels from its end."""
        found: int = self.log.evaluate("(log) => Math.round(log.scrollHeight - log.scrollTop - log.clientHeight)")
        return found

    def numbers(self) -> list[int]:
        """The numbers of the messages in the log, in the order shown."""
        found = self.page.locator("#log").evaluate(
            "(log) => [...log.querySelectorAll('[data-number]')].map((line) => Number(line.dataset.number))"
        )
        return [int(number) for number in found]

    def _note(self, kind: str, text: str) -> None:
        # Chromium reports every status above 399, also expected ones: a name may be taken.
        is_meant = text.startswith("Failed to load resource") and any(status in text for status in MEANT)
        if kind in ("error", "warning") and not is_meant:
            self.complaints.append(text)


NewVisitor = Callable[..., Visitor]


def without_fallback(page: Page) -> None:
    """From the next visit on, the page finds no SockJS client, as where the build could not fetch it."""
    page.route(FALLBACK, lambda route: route.abort())
