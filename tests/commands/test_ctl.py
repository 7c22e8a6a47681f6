"""mixsvc ctl against a service that another thread plays."""

import io
import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mixsvc.__main__ import main

OVERVIEW = {
    "service": {"version": "1.0", "uptime": 61, "stage": "serving", "listening": ["http://127.0.0.1:8080/"]},
    "rooms": {"total": 2, "list": [{"name": "lobby", "members": 3, "per_second": 0.25}]},
    "reactor": {
        "lag_now": None,
        "stalls": [{"at": "2026-10-30T12:00:00Z", "seconds": 1.5, "stack": ["a", "\x1b[2J"]}],
    },
    "nodes": None,
    "rates": [{"name": "ecb", "state": "failing", "last_error": "no answer within 10 s"}],
    "settings": [],
}

Played = Callable[..., list[Any]]


@pytest.fixture
def played() -> Iterator[Played]:
    """Starts a service at mixsvc.ctl that gives one answer to each question, and returns what it is asked."""
    listening = socket.socket(socket.AF_UNIX)
    asked: list[Any] = []

    def play(answer: bytes) -> list[Any]:
        listening.bind("mixsvc.ctl")
        listening.listen()
        threading.Thread(target=serve, args=(answer,), daemon=True).start()
        return asked

    def serve(answer: bytes) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            with client:
                asked.append(json.loads(client.recv(100_000)))
                client.sendall(answer)

    yield play
    # Closing it alone would not wake the thread.
    listening.shutdown(socket.SHUT_RDWR) if asked else None
    listening.close()


def answer(**fields: object) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def test_it_prints_what_an_action_says(played: Played, capsys: pytest.CaptureFixture[str]) -> None:
    asked = played(answer(ok=True, text="said in lobby, as message 7"))

    assert main(["ctl", "say", "lobby", "good", "morning"]) == 0

    assert capsys.readouterr().out == "said in lobby, as message 7\n"
    assert asked == [{"action": "say", "arguments": ["lobby", "good", "morning"]}]


def test_options_may_stand_between_the_words(played: Played, capsys: pytest.CaptureFixture[str]) -> None:
    asked = played(answer(ok=True, text="said"))

    assert main(["ctl", "say", "--socket", "mixsvc.ctl", "lobby", "--json", "hi"]) == 0

    assert json.loads(capsys.readouterr().out) == {"text": "said"}
    assert asked == [{"action": "say", "arguments": ["lobby", "hi"]}]


