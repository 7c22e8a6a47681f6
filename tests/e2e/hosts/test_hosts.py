"""The same Flask app in Twisted's own web server: pages, rates, and the message about the chat."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.e2e.support.chatter import Chatter
from tests.e2e.support.ecb import Ecb
from tests.e2e.support.service import DEADLINE, Launch, Lines, config_text
from tests.e2e.support.urls import get_json, get_text, status_of


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
        # The archive's price may be there before the bank's.
        lines.wait_for("rates: 4 new quotes of 2026-11-20")
        assert "This host does not serve the chat" in page
        assert get_json(f"{url}/api/rates/EUR/USD")["price"] == "1.1172"
        assert status_of(f"{url}/chat/info") == 404

    assert "Traceback" not in "\n".join(lines.so_far())


def test_with_a_port_of_its_own_the_chat_is_served_as_well(launch: Launch) -> None:
    with twistd_web(launch.having(chat={"listen": "tcp:0:interface=127.0.0.1"})) as (url, lines):
        get_text(f"{url}/")
        port = int(lines.wait_for("the chat is served here, on port").rpartition(" ")[2])
        with Chatter(port, "Ann") as ann:
            assert ann.say("hello") == 1
            assert get_json(f"{url}/api/rooms/lobby/messages")["messages"][0]["text"] == "hello"

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
        "mixsvc: mixsvc.ini, line 2: [rates] interval = 'often' is not valid: "
        "give a number of seconds from 0.1 to 86400\n"
    )


def blocking(launch: Launch, script: str) -> str:
    """What a plain Python program prints; it has the wheel and the settings, and no reactor of its own."""
    launch.folder.mkdir(parents=True, exist_ok=True)
    (launch.folder / "mixsvc.ini").write_text(config_text(launch.config))
    ended = subprocess.run(
        [str(launch.programs / "python"), "-c", script],
        cwd=launch.folder,
        env={**launch.environment(), "MIXSVC_CONFIG": "mixsvc.ini"},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout.strip()


def test_a_blocking_program_has_the_rates_and_ends_when_it_is_done(launch: Launch) -> None:
    assert blocking(launch, "from mixsvc import mix; print(mix.rates.latest('EUR', 'USD').price)") == "1.1172"


def test_importing_starts_nothing(launch: Launch) -> None:
    script = "import sys, threading; from mixsvc import app, mix; print(threading.active_count(), app.name)"

    assert blocking(launch, script) == "1 mixsvc"
    assert blocking(launch, f"{script}; print('twisted.internet.reactor' in sys.modules)").endswith("False")


def test_the_application_is_made_once_and_has_the_facade(launch: Launch) -> None:
    script = "import mixsvc; print(mixsvc.app is mixsvc.app, mixsvc.app.extensions['mixsvc'] is mixsvc.mix)"

    assert blocking(launch, script) == "True True"


def test_a_name_that_is_not_there_is_an_attribute_error(launch: Launch) -> None:
    assert blocking(launch, "import mixsvc; print(hasattr(mixsvc, 'nothing'))") == "False"
