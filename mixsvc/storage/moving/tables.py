"""Which tables and columns make a history, the same in both kinds of database. Pure."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Final, Protocol, TypeAlias

from mixsvc.common.records import record

__all__ = [
    "FLOORS",
    "MOVING",
    "TABLES",
    "Column",
    "Key",
    "Kind",
    "Part",
    "Row",
    "RowReader",
    "RowWriter",
    "MovedTable",
    "Value",
]

# The name of the row of `meta` that a history has until it is complete. Its value is the epoch of the source.
MOVING: Final = "moving"

# A text, a whole number, or a time in microseconds since 1970, UTC: PostgreSQL keeps no smaller parts of a second.
Value: TypeAlias = str | int | None
Row: TypeAlias = tuple[Value, ...]

# The values of a primary key; SQLite's may have texts that are not UTF-8, as bytes.
Key: TypeAlias = tuple[str | int | bytes | None, ...]


class Kind(Enum):
    """What a column has. A time may be missing: in SQLite it is NULL then, and in PostgreSQL infinity."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"


@record
class Column:
    """A column. is_unique_text: a text that no other row may have; it may be NULL.

    is_null_without: a time that is NULL in PostgreSQL, too, if it is missing. is_1970_without: a time that the service
    shows as the beginning of 1970 if it is impossible.
    """

    name: str
    kind: Kind = Kind.TEXT
    is_unique_text: bool = False
    is_null_without: bool = False
    is_1970_without: bool = False


@record
class MovedTable:
    """A table. title: what its rows are called. columns: those of the primary key come first, `keys` of them.

    skips_times, skips_texts: whether the service passes over a row with an impossible time, or with a text that is not
    UTF-8; then it is not moved.
    """

    name: str
    title: str
    keys: int
    columns: Sequence[Column]
    skips_times: bool = False
    skips_texts: bool = False

    @property
    def names(self) -> str:
        """The names of all columns, for SQL."""
        return ", ".join(column.name for column in self.columns)

    @property
    def key_names(self) -> str:
        """The names of the key's columns, for SQL."""
        return ", ".join(column.name for column in self.columns[: self.keys])

    def key(self, row: Row) -> Key:
        """The key of a row."""
        return row[: self.keys]

    def between(
        self, after: Key | None, up_to: Key | None, placeholder: Callable[[Column], str]
    ) -> tuple[str, list[Any]]:
        """The WHERE of the rows after one and up to another one, and its values; None: from the beginning, to the end.

        placeholder: for the value of a column.
        """
        cells = ", ".join(map(placeholder, self.columns[: self.keys]))
        parts = [
            (f"({self.key_names}) {sign} ({cells})", key)
            for sign, key in ((">", after), ("<=", up_to))
            if key is not None
        ]
        where = f"WHERE {' AND '.join(part for part, _ in parts)}" if parts else ""
        return where, [cell for _, key in parts for cell in key]


def _number(name: str) -> Column:
    return Column(name, Kind.NUMBER)


def _time(name: str) -> Column:
    return Column(name, Kind.TIME)


def _shown_time(name: str) -> Column:
    return Column(name, Kind.TIME, is_1970_without=True)


def _texts(*names: str) -> Sequence[Column]:
    return [Column(name) for name in names]


# The tables of one number: the highest that any forgotten room, or topic, had, or any change.
FLOORS: Final = ("room_floor", "topic_floor", "change_floor")

TABLES: Final[Sequence[MovedTable]] = (
    MovedTable(
        "message",
        "messages",
        2,
        [
            Column("room"),
            _number("number"),
            *_texts("name", "text"),
            _shown_time("said_at"),
            Column("key", is_unique_text=True),
            *_texts("kind", "deleted_by"),
            _number("mark"),
            Column("author"),
            Column("edited_at", Kind.TIME, is_null_without=True),
            _number("change"),
        ],
    ),
    # After the messages: it goes with them.
    MovedTable(
        "earlier_text",
        "earlier texts of edited messages",
        3,
        [Column("room"), _number("number"), _number("version"), _shown_time("since"), Column("text")],
    ),
    MovedTable("room", "rooms", 1, [Column("name"), _number("last"), Column("topic")]),
    MovedTable(
        "sanction",
        "mutes and bans",
        1,
        [
            _number("id"),
            *_texts("kind", "name", "name_key", "person", "address", "by", "reason"),
            _time("until"),
        ],
        skips_times=True,
        skips_texts=True,
    ),
    MovedTable(
        "audit",
        "entries of the audit log",
        1,
        [_number("id"), _time("at"), *_texts("by", "action", "room", "target", "reason")],
        skips_times=True,
    ),
    MovedTable(
        "quote", "quotes", 3, _texts("base", "quote", "date", "price", "fetched_at", "source"), skips_texts=True
    ),
    MovedTable(
        "topic_event",
        "events of topics",
        2,
        [
            Column("topic"),
            _number("number"),
            *_texts("name", "data"),
            Column("key", is_unique_text=True),
            _time("at"),
        ],
    ),
    MovedTable("topic", "topics", 1, [Column("name"), _number("began"), _number("last"), _time("at")]),
    MovedTable(
        "webhook",
        "outgoing webhooks",
        1,
        [
            *_texts("name", "scope"),
            *map(_number, ("change", "attempts")),
            Column("retry_at", Kind.TIME, is_null_without=True),
            Column("gone"),
        ],
    ),
    MovedTable("webhook_room", "places of outgoing webhooks", 2, [*_texts("hook", "room"), _number("number")]),
)


@record
class Part:
    """Some rows of a table. last: the key of the last one that was read, which may not be among `rows`.

    seen: how many were read. changed: how many of `rows` have a text that was changed, as PostgreSQL cannot store it.
    """

    rows: Sequence[Row]
    last: Key | None
    seen: int
    changed: int = 0


class RowReader(Protocol):
    """Reads the rows of a history. Its methods block, and raise what the database raises."""

    def epoch(self) -> str:
        """The epoch of the history."""

    def floors(self) -> Mapping[str, int]:
        """The numbers of FLOORS."""

    def count(self, table: MovedTable) -> int:
        """How many rows a table has."""

    def read(self, table: MovedTable, after: Key | None, limit: int, up_to: Key | None = None) -> Part:
        """Returns the first `limit` rows with keys after one, in the order of the keys; after None: from the beginning.

        up_to: no later ones than this; None: up to the end.
        """

    def expect_unused(self) -> None:
        """Raise DatabaseUnusable if a service has begun to use the database meanwhile."""


class RowWriter(RowReader, Protocol):
    """Writes the rows of a history; each method makes one transaction."""

    def replace(self, table: MovedTable, after: Key | None, up_to: Key | None, rows: Sequence[Row]) -> None:
        """Replace the rows with keys after one and up to another one; up_to None: up to the end."""

    def finish(self, epoch: str, floors: Mapping[str, int]) -> None:
        """Complete the history."""
