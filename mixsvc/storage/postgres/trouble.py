"""What PostgreSQL and libpq say, in one line, without the data of a statement."""

from typing import Final

import psycopg

from mixsvc.errors import StorageError
from mixsvc.storage.postgres.connection import PostgresConnection

__all__ = ["ConnectionLost", "is_away", "is_lost", "reason"]

# What a server says that refuses a connection, and that it says while it starts or stops. libpq gives no SQLSTATE for
# either. A server that speaks another language counts as away.
REFUSAL: Final = "FATAL: "
PASSING: Final = "the database system is "


class ConnectionLost(StorageError):
    """The server does not answer. Whether what was asked of it was done is not known."""


def reason(error: psycopg.Error) -> str:
    """The server's own sentence, or the first line of libpq's. It has neither a statement's data nor a password."""
    text = error.diag.message_primary or str(error)
    return " ".join((text.splitlines() or [type(error).__name__])[0].split())


def is_lost(error: psycopg.Error, connection: PostgresConnection | None) -> bool:
    """Whether the server is away: there is no connection, it has broken, or its server only reads now."""
    is_reader = isinstance(error, psycopg.errors.ReadOnlySqlTransaction)
    return connection is None or connection.broken or connection.closed or is_reader


def is_away(error: psycopg.Error) -> bool:
    """Whether a connection could not be opened because no server answers, or one that is about to start or stop."""
    text = str(error)
    is_told = isinstance(error, psycopg.OperationalError) and error.sqlstate is None
    return is_told and (REFUSAL not in text or PASSING in text)
