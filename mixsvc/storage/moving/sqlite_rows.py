"""The rows of a history in a SQLite file."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from mixsvc.storage.moving.tables import FLOORS, MOVING, Column, Key, Kind, MovedTable, Part, Row
from mixsvc.storage.moving.texts import MICROSECONDS, storable

__all__ = ["SqliteRows"]


class SqliteRows:
    """Implements RowReader and RowWriter. Its methods block and raise sqlite3.Error."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """connection: of this object alone; its texts are bytes from now on."""
        connection.text_factory = bytes
        connection.isolation_level = None
        self._connection = connection

    def expect_unused(self) -> None:
        """See RowReader: the lock keeps services away."""

    def hold_still(self) -> None:
        """Read all that follows as of one moment."""
        self._connection.execute("BEGIN")

    def epoch(self) -> str:
        """See RowReader. "" if there is none."""
        return self._meta("epoch")

    def moving(self) -> str:
        """The epoch of the history that is being moved into this file; "" if none is."""
        return self._meta(MOVING)

    def begin(self, epoch: str) -> None:
        """A history is moved into this file from now on."""
        self._connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (MOVING, epoch))

    def floors(self) -> Mapping[str, int]:
        """See RowReader."""
        return {name: self._floor(name) for name in FLOORS}

    def _floor(self, name: str) -> int:
        (number,) = self._connection.execute(f"SELECT coalesce(max(number), 0) FROM {name}").fetchone()
        return int(number)

    def count(self, table: MovedTable) -> int:
        """See RowReader."""
        (number,) = self._connection.execute(f"SELECT count(*) FROM {table.name}").fetchone()
        return int(number)

    def read(self, table: MovedTable, after: Key | None, limit: int, up_to: Key | None = None) -> Part:
        """See RowReader. Raises DatabaseUnusable if a row cannot be moved."""
        where, values = table.between(after, up_to, _cell)
        statement = f"SELECT {table.names} FROM {table.name} {where} ORDER BY {table.key_names} LIMIT ?"
        return storable(table, self._connection.execute(statement, [*values, limit]).fetchall())

    def replace(self, table: MovedTable, after: Key | None, up_to: Key | None, rows: Sequence[Row]) -> None:
        """See RowWriter."""
        where, values = table.between(after, up_to, _cell)
        cells = ", ".join(f"? / {MICROSECONDS}.0" if each.kind is Kind.TIME else "?" for each in table.columns)
        with self._transaction():
            self._connection.execute(f"DELETE FROM {table.name} {where}", values)
            self._connection.executemany(f"INSERT INTO {table.name} ({table.names}) VALUES ({cells})", rows)

    def finish(self, epoch: str, floors: Mapping[str, int]) -> None:
        """See RowWriter."""
        with self._transaction():
            for name, number in floors.items():
                self._connection.execute(f"UPDATE {name} SET number = ?", (number,))
            self._connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('epoch', ?)", (epoch,))
            self._connection.execute("DELETE FROM meta WHERE name = ?", (MOVING,))

    def _meta(self, name: str) -> str:
        row = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return row[0].decode(errors="replace") if row else ""

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        with self._connection:
            yield


def _cell(column: Column) -> str:
    # A key that was read has its texts as bytes, and no text equals bytes.
    return "CAST(? AS TEXT)" if column.kind is Kind.TEXT else "?"
