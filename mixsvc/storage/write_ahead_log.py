"""Empties SQLite's write-ahead log, which keeps what was deleted until it is overwritten."""

import sqlite3
from typing import Final

from mixsvc.storage.connections import LOCK_SECONDS

__all__ = ["empty_log"]

MILLISECONDS: Final = 1000


def empty_log(connection: sqlite3.Connection) -> bool:
    """Move what the write-ahead log has into the database and cut the log to nothing; called by the database's owner.

    Returns False if somebody still reads from the log: then it is not cut. Blocks for the disk only. Raises
    sqlite3.Error.
    """
    # Without waiting for readers: the transactions behind this one would wait as well.
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        is_busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(LOCK_SECONDS * MILLISECONDS)}")
    return not is_busy
