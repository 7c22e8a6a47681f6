"""Connections to the database file: how they are set up, and closed without a checkpoint."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Final
from urllib.parse import quote

from mixsvc.config.settings import MEMORY
from mixsvc.storage.wal_file import beside

__all__ = [
    "LOCK_SECONDS",
    "existing",
    "has_journal",
    "kept_from_checkpoint",
    "open_to_read",
    "roll_back",
    "set_up",
    "try_to_write",
]

# How long a statement waits for a lock that another process holds, in seconds.
LOCK_SECONDS: Final = 1.0


def existing(path: str) -> str:
    """Returns the URI of a database that is there: SQLite would make a new one in the place of one that is gone."""
    return path if path == MEMORY else _uri(path, "mode=rw")


def set_up(connection: sqlite3.Connection) -> None:
    """Set up a new connection: with WAL and FULL a commit survives a power cut, and readers do not block the writer."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    # The owner of the database checkpoints by itself (write_ahead_log), and others never do.
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    # SQLite overwrites a text that a moderator deleted; without this it would only unlink it.
    connection.execute("PRAGMA secure_delete = ON")
    # No text gets into temporary files.
    connection.execute("PRAGMA temp_store = MEMORY")


def open_to_read(path: str, *, alone: bool = False) -> sqlite3.Connection:
    """Open the database to read it. alone: as if there were no write-ahead log beside it, and without locks.

    Raises sqlite3.Error.
    """
    options = "mode=ro&immutable=1" if alone else "mode=ro"
    return sqlite3.connect(_uri(path, options), uri=True, timeout=LOCK_SECONDS, check_same_thread=False)


def has_journal(path: str) -> bool:
    """Whether a process is in a transaction, or was killed in one, outside of WAL mode. Raises OSError.

    A database that was restored or moved is not in that mode before the next start.
    """
    journal = beside(path, "-journal")
    return os.path.exists(journal) and os.path.getsize(journal) > 0


def roll_back(path: str) -> None:
    """Let SQLite undo the transaction that a killed process has left, which `open_to_read` cannot; blocks.

    Does nothing without such a journal, or while its process lives. Raises sqlite3.Error, OSError.
    """
    if has_journal(path):
        with _writing(path) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def try_to_write(path: str) -> None:
    """Begin a transaction that may write, and end it; blocks. Raises sqlite3.Error while another program writes."""
    with _writing(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()


@contextmanager
def _writing(path: str) -> Iterator[sqlite3.Connection]:
    """A connection that leaves the write-ahead log as it is."""
    connection = sqlite3.connect(existing(path), uri=True, timeout=LOCK_SECONDS)
    try:
        yield connection
    finally:
        with kept_from_checkpoint(path):
            connection.close()


def _uri(path: str, options: str) -> str:
    """A path may have bytes that are not UTF-8. One that begins with // would name another computer after file:."""
    host = "//" if path.startswith("/") else ""
    return f"file:{host}{quote(os.fsencode(path))}?{options}"


@contextmanager
def kept_from_checkpoint(path: str) -> Iterator[None]:
    """Whoever closes a connection of this process meanwhile leaves the write-ahead log as it is.

    SQLite checkpoints when the last connection to a database closes, if it gets an exclusive lock. The connection that
    is open here keeps others of this process from the lock, and cannot get it itself, as it is opened to read only.
    (SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE says the same, but Python has it only since 3.12.)
    """
    with ExitStack() as stack:
        # A database that cannot be read gets no checkpoint either.
        with suppress(sqlite3.Error):
            anchor = stack.enter_context(closing(open_to_read(path)))
            # It takes its shared lock with the first read, and keeps it.
            anchor.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield
