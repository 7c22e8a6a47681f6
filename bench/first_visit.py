"""What the first visit of a page costs: `python -m bench.first_visit URL...`, with services that run already.

The pages take turns in one Chromium, each visit in a new context. Printed are the requests, a WebSocket included, the
bytes that came, and the median of the times until something was painted.
"""

import shutil
import statistics
import sys
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.sync_api import Browser, sync_playwright

__all__ = ["main"]

ROUNDS: Final = 9
ARGUMENTS: Final = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
FIRST_PAINT: Final = "performance.getEntriesByName('first-paint')[0].startTime"
ONLINE: Final = "#chat-status:has-text('online')"


@dataclass
class Visit:
    """paint: milliseconds. size: bytes."""

    paint: float = 0.0
    size: float = 0.0
    requests: list[str] = field(default_factory=list)


def visit(browser: Browser, url: str) -> Visit:
    """Open the page as somebody who was never there, until the chat is connected and nothing is loaded any more."""
    found = Visit()
    context = browser.new_context()
    page = context.new_page()
    session = context.new_cdp_session(page)

    def finished(event: Any) -> None:
        found.size += event["encodedDataLength"]

    session.on("Network.requestWillBeSent", lambda event: found.requests.append(event["request"]["url"]))
    session.on("Network.webSocketCreated", lambda event: found.requests.append(event["url"]))
    session.on("Network.loadingFinished", finished)
    session.send("Network.enable")
    page.goto(url)
    page.wait_for_selector(ONLINE)
    page.wait_for_load_state("networkidle")
    found.paint = page.evaluate(FIRST_PAINT)
    context.close()
    return found


def main(urls: list[str]) -> None:
    """Print a line for each page."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        # One visit more: the first of all starts processes of the browser.
        visits = [[visit(browser, url) for url in urls] for _ in range(ROUNDS + 1)][1:]
        browser.close()
    for url, of_page in zip(urls, zip(*visits, strict=True), strict=True):
        paint = statistics.median(each.paint for each in of_page)
        last = of_page[-1]
        print(f"{url}: {len(last.requests)} requests, {last.size / 1000:.1f} KB, first paint after {paint:.0f} ms")


if __name__ == "__main__":
    main(sys.argv[1:])
