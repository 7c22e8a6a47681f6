"""Every file in examples/recipes runs against the real service, and docs/how-to/recipes.md names each of them."""

import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import pytest

from tests.builds import PROJECT
from tests.e2e.support.hosts import lend
from tests.e2e.support.service import DEADLINE, Launch, Lines, Service
from tests.e2e.support.urls import get_text, status_of
from tests.e2e.support.waiting import wait_until

FOLDER: Final = PROJECT / "examples" / "recipes"
PAGE: Final = PROJECT / "docs" / "how-to" / "recipes.md"

# What each prints about the rates of the fixture and of the archive, which ends at another day in each release of it.
PRINTS: Final = {
    "crochet_script": r"downloading\nEUR/USD 1\.1172 2026-11-20 ecb( stale)?",
    "there_and_back": r"Traveller said 'there and back'",
    "with_ampoule": r"USD \d+\.\d%, GBP \d+\.\d%, JPY \d+\.\d%, CHF \d+\.\d%",
    "with_await": r"100 EUR are 111\.72 USD, 87\.31 GBP, 17105 JPY, 93\.12 CHF",
    "with_coiterate": r"the euro's deepest fall in dollars: 40\.\d%; the reactor did something else [1-9]\d* times",
    "with_defer_to_thread": r"1 EUR is 1\.12 USD, 0\.87 GBP, 171 JPY",
    "with_gevent": r"11 answers in one thread, all alike",
    "with_inline_callbacks": r"EUR/USD was never above 1\.599 \(2008-07-15\)",
    "with_spawn_process": r"\d+ rates, from EUR/GBP 0\.8731 2026-11-20 ecb( stale)? to EUR/IDR [0-9.]+ \S+ archive.*",
    "with_treq": r"1 EUR is 1\.1172 USD \(2026-11-20\)",
}

PAST: Final = "/api/rates/EUR/USD/history?points=4"

# It runs until it is stopped, so it has tests of its own.
SERVER: Final = "crochet_flask"

Run = Callable[[str, str], "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def recipes(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Launch:
    """The python that runs the recipes, its folder and its environment."""
    folder = tmp_path_factory.mktemp("recipes")
    # The virtualenv of the wheel has no gevent.
    lend(folder / "lent", ("gevent", "greenlet"))
    lend(folder / "lent" / "zope", ("zope.event",))
    return Launch(installed, folder, environ={"PYTHONPATH": str(folder / "lent")})


@pytest.fixture
def run(recipes: Launch) -> Run:
    """Runs a recipe with a URL until it ends."""

    def ran(name: str, url: str) -> "subprocess.CompletedProcess[str]":
        command = [str(recipes.programs / "python"), str(FOLDER / f"{name}.py"), url]
        environment = recipes.environment()
        return subprocess.run(
            command, cwd=recipes.folder, env=environment, capture_output=True, text=True, timeout=DEADLINE
        )

    return ran


@pytest.fixture(scope="module")
def complete(service: Service) -> Service:
    """The service once it has the fixture's rates and the history, which takes a moment."""
    service.wait_for("rates: 4 new quotes of 2026-11-20")
    # No log line says when the history has been read.
    wait_until(lambda: status_of(f"{service.url}{PAST}") == 200, "no past")
    return service


@pytest.mark.parametrize("name", PRINTS)
def test_a_recipe_prints_its_result_and_nothing_else(name: str, complete: Service, run: Run) -> None:
    done = run(name, complete.url)

    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(PRINTS[name] + "\n", done.stdout), done.stdout


@pytest.mark.parametrize("name", PRINTS)
def test_without_a_service_a_recipe_ends_with_one_line(name: str, run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    done = run(name, nobody)

    assert done.returncode == 1
    assert re.fullmatch(rf"{name}: {nobody}: .*refused.*\n", done.stderr), done.stderr


class Stranger(BaseHTTPRequestHandler):
    """A server that has nothing of what the recipes ask for."""

    def do_GET(self) -> None:
        page = b"<!doctype html>\n<title>Not Found</title>\n"
        self.send_response(404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize("name", PRINTS)
def test_with_another_service_a_recipe_ends_with_one_line(name: str, run: Run) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            done = run(name, f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()

    assert done.returncode == 1
    assert "doctype" not in done.stdout
    assert (done.stderr.count("\n"), done.stderr.startswith(f"{name}: ")) == (1, True), done.stderr


@contextmanager
def served(recipes: Launch, url: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """The Flask app on a free port, and its URL."""
    command = [str(recipes.programs / "python"), str(FOLDER / f"{SERVER}.py"), url, "0"]
    environment = recipes.environment()
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, cwd=recipes.folder, env=environment, text=True, **pipes) as process:
        assert process.stdout
        lines = Lines(process.stdout)
        try:
            yield lines.wait_for(r"Running on http://").rpartition(" ")[2], process
        finally:
            process.kill()
            process.wait(DEADLINE)
            lines.wait_for_end()
        assert "Traceback" not in "\n".join(lines.so_far())


def test_the_flask_app_shows_the_rate_that_twisted_asks_for(complete: Service, recipes: Launch) -> None:
    with served(recipes, complete.url) as (url, process):
        now = get_text(f"{url}/now")
        assert re.fullmatch(r"EUR/USD 1\.1172 2026-11-20 ecb( stale)?", now)
        assert get_text(url) == now

        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE) == 0


def test_the_flask_app_goes_on_without_a_service(recipes: Launch) -> None:
    with served(recipes, "http://127.0.0.1:1") as (url, _process):
        assert get_text(f"{url}/now") == "no rate: ConnectionRefusedError"
        assert get_text(url) == "no rate: ConnectionRefusedError"


def test_every_recipe_has_a_test() -> None:
    assert {*PRINTS, SERVER} == {file.stem for file in FOLDER.glob("*.py")}


def test_the_page_has_a_row_and_a_section_for_every_recipe_and_for_nothing_else() -> None:
    table, sections = PAGE.read_text(encoding="utf-8").split("\n## In the reactor's thread\n")
    files = {file.name for file in FOLDER.glob("*.py")}

    for part in (table, sections):
        linked = re.findall(r"\[(\w+\.py)\]\((?:\.\./)+examples/recipes/(\w+\.py)\)", part)
        assert all(name == target for name, target in linked)
        assert {name for name, _ in linked} == files


def test_every_section_says_why_and_what_to_look_out_for() -> None:
    parts = re.split(r"\n##+ ", PAGE.read_text(encoding="utf-8"))
    # Headings that only hold others, and the table, have no advice.
    sections = [part for part in parts if "*" in part or re.search(r"^\[\w+\.py\]\(", part, re.MULTILINE)]

    assert len(sections) > len(PRINTS)
    for section in sections:
        assert section.count("*Why:*") == section.count("*Look out:*") == 1, section
