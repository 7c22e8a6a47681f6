"""The programs and settings of docs/intro/first-hour.md, unchanged, with the installed service."""

import configparser
import re
import subprocess
from collections.abc import Callable

from tests.builds import PROJECT
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.service import DEADLINE, Launch, Lines, Service
from tests.e2e.support.urls import get_text, post

PAGE = (PROJECT / "docs" / "intro" / "first-hour.md").read_text()
APPLICATION, BOT = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SETTINGS = configparser.ConfigParser()
SETTINGS.read_string(re.findall(r"```ini\n(.*?)```", PAGE, re.DOTALL)[0])

Start = Callable[[Launch], Service]


def started(start: Start, launch: Launch) -> Service:
    """The service of that page, on a free port."""
    launch.folder.mkdir(parents=True)
    (launch.folder / "myapp.py").write_text(APPLICATION)
    return start(launch.having(web=dict(SETTINGS["web"])))


def test_the_application_shows_a_rate_and_says_a_line(start: Start, launch: Launch) -> None:
    service = started(start, launch)

    assert re.fullmatch(r"1 EUR is [0-9.]+ USD \(\d{4}-\d\d-\d\d\)", get_text(f"{service.url}/"))
    assert "<title>" in get_text(f"{service.url}/talk/")
    with Chatter(service.port, "Ann") as ann:
        assert post(f"{service.url}/order/teapot", b"") == (201, b"message 1")

        assert ann.wait_for("message")["text"] == "somebody ordered: teapot"


def test_the_bot_answers(start: Start, launch: Launch) -> None:
    service = started(start, launch)
    command = [str(launch.programs / "python"), "-c", BOT, f"ws://127.0.0.1:{service.port}/chat/websocket"]
    bot = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=launch.folder)
    assert bot.stdout
    lines = Lines(bot.stdout)
    try:
        lines.wait_for("Clock is in the lobby")
        with Chatter(service.port, "Ann") as ann:
            ann.say("what time is it?")

            said, answered = (ann.wait_for("message") for _ in range(2))
            assert (said["name"], answered["name"]) == ("Ann", "Clock")
            assert re.fullmatch(r"\d\d:\d\d", answered["text"])
    finally:
        bot.terminate()
        bot.wait(DEADLINE)
