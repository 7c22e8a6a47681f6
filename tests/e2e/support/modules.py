"""The modules of the page in a browser, without a service: they are loaded by a page of the test's own."""

import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, Route

__all__ = ["ORIGIN", "open_stage"]

ORIGIN: Final = "http://modules.test"


@contextmanager
def open_stage(browser: Browser, installed: Path, stage: str) -> Iterator[Page]:
    """A page with a document that has the modules below its root, once it has set `globalThis.isReady`."""
    static = next(installed.parent.glob("lib/python*/site-packages/mixsvc/pages/static"))

    def serve(route: Route) -> None:
        path = route.request.url.removeprefix(f"{ORIGIN}/")
        content = (static / path).read_text("utf-8") if path else stage
        route.fulfill(body=content, content_type=mimetypes.guess_type(path)[0] or "text/html; charset=utf-8")

    page = browser.new_page()
    page.route(f"{ORIGIN}/**", serve)
    page.goto(f"{ORIGIN}/")
    page.wait_for_function("() => globalThis.isReady")
    yield page
    page.close()
