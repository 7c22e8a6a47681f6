"""People at the page, each in a Chromium of their own, so to say: a browser context with nothing from before."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

__all__ = ["SOCKJS_CLIENT", "Visitor", "browser", "without_sockjs"]

SOCKJS_CLIENT: Final = "**/static/vendor/sockjs.min.js"

# Milliseconds. Far more than anything here takes, as a loaded machine may be slow.
PATIENCE: Final = 30_000

ARGUMENTS: Final = [
    # It often runs as root in a container, where it has no sandbox.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Nothing may leave the loopback.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
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
        """Give a name in the form; whether it is taken, is to be seen."""
        self.page.get_by_label("Your name").fill(name)
        self.page.get_by_role("button", name="Enter", exact=True).click()

    def enter(self, url: str, name: str) -> None:
        """Open the page and be in the room under the name."""
        self.come(url)
        self.ask_for(name)
        expect(self.members).to_contain_text([name])

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

    def numbers(self) -> list[int]:
        """The numbers of the messages in the log, in the order shown."""
        lines = self.page.locator("#log [data-number]").all()
        return [int(line.get_attribute("data-number") or 0) for line in lines]

    def _note(self, kind: str, text: str) -> None:
        # Chromium says so of every answer above 399, those that are meant included: a name may be taken.
        is_meant = text.startswith("Failed to load resource") and "409" in text
        if kind in ("error", "warning") and not is_meant:
            self.complaints.append(text)


def without_sockjs(page: Page) -> None:
    """From the next visit on, the page finds no SockJS client, as where the build could not fetch it."""
    page.route(SOCKJS_CLIENT, lambda route: route.fulfill(body="", content_type="text/javascript"))
