"""The rows of a history in a PostgreSQL database."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mixsvc.storage.moving.tables import FLOORS, MOVING, Column, Key, Kind, MovedTable, Part, Row, Value
from mixsvc.storage.moving.texts import MICROSECONDS
from mixsvc.storage.postgres.connection import PostgresConnection

__all__ = ["PostgresRows"]

# The last numbers given, of which the highest is that of a row.
COUNTERS: Final = """
    UPDATE counter SET last = greatest(last, CASE name
        WHEN 'audit' THEN (SELECT max(id) FROM audit)
        WHEN 'sanction' THEN (SELECT max(id) FROM sanction)
    END)
"""
# Of the times in rows.
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)

BEGIN: Final = "INSERT INTO meta (name, value) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


class PostgresRows:
    """Implements RowReader and RowWriter. Its methods block and raise psycopg.Error."""

    def __init__(self, connection: PostgresConnection, expect_unused: Callable[[], None]) -> None:
        """connection: of this object alone, in autocommit mode. expect_unused: see RowReader."""
        self._connection = connection
        self.expect_unused = expect_unused

    def hold_still(self) -> None:
        """Read all that follows as of one moment."""
        self._connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def epoch(self) -> str:
        """See RowReader."""
        return self._meta("epoch")

    def moving(self) -> str:
        """The epoch of the history that is being moved into this database; "" if none is."""
        return self._meta(MOVING)

    def begin(self, epoch: str) -> None:
        """A history is moved into this database from now on."""
        self._connection.execute(BEGIN, (MOVING, epoch))

    def tables(self) -> Collection[str]:
        """The names of the tables that are there; an older version has made fewer."""
        rows = self._connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        return {str(name) for (name,) in rows}

    def floors(self) -> Mapping[str, int]:
        """See RowReader."""
        return {name: int(self._value(f"SELECT coalesce(max(number), 0) FROM {name}")) for name in FLOORS}

    def count(self, table: MovedTable) -> int:
        """See RowReader."""
        return int(self._value(f"SELECT count(*) FROM {table.name}"))

    def read(self, table: MovedTable, after: Key | None, limit: int, up_to: Key | None = None) -> Part:
        """See RowReader."""
        where, values = table.between(after, up_to, lambda column: "%s")
        names = ", ".join(map(_read, table.columns))
        statement = f"SELECT {names} FROM {table.name} {where} ORDER BY {table.key_names} LIMIT %s"
        rows = self._connection.execute(statement.encode(), [*values, limit]).fetchall()
        return Part(rows, table.key(rows[-1]) if rows else None, len(rows))

    def replace(self, table: MovedTable, after: Key | None, up_to: Key | None, rows: Sequence[Row]) -> None:
        """See RowWriter."""
        where, values = table.between(after, up_to, lambda column: "%s")
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table.name} {where}".encode(), values)
            with cursor.copy(f"COPY {table.name} ({table.names}) FROM STDIN".encode()) as copy:
                for row in rows:
                    copy.write_row([*map(_written, table.columns, row)])

    def finish(self, epoch: str, floors: Mapping[str, int]) -> None:
        """See RowWriter."""
        with self._connection.transaction():
            for name, number in floors.items():
                self._connection.execute(f"UPDATE {name} SET number = %s".encode(), (number,))
            self._connection.execute(COUNTERS)
            self._connection.execute(BEGIN, ("epoch", epoch))
            self._connection.execute("DELETE FROM meta WHERE name = %s", (MOVING,))

    def _meta(self, name: str) -> str:
        return str(self._value("SELECT coalesce((SELECT value FROM meta WHERE name = %s), '')", name))

    def _value(self, statement: str, *values: object) -> Any:
        row = self._connection.execute(statement.encode(), values).fetchone()
        assert row is not None
        return row[0]


def _read(column: Column) -> str:
    # Not as a floating-point number, which might lose a microsecond.
    if column.kind is Kind.TIME:
        return (
            f"CASE WHEN isfinite({column.name}) THEN (extract(epoch FROM {column.name}) * {MICROSECONDS})::bigint END"
        )
    return column.name


def _written(column: Column, cell: Value) -> Value:
    if column.kind is not Kind.TIME:
        return cell
    if cell is None:
        # What has no time yet gets it later, and so does what has one of the future (expire_events).
        return None if column.is_null_without else "infinity"
    return (BEGINNING + timedelta(microseconds=int(cell))).isoformat()
