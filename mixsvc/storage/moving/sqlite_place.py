"""Opens a SQLite file to read a history from it, or to write one into its place."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Final

from mixsvc.config.settings import MEMORY
from mixsvc.errors import DatabaseUnusable
from mixsvc.storage import database
from mixsvc.storage.connections import LOCK_SECONDS, open_to_read, roll_back
from mixsvc.storage.lock import DatabaseLock, own, user_of
from mixsvc.storage.log_marks import is_log_of_another_file
from mixsvc.storage.moving.side import MoveRefused, Side
from mixsvc.storage.moving.sqlite_rows import SqliteRows
from mixsvc.storage.moving.tables import RowReader, RowWriter
from mixsvc.storage.replacing import begin_draft, put_in_place
from mixsvc.storage.schema import NEWEST, upgrade, version
from mixsvc.storage.trouble import advice

__all__ = ["reading", "writing"]

# What other processes are told meanwhile.
OWNER: Final = "mixsvc move"

# How a file of SQLite begins (https://sqlite.org/fileformat2.html, 1.3).
MAGIC: Final = b"SQLite format 3\0"


@contextmanager
def reading(path: str) -> Iterator[RowReader]:
    """The history in a file, as of one moment; nobody else uses the file meanwhile. Raises DatabaseUnusable."""
    side = Side("--from", path)
    _check_file(side, path)
    with _told(side, path), _owned(side, path), closing(_source(path)) as connection:
        _check_source(side, connection)
        rows = SqliteRows(connection)
        rows.hold_still()
        if rows.moving():
            raise side.refusal("a move into it is not complete; complete that one first")
        yield rows


@contextmanager
def writing(path: str, epoch: str) -> Iterator[RowWriter]:
    """A file that takes the place of `path` at the end, unless an exception leaves this; a second time it goes on.

    epoch: of the history that is written. Raises DatabaseUnusable if there is a history at that place.
    """
    side = Side("--to", path)
    if path == MEMORY:
        raise side.refusal("a database in memory is lost at the end of the process; give a path")
    path = os.path.realpath(path)
    draft = f"{path}-moving"
    with _told(side, path):
        try:
            database.rehearse(path)
        except DatabaseUnusable as error:
            raise side.refusal(str(error).partition("cannot be used: ")[2]) from None
        with _owned(side, path):
            _check_target(side, path)
            with closing(_opened(draft, path, epoch)) as connection:
                yield SqliteRows(connection)
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                # One file, without a log beside it.
                connection.execute("PRAGMA journal_mode = DELETE")
            put_in_place(draft, path)


def _check_file(side: Side, path: str) -> None:
    if path == MEMORY:
        raise side.refusal("a database in memory cannot be moved; give the path of a file")
    if not os.path.isfile(path):
        raise side.refusal("it is not a file" if os.path.exists(path) else "there is no such file")
    try:
        with open(path, "rb") as file:
            begin = file.read(len(MAGIC))
    except OSError as error:
        raise side.refusal(f"{error.strerror}; this user must be able to read it") from None
    if begin != MAGIC:
        raise side.refusal("it is empty" if not begin else "it is no database of SQLite")


def _source(path: str) -> sqlite3.Connection:
    roll_back(path)
    return open_to_read(path, alone=is_log_of_another_file(path))


def _check_source(side: Side, connection: sqlite3.Connection) -> None:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise side.refusal(f"it is damaged ({verdict.splitlines()[-1]}); restore it from a backup")
    found = version(connection)
    if found < NEWEST:
        raise side.refusal(
            "it is empty"
            if not found
            else f"it was made by an older mixsvc (its version is {found}, this one moves {NEWEST}); "
            "start the service with it once, which upgrades it"
        )


def _check_target(side: Side, path: str) -> None:
    if not os.path.exists(path):
        return
    with closing(open_to_read(path, alone=is_log_of_another_file(path))) as connection:
        there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        side.expect_empty(SqliteRows(connection), there)


def _opened(draft: str, path: str, epoch: str) -> sqlite3.Connection:
    """The file that an earlier attempt has left, if it was for this history; else a new one."""
    if os.path.exists(draft):
        with ExitStack() as stack, suppress(sqlite3.Error, DatabaseUnusable):
            earlier = stack.enter_context(closing(_connected(draft)))
            if epoch in (SqliteRows(earlier).moving(), SqliteRows(earlier).epoch()):
                stack.pop_all()
                return earlier
    begin_draft(draft, path)
    connection = _connected(draft)
    SqliteRows(connection).begin(epoch)
    return connection


def _connected(draft: str) -> sqlite3.Connection:
    connection = sqlite3.connect(draft, timeout=LOCK_SECONDS)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # A power cut may take the newest rows, but damages nothing; put_in_place waits for the disk.
        connection.execute("PRAGMA synchronous = NORMAL")
        upgrade(connection)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _owned(side: Side, path: str) -> Iterator[None]:
    lock = DatabaseLock(path, OWNER)
    try:
        own(lock, path)
    except DatabaseUnusable as error:
        raise side.refusal(str(error).partition("cannot be used: ")[2]) from None
    try:
        user = user_of(path)
        if user is not None:
            raise side.refusal(f"process {user or 'of another container'} has it open; stop that process")
        yield
    finally:
        lock.release()


@contextmanager
def _told(side: Side, path: str) -> Iterator[None]:
    """What SQLite and the system say becomes one line."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise side.refusal(advice(path, error)) from None
    except MoveRefused:
        raise
    except DatabaseUnusable as error:
        raise side.refusal(str(error)) from None
