"""The checks before the start, each with one line, and what is read then."""

from collections.abc import Callable
from contextlib import closing
from time import monotonic
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from mixsvc.errors import BadSetting, DatabaseAway, DatabaseUnusable
from mixsvc.storage.postgres.checks import faults
from mixsvc.storage.postgres.connection import PostgresCursor, connect
from mixsvc.storage.postgres.database import probe
from mixsvc.storage.postgres.schema import upgrade
from mixsvc.storage.postgres.start import prepare, rehearse
from mixsvc.storage.postgres.trouble import is_away
from tests.postgres import ROLE, Postgres


@pytest.fixture
def durable(durable_postgres: Postgres) -> Postgres:
    """A server with the settings of a new one."""
    return durable_postgres


def refusal(url: str) -> str:
    with pytest.raises(DatabaseUnusable) as refused:
        rehearse(url)
    text = str(refused.value)
    assert "\n" not in text
    assert "open" not in text
    return text


def test_a_sound_server_is_accepted_and_nothing_is_made(durable: Postgres) -> None:
    name = durable.new_database()

    rehearse(durable.url(name))

    assert durable.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", name) == [(0,)]


def test_an_address_to_listen_at_that_cannot_be_reached(durable: Postgres) -> None:
    url = durable.url(durable.new_database())

    with pytest.raises(DatabaseUnusable) as refused:
        rehearse(url, durable.url("chat", port=1))

    text = str(refused.value)
    assert text.startswith("the database postgresql://127.0.0.1:1/chat cannot be used: ")
    assert text.endswith("change [nodes] listen_url, or the server")
    assert "open" not in text


def test_an_address_to_listen_at_that_is_no_url(durable: Postgres) -> None:
    with pytest.raises(BadSetting, match=r"\[nodes\] listen_url is not the URL"):
        rehearse(durable.url(durable.new_database()), "127.0.0.1")


def test_an_address_to_listen_at_that_is_another_database(durable: Postgres) -> None:
    with pytest.raises(DatabaseUnusable, match="is not heard there; give the same server and database"):
        rehearse(durable.url(durable.new_database()), durable.url(durable.new_database()))


def test_a_database_that_has_connections_for_a_node_or_too_few(durable: Postgres) -> None:
    enough, few = durable.new_database("CONNECTION LIMIT 3"), durable.new_database("CONNECTION LIMIT 2")

    rehearse(durable.url(enough))

    assert refusal(durable.url(few)).endswith(
        f'too many connections for database "{few}"; a node has three connections, and needs one to spare'
    )


def test_a_server_that_does_not_listen(durable: Postgres) -> None:
    text = refusal(durable.url("chat", port=1))

    assert text.startswith("the database postgresql://127.0.0.1:1/chat cannot be used: ")
    assert "Connection refused" in text


def test_a_server_that_does_not_answer_may_answer_later_and_one_that_refuses_does_not(durable: Postgres) -> None:
    with pytest.raises(DatabaseAway):
        prepare(durable.url("chat", port=1), probe)
    with pytest.raises(DatabaseUnusable) as refused:
        prepare(durable.url("nowhere"), probe)
    assert not isinstance(refused.value, DatabaseAway)

    stopping = "connection to server failed: FATAL:  the database system is shutting down"
    assert is_away(psycopg.OperationalError(stopping))


def test_a_wrong_password(durable: Postgres) -> None:
    assert 'password authentication failed for user "mixsvc"' in refusal(durable.url("postgres", password="wrong"))


def test_a_database_that_does_not_exist(durable: Postgres) -> None:
    assert 'database "nowhere" does not exist' in refusal(durable.url("nowhere"))


def test_a_role_that_may_not_create_tables(durable: Postgres) -> None:
    name = durable.new_database()
    durable.execute("REVOKE CREATE ON SCHEMA public FROM public", name)
    durable.execute(f"ALTER DATABASE {name} OWNER TO postgres")

    assert "may not create tables in the schema public; GRANT CREATE ON SCHEMA public" in refusal(durable.url(name))


def test_an_encoding_that_is_not_utf_8(durable: Postgres) -> None:
    name = durable.new_database("ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")

    assert "its encoding is LATIN1; make one with CREATE DATABASE" in refusal(durable.url(name))


@pytest.mark.parametrize(("setting", "value"), [("synchronous_commit", "off"), ("default_transaction_read_only", "on")])
def test_a_setting_that_loses_messages_or_refuses_them(durable: Postgres, setting: str, value: str) -> None:
    name = durable.new_database()
    durable.execute(f"ALTER ROLE {ROLE} IN DATABASE {name} SET {setting} = {value}")

    assert f"{setting} is {value}" in refusal(durable.url(name))


def test_a_server_whose_pages_may_be_torn(durable: Postgres) -> None:
    name = durable.new_database()
    durable.set("full_page_writes", "off")
    try:
        _until(lambda: durable.execute("SHOW full_page_writes") == [("off",)])
        assert "full_page_writes is off, so a power cut would lose messages" in refusal(durable.url(name))
    finally:
        durable.set("full_page_writes", "on")
        _until(lambda: durable.execute("SHOW full_page_writes") == [("on",)])


def _until(is_true: Callable[[], bool]) -> None:
    """Settings are read by each session when it next gets something to do."""
    end = monotonic() + 60
    while not is_true():
        assert monotonic() < end


def test_a_standby(durable: Postgres) -> None:
    with Postgres({}, durable) as standby:
        try:
            assert "it is a standby, which only reads; give the primary, or both" in refusal(standby.url("postgres"))
        finally:
            durable.set("synchronous_standby_names", "")


def test_a_server_that_is_too_old() -> None:
    connection: Any = SimpleNamespace(info=SimpleNamespace(server_version=130022))

    assert list(faults(connection)) == ["PostgreSQL 13 is too old; PostgreSQL 14 or newer is needed"]


def test_a_server_that_does_not_wait_for_its_disk(database_url: str) -> None:
    assert "fsync is off, so a power cut would lose messages" in refusal(database_url)


def test_the_tables_of_a_newer_release(durable: Postgres) -> None:
    name = durable.new_database()
    with closing(connect(durable.url(name))) as connection:
        upgrade(connection, ["CREATE TABLE message (number bigint)"])
        connection.execute("UPDATE cluster SET value = '99'")

    assert "it was made by a newer mixsvc (its version is 99" in refusal(durable.url(name))


def test_the_probe_fails_while_the_messages_or_the_rest_are_locked(database_url: str) -> None:
    with closing(connect(database_url)) as other, closing(connect(database_url)) as ours:
        upgrade(ours)
        ours.execute("SET lock_timeout = 20")
        probe(ours.cursor())
        for table in (b"message", b"cluster"):
            with other.transaction():
                other.execute(b"LOCK TABLE " + table)
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    probe(ours.cursor())

        probe(ours.cursor())


def test_what_is_read_at_the_start_is_returned(database_url: str) -> None:
    def read(cursor: PostgresCursor) -> int:
        row = cursor.execute("SELECT 6 * 7").fetchone()
        assert row
        return int(row[0])

    assert prepare(database_url, read) == 42
