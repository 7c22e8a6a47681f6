"""Connections to the server."""

from typing import Any, Final

import psycopg

from mixsvc.storage.postgres.url import SETTING, conninfo

__all__ = ["OPTIONS", "PostgresConnection", "PostgresCursor", "connect"]

PostgresConnection = psycopg.Connection[tuple[Any, ...]]
PostgresCursor = psycopg.Cursor[tuple[Any, ...]]

# Arguments of psycopg.connect beside the parameters. A statement that was prepared fails once another process has
# upgraded its tables, so none is.
OPTIONS: Final[dict[str, Any]] = {"autocommit": True, "prepare_threshold": None}


def connect(url: str, setting: str = SETTING) -> PostgresConnection:
    """Open a connection in autocommit mode, with our time limits; blocks, for some seconds if nobody answers.

    setting: where the URL is given. Raises BadSetting, psycopg.OperationalError.
    """
    return psycopg.connect(conninfo(url, setting), **OPTIONS)
