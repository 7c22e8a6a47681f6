"""Rows as columns: the arrays that `unnest` takes, so that one statement does something for many. Pure."""

from collections.abc import Sequence

__all__ = ["columns"]


def columns(rows: Sequence[Sequence[object]], width: int) -> list[list[object]]:
    """Returns the columns of rows that have so many cells, also of no rows."""
    return [[row[place] for row in rows] for place in range(width)]
