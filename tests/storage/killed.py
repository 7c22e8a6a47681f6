"""A database as a process leaves it that is killed in a transaction, outside of WAL mode."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

__all__ = ["left_in_a_transaction"]


def left_in_a_transaction(path: Path) -> None:
    """Leave a half written change of all texts in the database, and the journal by which SQLite undoes it."""
    work = path.with_name(f"{path.name}-work")
    with closing(sqlite3.connect(path)) as source:
        source.execute("VACUUM INTO ?", (str(work),))
    with closing(sqlite3.connect(work)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("UPDATE message SET text = 'half done'")
        # More than SQLite keeps back, so that what was changed before is in the file.
        connection.execute("INSERT INTO meta (name, value) VALUES ('much', hex(zeroblob(100000)))")
        for suffix in ("", "-journal"):
            shutil.copyfile(f"{work}{suffix}", f"{path}{suffix}")
    work.unlink()
    assert b"half done" in path.read_bytes()
