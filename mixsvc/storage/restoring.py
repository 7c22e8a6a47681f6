"""Puts a backup in the place of the database: checked, upgraded, and with an epoch of its own."""

import os
import shutil
import sqlite3
from contextlib import closing
from typing import Final

from mixsvc.config.settings import MEMORY
from mixsvc.errors import DatabaseUnusable
from mixsvc.storage.connections import LOCK_SECONDS, has_journal, open_to_read
from mixsvc.storage.epoch import new_epoch
from mixsvc.storage.forks import inside_sqlite
from mixsvc.storage.lock import DatabaseLock, own
from mixsvc.storage.log_marks import is_log_of_another_file
from mixsvc.storage.replacing import begin_draft, put_in_place, remove
from mixsvc.storage.schema import upgrade, version
from mixsvc.storage.wal_file import beside

__all__ = ["restore"]

# What other processes are told meanwhile.
OWNER: Final = "mixsvc restore"


def restore(backup: str, path: str) -> None:
    """Put a copy of a backup in the place of the database at `path`, which need not exist; blocks.

    The copy gets a new epoch, so clients that come back do not take its messages for those that they have seen. Until
    the copy is complete and on disk, the database stays as it is. Raises DatabaseUnusable: no service may use the
    database, and the backup must be a sound database of ours.
    """
    # All names of the database are of one file.
    path = path if path == MEMORY else os.path.realpath(path)
    _check_paths(backup, path)
    lock = DatabaseLock(path, OWNER)
    own(lock, path)
    draft = _draft(path)
    try:
        with inside_sqlite():
            _copy(backup, draft, path)
        put_in_place(draft, path)
    except (sqlite3.Error, OSError) as error:
        raise _unusable(backup, str(error)) from None
    except DatabaseUnusable as error:
        raise _unusable(backup, str(error)) from None
    finally:
        remove(draft)
        lock.release()


def _draft(path: str) -> str:
    return f"{path}-restored"


def _check_paths(backup: str, path: str) -> None:
    if path == MEMORY:
        raise _unusable(backup, "the database is in memory; give a path in [storage] path")
    if not os.path.isfile(backup):
        raise _unusable(backup, "it is not a file" if os.path.exists(backup) else "there is no such file")
    for each in (path, _draft(path)):
        if os.path.lexists(each) and not os.path.isfile(each):
            raise _unusable(backup, f"{each} is in its place and is not a file; remove it, or give another path")
    if os.path.exists(path) and os.path.samefile(backup, path):
        raise _unusable(backup, "it is the database itself; give the file of a backup")
    if not os.path.isdir(os.path.dirname(path) or "."):
        raise _unusable(backup, f"the directory of {path} does not exist; make it, or give another [storage] path")


def _copy(backup: str, draft: str, path: str) -> None:
    begin_draft(draft, path)
    if has_journal(backup):
        _copy_files(backup, draft)
    else:
        _copy_pages(backup, draft)
    with closing(sqlite3.connect(draft, timeout=LOCK_SECONDS)) as target:
        (verdict,) = target.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"it is damaged ({verdict.splitlines()[-1]})")
        if not version(target):
            raise DatabaseUnusable("it is empty")
        # One file, without a log beside it.
        target.execute("PRAGMA journal_mode = DELETE")
        upgrade(target)
        target.execute("UPDATE meta SET value = ? WHERE name = 'epoch'", (new_epoch(),))
        target.commit()


def _copy_pages(backup: str, draft: str) -> None:
    # Else SQLite makes files beside a backup in WAL mode, and leaves them there: empty, and of this user. A log of
    # another backup under the same name is never mixed into this one.
    alone = not os.path.exists(beside(backup, "-wal")) or is_log_of_another_file(backup)
    with (
        closing(open_to_read(backup, alone=alone)) as source,
        closing(sqlite3.connect(draft, timeout=LOCK_SECONDS)) as target,
    ):
        source.backup(target)


def _copy_files(backup: str, draft: str) -> None:
    """Copy a backup with its journal: SQLite then undoes in the copy what was half done in the backup."""
    suffixes = ["", "-journal"]
    if os.path.exists(beside(backup, "-wal")) and not is_log_of_another_file(backup):
        suffixes.append("-wal")
    for suffix in suffixes:
        copy = f"{draft}{suffix}"
        os.close(os.open(copy, os.O_WRONLY | os.O_CREAT, 0o600))
        shutil.copyfile(beside(backup, suffix), copy)


def _unusable(backup: str, why: str) -> DatabaseUnusable:
    return DatabaseUnusable(f"the backup {backup} cannot be restored: {why}")
