"""Opens a PostgreSQL database to read a history from it, or to write one into it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Final

import psycopg

from mixsvc.config.settings import LONGEST_HEARTBEAT
from mixsvc.errors import DatabaseUnusable
from mixsvc.storage.moving.postgres_rows import PostgresRows
from mixsvc.storage.moving.side import Side
from mixsvc.storage.moving.tables import TABLES, RowReader, RowWriter
from mixsvc.storage.postgres.checks import faults, is_deaf
from mixsvc.storage.postgres.connection import PostgresConnection, connect
from mixsvc.storage.postgres.running import connections, living_nodes, named_nodes, newest_node
from mixsvc.storage.postgres.schema import SCRIPTS, upgrade, version
from mixsvc.storage.postgres.trouble import reason
from mixsvc.storage.postgres.url import shown

__all__ = ["reading", "writing"]

# "mixm" in ASCII: the first half of the advisory lock; the second names the schema of the tables.
LOCK: Final = 0x6D69786D

# How long a move waits for another one to end, in seconds.
LOCK_SECONDS: Final = 2

# For how long nodes are watched that have not said that they stop, in seconds: where nobody is connected, they are dead
# unless one is just connecting anew; where somebody is, until one that lives must have beaten.
WATCHED: Final = 10.0
WATCHED_CONNECTED: Final = LONGEST_HEARTBEAT + 5.0

# No statement of a move is in anybody's way, and a table may be large. PostgreSQL 17 has the last one.
UNHURRIED: Final = """
    SELECT set_config(name, '0', false) FROM pg_settings
    WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
"""

INCOMPLETE: Final = "a move into it is not complete; run that command again"


@contextmanager
def reading(url: str) -> Iterator[RowReader]:
    """The history in a database, as of one moment; no service runs on it. Raises BadSetting, DatabaseUnusable."""
    side = Side("--from", shown(url, "--from"))
    with _told(side), _connected(side, url) as guard, _connected(side, url) as connection:
        _lock(side, guard)
        found = _version(side, guard)
        if not found:
            raise side.refusal("it has no tables of mixsvc")
        if found != len(SCRIPTS):
            raise side.refusal(
                f"an older or newer mixsvc has made it (its version is {found}, this one moves {len(SCRIPTS)}); "
                "start the service of the newer one with it once"
            )
        rows = PostgresRows(connection, _expect_no_nodes(side, guard, connection))
        rows.hold_still()
        if rows.moving():
            raise side.refusal(INCOMPLETE)
        yield rows


@contextmanager
def writing(url: str, epoch: str) -> Iterator[RowWriter]:
    """A database for a history; no service can start on it before `finish`. A second time it goes on.

    epoch: of the history that is written. Raises BadSetting, and DatabaseUnusable if the database has a history.
    """
    side = Side("--to", shown(url, "--to"))
    with _told(side), _connected(side, url) as guard, _connected(side, url) as connection:
        for fault in faults(guard):
            raise side.refusal(fault)
        if is_deaf(connection, guard):
            raise side.refusal("a pooler in transaction mode is in between; give the address of the server itself")
        _lock(side, guard)
        # Before the upgrade, which would be in the way of a service that runs.
        check = _expect_no_nodes(side, guard, connection)
        rows = PostgresRows(connection, check)
        if _version(side, guard):
            _check_target(side, rows, epoch)
        upgrade(guard)
        if not rows.moving():
            rows.begin(epoch)
        yield rows
        # The history is complete; without this PostgreSQL would only plan worse until autovacuum comes.
        with suppress(psycopg.Error):
            connection.execute(f"ANALYZE {', '.join(table.name for table in TABLES)}".encode())


def _check_target(side: Side, rows: PostgresRows, epoch: str) -> None:
    moving = rows.moving()
    if moving and moving != epoch:
        raise side.refusal(f"{INCOMPLETE}, which was for another history, or give another database")
    if moving:
        return
    side.expect_empty(rows, rows.tables())


def _lock(side: Side, guard: PostgresConnection) -> None:
    """Until the connection ends, however it ends, no other move uses the database.

    The server may need a moment to notice that the connection of a move that has died is gone.
    """
    guard.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
    try:
        guard.execute("SELECT pg_advisory_lock(%s, hashtext(current_schema()))", (LOCK,))
    except psycopg.errors.LockNotAvailable:
        raise side.refusal("another mixsvc move uses it; wait for its end") from None
    guard.execute("RESET lock_timeout")


def _expect_no_nodes(side: Side, guard: PostgresConnection, other: PostgresConnection) -> Callable[[], None]:
    """Refuse a database that a service uses; returns a function that does so if one has begun to use it since."""
    newest = 0
    # Version 2 has made the table.
    if _version(side, guard) > 1:
        nodes = _running_nodes(guard, other)
        if nodes:
            raise side.refusal(f"a service uses it ({', '.join(nodes)}); stop it first")
        newest = newest_node(guard.cursor())

    def check() -> None:
        if newest_node(guard.cursor()) > newest:
            raise side.refusal("a service was started on it meanwhile; stop it, and run this command again")

    return check


def _running_nodes(guard: PostgresConnection, other: PostgresConnection) -> Sequence[str]:
    cursor = guard.cursor()
    named = named_nodes(cursor)
    if not named:
        return ()
    others = connections(cursor, [each.info.backend_pid for each in (guard, other)])
    if others.services:
        return named
    return living_nodes(cursor, WATCHED_CONNECTED if others.all else WATCHED)


def _version(side: Side, guard: PostgresConnection) -> int:
    try:
        return version(guard)
    except DatabaseUnusable as error:
        raise side.refusal(str(error)) from None


@contextmanager
def _connected(side: Side, url: str) -> Iterator[PostgresConnection]:
    with closing(connect(url, side.option)) as connection:
        connection.execute(UNHURRIED)
        yield connection


@contextmanager
def _told(side: Side) -> Iterator[None]:
    """What the server says becomes one line."""
    try:
        yield
    except psycopg.Error as error:
        raise side.refusal(reason(error)) from None
