"""The lock by which one service at a time uses a database."""

from contextlib import closing
from threading import Timer

import psycopg
import pytest

from mixsvc.storage.postgres.connection import connect
from mixsvc.storage.postgres.one_node import OneNode


def test_a_second_service_is_refused_until_the_first_has_ended(database_url: str) -> None:
    quick = f"{database_url}?options=-c%20lock_timeout%3D100"
    with closing(connect(quick)) as other:
        with closing(connect(database_url)) as connection:
            OneNode().opened(connection)

            with pytest.raises(psycopg.OperationalError, match="another service uses it"):
                OneNode().opened(other)

        with closing(connect(database_url)) as later:
            OneNode().opened(later)


def test_a_service_waits_for_the_session_of_one_that_has_just_ended(database_url: str) -> None:
    connection = connect(database_url)
    OneNode().opened(connection)
    Timer(0.3, connection.close).start()

    with closing(connect(database_url)) as other:
        OneNode().opened(other)


def test_a_service_ends_its_own_session_that_a_proxy_has_left_behind(database_url: str) -> None:
    node = OneNode()
    with closing(connect(database_url)) as silent, closing(connect(database_url)) as connection:
        node.opened(silent)

        node.opened(connection)

        with pytest.raises(psycopg.OperationalError):
            silent.execute("SELECT 1")
