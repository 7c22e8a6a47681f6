"""What the reactor needs is loaded before it runs: an import there would hold up every connection."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from tests.e2e.support.both_ways import WAYS, wait_for_processes
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.operators import OPERATORS, admin_url
from tests.e2e.support.service import DEADLINE, Launch, Service
from tests.e2e.support.urls import get_text, post, status_of

# Python imports this module in each process, first of all. It writes down what is not loaded yet.
WATCH: Final = """
import os, sys, threading

class Watch:
    @staticmethod
    def find_spec(name, path=None, target=None):
        reactor = sys.modules.get("twisted.internet.reactor")
        is_there = threading.current_thread() is threading.main_thread()
        if is_there and getattr(reactor, "running", False):
            with open(os.environ["IMPORTED"], "a") as file:
                file.write(name + "\\n")

sys.meta_path.insert(0, Watch)
"""


@pytest.mark.parametrize("way", WAYS)
def test_the_reactor_of_a_running_service_imports_nothing(
    launch: Launch, start: Callable[[Launch], Service], way: str, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    imported = tmp_path / "imported"
    imported.touch()
    watched = replace(launch, environ={**launch.environ, "PYTHONPATH": str(tmp_path), "IMPORTED": str(imported)})
    service = start(watched.having(server=OPERATORS, web=WAYS[way]))
    wait_for_processes(service, way)

    use_all(service, launch.folder / "admin_token")
    service.stop()

    assert imported.read_text() == ""


def use_all(service: Service, token: Path) -> None:
    """Let each part of a service work. tests/charts/test_pool.py tries what draws charts."""
    root, admin = f"http://127.0.0.1:{service.port}", admin_url(service)
    for path in ("/", "/api/rates", "/api/rooms", "/chat/info", "/nothing"):
        assert status_of(root + path) in (200, 404), path
    assert post(f"{root}/chat/000/session1/xhr", b"")[0] == 200
    with Chatter(service.port, "Ann") as ann:
        ann.say("hello")
        ann.ask(type="history", room="lobby")
    for page in ("metrics", "readyz", "healthz"):
        assert get_text(f"{admin}/{page}")
    look_at_window(admin, token.read_text())


def look_at_window(admin: str, token: str) -> None:
    """Log in to the operators' window, see it, and do something."""
    browser = build_opener(HTTPCookieProcessor())

    def page(path: str, **fields: str) -> str:
        data = urlencode(fields).encode() if fields else None
        with browser.open(f"{admin}/{path}", data, DEADLINE) as response:
            found: str = response.read().decode()
        return found

    def proof(text: str) -> str:
        found = re.search('name="proof" value="([^"]+)"', text)
        assert found
        return found[1]

    window = page("window/login", proof=proof(page("")), token=token)
    assert "said in lobby" in page("window/do/say", proof=proof(window), room="lobby", text="hello")
    assert "Really drain?" in page("window/do/drain", proof=proof(window))
    assert page("window/live") and page("window/history")
    for path in set(re.findall('(?:href|src)="(window/static/[^"]+)"', window)):
        assert page(path)
