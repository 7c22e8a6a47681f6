"""One service uses a database at a time: an advisory lock of its session says so.

The server gives the lock up with the session, however that ends.
"""

from typing import Any, Final

import psycopg

from mixsvc.interfaces import DeferToThread
from mixsvc.storage.postgres.connection import PostgresConnection
from mixsvc.storage.postgres.database import PostgresDatabase

__all__ = ["SECOND", "OneNode", "is_taken", "make_database"]

# "mixn" in ASCII: the first half of the advisory lock; the second names the schema of the tables.
LOCK: Final = 0x6D69786E
TRY: Final = "SELECT pg_try_advisory_lock(%s, hashtext(current_schema()))"
TAKE: Final = "SELECT pg_advisory_lock(%s, hashtext(current_schema()))"

SECOND: Final = "another service uses it; stop that one, or give another database in [storage] url"

# The session before this one may have been left behind by a proxy; our role may end it.
END: Final = "SELECT pg_terminate_backend(%s, 2000)"


class OneNode:
    """Takes the lock for each connection of one service. Used in the database's thread."""

    def __init__(self) -> None:
        self._session = 0

    def opened(self, connection: PostgresConnection) -> None:
        """Raise psycopg.OperationalError if another service has the lock."""
        if self._session and connection.execute(TRY, (LOCK,)).fetchone() != (True,):
            connection.execute(END, (self._session,))
        if is_taken(connection):
            raise psycopg.OperationalError(SECOND)
        self._session = connection.info.backend_pid


def is_taken(connection: PostgresConnection) -> bool:
    """Whether another service has the lock; else this connection has it until it is closed. Raises psycopg.Error.

    Blocks for some seconds if so: the session of a process that has just ended may not have ended yet.
    """
    try:
        connection.execute(TAKE, (LOCK,))
    except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled):
        return True
    return False


def make_database(reactor: Any, url: str, defer_to_thread: DeferToThread) -> PostgresDatabase:
    """The database of a service that is alone. Raises BadSetting."""
    return PostgresDatabase(reactor, url, defer_to_thread, OneNode().opened)
