"""Checks the server and prepares the tables, before the reactor runs."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Final, TypeVar

import psycopg

from mixsvc.errors import DatabaseAway, DatabaseUnusable
from mixsvc.storage.postgres.checks import faults, is_deaf
from mixsvc.storage.postgres.connection import PostgresConnection, PostgresCursor, connect
from mixsvc.storage.postgres.origin import notice_restoration
from mixsvc.storage.postgres.schema import upgrade, version
from mixsvc.storage.postgres.trouble import is_away, reason
from mixsvc.storage.postgres.url import SETTING, shown

__all__ = ["look", "prepare", "rehearse"]

T = TypeVar("T")

# The setting that has the URL of a server behind a pooler.
LISTENING: Final = "[nodes] listen_url"

DEAF: Final = (
    "notifications do not arrive; a pooler in transaction mode loses them: give the server's own address in "
    f"{LISTENING}, or let the pooler keep a connection for each session"
)
ELSEWHERE: Final = f"what is told in the database of {SETTING} is not heard there; give the same server and database"

# What a server or a pooler says to a setting of ours that it does not know, or to one more connection.
KNOWN: Final = {
    "too many connections": "a node has three connections, and needs one to spare",
    "client_connection_check_interval": "PostgreSQL 14 or newer is needed",
    "startup parameter: options": (
        "a pooler refuses our settings; give the server's own address in [storage] url, or let the pooler ignore them "
        "(PgBouncer: ignore_startup_parameters = options)"
    ),
}


def rehearse(url: str, listen_url: str = "") -> None:
    """Check that the server and the database can be used, without changing anything; blocks for some seconds.

    listen_url: where a node listens, if that is another address. Raises BadSetting, DatabaseUnusable. Called before the
    process becomes a daemon, while its user can still read the message.
    """
    place, deaf = (LISTENING, ELSEWHERE) if listen_url else (SETTING, DEAF)
    with _connected(url) as connection:
        for fault in faults(connection):
            raise DatabaseUnusable(fault)
        if version(connection):
            _expect_complete(connection)
        # One more for hints: a node that gets too few would not say so before it serves.
        with _connected(listen_url or url, place) as listening, _connected(url):
            if is_deaf(listening, connection):
                raise DatabaseUnusable(deaf)


def prepare(url: str, read: Callable[[PostgresCursor], T]) -> T:
    """Create or upgrade the tables, then return what `read` reads from them; blocks. Raises DatabaseUnusable.

    Called before the reactor runs, or in a worker thread. Of several processes one upgrades, and the others wait.
    """
    with _connected(url) as connection:
        upgrade(connection)
        _expect_complete(connection)
        notice_restoration(connection)
        with connection.cursor() as cursor:
            return read(cursor)


def _expect_complete(connection: PostgresConnection) -> None:
    """Raise DatabaseUnusable while a history is moved into the database, and if that was interrupted."""
    if connection.execute("SELECT FROM meta WHERE name = 'moving'").fetchone() is not None:
        raise DatabaseUnusable(
            "mixsvc move has not completed the history in it; run that command again, or give another database in "
            f"{SETTING}"
        )


def look(url: str, read: Callable[[PostgresCursor], object]) -> None:
    """Let `read` read from the tables if there are any; blocks, and changes nothing. Raises DatabaseUnusable."""
    with _connected(url) as connection:
        # Version 2 has made those of the nodes.
        if version(connection) > 1:
            with connection.cursor() as cursor:
                read(cursor)


@contextmanager
def _connected(url: str, setting: str = SETTING) -> Iterator[PostgresConnection]:
    """A connection for as long as it is used; each error becomes DatabaseUnusable with the place of the database."""
    place = shown(url, setting)
    try:
        with closing(connect(url, setting)) as connection:
            yield connection
    except psycopg.Error as error:
        if is_away(error):
            raise DatabaseAway(_text(place, _advice(reason(error), setting))) from None
        raise _unusable(place, _advice(reason(error), setting)) from None
    except (DatabaseAway, _Placed):
        raise
    except DatabaseUnusable as error:
        raise _unusable(place, str(error)) from None


def _advice(said: str, setting: str) -> str:
    known = next((advice for words, advice in KNOWN.items() if words in said), None)
    return f"{said}; {known or f'change {setting}, or the server'}"


def _unusable(place: str, why: str) -> DatabaseUnusable:
    return _Placed(_text(place, why))


def _text(place: str, why: str) -> str:
    return f"the database {place} cannot be used: {why}"


class _Placed(DatabaseUnusable):
    """The message names the database already."""
