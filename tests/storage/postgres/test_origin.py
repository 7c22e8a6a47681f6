"""A history that pg_restore or psql has put back gets a new epoch, once, and no other one does."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from mixsvc.storage.epoch import read_epoch
from mixsvc.storage.postgres.start import prepare
from tests.postgres import Postgres, postgres_program


def epoch(server: Postgres, name: str) -> str:
    """As a node that starts reads it."""
    return prepare(server.url(name), read_epoch)


def copied(server: Postgres, name: str, *dump: str) -> str:
    """The name of a database that was restored from a backup of another one."""
    to = server.new_database()
    where = ["--host", str(server.folder), "--port", str(server.port), "--username", "postgres"]
    backup = subprocess.run([postgres_program("pg_dump"), *where, *dump, name], capture_output=True, check=True)
    restore = [postgres_program("psql"), *where, "--quiet", "--dbname", to]
    subprocess.run(restore, input=backup.stdout, capture_output=True, check=True)
    return to


@pytest.fixture
def name(postgres: Postgres) -> str:
    """A database that a node has used."""
    found = postgres.new_database()
    epoch(postgres, found)
    return found


def test_a_restored_history_gets_a_new_epoch_once(postgres: Postgres, name: str) -> None:
    restored = copied(postgres, name)

    after = epoch(postgres, restored)

    assert after != epoch(postgres, name) and len(after) == 16
    assert epoch(postgres, restored) == after


def test_all_nodes_that_start_on_it_get_the_same_one(postgres: Postgres, name: str) -> None:
    restored = copied(postgres, name)

    with ThreadPoolExecutor(4) as nodes:
        found = set(nodes.map(lambda _: epoch(postgres, restored), range(4)))

    assert len(found) == 1 and found != {epoch(postgres, name)}


def test_rows_that_were_put_back_into_the_same_tables_are_noticed(postgres: Postgres, name: str) -> None:
    before = epoch(postgres, name)
    rows = postgres.execute("SELECT key, value FROM cluster", name)
    postgres.execute("TRUNCATE cluster", name)
    with postgres.connect(name) as connection, connection.cursor().copy("COPY cluster FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)

    assert epoch(postgres, name) != before


@pytest.mark.parametrize("statement", ["VACUUM FREEZE cluster", "VACUUM FULL cluster", "REINDEX TABLE cluster"])
def test_an_epoch_stays_whatever_else_happens_to_the_tables(postgres: Postgres, name: str, statement: str) -> None:
    before = epoch(postgres, name)

    postgres.execute(statement, name)

    assert epoch(postgres, name) == before
