"""The schema, one file for each version: N.sql upgrades a database from version N - 1 to version N."""

import sqlite3
from contextlib import closing
from importlib.resources import files

from mixsvc.errors import DatabaseUnusable

__all__ = ["NEWEST", "upgrade", "version"]

NEWEST = 8

# Read at import: after a service has given up its rights it may not be able to read its own installation.
SCRIPTS = tuple((files(__package__) / f"{step}.sql").read_text("utf-8") for step in range(1, NEWEST + 1))

# What SQLite says that was built without FTS5, or is too old for its trigrams.
NO_FULL_TEXT = ("no such module: fts5", "no such tokenizer: trigram", "error in tokenizer constructor")

# Without the tables that SQLite makes for a virtual one: each of its versions may make them in another way.
DEFINITIONS = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT GLOB 'search_text_*'"

# "mixs" in ASCII: marks our databases, so that those of other programs are recognised (SQLite file format, offset 68).
APPLICATION_ID = 0x6D697873


def upgrade(connection: sqlite3.Connection) -> None:
    """Upgrade a database to the newest version, each step in a transaction of its own; blocks.

    Raises DatabaseUnusable if it has a newer version or belongs to another program, sqlite3.Error if it is damaged.
    """
    start = version(connection)
    for step in range(start + 1, NEWEST + 1):
        try:
            connection.executescript(f"BEGIN IMMEDIATE; {_script(step)} {_mark(step)} COMMIT")
        except sqlite3.Error as error:
            connection.rollback()
            _check_full_text(error)
            # Another process of a host may have made this step in the meantime.
            if version(connection) < step:
                raise


def _mark(step: int) -> str:
    return f"PRAGMA user_version = {step}; PRAGMA application_id = {APPLICATION_ID};"


def version(connection: sqlite3.Connection) -> int:
    """The version of a database, 0 for an empty one; called outside of a transaction.

    Raises DatabaseUnusable as upgrade does.
    """
    # Everything as of one moment: another process may upgrade it now.
    connection.execute("BEGIN")
    try:
        return _version(connection)
    finally:
        connection.rollback()


def _version(connection: sqlite3.Connection) -> int:
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if (application != APPLICATION_ID and number) or (tables and not number):
        raise DatabaseUnusable("it belongs to another program; give another path in [storage] path")
    if number < 0:
        raise DatabaseUnusable(f"it is damaged: its version is {number}; restore it from a backup")
    if number > NEWEST:
        raise DatabaseUnusable(
            f"it was made by a newer mixsvc (its version is {number}, this one knows up to {NEWEST}); "
            "install that mixsvc again, or give another path in [storage] path"
        )
    _check_tables(connection, number)
    return int(number)


def _check_tables(connection: sqlite3.Connection, number: int) -> None:
    """Check that all tables and indices of this version exist; additional ones are allowed."""
    with closing(sqlite3.connect(":memory:")) as model:
        for step in range(1, number + 1):
            try:
                model.executescript(_script(step))
            except sqlite3.Error as error:
                _check_full_text(error)
                raise
        missing = set(model.execute(DEFINITIONS)) - set(connection.execute(DEFINITIONS))
    if missing:
        names = ", ".join(sorted(name for name, _ in missing))
        raise DatabaseUnusable(f"it is damaged: {names} is not as in version {number}; restore it from a backup")


def _check_full_text(error: sqlite3.Error) -> None:
    """Raise DatabaseUnusable if an error says that this SQLite cannot make the index of search."""
    if any(each in str(error) for each in NO_FULL_TEXT):
        raise DatabaseUnusable(
            f"the SQLite {sqlite3.sqlite_version} of this Python has no full-text search by trigrams; use a Python "
            "with SQLite 3.34 or newer and its module FTS5"
        ) from None


def _script(step: int) -> str:
    return SCRIPTS[step - 1]
