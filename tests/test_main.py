"""python -m mixsvc: its command line, and passwords."""

import argparse
import io
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from werkzeug.security import check_password_hash

from mixsvc.__main__ import main
from mixsvc.commands.say import SAY, addresses, reached
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

    for word in ("serve", "say", "hash-password", "check-config", "twistd -n mixsvc"):
        assert word in done.stdout


def test_whoever_reads_the_output_may_have_enough_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.ini").touch()
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "mixsvc", "check-config", str(tmp_path / "a.ini")]
    done = subprocess.run(command, cwd=PROJECT, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)

    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["shout"], "there is no command shout; "),
        (["sya"], "there is no command sya; did you mean say?"),
        (["--halp"], "there is no option --halp; did you mean --help?"),
        (["say", "--rom", "lobby", "hi"], "there is no option --rom; did you mean --room?"),
        (["say", "--rom=my room", "hi"], "there is no option --rom; did you mean --room?"),
        (["say", "--room=lobby", "hi", "--prot=8"], "there is no option --prot; did you mean --port?"),
        (["check-config"], "FILE"),
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
    said = capsys.readouterr().err
    assert problem in said
    assert said.startswith("mixsvc") and said.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ([], "ws://127.0.0.1:8080/chat/websocket"),
        (["--port", "9"], "ws://127.0.0.1:9/chat/websocket"),
        (["--config", "mixsvc.ini"], "ws://127.0.0.1:8765/live/websocket"),
        (["--config", "mixsvc.ini", "--port", "9"], "ws://127.0.0.1:9/live/websocket"),
        (["--config", "host.ini", "--port", "9"], "ws://127.0.0.1:9/chat/websocket"),
        (["--url", "wss://example.org/chat/websocket"], "wss://example.org/chat/websocket"),
    ],
)
def test_say_finds_the_chat_by_its_options(options: list[str], url: str) -> None:
    Path("mixsvc.ini").write_text("[server]\nport = 8765\n[chat]\nprefix = /live\n")
    Path("host.ini").write_text("[chat]\nlisten = tcp:8081\n")
    parser = argparse.ArgumentParser()
    assert SAY.add_options is not None
    SAY.add_options(parser)

    assert addresses(parser.parse_args([*options, "--room=lobby", "hi"])) == [url]


def test_of_several_places_say_takes_the_first_where_something_listens() -> None:
    # Nothing listens on the discard port.
    nobody = "ws://127.0.0.1:9/chat/websocket"
    with socket.create_server(("127.0.0.1", 0)) as server:
        somebody = f"ws://127.0.0.1:{server.getsockname()[1]}/chat/websocket"

        assert reached([nobody, somebody]) == somebody
        assert reached([somebody, nobody]) == somebody
    assert reached([nobody, nobody]) is None
    assert reached([nobody]) == nobody


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--port", "x"], "--port = 'x' is not valid: give a whole number from 0 to 65535"),
        (["--port", "8", "--url", "ws://127.0.0.1:8/chat/websocket"], "give it without --port and --config"),
        (["--config", "nowhere.ini"], "nowhere.ini: cannot be read (No such file or directory)"),
    ],
)
def test_say_says_what_is_wrong_with_an_address(
    options: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["say", *options, "--room=lobby", "hi"]) == 1

    said = capsys.readouterr().err
    assert problem in said and said.count("\n") == 1


def test_serve_hands_its_options_to_the_service() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mixsvc", "serve", "--prot", "0"], cwd=PROJECT, capture_output=True, text=True
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "mixsvc: there is no option --prot; did you mean --port?\n"


def test_serve_has_the_help_of_the_service(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--help"]) == 0

    said = capsys.readouterr().out
    assert said.startswith("Usage: mixsvc serve [options]") and "--wsgi" in said


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


def test_the_end_of_the_input_in_place_of_a_password_is_an_error_of_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def getpass(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", getpass)

    assert main(["hash-password"]) == 1

    assert capsys.readouterr().err == "mixsvc: the input ended before a password; enter one\n"


def test_a_password_in_another_encoding_is_an_error_of_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"p\xe4ss\n"), "utf-8"))

    assert main(["hash-password"]) == 1

    said = capsys.readouterr().err
    assert said.startswith("mixsvc: the password is not text") and said.count("\n") == 1


def test_so_it_is_in_the_c_locale() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mixsvc", "hash-password"],
        cwd=PROJECT,
        input=b"caf\xe9\n",
        capture_output=True,
        env=os.environ | {"LC_ALL": "C"},
    )

    said = done.stderr.decode()
    assert done.returncode == 1
    assert said.startswith("mixsvc: the password is not text") and said.count("\n") == 1


def test_a_closed_standard_input_is_an_error_of_one_line() -> None:
    done = subprocess.run(
        ["sh", "-c", '"$0" -m mixsvc hash-password <&-', sys.executable], cwd=PROJECT, capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (1, "mixsvc: the password is empty; enter one\n")
