"""The modules of the page in a browser, without a service: they are loaded by a page of the test's own."""

import mimetypes
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, Route

__all__ = ["ORIGIN", "open_stage"]

ORIGIN: Final = "http://modules.test"


def open_stage(page: Page, installed: Path, stage: str) -> None:
    """Open a document that has the modules below its root, and wait until it sets `globalThis.isReady`."""
    static = next(installed.parent.glob("lib/python*/site-packages/mixsvc/pages/static"))

    def serve(route: Route) -> None:
        path = route.request.url.removeprefix(f"{ORIGIN}/")
        content = (static / path).read_text("utf-8") if path else stage
        route.fulfill(body=content, content_type=mimetypes.guess_type(path)[0] or "text/html; charset=utf-8")

    page.route(f"{ORIGIN}/**", serve)
    page.goto(f"{ORIGIN}/")
    page.wait_for_function("globalThis.isReady")
