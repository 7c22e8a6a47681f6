"""python -m mixsvc: its command line, and passwords."""

import io
import subprocess
import sys

import pytest
from werkzeug.security import check_password_hash

from mixsvc.__main__ import main
from mixsvc.config.parsers import moderators
from tests.builds import PROJECT


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def typed(monkeypatch: pytest.MonkeyPatch, *passwords: str) -> list[str]:
    """Types passwords at a terminal; returns the questions."""
    prompts: list[str] = []
    answers = iter(passwords)

    def getpass(prompt: str) -> str:
        prompts.append(prompt)
        return next(answers)

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", getpass)
    return prompts


def test_alone_it_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0

    assert "hash-password" in capsys.readouterr().out


def test_help_lists_the_commands_and_says_what_starts_the_service() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mixsvc", "--help"], cwd=PROJECT, capture_output=True, text=True, check=True
    )

    assert "say" in done.stdout and "hash-password" in done.stdout and "twistd -n mixsvc" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["shout"], "shout"),
        (["say", "hi"], "--room"),
        (["say", "--room", "lobby"], "text"),
        (["say", "--room", "lobby", "--url", "http://127.0.0.1", "hi"], "give one such as ws://127.0.0.1:8080"),
        (["say", "--room", "lobby", "--timeout", "never", "hi"], "give a number of seconds from 0.1 to 3600"),
        (["hash-password", "secret"], "secret"),
    ],
)
def test_bad_usage_has_status_2(arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert problem in capsys.readouterr().err


def test_a_password_is_asked_twice_and_its_hash_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prompts = typed(monkeypatch, "secret", "secret")

    assert main(["hash-password"]) == 0

    printed = capsys.readouterr().out.strip()
    assert len(prompts) == 2
    assert printed.startswith("scrypt:")
    assert check_password_hash(printed, "secret")


def test_the_hash_does_for_the_settings(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("se cret \nanother line\n"))

    assert main(["hash-password"]) == 0

    (moderator,) = moderators(f"ann:{capsys.readouterr().out}")
    assert check_password_hash(moderator.password_hash, "se cret ")


@pytest.mark.parametrize("passwords", [("secret", "Secret"), ("",)])
def test_passwords_that_differ_or_are_empty_are_refused(
    passwords: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(monkeypatch, *passwords)

    assert main(["hash-password"]) == 1

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("mixsvc: ") and printed.err.count("\n") == 1


def test_a_closed_standard_input_is_an_error_of_one_line() -> None:
    done = subprocess.run(
        ["sh", "-c", '"$0" -m mixsvc hash-password <&-', sys.executable], cwd=PROJECT, capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (1, "mixsvc: the password is empty; enter one\n")
