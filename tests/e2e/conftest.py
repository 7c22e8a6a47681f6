"""The running service: from the installed wheel, in a folder of its own, with rates from the loopback."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e.support.browser import NewVisitor, Visitor, browser
from tests.e2e.support.ecb import Ecb
from tests.e2e.support.service import Config, Launch, Service
from tests.postgres import Postgres


@pytest.fixture(scope="module")
def ecb() -> Iterator[Ecb]:
    """A server that stands in for the European Central Bank."""
    with Ecb() as server:
        yield server


@pytest.fixture(scope="module")
def config(ecb: Ecb) -> Config:
    """The settings a service is started with, unless a test says otherwise; its database is in its own folder."""
    # No connection may leave the loopback.
    history = {"ecb_90_days_url": "", "ecb_history_url": ""}
    return {"rates": {"ecb_url": ecb.url, "interval": "0.5", "timeout": "5", **history}}


@pytest.fixture(scope="module")
def service(installed: Path, config: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that listens, shared by the tests of a module; they must leave it running."""
    with Service(Launch(installed, tmp_path_factory.mktemp("service"), config)) as running:
        assert running.port
        yield running


@pytest.fixture
def launch(installed: Path, config: Config, tmp_path: Path) -> Launch:
    """How a test starts a service of its own; change it with `launch.having(…)` or dataclasses.replace."""
    return Launch(installed, tmp_path / "service", config)


@pytest.fixture
def start() -> Iterator[Callable[[Launch], Service]]:
    """Starts services for one test, without waiting for them; whatever still runs at the end is killed."""
    with ExitStack() as stack:

        def started(launch: Launch) -> Service:
            return stack.enter_context(Service(launch))

        yield started


@pytest.fixture(scope="session")
def chromium() -> str | None:
    """The system's Chromium; None: Playwright's own (`playwright install chromium`)."""
    return shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def chrome(chromium: str | None) -> Iterator[Browser]:
    """A running Chromium for the tests of a module."""
    with browser(chromium) as running:
        yield running


@pytest.fixture
def everyone(chrome: Browser) -> Iterator[list[Visitor]]:
    """The visitors of this test; each is closed at its end."""
    came: list[Visitor] = []
    yield came
    for visitor in came:
        visitor.page.context.close()


@pytest.fixture
def visitor(chrome: Browser, everyone: list[Visitor]) -> NewVisitor:
    """Makes a person with a browser context of their own; its options are those of Playwright's new_context."""

    def make(**options: Any) -> Visitor:
        everyone.append(Visitor(chrome.new_context(**options).new_page()))
        return everyone[-1]

    return make


@pytest.fixture
def no_complaints(everyone: list[Visitor]) -> Iterator[None]:
    """Checks at the end of the test that no console has an error and that the CSP has refused nothing."""
    yield
    assert [visitor.complaints for visitor in everyone] == [[] for _ in everyone]


@pytest.fixture(scope="module")
def programs() -> Path:
    """Those of the tests' own virtualenv, which has the extras: another one would take a minute to install."""
    return Path(sys.executable).parent


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A server with the settings of a new one; a test that stops it starts it again."""
    with Postgres(settings={}) as running:
        yield running


@pytest.fixture
def url(server: Postgres) -> str:
    """An empty database of the test's own."""
    return server.url(server.new_database())
