"""The schema, one file for each version: N.sql upgrades a database from version N - 1 to version N.

The table `cluster` has what all processes must know: under `schema` the version, under `usable_from` the oldest version
whose processes can use these tables. So a service and the release before it run side by side during an upgrade.
"""

import time
from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final, TypeAlias

import psycopg

from mixsvc.errors import DatabaseUnusable

__all__ = ["SCRIPTS", "upgrade", "version"]

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

# How many versions before its own can use the tables of a version.
VERSIONS_BACK: Final = 1

# "mixs" in ASCII: the first half of the advisory lock; the second names the schema of the tables.
LOCK: Final = 0x6D697873

# For how long a step waits for a table, in milliseconds; how long it lets others work then, and for how long it tries
# again and again, in seconds.
WAITING_MS: Final = 500
PAUSE: Final = 1.0
PATIENCE: Final = 60.0

# For one step. PostgreSQL 17 has the last one.
UNHURRIED: Final = """
    SELECT set_config(name, '0', true) FROM pg_settings
    WHERE name IN ('statement_timeout', 'lock_timeout', 'transaction_timeout')
"""
CLUSTER: Final = "CREATE TABLE IF NOT EXISTS cluster (key text PRIMARY KEY, value text NOT NULL)"
# Not by to_regclass: that may still not see what was committed while this process waited for the advisory lock.
EXISTS: Final = """
    SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'cluster')
"""
FOREIGN: Final = (
    "its schema has a table `cluster` of another program; give another database in [storage] url, or another schema "
    "(?options=-c%20search_path%3DSCHEMA)"
)
WRITE: Final = """
    INSERT INTO cluster (key, value) VALUES ('schema', %s), ('usable_from', %s)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value
"""


def _scripts() -> Sequence[str]:
    # Read at import: after a service has given up its rights it may not be able to read its own installation.
    found = {int(each.name.removesuffix(".sql")): each.read_text("utf-8") for each in _files()}
    return tuple(found[step] for step in range(1, len(found) + 1))


def _files() -> Sequence[Traversable]:
    return [each for each in files(__package__).iterdir() if each.name.endswith(".sql")]


SCRIPTS: Final = _scripts()


def upgrade(connection: Connection, scripts: Sequence[str] = SCRIPTS) -> None:
    """Upgrade the tables to the newest version, each step in a transaction of its own; blocks.

    Of several processes one does it, and the others wait for it. Services of the version before run on meanwhile: where
    a table is locked, such as by pg_dump, the step waits without holding them up. Raises DatabaseUnusable if a newer
    version is there that this process cannot use, or if a table was locked for PATIENCE seconds; psycopg.Error.
    """
    end = time.monotonic() + PATIENCE
    while version(connection, scripts) < len(scripts):
        try:
            _make_step(connection, scripts)
        except psycopg.errors.LockNotAvailable:
            if time.monotonic() > end:
                raise DatabaseUnusable(
                    f"its tables could not be upgraded, as others have locked one for {PATIENCE:g} s; try again when "
                    "they have ended (pg_dump, or a transaction that somebody has left open)"
                ) from None
            time.sleep(PAUSE)


def _make_step(connection: Connection, scripts: Sequence[str]) -> None:
    with connection.transaction():
        connection.execute(UNHURRIED)
        connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext(current_schema()))", (LOCK,))
        # Another process may have made this step while this one waited.
        step = version(connection, scripts) + 1
        if step > len(scripts):
            return
        # While a statement waits for a table, everybody else who wants it waits behind it.
        connection.execute(f"SET LOCAL lock_timeout = {WAITING_MS}".encode())
        connection.execute(CLUSTER)
        connection.execute(scripts[step - 1].encode())
        connection.execute(WRITE, (str(step), str(max(1, step - VERSIONS_BACK))))


def version(connection: Connection, scripts: Sequence[str] = SCRIPTS) -> int:
    """The version of the tables, 0 where there are none. Raises DatabaseUnusable as upgrade does, psycopg.Error."""
    if connection.execute(EXISTS).fetchone() != (True,):
        return 0
    found = _marks(connection)
    if found.get("usable_from", 0) > len(scripts):
        raise DatabaseUnusable(
            f"it was made by a newer mixsvc (its version is {found['schema']}, this one knows up to {len(scripts)}); "
            "install that mixsvc again, or give another database in [storage] url"
        )
    return found["schema"]


def _marks(connection: Connection) -> Mapping[str, int]:
    """The numbers of the table `cluster`."""
    try:
        rows = connection.execute("SELECT key, value FROM cluster WHERE key IN ('schema', 'usable_from')").fetchall()
        found = {key: int(value) for key, value in rows}
    except (psycopg.errors.UndefinedColumn, psycopg.DataError, ValueError, TypeError):
        found = {}
    # It has them as soon as it is there.
    if "schema" not in found:
        raise DatabaseUnusable(FOREIGN)
    return found
