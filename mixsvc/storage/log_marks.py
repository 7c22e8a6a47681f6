"""Marks that tell whether a write-ahead log belongs to the database beside it.

SQLite applies every sound log that it finds beside a database, also if the database was replaced by another one or by a
backup; then the pages of both are mixed. So the owner writes a new random mark into the database whenever it has
emptied the log, and once more before it empties it. A mark goes through the log like any other change:

    the file, without the log     its last mark: what the log goes on from
    the log's first mark          names that mark, and the next one

A log belongs to a file if the file's mark is the one that the log's first mark names, or a later mark of the log but
the first: a process that was killed while it emptied the log has moved that one into the file. A backup has another
mark: an older one, or, if it was made since the log was emptied, the first one of the log.
"""

import os
import re
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Final

from mixsvc.errors import DatabaseUnusable
from mixsvc.storage.connections import open_to_read
from mixsvc.storage.schema import version
from mixsvc.storage.trouble import DAMAGED
from mixsvc.storage.wal_file import beside, pages_in_log

__all__ = ["is_log_of_another_file", "is_own_file", "set_log_aside", "write_mark"]

# The row of the table `meta` with the mark and the one before it, in hexadecimal.
NAME: Final = "log"
TEXT: Final = re.compile(rb"mixsvc-log ([0-9a-f]{32}) ([0-9a-f]{32})")
NONE: Final = "0" * 32


def write_mark(connection: sqlite3.Connection, first: Callable[[], None] = lambda: None) -> None:
    """Write a new mark; called by the owner of the database, outside of transactions. Raises sqlite3.Error.

    first: called before, while nobody else can write to the log.
    """
    # The next commit that matters waits for the disk, for this one too, and so does a checkpoint.
    connection.execute("PRAGMA synchronous = OFF")
    try:
        connection.execute("BEGIN IMMEDIATE")
        first()
        row = connection.execute("SELECT value FROM meta WHERE name = ?", (NAME,)).fetchone()
        before, _ = _marks(str(row[0]).encode() if row else b"")
        text = f"mixsvc-log {secrets.token_hex(16)} {before}"
        connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (NAME, text))
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        connection.execute("PRAGMA synchronous = FULL")


def is_log_of_another_file(path: str) -> bool:
    """Whether the write-ahead log beside a database belongs to another file. Blocks.

    Called while nobody empties the log. A log without marks, from an older version or another program, counts as the
    database's own if the two fit together.
    """
    if next(pages_in_log(path, with_content=False), None) is None:
        return False
    marks = [_marks(content) for _, content in pages_in_log(path, with_content=True) if TEXT.search(content)]
    if not marks or marks[0][1] == NONE:
        return not _fits(path) and _is_sound_alone(path)
    belonging = {marks[0][1], *(mark for mark, _ in marks[1:])}
    return _mark_in_file(path) not in belonging and _is_sound_alone(path)


def is_own_file(connection: sqlite3.Connection, path: str) -> bool:
    """Whether the database's file still is the one that the log of this connection goes on from. Blocks.

    Called by the owner, while nothing is moved from the log into the file. Raises sqlite3.Error.
    """
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (NAME,)).fetchone()
    return row is None or _mark_in_file(path) in _marks(str(row[0]).encode())


def set_log_aside(path: str) -> str:
    """Give the log another name, which SQLite does not look for; returns it. Raises OSError."""
    log = beside(path, "-wal")
    name, number = f"{log}.other", 1
    while os.path.lexists(name):
        number += 1
        name = f"{log}.other{number}"
    os.rename(log, name)
    # An index of that log.
    with suppress(FileNotFoundError):
        os.unlink(beside(path, "-shm"))
    return name


def _marks(content: bytes) -> tuple[str, str]:
    """The mark in a row or a page, and the one before it; NONE for none."""
    found = TEXT.search(content)
    return (found[1].decode(), found[2].decode()) if found else (NONE, NONE)


def _mark_in_file(path: str) -> str:
    """The mark in the file, without the log; "" if it has none or cannot be read.

    SQLite opens it: closing a descriptor of ours would take the locks of this process away from SQLite.
    """
    try:
        with closing(open_to_read(path, alone=True)) as connection:
            row = connection.execute("SELECT value FROM meta WHERE name = ?", (NAME,)).fetchone()
    except sqlite3.Error:
        return ""
    return _marks(str(row[0]).encode())[0] if row else ""


def _is_sound_alone(path: str) -> bool:
    """Whether the file needs no log: a crash while the log was emptied may have left half of a page."""
    try:
        return not os.path.exists(path) or not os.path.getsize(path) or not _is_damaged(path, alone=True)
    except (OSError, sqlite3.Error):
        return False


def _fits(path: str) -> bool:
    """Whether the file and the log are one sound database, as far as can be told."""
    try:
        return os.path.exists(path) and os.path.getsize(path) > 0 and not _is_damaged(path, alone=False)
    except (OSError, sqlite3.Error):
        # Such as a lock, which says nothing about it.
        return True


def _is_damaged(path: str, *, alone: bool) -> bool:
    try:
        with closing(open_to_read(path, alone=alone)) as connection:
            version(connection)
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",))
    except DatabaseUnusable:
        return True
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED:
            return True
        raise
