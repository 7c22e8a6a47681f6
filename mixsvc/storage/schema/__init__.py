"""The schema, one file a version: N.sql takes a database from version N - 1 to N."""

import sqlite3
from contextlib import closing
from importlib.resources import files

from mixsvc.errors import DatabaseUnusable

__all__ = ["NEWEST", "upgrade", "version"]

NEWEST = 3

# Read at once: a service that gives up its rights later may not be able to read its own installation any more.
SCRIPTS = tuple((files(__package__) / f"{step}.sql").read_text() for step in range(1, NEWEST + 1))

DEFINITIONS = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"

# "mixs" in ASCII: tells our databases from those of other programs (SQLite file format, offset 68).
APPLICATION_ID = 0x6D697873


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring a database to the newest version, each step in a transaction of its own; blocks.

    Raises DatabaseUnusable for one of a newer version or of another program, sqlite3.Error for a damaged one.
    """
    start = version(connection)
    for step in range(start + 1, NEWEST + 1):
        try:
            connection.executescript(f"BEGIN IMMEDIATE; {_script(step)} {_mark(step)} COMMIT")
        except sqlite3.Error:
            connection.rollback()
            raise


def _mark(step: int) -> str:
    return f"PRAGMA user_version = {step}; PRAGMA application_id = {APPLICATION_ID};"


def version(connection: sqlite3.Connection) -> int:
    """The version of a database, 0 for an empty one. Raises DatabaseUnusable like upgrade."""
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
    """Whatever the scripts of this version make must be there; what somebody has added does no harm."""
    with closing(sqlite3.connect(":memory:")) as model:
        for step in range(1, number + 1):
            model.executescript(_script(step))
        missing = set(model.execute(DEFINITIONS)) - set(connection.execute(DEFINITIONS))
    if missing:
        names = ", ".join(sorted(name for name, _ in missing))
        raise DatabaseUnusable(f"it is damaged: {names} is not what version {number} has; restore it from a backup")


def _script(step: int) -> str:
    return SCRIPTS[step - 1]
