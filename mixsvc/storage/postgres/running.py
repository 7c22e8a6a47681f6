"""Whether nodes use a database now. Imports nothing of psycopg."""

import time
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias

__all__ = ["LOOK_SECONDS", "connections", "living_nodes", "named_nodes", "newest_node"]

# A psycopg.Cursor.
PostgresCursor: TypeAlias = Any

LOOK_SECONDS: Final = 0.25

# The other connections to this database; which name of a program they have, only their own role may see.
CONNECTED: Final = """
    SELECT count(*) FILTER (WHERE application_name = 'mixsvc'), count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND usesysid IS NOT NULL AND pid <> ALL (%s)
"""
MARKS: Final = "SELECT name, id, mark::text FROM node WHERE NOT is_leaving ORDER BY id"


class Connections(NamedTuple):
    """How many there are. services: of those that are surely a service's; the URL may give it another name."""

    services: int
    all: int


def living_nodes(cursor: PostgresCursor, seconds: float) -> Sequence[str]:
    """The names of nodes that are seen to live within a time; blocks for so long where there are none.

    A node that lives gets another mark with each heartbeat, and one that begins is new. Raises psycopg.Error.
    """
    first = {*cursor.execute(MARKS).fetchall()}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(LOOK_SECONDS)
        alive = {*cursor.execute(MARKS).fetchall()} - first
        if alive:
            return sorted({name for name, *_ in alive})
    return []


def named_nodes(cursor: PostgresCursor) -> Sequence[str]:
    """The names of the nodes that have not said that they stop; some may be dead. Raises psycopg.Error."""
    return [name for name, *_ in cursor.execute(MARKS).fetchall()]


def connections(cursor: PostgresCursor, own: Sequence[int]) -> Connections:
    """The connections to the database besides those to the server's processes with these numbers."""
    return Connections(*cursor.execute(CONNECTED, (list(own),)).fetchone())


def newest_node(cursor: PostgresCursor) -> int:
    """The number of the newest node, 0 without one; a node that begins has a higher one. Raises psycopg.Error."""
    (number,) = cursor.execute("SELECT coalesce(max(id), 0) FROM node").fetchone()
    return int(number)
