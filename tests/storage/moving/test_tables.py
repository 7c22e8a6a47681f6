"""Every column of every table is moved, or is known to end with the nodes that run."""

import sqlite3
from contextlib import closing

from mixsvc.storage.moving.tables import FLOORS, TABLES
from mixsvc.storage.postgres.connection import connect
from mixsvc.storage.postgres.schema import upgrade as upgrade_postgres
from mixsvc.storage.schema import upgrade

MOVED = {(table.name, column.name) for table in TABLES for column in table.columns} | {
    (name, "number") for name in FLOORS
}

# The epoch is moved by itself; the other rows of `meta` are about the file.
OF_THE_DATABASE = {"meta"}
# The index of search, which the next service makes anew; SQLite has tables of its own for each virtual one.
OF_SEARCH = {"search_room", "search_stale", "search_purge", "search_text"}
OF_SEARCH |= {f"search_text_{name}" for name in ("data", "idx", "content", "config")}
# What the nodes know of each other, the versions of the tables, and the last numbers, which follow from the rows.
OF_NODES = {"node", "inside", "claim", "leader", "source", "event", "counter", "cluster"}

# Where searches begin, which says nothing that the rows do not.
OF_POSTGRESQL = {("room", "first"), ("topic", "first")}


def test_all_of_sqlite() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        upgrade(connection)
        found = connection.execute(
            "SELECT each.name, columns.name FROM sqlite_master each, pragma_table_info(each.name) columns"
            " WHERE each.type = 'table'"
        ).fetchall()

    assert {each for each in found if each[0] not in OF_THE_DATABASE | OF_SEARCH} == MOVED


def test_all_of_postgresql(database_url: str) -> None:
    with closing(connect(database_url)) as connection:
        upgrade_postgres(connection)
        found = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
        ).fetchall()

    columns = {each for each in found if each[0] not in OF_THE_DATABASE | OF_SEARCH | OF_NODES}
    assert columns - OF_POSTGRESQL == MOVED
