"""Notices that the tables were restored from a backup: their history gets a new epoch, as by `mixsvc restore`.

A row of the table `cluster` says which transaction has written it, into which table of which database. What pg_restore
and psql put there is written by another one (PostgreSQL's manual, 5.6: System Columns), whereas a crash, VACUUM, a
standby and pg_upgrade leave all of that as it is. So does a physical backup, which nothing tells from its history.
"""

from typing import Final

from twisted.logger import Logger

from mixsvc.storage.postgres.connection import PostgresConnection

__all__ = ["notice_restoration"]

_log = Logger()

_PLACE: Final = "concat_ws(' ', {}, {}, (SELECT oid FROM pg_database WHERE datname = current_database()))"
_HERE: Final = _PLACE.format("xmin", "tableoid")
_NOW: Final = _PLACE.format("pg_current_xact_id()::xid", "'cluster'::regclass::oid")

_SIGN: Final = f"INSERT INTO cluster (key, value) SELECT 'origin', {_NOW} ON CONFLICT (key) DO NOTHING"
# Of several nodes that start, one finds the row as it was: the others wait for it, and look again.
_RENEW: Final = f"""
    WITH restored AS (
        UPDATE cluster SET value = {_NOW} WHERE key = 'origin' AND value <> {_HERE} RETURNING key
    )
    UPDATE meta SET value = left(replace(gen_random_uuid()::text, '-', ''), 16) FROM restored WHERE meta.name = 'epoch'
"""


def notice_restoration(connection: PostgresConnection) -> None:
    """Give the history another epoch if the tables were restored since the last start; blocks. Raises psycopg.Error.

    Called when the tables are there, before the epoch is read.
    """
    connection.execute(_SIGN.encode())
    if connection.execute(_RENEW.encode()).rowcount:
        _log.warn("database: it was restored from a backup; clients that come back get its history anew")
