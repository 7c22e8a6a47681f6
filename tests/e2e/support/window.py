"""An operator's browser at the window of a running service."""

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.e2e.support.operators import admin_url
from tests.e2e.support.service import Service

__all__ = ["WindowPage"]


class WindowPage:
    """token: the file of the operators' token."""

    def __init__(self, page: Page, service: Service, token: Path) -> None:
        self.page = page
        self.url = f"{admin_url(service)}/"
        self._token = token.read_text()

    def log_in(self) -> None:
        """Give the token, and wait for the window."""
        self.page.goto(self.url)
        self.page.get_by_label("The operators’ token").fill(self._token.strip())
        self.page.get_by_role("button", name="Log in").click()
        expect(self.tile("stage")).to_contain_text("serving")

    @property
    def state(self) -> Locator:
        """Whether it is live."""
        return self.page.locator("#state")

    @property
    def notice(self) -> Locator:
        """What came of the last action."""
        return self.page.locator("#notice")

    def tile(self, key: str) -> Locator:
        """One of the numbers that matter most."""
        return self.page.locator(f"#tiles [data-key={key}]")

    def action(self, name: str) -> Locator:
        """The part of the page for an action, unfolded."""
        found = self.page.locator(f"#action-{name}")
        if found.get_attribute("open") is None:
            found.locator("summary").click()
        return found
