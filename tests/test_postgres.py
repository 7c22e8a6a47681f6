"""The PostgreSQL server of the tests."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.postgres import Postgres


@pytest.fixture(scope="module")
def own() -> Iterator[Postgres]:
    """A server that these tests stop and start."""
    with Postgres() as server:
        yield server


def test_its_role_owns_a_new_database_and_needs_its_password(own: Postgres) -> None:
    url = own.url(own.new_database())

    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE message (number bigint)")

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(own.url("postgres", password="wrong"))


def test_what_is_committed_outlasts_a_crash_on_the_same_port(own: Postgres) -> None:
    name = own.new_database()
    own.execute("CREATE TABLE message (number bigint)", name)
    own.execute("CHECKPOINT")

    own.crash()

    with psycopg.connect(own.url(name, port=own.port)) as connection:
        assert connection.execute("SELECT to_regclass('message') IS NOT NULL").fetchone() == (True,)


def test_while_it_is_paused_nothing_is_answered(own: Postgres) -> None:
    own.pause()
    try:
        with pytest.raises(psycopg.OperationalError, match="timeout"):
            psycopg.connect(own.url("postgres"), connect_timeout=2)
    finally:
        own.go_on()

    assert own.execute("SELECT 1") == [(1,)]


def test_each_test_has_a_database_of_its_own(postgres: Postgres, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
