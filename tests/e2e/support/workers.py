"""The processes of a WSGI server that serves tests/e2e/apps/hosted.py."""

import json
import re
from typing import Any

from tests.e2e.support.hosts import Host
from tests.e2e.support.urls import get_text, post
from tests.e2e.support.waiting import wait_until

__all__ = ["chat_port", "chat_url", "each_worker", "said"]


def chat_url(page: str) -> str:
    found = re.search(r'data-prefix="([^"]+)"', page)
    assert found, page
    return found[1]


def chat_port(host: Host) -> int:
    """The chat's port, as the page names it."""
    return int(chat_url(get_text(f"{host.url}/")).split(":")[2].partition("/")[0])


def said(host: Host, text: str, path: str = "worker") -> Any:
    status, body = post(f"{host.url}/{path}/{text}", b"")
    assert status == 200, f"{body!r}\n{host.log()}"
    return json.loads(body)


def each_worker(host: Host, count: int) -> dict[int, int]:
    """The number of the line that each worker said, by process; some need a while to start."""
    found: dict[int, int] = {}

    def ask() -> bool:
        # A worker that has said a line says no other one, however long the last worker takes to start.
        answer = said(host, "line", path=f"worker-unless/{'-'.join(map(str, found)) or 'nobody'}")
        if answer:
            found[answer["pid"]] = answer["number"]
        return len(found) == count

    wait_until(ask, f"not {count} workers have answered")
    return found
