"""From the rows of a SQLite file to what both kinds of database can store. Pure.

A text becomes UTF-8 without U+0000, which PostgreSQL cannot store (its manual, 8.3): U+FFFD stands for what is not. A
client's key that is not such a text is dropped, since no client can send it again. The beginning of 1970 stands for a
message's time that cannot be.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeGuard

from mixsvc.common.times import LAST_SECOND
from mixsvc.errors import DatabaseUnusable
from mixsvc.storage.moving.tables import Column, Kind, MovedTable, Part, Row, Value

__all__ = ["MICROSECONDS", "storable"]

MICROSECONDS: Final = 1_000_000

# The first second that datetime can represent: the beginning of the year 1.
FIRST_SECOND: Final = -62_135_596_800

REPLACEMENT: Final = "\ufffd"


class _Unmovable(Exception):
    """A row that cannot be moved; the text says why. is_passed_over: whether the service passes over it, too."""

    def __init__(self, text: str, is_passed_over: bool) -> None:
        super().__init__(text)
        self.is_passed_over = is_passed_over


def storable(table: MovedTable, rows: Sequence[Sequence[Any]]) -> Part:
    """Returns the rows of a SQLite file in the form for both kinds of database.

    rows: their texts as bytes, since a column of texts takes any bytes. Raises DatabaseUnusable if one cannot be moved.
    """
    found: list[Row] = []
    changed = 0
    for row in rows:
        try:
            cells, is_changed = _cells(table, row)
        except _Unmovable as error:
            if not error.is_passed_over:
                where = ", ".join(map(_shown, row[: table.keys]))
                raise DatabaseUnusable(
                    f"it is damaged: in the table {table.name} the row {where} has {error}; restore it from a backup"
                ) from None
        else:
            found.append(cells)
            changed += is_changed
    return Part(found, tuple(rows[-1][: table.keys]) if rows else None, len(rows), changed)


def _cells(table: MovedTable, row: Sequence[Any]) -> tuple[Row, bool]:
    """The cells of a row, and whether a text was changed."""
    cells: list[Value] = []
    is_changed = False
    for place, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
        if isinstance(cell, bytes) and column.kind is Kind.TEXT:
            text = cell.decode(errors="replace")
            # Most texts need no more than this.
            if b"\0" in cell or REPLACEMENT in text:
                text = text.replace("\0", REPLACEMENT)
                if text.encode() != cell:
                    _check_text(table, place, cell)
                    is_changed = True
                    cells.append(None if column.is_unique_text else text)
                    continue
            cells.append(text)
        elif column.is_1970_without and not _is_time(cell):
            is_changed = True
            cells.append(0)
        else:
            cells.append(_number(table, column, cell))
    return tuple(cells), is_changed


def _check_text(table: MovedTable, place: int, cell: bytes) -> None:
    """Raise if a text may not be changed: that of a primary key, or one because of which the row is passed over."""
    try:
        cell.decode()
    except UnicodeDecodeError:
        if table.skips_texts:
            raise _Unmovable("a text that is not UTF-8", True) from None
    if place < table.keys:
        raise _Unmovable("a name that is not text", table.skips_texts)


def _number(table: MovedTable, column: Column, cell: Any) -> Value:
    if cell is None:
        return None
    if column.kind is Kind.TIME:
        if _is_time(cell) and not (cell < 0 and table.skips_times):
            return round(cell * MICROSECONDS)
        raise _Unmovable(f"no time in {column.name}", table.skips_times)
    if column.kind is Kind.NUMBER and isinstance(cell, int):
        return cell
    raise _Unmovable(f"something else than a {column.kind.name.lower()} in {column.name}", False)


def _is_time(cell: object) -> TypeGuard[float]:
    # A column of numbers keeps a text that is none as a text.
    return isinstance(cell, int | float) and FIRST_SECOND <= cell <= LAST_SECOND


def _shown(cell: object) -> str:
    return cell.decode(errors="replace") if isinstance(cell, bytes) else str(cell)
