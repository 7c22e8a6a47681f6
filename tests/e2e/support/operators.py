"""A service's port for operators, and the numbers in its metrics."""

import json
import re
from typing import Final
from urllib.error import HTTPError

from tests.e2e.support.service import Running
from tests.e2e.support.urls import get_json, get_text
from tests.e2e.support.waiting import wait_until

__all__ = ["OPERATORS", "admin_url", "metric", "unready", "wait_for_views"]

# For [server].
OPERATORS: Final = {"admin_listen": "tcp:0:interface=127.0.0.1"}


def admin_url(service: Running) -> str:
    """The root of the operators' port; the service has the settings of OPERATORS."""
    return f"http://{service.wait_for('mixsvc: admin pages on ').rpartition(' ')[2]}"


def metric(url: str, name: str) -> float:
    """The number of this name and these labels, as they stand in the text."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", get_text(f"{url}/metrics"), re.MULTILINE)
    assert found, f"no {name}"
    return float(found[1])


def unready(url: str) -> str:
    """The reasons that /readyz gives, "" if all is well; url: of the operators' port."""
    try:
        return " ".join(get_json(f"{url}/readyz")["reasons"])
    except HTTPError as error:
        return " ".join(json.load(error)["reasons"])


def wait_for_views(url: str, running: int, waiting: int = 0) -> None:
    """Until so many views run and so many requests wait for a thread; url: of the operators' port."""

    def now() -> tuple[float, float]:
        return metric(url, "mixsvc_views_running"), metric(url, "mixsvc_views_waiting")

    wait_until(lambda: now() == (running, waiting), f"not {running} views running and {waiting} waiting")
