"""Puts a file in the place of a SQLite database once it is complete, with that one's owner and permissions."""

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

__all__ = ["begin_draft", "put_in_place", "remove"]

# SQLite's files beside a database, which belong to the one that is replaced.
BESIDE: Final = ("-wal", "-shm", "-journal")


def begin_draft(draft: str, path: str) -> None:
    """Make an empty file for what is to replace the database at `path`; what an earlier attempt has left goes.

    It has the database's permissions, and as the superuser its owner: without one, that of the directory. Raises
    OSError.
    """
    # A journal is never to be applied to another database.
    remove(draft)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL, 0o600))
    if os.path.exists(path):
        os.chmod(draft, stat.S_IMODE(os.stat(path).st_mode))
    if os.geteuid() == 0:
        found = os.stat(path if os.path.exists(path) else os.path.dirname(path) or ".")
        os.chown(draft, found.st_uid, found.st_gid)


def put_in_place(draft: str, path: str) -> None:
    """Replace the database at `path`, if there is one, and its files; survives a power cut. Raises OSError."""
    _sync(draft)
    # Before the database: a log of another one beside the new database would damage it.
    remove(path, BESIDE)
    os.replace(draft, path)
    _sync(os.path.dirname(path) or ".")


def remove(path: str, suffixes: Sequence[str] = ("", *BESIDE)) -> None:
    """Remove a database and its files, as far as they are there. Raises OSError."""
    for suffix in suffixes:
        with suppress(FileNotFoundError):
            os.unlink(path + suffix)


def _sync(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
