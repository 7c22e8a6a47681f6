"""Those who change the same things at one time take their locks in one order, so that nobody waits for ever."""

from contextlib import closing

import psycopg
import pytest

from mixsvc.storage.postgres.connection import connect
from mixsvc.storage.postgres.schema import upgrade


def test_a_change_of_a_topic_takes_the_lock_of_the_audit_log_before_that_of_the_journal(database_url: str) -> None:
    """As acts of moderators do; one of them, the deletion of the message that set the topic, changes it, too."""
    with closing(connect(database_url)) as one, closing(connect(database_url)) as other:
        upgrade(one)
        one.execute("INSERT INTO room (name, last) VALUES ('lobby', 0)")

        with one.transaction():
            one.execute("UPDATE room SET topic = 'May'")

            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute("SELECT FROM counter WHERE name = 'audit' FOR UPDATE NOWAIT")
