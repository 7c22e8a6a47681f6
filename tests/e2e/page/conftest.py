"""What tests of the page's modules share: a page with a chat that the test plays, and without a service."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.support.played_chat import SITE, Play, PlayedChat


@pytest.fixture
def play(chrome: Browser, installed: Path) -> Iterator[Play]:
    """Opens a page with this body, in a language of the browser, and plays its chat."""
    static = next(installed.parent.glob("lib/python*/site-packages/mixsvc/pages/static"))
    played: list[PlayedChat] = []

    def begin(body: str = "<mix-chat></mix-chat>", locale: str = "en") -> PlayedChat:
        chat = PlayedChat(chrome.new_context(locale=locale, timezone_id="UTC").new_page(), static, body)
        played.append(chat)
        chat.page.goto(f"{SITE}/")
        return chat

    yield begin
    for chat in played:
        chat.page.context.close()