def test_an_action_in_json(played: Played, capsys: pytest.CaptureFixture[str]) -> None:
    played(answer(ok=True, text="1 log file reopened"))

    assert main(["ctl", "reopen", "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == {"text": "1 log file reopened"}


def test_what_cannot_be_done_is_one_line_and_status_1(played: Played, capsys: pytest.CaptureFixture[str]) -> None:
    played(answer(ok=False, error="there is no room loby"))

    assert main(["ctl", "say", "loby", "hi"]) == 1

    assert capsys.readouterr() == ("", "mixsvc: there is no room loby\n")


def test_a_service_that_refuses_to_be_asked_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("mixsvc.ctl")
        listening.listen()
        # It does not read the question, so that the connection is reset.
        refusing = threading.Thread(target=refuse, args=(listening,))
        refusing.start()

        assert main(["ctl", "say", "lobby", "x" * 1_000_000]) == 1

        refusing.join()
    assert capsys.readouterr() == ("", "mixsvc: too many ask\n")


def refuse(listening: socket.socket) -> None:
    client, _ = listening.accept()
    with client:
        client.sendall(answer(ok=False, error="too many ask"))


def test_the_status_is_a_summary(played: Played, capsys: pytest.CaptureFixture[str]) -> None:
    asked = played(answer(ok=True, data=OVERVIEW))

    assert main(["ctl", "status"]) == 0

    shown = capsys.readouterr().out
    assert asked == [{"action": "status", "arguments": []}]
    assert "SERVICE\n  version: 1.0\n  uptime (s): 61\n  stage: serving\n  listening: http://127.0.0.1:8080/\n" in shown
    assert "ROOMS\n  total: 2\n" in shown and "lobby" not in shown
    assert "RATES\n  name  state    last error\n  ecb   failing  no answer within 10 s\n" in shown


def test_a_section_has_its_table(played: Played, capsys: pytest.CaptureFixture[str]) -> None:
    played(answer(ok=True, data=OVERVIEW))

    assert main(["ctl", "rooms"]) == 0

    assert capsys.readouterr().out == "total: 2\n\nlist:\nname   members  per second\nlobby  3        0.25\n"


def test_a_stall_has_its_stack_below_it_and_nothing_controls_the_terminal(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    played(answer(ok=True, data=OVERVIEW))

    assert main(["ctl", "reactor"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[-3:] == ["2026-10-30T12:00:00Z  1.5", "    a", "     [2J"]


def test_the_last_hour_is_shown_by_its_last_values_means_and_largest(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = played(answer(ok=True, data={"at": [1.0, 6.0], "sessions": [10, 20], "lag_seconds": [None, None]}))

    assert main(["ctl", "history"]) == 0

    assert asked == [{"action": "history", "arguments": []}]
    assert capsys.readouterr().out == (
        "figure       now  mean  most\nsessions     20   15    20\nlag seconds  -    -     -\n"
    )


@pytest.mark.parametrize("section", ["nodes", "settings"])
def test_what_there_is_not_is_said(played: Played, capsys: pytest.CaptureFixture[str], section: str) -> None:
    played(answer(ok=True, data=OVERVIEW))

    assert main(["ctl", section]) == 0

    assert capsys.readouterr().out == "none\n"


def test_a_section_in_json(played: Played, capsys: pytest.CaptureFixture[str]) -> None:
    played(answer(ok=True, data=OVERVIEW))

    assert main(["ctl", "--json", "rates"]) == 0

    assert json.loads(capsys.readouterr().out) == OVERVIEW["rates"]


def test_json_can_be_read_whatever_the_output_can_have(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = {"total": 1, "list": [{"name": "café 🦊"}]}
    played(answer(ok=True, data={**OVERVIEW, "rooms": rooms}))
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="latin-1"))

    assert main(["ctl", "--json", "rooms"]) == 0

    assert json.loads(written.getvalue().decode("latin-1")) == rooms


def test_the_socket_is_that_of_the_settings(played: Played, capsys: pytest.CaptureFixture[str]) -> None:
    Path("deep").mkdir()
    Path("a.ini").write_text("[storage]\npath = deep/x.sqlite3\n")
    os.chdir("deep")
    played(answer(ok=True, text="done"))
    os.chdir("..")

    assert main(["ctl", "reopen", "--config", "a.ini"]) == 0
    assert main(["ctl", "reopen", "--socket", "deep/mixsvc.ctl"]) == 0
    assert main(["ctl", "reopen"]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"mixsvc: no service listens at {os.getcwd()}/mixsvc.ctl; start it, or go to its folder")


@pytest.mark.parametrize("received", [b"", b'{"ok": tr'])
def test_a_service_that_ends_before_its_answer(
    played: Played, capsys: pytest.CaptureFixture[str], received: bytes
) -> None:
    played(received)

    assert main(["ctl", "status"]) == 1

    assert capsys.readouterr().err == f"mixsvc: the service at {os.getcwd()}/mixsvc.ctl has ended before its answer\n"


def test_something_else_that_listens_there(played: Played, capsys: pytest.CaptureFixture[str]) -> None:
    played(b"[1]")

    assert main(["ctl", "status"]) == 1

    assert capsys.readouterr().err.endswith(" is no service of mixsvc\n")


def test_a_dead_service(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind("mixsvc.ctl")

    assert main(["ctl", "status"]) == 1

    assert " no service listens at " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["reopn"], "there is no action reopn; did you mean reopen?"),
        (["xyzzy"], "there is no action xyzzy; --help lists them"),
        (["say", "lobby"], "it is say ROOM TEXT"),
        (["rooms", "lobby"], "rooms takes no words"),
        (["--config", "a", "--socket", "b", "rooms"], "--config and --socket both name the service; give one of them"),
        (["--jsn", "rooms"], "there is no option --jsn; did you mean --json?"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["ctl", *words])

    assert ended.value.code == 2
    assert capsys.readouterr() == ("", f"mixsvc ctl: {line}\n")


def test_a_path_that_is_too_long_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ctl", "--socket", "/" + "x" * 107, "status"]) == 1

    assert "it has 108 bytes, and a socket's path at most 107" in capsys.readouterr().err


def test_a_service_without_a_socket(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.ini").write_text("[server]\ncontrol =\n")

    assert main(["ctl", "-c", "a.ini", "status"]) == 1

    assert capsys.readouterr().err.startswith("mixsvc: the service of these settings has no socket")


def test_the_help_lists_everything(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["ctl", "--help"])
    shown = capsys.readouterr().out
    assert "\n  say ROOM TEXT " in shown and "\n  rooms " in shown

    assert main(["ctl"]) == 0
    assert capsys.readouterr().out == shown
