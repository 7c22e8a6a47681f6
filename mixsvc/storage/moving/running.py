"""Whether nodes use a PostgreSQL database now."""

import time
from collections.abc import Sequence
from typing import Final

from mixsvc.storage.postgres.connection import PostgresConnection

__all__ = ["newest_node", "running_nodes"]

# For how long nodes are watched that have not said that they stop: they may be dead. In seconds.
WATCHED: Final = 10.0
LOOK_SECONDS: Final = 0.25

# Other connections of services to this database, as far as this role may see their names.
CONNECTED: Final = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'mixsvc' AND pid <> ALL (%s)
"""
MARKS: Final = "SELECT name, id, mark::text FROM node WHERE NOT is_leaving ORDER BY id"


def running_nodes(connection: PostgresConnection, own: Sequence[int]) -> Sequence[str]:
    """The names of the nodes that use the database; blocks for WATCHED seconds where dead ones have left theirs.

    own: the numbers of the server's processes for this program's connections. Raises psycopg.Error.
    """
    first = connection.execute(MARKS).fetchall()
    if not first:
        return []
    row = connection.execute(CONNECTED, (list(own),)).fetchone()
    if row is not None and row[0]:
        return [name for name, *_ in first]
    end = time.monotonic() + WATCHED
    while time.monotonic() < end:
        # A node that lives gets another mark with each heartbeat.
        alive = {*connection.execute(MARKS).fetchall()} - {*first}
        if alive:
            return sorted(name for name, *_ in alive)
        time.sleep(LOOK_SECONDS)
    return []


def newest_node(connection: PostgresConnection) -> int:
    """The number of the newest node, 0 without one; a node that begins has a higher one. Raises psycopg.Error."""
    row = connection.execute("SELECT coalesce(max(id), 0) FROM node").fetchone()
    assert row is not None
    return int(row[0])
