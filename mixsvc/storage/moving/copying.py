"""Copies all rows of a history, and passes over those that are there already."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from mixsvc.common.records import record
from mixsvc.storage.moving.tables import TABLES, Key, MovedTable, RowReader, RowWriter

__all__ = ["Copied", "Report", "copy_all"]

# How many rows are read, compared and written at once: some 100 kB, and 50 MB if all texts are as long as they can be.
ROWS_AT_ONCE: Final = 500

# Called with a table, how many of its rows are done, and how many it has.
Report: TypeAlias = Callable[[MovedTable, int, int], object]


@record
class Copied:
    """How many rows a table has now, how many of them with a changed text, and how many were passed over."""

    rows: int = 0
    changed: int = 0
    passed_over: int = 0


def copy_all(source: RowReader, target: RowWriter, report: Report) -> Mapping[str, Copied]:
    """Make the tables of the target the same as those of the source; returns what was copied, by the tables' names.

    Blocks; may be called again after a failure, or with a source that has changed since. Raises what the two raise.
    """
    return {table.name: _copy(source, target, table, report) for table in TABLES}


def _copy(source: RowReader, target: RowWriter, table: MovedTable, report: Report) -> Copied:
    total, done = source.count(table), Copied()
    read_up_to: Key | None = None
    written_up_to: Key | None = None
    while True:
        report(table, done.rows + done.passed_over, total)
        part = source.read(table, read_up_to, ROWS_AT_ONCE)
        if part.last is None:
            break
        read_up_to = part.last
        done = Copied(
            done.rows + len(part.rows), done.changed + part.changed, done.passed_over + part.seen - len(part.rows)
        )
        if part.rows:
            last = table.key(part.rows[-1])
            # One more than is wanted, to see whether there are others.
            if target.read(table, written_up_to, len(part.rows) + 1, last).rows != part.rows:
                target.replace(table, written_up_to, last, part.rows)
            written_up_to = last
    if target.read(table, written_up_to, 1).seen:
        target.replace(table, written_up_to, None, ())
    return done
