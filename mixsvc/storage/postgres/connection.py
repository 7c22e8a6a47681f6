"""Connections to the server."""

from typing import Any, Final

import psycopg

from mixsvc.storage.postgres.url import conninfo

__all__ = ["OPTIONS", "PostgresConnection", "PostgresCursor", "connect"]

PostgresConnection = psycopg.Connection[tuple[Any, ...]]
PostgresCursor = psycopg.Cursor[tuple[Any, ...]]

# Arguments of psycopg.connect beside the parameters. A statement that was prepared fails once another process has
# upgraded its tables, so none is.
OPTIONS: Final[dict[str, Any]] = {"autocommit": True, "prepare_threshold": None}


def connect(url: str) -> PostgresConnection:
    """Open a connection in autocommit mode, with our time limits; blocks, for some seconds if nobody answers.

    Raises BadSetting, psycopg.OperationalError.
    """
    return psycopg.connect(conninfo(url), **OPTIONS)
