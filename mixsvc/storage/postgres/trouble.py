"""What PostgreSQL and libpq say, in one line, without the data of a statement."""

import psycopg

from mixsvc.errors import StorageError
from mixsvc.storage.postgres.connection import PostgresConnection

__all__ = ["ConnectionLost", "is_lost", "reason"]


class ConnectionLost(StorageError):
    """The server does not answer. Whether what was asked of it was done is not known."""


def reason(error: psycopg.Error) -> str:
    """The server's own sentence, or the first line of libpq's. It has neither a statement's data nor a password."""
    text = error.diag.message_primary or str(error)
    return " ".join((text.splitlines() or [type(error).__name__])[0].split())


def is_lost(error: psycopg.Error, connection: PostgresConnection | None) -> bool:
    """Whether the server is away: there is no connection, it has broken, or its server has become a standby."""
    is_standby = isinstance(error, psycopg.errors.ReadOnlySqlTransaction)
    return connection is None or connection.broken or connection.closed or is_standby
