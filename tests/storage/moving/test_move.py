"""A whole history moves from SQLite to PostgreSQL and back, also if it is interrupted anywhere."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Timer

import pytest

from mixsvc.chat.storage.postgres import store as postgres
from mixsvc.chat.storage.records import Draft
from mixsvc.errors import DatabaseUnusable, MixError, StorageError
from mixsvc.nodes import statements
from mixsvc.nodes.statements import Watched
from mixsvc.storage.database import prepare
from mixsvc.storage.lock import DatabaseLock
from mixsvc.storage.moving import copying, postgres_place, sqlite_place
from mixsvc.storage.moving.copying import Copied
from mixsvc.storage.moving.move import move
from mixsvc.storage.moving.tables import MovedTable
from mixsvc.storage.postgres import start
from mixsvc.storage.postgres.connection import connect
from mixsvc.storage.postgres.schema import SCRIPTS as POSTGRES_SCRIPTS
from mixsvc.storage.postgres.schema import upgrade
from mixsvc.storage.schema import APPLICATION_ID, NEWEST, SCRIPTS
from tests.postgres import PASSWORD, Postgres
from tests.storage.killed import left_in_a_transaction
from tests.storage.moving.histories import LIMITS, contents, make_history, rows


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes that do not live are not watched for long, and a few rows are many."""
    monkeypatch.setattr(postgres_place, "WATCHED", 0.3)
    monkeypatch.setattr(postgres_place, "WATCHED_CONNECTED", 0.3)


def quietly(table: MovedTable, done: int, total: int) -> None:
    """Report nothing."""


def refusal(source: str, target: str) -> str:
    with pytest.raises(MixError) as refused:
        move(source, target, quietly)
    text = str(refused.value)
    assert "\n" not in text
    assert PASSWORD not in text and "s%40same" not in text
    return text


def test_everything_is_there_and_goes_back_as_it_was(durable_url: str) -> None:
    make_history("chat.sqlite3")
    before = rows("chat.sqlite3")

    moved = move("chat.sqlite3", durable_url, quietly)
    there = contents(durable_url)
    move(durable_url, "back.sqlite3", quietly)

    assert there == contents("chat.sqlite3") == contents("back.sqlite3")
    assert rows("back.sqlite3") == before == rows("chat.sqlite3")
    assert moved == {
        "message": Copied(33),
        "earlier_text": Copied(2),
        "room": Copied(3),
        "sanction": Copied(2),
        "audit": Copied(5),
        "quote": Copied(4),
        "topic_event": Copied(6),
        "topic": Copied(2),
        "webhook": Copied(1),
        "webhook_room": Copied(3),
    }
    assert sorted(each.name for each in Path().iterdir() if "back" in each.name) == [
        "back.sqlite3",
        "back.sqlite3-chat.lock",
    ]


def test_what_a_killed_process_has_left_half_done_is_not_moved() -> None:
    make_history("chat.sqlite3")
    before = rows("chat.sqlite3")
    left_in_a_transaction(Path("chat.sqlite3"))

    with sqlite_place.reading("chat.sqlite3"):
        pass

    assert rows("chat.sqlite3") == before


def test_both_go_on_behind_the_last_numbers(durable_url: str) -> None:
    make_history("chat.sqlite3")
    move("chat.sqlite3", durable_url, quietly)

    with closing(connect(durable_url)) as connection, connection.cursor() as cursor:
        insert = postgres.STORE.messages.insert
        (again, more) = insert(cursor, [Draft("lobby", "X", "", 0, key, "") for key in ("key7", "new")], LIMITS)
        (new,) = insert(cursor, [Draft("another", "X", "first", 0, None)], LIMITS)
        row = cursor.execute("SELECT name, last FROM counter WHERE name <> 'journal' ORDER BY name").fetchall()

    assert (again.is_repeated, again.message.number, more.message.number) == (True, 8, 32)
    # Above the numbers of the room that was forgotten.
    assert new.message.number == 3
    assert row == [("audit", 5), ("sanction", 2)]


