"""The installed command mixsvc say, with a real service."""

import subprocess
from pathlib import Path

import pytest

from tests.e2e.support.chatter import Chatter
from tests.e2e.support.service import DEADLINE, Config, Launch, Service

ANSWER_SECONDS = "100"
# The limit if no answer comes; long enough for the first attempt on a loaded machine.
NO_ANSWER_SECONDS = "5"


@pytest.fixture(scope="module")
def config(config: Config) -> Config:
    """The rooms of the settings, and no others."""
    return {**config, "chat": {"open_rooms": "no"}}


def say(installed: Path, *arguments: str, given: str = "") -> tuple[int, str, str]:
    """Status, stdout and stderr."""
    done = subprocess.run(
        [str(installed / "mixsvc"), "say", "--timeout", ANSWER_SECONDS, *arguments],
        input=given,
        env=Launch(installed, Path()).environment() | {"USER": "cron", "LOGNAME": "cron"},
        capture_output=True,
        text=True,
        timeout=2 * DEADLINE,
    )
    return done.returncode, done.stdout, done.stderr


def url(service: Service) -> str:
    return f"--url=ws://127.0.0.1:{service.port}/chat/websocket"


def test_a_text_is_said_without_a_word(installed: Path, service: Service) -> None:
    with Chatter(service.port, "Ann") as ann:
        assert say(installed, url(service), "--room=lobby", "backup done") == (0, "", "")

        message = ann.wait_for("message")
        assert (message["name"], message["text"]) == ("cron", "backup done")


def test_each_line_of_the_standard_input_is_said_in_order(installed: Path, service: Service) -> None:
    with Chatter(service.port, "Ann") as ann:
        status, printed, problem = say(installed, url(service), "--room=lobby", "-v", "-", given="one\n\n two\nthree")

        messages = [ann.wait_for("message") for _ in range(3)]
    assert (status, problem) == (0, "")
    assert [message["text"] for message in messages] == ["one", "two", "three"]
    assert printed.split() == [str(message["number"]) for message in messages]


def test_a_text_is_said_even_if_its_number_cannot_be_printed(installed: Path, service: Service) -> None:
    command = f'"$0" say --timeout {ANSWER_SECONDS} {url(service)} --room=lobby --name=cron -v -'
    for stdout in (">/dev/full", "| true"):
        with Chatter(service.port, "Ann") as ann:
            done = subprocess.run(
                ["sh", "-c", f"({command}; echo $? >&2) {stdout}", str(installed / "mixsvc")],
                input="one\ntwo\n",
                env=Launch(installed, Path()).environment(),
                stderr=subprocess.PIPE,
                text=True,
                timeout=2 * DEADLINE,
            )

            assert [ann.wait_for("message")["text"] for _ in range(2)] == ["one", "two"]
        *problems, status = done.stderr.splitlines()
        assert status == "0" and len(problems) == (stdout == ">/dev/full"), stdout


def test_a_server_that_is_not_there_is_told_in_one_line_at_once(installed: Path) -> None:
    # Nothing listens on the discard port. The time limit is beyond that of the test.
    status, printed, problem = say(installed, "--port=9", "--room=lobby", "--timeout=3600", "hi")

    assert (status, printed, problem.count("\n")) == (1, "", 1)
    assert problem.startswith("mixsvc: cannot reach the chat at ws://127.0.0.1:9/chat/websocket (")
    assert "refused" in problem


def test_a_name_in_use_a_room_that_is_not_there_and_an_empty_text_are_told_in_one_line(
    installed: Path, service: Service
) -> None:
    with Chatter(service.port, "Ann"):
        for arguments, part in (
            (("--room=lobby", "--name=ann", "hi"), "The name ann is taken"),
            (("--room=lobby", "--name=\t", "hi"), "name"),
            (("--room=attic", "hi"), "room"),
            (("--room=lobby", " "), "text"),
            (("--room=lobby", "x" * 2001), "2000"),
        ):
            status, printed, problem = say(installed, url(service), *arguments)

            assert (status, printed, problem.count("\n")) == (1, "", 1), arguments
            assert problem.startswith("mixsvc: ") and part in problem


def test_a_page_of_another_kind_is_told_in_one_line(installed: Path, service: Service) -> None:
    arguments = (f"--url=ws://127.0.0.1:{service.port}/x", "--room=lobby", "--timeout", NO_ANSWER_SECONDS, "hi")

    status, _, problem = say(installed, *arguments)

    assert (status, problem.count("\n")) == (1, 1)
    assert "HTTP status 404" in problem and f"ws://127.0.0.1:{service.port}/x" in problem


def test_bad_usage_has_status_2(installed: Path) -> None:
    status, _, problem = say(installed, "hi")

    assert status == 2
    assert "--room" in problem
