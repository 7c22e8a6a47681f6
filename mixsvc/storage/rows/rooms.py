"""Rows of the table `room`."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from mixsvc.storage.rows.cells import is_number, read_name, report

__all__ = ["last_numbers", "read_last"]


def last_numbers(cursor: sqlite3.Cursor) -> Mapping[str, int]:
    """Returns the last number of each room that has a name."""
    rows = cursor.execute("SELECT CAST(name AS BLOB), last FROM room").fetchall()
    named = [(read_name("room", name), last) for name, last in rows]
    return {name: read_last(cursor, name, last) for name, last in named if name is not None}


def read_last(cursor: sqlite3.Cursor, room: str, cell: Any) -> int:
    """Returns the last number of a room. cell: of the column `last`; without a number, that of its newest message."""
    if is_number(cell):
        return cell
    report("room", room)
    query = "SELECT coalesce(max(number), 0) FROM message WHERE room = ? AND typeof(number) = 'integer'"
    number: int = cursor.execute(query, (room,)).fetchone()[0]
    return number
