"""What is wrong with a database that SQLite cannot use, and what to do about it, in one line."""

import errno
import os
import sqlite3
from contextlib import suppress
from typing import Final

from mixsvc.storage.lock import LOCK_SUFFIX
from mixsvc.storage.wal_file import beside

__all__ = ["DAMAGED", "HELD", "advice", "unusable_file", "why_not_writable"]

OTHER_PATH: Final = "or give another path in [storage] path"

# As much as SQLite needs at once: the first part of its -shm file.
PROBE_BYTES: Final = 32_768

# Why a file cannot be written, by the number of the error, and what to do.
REASONS: Final = {
    errno.ENOSPC: f"the disk is full; free some space, {OTHER_PATH}",
    errno.EDQUOT: f"the disk quota of this user is used up; free some space, {OTHER_PATH}",
    errno.EFBIG: f"this process may not write files of that size (ulimit -f); raise the limit, {OTHER_PATH}",
    errno.EROFS: f"its file system is mounted read-only; mount it to be written to, {OTHER_PATH}",
    errno.EACCES: f"this user may not write to its directory; change its permissions, {OTHER_PATH}",
    errno.EPERM: f"this user may not write to its directory; change its permissions, {OTHER_PATH}",
    errno.EIO: f"the disk fails; look into the system's log, {OTHER_PATH}",
    errno.ENOENT: f"its directory does not exist; make it, {OTHER_PATH}",
}

# SQLite's codes for a damaged file, and for one that others hold.
DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
HELD: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def advice(path: str, error: sqlite3.Error | OSError) -> str:
    """Returns what SQLite said, why, and what to do. A backup is recommended for a damaged file only. Blocks."""
    code = getattr(error, "sqlite_errorcode", None)
    # The lowest byte of an extended code is the code (https://sqlite.org/rescode.html).
    if isinstance(error, OSError):
        return f"{error.filename or path}: {error.strerror}; this user must be able to read and write it"
    if code is None or code & 0xFF in DAMAGED:
        return f"{error}; restore it from a backup, {OTHER_PATH}"
    if code & 0xFF in HELD:
        return f"{error}: another program holds it; stop that one, {OTHER_PATH}"
    why = why_not_writable(path) or unusable_file(path) or f"look into the system's log, {OTHER_PATH}"
    return f"{error}: {why}"


def why_not_writable(path: str) -> str:
    """Returns why no file beside the database can be written, and what to do; "" if one can. Blocks.

    Writes a small file and removes it.
    """
    probe = f"{os.path.realpath(path)}-probe-{os.getpid()}"
    # In a container each process may have this number, and one that was killed may have left its file.
    with suppress(OSError):
        os.unlink(probe)
    try:
        handle = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            written = 0
            while written < PROBE_BYTES:
                written += os.write(handle, bytes(PROBE_BYTES - written))
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        return REASONS.get(error.errno or 0, f"{error.strerror}; {OTHER_PATH.removeprefix('or ')}")
    finally:
        with suppress(OSError):
            os.unlink(probe)
    return ""


def unusable_file(path: str) -> str:
    """Returns which of the database's files that are there cannot be used, and what to do; "" if all can."""
    for file in (beside(path, suffix) for suffix in ("", "-wal", "-shm", "-journal", LOCK_SUFFIX)):
        # A link to the database leads to it; a link in the place of another one is not followed.
        if os.path.lexists(file) and (os.path.islink(file) or not os.path.isfile(file)):
            return f"{file} is not a file; remove it, {OTHER_PATH}"
        if os.path.isfile(file) and not os.access(file, os.R_OK | os.W_OK, effective_ids=True):
            return f"this user may not read and write {file}; change its permissions"
    return ""
