"""The same Flask app in Twisted's own web server: pages and rates, and a word about the chat."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.e2e.ecb import Ecb
from tests.e2e.service import DEADLINE, Launch, Lines, config_text
from tests.e2e.urls import get_json, get_text, status_of


@contextmanager
def twistd_web(launch: Launch) -> Iterator[tuple[str, Lines]]:
    """`twistd web --wsgi=mixsvc.app` on a free port; its URL and its log."""
    launch.folder.mkdir(parents=True, exist_ok=True)
    config = launch.folder / "mixsvc.ini"
    config.write_text(config_text(launch.config))
    process = subprocess.Popen(
        [
            str(launch.programs / "twistd"),
            "--nodaemon",
            "--pidfile=",
            "web",
            "--wsgi=mixsvc.app",
            "--listen=tcp:0:interface=127.0.0.1",
        ],
        cwd=launch.folder,
        env={**launch.environment(), "MIXSVC_CONFIG": str(config)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    lines = Lines(process.stdout)
    try:
        port = lines.wait_for(r"Site starting on \d+").rpartition(" ")[2]
        yield f"http://127.0.0.1:{port}", lines
    finally:
        process.terminate()
        process.wait(DEADLINE)
        lines.wait_for_end()


def test_pages_and_rates_are_served_and_the_chat_is_not(launch: Launch) -> None:
    with twistd_web(launch) as (url, lines):
        page = get_text(f"{url}/")
        assert "This host does not serve the chat" in page
        assert get_json(f"{url}/api/rates/EUR/USD")["price"] == "1.1172"
        assert status_of(f"{url}/chat/info") == 404

    assert "Traceback" not in "\n".join(lines.so_far())


def test_nothing_is_polled_before_the_first_view_and_once_afterwards(launch: Launch, ecb: Ecb) -> None:
    launch = launch.having(rates={"interval": "3600"})
    before = len(ecb.requests)
    with twistd_web(launch) as (url, lines):
        assert len(ecb.requests) == before

        for _ in range(3):
            get_json(f"{url}/api/rates/EUR/USD")
        lines.wait_for("rates are polled here")
        # The bank's date comes with the first poll; the page may be quicker than that.
        lines.wait_for("rates: 4 new quotes of 2026-11-20")

        assert len(ecb.requests) == before + 1


def test_a_wrong_setting_is_one_line(installed: Path, launch: Launch) -> None:
    launch.folder.mkdir(parents=True, exist_ok=True)
    (launch.folder / "mixsvc.ini").write_text("[rates]\ninterval = often\n")

    ended = subprocess.run(
        [str(installed / "twistd"), "-n", "--pidfile=", "web", "--wsgi=mixsvc.app"],
        cwd=launch.folder,
        env={**replace(launch).environment(), "MIXSVC_CONFIG": "mixsvc.ini"},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )

    assert ended.returncode == 1
    assert ended.stderr == (
        "mixsvc: mixsvc.ini, line 2: [rates] interval = 'often' will not do: "
        "give a number of seconds from 0.1 to 86400\n"
    )
