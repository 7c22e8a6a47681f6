"""What the first visit of a page costs: `python -m bench.first_visit [--slow] URL...`, with services that run already.

The pages take turns in one Chromium, each visit in a new context. Printed are the requests, a WebSocket included, the
bytes that came, and the median of the times until something was painted; then what does not depend on how busy the
machine is, or hardly: how many answers the first paint waits for, their bytes, and when the last of them had come. With
--slow the network has 150 ms and 1.6 Mbit/s, and the browser a quarter of the processor.
"""

import shutil
import statistics
import sys
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.sync_api import Browser, sync_playwright

__all__ = ["main"]

ROUNDS: Final = 10
ARGUMENTS: Final = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# Milliseconds until the first paint; how many answers it waits for, the page among them, their bytes, and milliseconds
# until all of them had come.
FIRST_PAINT: Final = """() => {
  const paint = performance.getEntriesByName("first-paint")[0].startTime;
  const [page] = performance.getEntriesByType("navigation");
  const loaded = performance.getEntriesByType("resource");
  const blocking = [page, ...loaded.filter((each) => each.renderBlockingStatus === "blocking")];
  const size = blocking.reduce((sum, each) => sum + each.transferSize, 0);
  return [paint, blocking.length, size, Math.max(...blocking.map((each) => each.responseEnd))];
}"""
# A slow phone connection: milliseconds, and bytes a second.
SLOW: Final = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 93_750}
SLOWER_CPU: Final = 4
ONLINE: Final = "#chat-status:has-text('online')"


@dataclass
class Visit:
    """paint: milliseconds. size: bytes of all answers.

    blocking, blocked, ready: the answers that the first paint waits for, their bytes, and when they had come.
    """

    paint: float = 0.0
    size: float = 0.0
    blocking: int = 0
    blocked: float = 0.0
    ready: float = 0.0
    requests: list[str] = field(default_factory=list)


def visit(browser: Browser, url: str, is_slow: bool) -> Visit:
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
    if is_slow:
        session.send("Network.emulateNetworkConditions", SLOW)
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER_CPU})
    page.goto(url)
    page.wait_for_selector(ONLINE)
    page.wait_for_load_state("networkidle")
    found.paint, found.blocking, found.blocked, found.ready = page.evaluate(FIRST_PAINT)
    context.close()
    return found


def main(arguments: list[str]) -> None:
    """Print a line for each page."""
    urls = [each for each in arguments if each != "--slow"]
    is_slow = len(urls) < len(arguments)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        # One visit more: the first of all starts processes of the browser.
        visits = [[visit(browser, url, is_slow) for url in urls] for _ in range(ROUNDS + 1)][1:]
        browser.close()
    for url, of_page in zip(urls, zip(*visits, strict=True), strict=True):
        paint = statistics.median(each.paint for each in of_page)
        last = of_page[-1]
        print(f"{url}: {len(last.requests)} requests, {last.size / 1000:.1f} KB, first paint after {paint:.0f} ms")
        ready = statistics.median(each.ready for each in of_page)
        waits = f"{last.blocking} answers, {last.blocked / 1000:.1f} KB"
        print(f"    it waits for {waits}, which had come after {ready:.0f} ms")


if __name__ == "__main__":
    main(sys.argv[1:])
