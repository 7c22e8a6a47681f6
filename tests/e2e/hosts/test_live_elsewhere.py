"""A live page in another server: what docs/how-to/live-pages.md shows, in waitress and Chromium."""

import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import Final

from playwright.sync_api import expect

from tests.builds import PROJECT
from tests.e2e.support.browser import browser
from tests.e2e.support.hosts import WAITRESS, Host
from tests.e2e.support.service import Launch
from tests.e2e.support.urls import post
from tests.ports import free_port

TEXT: Final = (PROJECT / "docs" / "how-to" / "live-pages.md").read_text()
APPLICATION: Final = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)[0]
(SCRIPT,) = (each for each in re.findall(r"```js\n(.*?)```", TEXT, re.DOTALL) if "EventSource.CLOSED" in each)

PAGE: Final = f"""<!doctype html><title>Order</title><ul id=states></ul><script>
const last = "0";
function show(text) {{
  const item = document.createElement("li");
  item.textContent = text;
  document.getElementById("states").append(item);
}}
{SCRIPT}</script>"""


def test_a_page_whose_ticket_is_over_goes_on_with_another_one(launch: Launch, chromium: str | None) -> None:
    port, other_port = free_port(), free_port()
    server = replace(WAITRESS, arguments=("-m", "waitress", f"--listen=127.0.0.1:{port}", "{app}:app"))
    launch = launch.having(chat={"listen": f"tcp:{other_port}:interface=127.0.0.1"})
    launch.folder.mkdir()
    (launch.folder / "shop.py").write_text(f"{APPLICATION}\napp.add_url_rule('/page', view_func=lambda: {PAGE!r})\n")

    with browser(chromium) as chrome:
        page = chrome.new_context().new_page()
        with Host(server, launch, "shop") as host:
            post(f"{host.url}/orders/42", b"state=ordered")
            page.goto(f"{host.url}/page")
            post(f"{host.url}/orders/42", b"state=paid")
            expect(page.locator("#states li")).to_have_text(["ordered", "paid"])
            host.stop(signal.SIGINT)
        forget_tickets(launch.folder)

        with Host(server, launch, "shop") as host:
            for state in (b"packed", b"sent"):
                post(f"{host.url}/orders/42", b"state=" + state)

            expect(page.locator("#states li")).to_have_text(["ordered", "paid", "packed", "sent"])


def forget_tickets(folder: Path) -> None:
    """Take the key away with which the tickets are signed: they are over before their time."""
    (folder / "secret_key").unlink()
