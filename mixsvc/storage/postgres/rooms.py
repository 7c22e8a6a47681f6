"""Rows of the table `room`."""

from collections.abc import Mapping
from typing import Any

__all__ = ["last_numbers"]


def last_numbers(cursor: Any) -> Mapping[str, int]:
    """Returns the last number of each room."""
    return dict(cursor.execute("SELECT name, last FROM room").fetchall())