def test_a_move_that_dies_anywhere_goes_on(durable_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_history("chat.sqlite3", messages=12)
    monkeypatch.setattr(copying, "ROWS_AT_ONCE", 3)

    moved = _dying_each_time("chat.sqlite3", durable_url)
    back = _dying_each_time(durable_url, "back.sqlite3")

    assert moved == back == {name: Copied(each.rows) for name, each in moved.items()}
    assert contents(durable_url) == contents("chat.sqlite3")
    assert rows("back.sqlite3") == rows("chat.sqlite3")


class _Death(BaseException):
    pass


def _dying_each_time(source: str, target: str) -> dict[str, Copied]:
    """Move in attempts each of which dies one step later than the one before it."""
    for steps in range(1000):
        try:
            return dict(move(source, target, _dying_after(steps)))
        except _Death:
            with pytest.raises(DatabaseUnusable, match="mixsvc move has not completed|there is no file"):
                _start(target)
    raise AssertionError("it never ends")


def _dying_after(steps: int) -> Callable[[MovedTable, int, int], None]:
    done = iter(range(steps))

    def report(table: MovedTable, rows: int, total: int) -> None:
        if next(done, None) is None:
            raise _Death

    return report


def _start(place: str) -> None:
    """As a service does."""
    if place.startswith("postgresql:"):
        start.rehearse(place)
    elif not os.path.exists(place):
        raise DatabaseUnusable("there is no file")


def test_no_service_starts_while_a_move_is_incomplete(durable_url: str) -> None:
    make_history("chat.sqlite3")
    with pytest.raises(_Death):
        move("chat.sqlite3", durable_url, _dying_after(2))

    for begin in (start.rehearse, lambda url: start.prepare(durable_url, lambda cursor: None)):
        with pytest.raises(DatabaseUnusable, match="mixsvc move has not completed the history in it; run that command"):
            begin(durable_url)
    with closing(connect(durable_url)) as service, pytest.raises(StorageError, match="mixsvc move has not completed"):
        statements.begin(service.cursor(), "early")
    assert "a move into it is not complete" in refusal(durable_url, "back.sqlite3")

    make_history("other.sqlite3")
    assert "which was for another history" in refusal("other.sqlite3", durable_url)


def test_a_source_that_was_used_between_two_attempts_is_moved_as_it_is_then(durable_url: str) -> None:
    make_history("chat.sqlite3")
    with pytest.raises(_Death):
        move("chat.sqlite3", durable_url, _dying_after(4))
    with closing(sqlite3.connect("chat.sqlite3")) as connection, connection:
        connection.execute("DELETE FROM message WHERE room = 'lobby' AND number < 5")
        connection.execute("UPDATE message SET text = '', deleted_by = 'Mod' WHERE room = 'lobby' AND number = 9")
        connection.execute("DELETE FROM message WHERE room = 'old'")

    move("chat.sqlite3", durable_url, quietly)

    assert contents(durable_url) == contents("chat.sqlite3")


def test_what_postgresql_cannot_store_has_a_rule_and_is_counted(durable_url: str) -> None:
    make_history("chat.sqlite3")
    with closing(sqlite3.connect("chat.sqlite3")) as connection, connection:
        connection.execute("UPDATE message SET text = 'a' || char(0) || 'b' WHERE room = 'lobby' AND number = 2")
        connection.execute("UPDATE message SET text = CAST(x'61ff' AS TEXT) WHERE room = 'lobby' AND number = 4")
        connection.execute("UPDATE message SET key = 'k' || char(0) WHERE room = 'lobby' AND number = 5")
        connection.execute("UPDATE message SET text = 'true \ufffd' WHERE room = 'lobby' AND number = 6")
        connection.execute("UPDATE audit SET reason = 'r' || char(0), at = 'yesterday' WHERE id = 1")
        connection.execute("UPDATE audit SET reason = 'r' || char(0) WHERE id = 2")
        connection.execute("UPDATE sanction SET by = CAST(x'ff' AS TEXT) WHERE id = 1")

    moved = move("chat.sqlite3", durable_url, quietly)

    with closing(connect(durable_url)) as connected:
        found = connected.execute(
            "SELECT number, text, key FROM message WHERE room = 'lobby' AND number IN (2, 4, 5, 6) ORDER BY number"
        ).fetchall()
    assert [text for _, text, _ in found] == ["a\ufffdb", "a\ufffd", "newer", "true \ufffd"]
    assert [key for _, _, key in found] == ["key1", "key3", None, "key5"]
    assert (moved["message"], moved["audit"], moved["sanction"]) == (Copied(33, 3), Copied(4, 1, 1), Copied(1, 0, 1))


def test_a_message_without_a_time_has_that_which_the_service_shows_and_is_counted(durable_url: str) -> None:
    make_history("chat.sqlite3")
    with closing(sqlite3.connect("chat.sqlite3")) as connection, connection:
        connection.execute("UPDATE message SET said_at = 'never' WHERE room = 'lobby' AND number = 7")
        connection.execute("UPDATE earlier_text SET since = 9e999")

    moved = move("chat.sqlite3", durable_url, quietly)

    with closing(connect(durable_url)) as connected:
        found = connected.execute(
            "SELECT extract(epoch FROM said_at)::int FROM message WHERE room = 'lobby' AND number = 7"
        ).fetchall()
    assert found == [(0,)]
    assert (moved["message"], moved["earlier_text"]) == (Copied(33, 1), Copied(2, 2))


def test_a_row_without_its_number_is_named(durable_url: str) -> None:
    make_history("chat.sqlite3")
    with closing(sqlite3.connect("chat.sqlite3")) as connection, connection:
        connection.execute("UPDATE room SET last = 'many' WHERE name = 'lobby'")

    assert refusal("chat.sqlite3", durable_url) == (
        "--from chat.sqlite3: it is damaged: in the table room the row lobby has something else than a number in last; "
        "restore it from a backup"
    )


# What is refused


def test_a_target_with_a_history(durable_url: str) -> None:
    make_history("chat.sqlite3")
    make_history("other.sqlite3")
    move("chat.sqlite3", durable_url, quietly)

    assert "it has a history already (33 messages, 2 earlier texts of edited messages, 3 rooms" in refusal(
        "other.sqlite3", durable_url
    )
    assert "it has a history already (33 messages, 2 earlier texts of edited messages, 3 rooms" in refusal(
        durable_url, "other.sqlite3"
    )
    assert "it has a history already" in refusal("chat.sqlite3", durable_url)


def test_an_empty_target_is_taken(durable_url: str) -> None:
    make_history("chat.sqlite3")
    start.prepare(durable_url, lambda cursor: None)
    prepare("back.sqlite3", lambda cursor: None)
    os.chmod("back.sqlite3", 0o640)

    move("chat.sqlite3", durable_url, quietly)
    move(durable_url, "back.sqlite3", quietly)

    assert rows("back.sqlite3") == rows("chat.sqlite3")
    assert os.stat("back.sqlite3").st_mode & 0o777 == 0o640


@pytest.mark.parametrize("steps", range(1, len(POSTGRES_SCRIPTS)))
def test_an_empty_target_of_an_older_version_is_taken(durable_url: str, steps: int) -> None:
    make_history("chat.sqlite3")
    with closing(connect(durable_url)) as connection:
        upgrade(connection, POSTGRES_SCRIPTS[:steps])

    move("chat.sqlite3", durable_url, quietly)
    move(durable_url, "back.sqlite3", quietly)

    assert rows("back.sqlite3") == rows("chat.sqlite3")


def test_files_that_are_no_sources(durable_url: str) -> None:
    Path("folder").mkdir()
    Path("text").write_text("no database, but a text")
    Path("empty").touch()
    make_history("new.sqlite3")
    with closing(sqlite3.connect("new.sqlite3")) as connection:
        connection.execute("PRAGMA user_version = 9")
    with closing(sqlite3.connect("old.sqlite3")) as connection:
        for step in SCRIPTS[:3]:
            connection.executescript(step)
        connection.executescript(f"PRAGMA user_version = 3; PRAGMA application_id = {APPLICATION_ID}")
    with closing(sqlite3.connect("strange")) as connection:
        connection.execute("CREATE TABLE t (x)")

    assert refusal("nowhere", durable_url) == "--from nowhere: there is no such file"
    assert refusal("folder", durable_url) == "--from folder: it is not a file"
    assert refusal("text", durable_url) == "--from text: it is no database of SQLite"
    assert refusal("empty", durable_url) == "--from empty: it is empty"
    assert (
        refusal(":memory:", durable_url)
        == "--from :memory:: a database in memory cannot be moved; give the path of a file"
    )
    older = f"it was made by an older mixsvc (its version is 3, this one moves {NEWEST})"
    assert older in refusal("old.sqlite3", durable_url)
    assert "it was made by a newer mixsvc (its version is 9" in refusal("new.sqlite3", durable_url)
    assert "it belongs to another program" in refusal("strange", durable_url)


def test_targets_that_cannot_be_written(durable_url: str) -> None:
    start.prepare(durable_url, lambda cursor: None)

    assert "--to nowhere/chat.sqlite3: its directory does not exist" in refusal(durable_url, "nowhere/chat.sqlite3")
    assert "--to :memory:: a database in memory is lost" in refusal(durable_url, ":memory:")


def test_servers_that_cannot_be_used(durable_postgres: Postgres, durable_url: str) -> None:
    make_history("chat.sqlite3")

    assert "Connection refused" in refusal("chat.sqlite3", durable_postgres.url("chat", port=1))
    assert "password authentication failed" in refusal(
        "chat.sqlite3", durable_postgres.url("postgres", password="wrong")
    )
    assert refusal("chat.sqlite3", "postgresql://a:open%3As%40same%@h/c").startswith("--to cannot be read; write one")
    assert "it has no tables of mixsvc" in refusal(durable_url, "back.sqlite3")
    with closing(connect(durable_url)) as connection:
        upgrade(connection)
        connection.execute("UPDATE cluster SET value = '99'")
    assert "it was made by a newer mixsvc (its version is 99" in refusal(durable_url, "back.sqlite3")
    assert "it was made by a newer mixsvc (its version is 99" in refusal("chat.sqlite3", durable_url)
    assert not os.path.exists("back.sqlite3")


def test_two_places_of_one_kind() -> None:
    assert "both are of one kind here" in refusal("a.sqlite3", "b.sqlite3")


def test_a_file_that_a_service_uses(durable_url: str) -> None:
    make_history("chat.sqlite3")
    lock = DatabaseLock("chat.sqlite3", "twistd mixsvc")
    lock.acquire()
    try:
        assert f"process {os.getpid()} has it; stop that process" in refusal("chat.sqlite3", durable_url)
    finally:
        lock.release()


def test_a_file_that_another_program_has_open(durable_url: str) -> None:
    make_history("chat.sqlite3")
    program = "import sqlite3; c = sqlite3.connect('chat.sqlite3'); c.execute('SELECT * FROM room'); print(); input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert f"process {other.pid} has it open; stop that process" in refusal("chat.sqlite3", durable_url)
        other.communicate(b"\n")


@pytest.mark.usefixtures("impatient")
def test_a_database_with_a_node_that_lives(durable_url: str) -> None:
    make_history("chat.sqlite3")
    start.prepare(durable_url, lambda cursor: None)
    with closing(connect(durable_url)) as service, service.cursor() as cursor:
        node = statements.begin(cursor, "node1")
        assert "a service uses it (node1); stop it first" in refusal("chat.sqlite3", durable_url)
        assert "a service uses it (node1); stop it first" in refusal(durable_url, "back.sqlite3")
        statements.leave(cursor, node)
        move("chat.sqlite3", durable_url, quietly)


@pytest.mark.usefixtures("impatient")
def test_a_node_that_lives_is_found_whatever_its_connections_are_called(
    durable_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_place, "WATCHED_CONNECTED", 30.0)
    start.prepare(durable_url, lambda cursor: None)
    with closing(connect(f"{durable_url}?application_name=chat")) as service, service.cursor() as cursor:
        node = statements.begin(cursor, "node1")
        # After more than the time for which a node is watched where nobody is connected.
        beating = Timer(1.0, statements.beat, (cursor, node, Watched((), ()), None))
        beating.start()
        assert "a service uses it (node1); stop it first" in refusal(durable_url, "back.sqlite3")
        beating.join()


@pytest.mark.usefixtures("impatient")
def test_a_node_that_is_dead_is_in_nobody_s_way_and_a_new_one_is(durable_url: str) -> None:
    make_history("chat.sqlite3")
    start.prepare(durable_url, lambda cursor: None)
    with closing(connect(durable_url)) as service:
        statements.begin(service.cursor(), "dead")

    move("chat.sqlite3", durable_url, quietly)

    def begin(table: MovedTable, rows: int, total: int) -> None:
        if table.name == "quote":
            with closing(connect(durable_url)) as service:
                statements.begin(service.cursor(), "new")

    with pytest.raises(DatabaseUnusable, match="a service was started on it meanwhile"):
        move(durable_url, "back.sqlite3", begin)
    assert not os.path.exists("back.sqlite3")
    move(durable_url, "back.sqlite3", quietly)

    assert rows("back.sqlite3") == rows("chat.sqlite3")


def test_two_moves_at_once(durable_url: str) -> None:
    make_history("chat.sqlite3")
    make_history("other.sqlite3")
    told: list[str] = []

    def move_too(table: MovedTable, rows: int, total: int) -> None:
        if not told:
            told.append(refusal("other.sqlite3", durable_url))

    move("chat.sqlite3", durable_url, move_too)

    assert "another mixsvc move uses it" in told[0]
