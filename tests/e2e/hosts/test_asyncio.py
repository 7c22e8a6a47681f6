"""The service on asyncio's loop, with a view that uses a coroutine."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.builds import PROJECT
from tests.e2e.http.test_wsgi import hosted, test_the_validator_has_nothing_to_say, way
from tests.e2e.operations.test_clock import listener, system, test_the_service_keeps_its_time, watched
from tests.e2e.operations.test_forks import (
    children,
    forking,
    test_processes_of_a_view_end_when_told_to_and_leave_the_port_to_the_next_service,
)
from tests.e2e.operations.test_signals import test_both_stop_a_service_that_a_shell_has_started_in_the_background
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.service import Config, Launch, Service
from tests.e2e.support.urls import get_json, get_text

# These run again here, with the fixtures of this module.
__all__ = [
    "children",
    "forking",
    "hosted",
    "listener",
    "system",
    "test_both_stop_a_service_that_a_shell_has_started_in_the_background",
    "test_processes_of_a_view_end_when_told_to_and_leave_the_port_to_the_next_service",
    "test_the_service_keeps_its_time",
    "test_the_validator_has_nothing_to_say",
    "watched",
    "way",
]

Start = Callable[[Launch], Service]


@dataclass(frozen=True)
class OnAsyncio(Launch):
    """The same with `--reactor asyncio`."""

    def command(self, *twistd_options: str) -> list[str]:
        """See Launch."""
        return super().command("--reactor=asyncio", *twistd_options)


@pytest.fixture
def launch(installed: Path, config: Config, tmp_path: Path) -> Launch:
    """How a test starts a service of its own."""
    return OnAsyncio(installed, tmp_path / "service", config)


def test_pages_chat_and_rates_are_served_and_it_ends_well(start: Start, launch: Launch) -> None:
    service = start(launch)
    service.wait_for("reactor class: twisted.internet.asyncioreactor.AsyncioSelectorReactor")

    assert "<html" in get_text(f"{service.url}/")
    assert get_json(f"{service.url}/api/rates/EUR/USD")["base"] == "EUR"
    with Chatter(service.port, "Ann") as ann:
        assert ann.say("hello") == 1

    assert service.stop() == -15
    assert "Traceback" not in service.log()


def test_views_wait_for_coroutines_in_the_loop_that_serves_them(start: Start, launch: Launch, tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "coroutine_app.py").write_text((PROJECT / "tests" / "e2e" / "apps" / "coroutine_app.py").read_text())
    launch = launch.having(web={"wsgi": "coroutine_app:app"})
    service = start(replace(launch, environ={"PYTHONPATH": str(code)}))

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(get_text, [f"{service.url}/"] * 8))

    assert all(answer.startswith("HTTP/1.1 200") and '"websocket"' in answer for answer in answers)
