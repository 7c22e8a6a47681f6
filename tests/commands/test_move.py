"""mixsvc move: a history goes over, with a line of what it was, and goes on after kill -9."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from typing import Any

import psycopg
import pytest

from mixsvc.__main__ import main
from mixsvc.commands import move
from tests.builds import PROJECT
from tests.e2e.support.waiting import wait_until
from tests.postgres import PASSWORD
from tests.storage.moving.histories import contents, make_history, rows


def test_what_was_moved_is_counted(durable_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    make_history("chat.sqlite3")
    with closing(sqlite3.connect("chat.sqlite3")) as connection, connection:
        connection.execute("UPDATE message SET text = char(0) WHERE room = 'lobby' AND number = 2")
        connection.execute("UPDATE audit SET at = 'never' WHERE id = 2")

    assert main(["move", "--from", "chat.sqlite3", "--to", durable_url]) == 0

    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "moved 33 messages, 2 earlier texts of edited messages, 3 rooms, 2 mutes and bans, 4 entries of the audit log, "
        "4 quotes, 6 events of topics, 2 topics, 1 outgoing webhooks and 3 places of outgoing webhooks",
        "1 row had characters that PostgreSQL cannot store (U+0000); U+FFFD is in their place",
        "1 row was left out, which the service cannot read either",
    ]
    assert printed.err == ""


def test_a_long_move_says_how_far_it_is(
    durable_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_history("chat.sqlite3")
    monkeypatch.setattr(move, "PROGRESS_SECONDS", 0.0)

    main(["move", "--from", "chat.sqlite3", "--to", durable_url])

    assert capsys.readouterr().err.splitlines()[:2] == ["messages: 0 of 33", "messages: 33 of 33"]


def test_a_mistake_is_one_line_and_status_1(durable_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["move", "--from", "nowhere.db", "--to", durable_url]) == 1
    assert main(["move", "--from", durable_url, "--to", "chat.sqlite3"]) == 1

    printed = capsys.readouterr()
    assert printed.err.splitlines()[0] == "mixsvc: --from nowhere.db: there is no such file"
    assert printed.err.splitlines()[1].endswith(": it has no tables of mixsvc")
    assert PASSWORD not in printed.err
    assert printed.out == ""


def test_both_places_are_needed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["move", "--from", "chat.sqlite3"])

    assert ended.value.code == 2
    assert capsys.readouterr().err == "mixsvc move: the following arguments are required: --to\n"


def test_a_move_goes_on_after_kill_9(durable_url: str) -> None:
    make_history("chat.sqlite3", messages=10_000)

    with closing(psycopg.connect(durable_url, autocommit=True)) as connection:
        for least in (0, 3000):
            _killed("chat.sqlite3", durable_url, partial(_has_more_in_postgres, connection, least))
    _moved("chat.sqlite3", durable_url)
    _killed(durable_url, "back.sqlite3", partial(_has_more_in_draft, "back.sqlite3-moving", 3000))
    _moved(durable_url, "back.sqlite3")

    assert contents(durable_url) == contents("chat.sqlite3")
    assert rows("back.sqlite3") == rows("chat.sqlite3")


def _started(source: str, target: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "mixsvc", "move", "--from", source, "--to", target]
    environ = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _killed(source: str, target: str, is_time: Callable[[], bool]) -> None:
    with _started(source, target) as process:
        wait_until(lambda: is_time() or process.poll() is not None, "no progress")
        process.kill()
        assert process.wait() == -9, process.communicate()


def _moved(source: str, target: str) -> None:
    with _started(source, target) as process:
        out, error = process.communicate()
    assert (process.returncode, error) == (0, "")
    assert out.startswith("moved 10003 messages, 2 earlier texts of edited messages, 3 rooms, ")


def _has_more_in_postgres(connection: "psycopg.Connection[Any]", least: int) -> bool:
    """Whether there are more messages than so many."""
    with suppress(psycopg.errors.UndefinedTable):
        (number,) = connection.execute("SELECT count(*) FROM message").fetchall()
        return bool(number[0] > least)
    return False


def _has_more_in_draft(path: str, least: int) -> bool:
    """Whether there are more messages than so many in the file that becomes the database."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return bool(connection.execute("SELECT count(*) FROM message").fetchone()[0] > least)
    return False
