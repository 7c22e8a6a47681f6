"""What a server must be like, checked at the start: each fault is one line that says what to do."""

from collections.abc import Iterator
from typing import Final
from uuid import uuid4

from mixsvc.storage.postgres.connection import PostgresConnection

__all__ = ["OLDEST", "faults", "is_deaf"]

# The first release that notices a client that is gone during a statement.
OLDEST: Final = 140000

# Seconds that a notification may take on its way to the process that has sent it.
HEARING: Final = 3.0

ASKED: Final = """
    SELECT current_setting('server_encoding'), pg_is_in_recovery(), current_setting('fsync'),
        current_setting('full_page_writes'), current_setting('synchronous_commit'),
        current_setting('default_transaction_read_only'), current_schema(),
        has_schema_privilege(current_schema(), 'CREATE'),
        EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'cluster')
"""


def faults(connection: PostgresConnection) -> Iterator[str]:
    """What is wrong with the server or the database for us, and what to do. Raises psycopg.Error."""
    release = connection.info.server_version
    if release < OLDEST:
        yield f"PostgreSQL {release // 10000} is too old; PostgreSQL 14 or newer is needed"
        return
    row = connection.execute(ASKED).fetchone()
    assert row is not None
    encoding, is_standby, fsync, full_page_writes, synchronous_commit, read_only, schema, may_create, exists = row
    if is_standby:
        yield "it is a standby, which only reads; give the primary, or both and target_session_attrs=read-write"
    elif read_only == "on":
        yield "it only reads (default_transaction_read_only is on); give another role, or change that setting"
    if encoding != "UTF8":
        yield f"its encoding is {encoding}; make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
    for name, value in (
        ("fsync", fsync),
        ("full_page_writes", full_page_writes),
        ("synchronous_commit", synchronous_commit),
    ):
        if value == "off":
            yield f"{name} is off, so a power cut would lose messages that were acknowledged; set it to on"
    if schema is None:
        yield "no schema of its role's search_path exists; make one, or change search_path"
    elif not may_create and not exists and not is_standby:
        yield f"its role may not create tables in the schema {schema}; GRANT CREATE ON SCHEMA {schema} TO that role"


def is_deaf(listening: PostgresConnection, telling: PostgresConnection) -> bool:
    """Whether what one connection is told does not come to another, as behind a pooler of transactions.

    Blocks for HEARING seconds if so. Raises psycopg.Error.
    """
    channel = f"mixsvc_{uuid4().hex}"
    listening.execute(f"LISTEN {channel}".encode())
    telling.execute("SELECT pg_notify(%s, '')", (channel,))
    heard = list(listening.notifies(timeout=HEARING, stop_after=1))
    return not heard
