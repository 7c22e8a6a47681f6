"""PostgreSQL in use: with the real server, and a clock of the test's own for all time limits."""

import errno
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet import reactor as real_reactor
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from mixsvc.errors import StorageError
from mixsvc.storage.postgres.connection import PostgresCursor
from mixsvc.storage.postgres.database import ANSWER_SECONDS, LAST_PAUSE, PostgresDatabase, ServerState, log_state
from mixsvc.storage.postgres.trouble import ConnectionLost
from tests.postgres import Postgres


class ReactorWithClock(Clock):
    """The real reactor, whose time is the test's. waits: the seconds of all delayed calls."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def callLater(self, delay: float, callable: Callable[..., object], *args: object, **kw: object) -> IDelayedCall:
        self.waits.append(delay)
        return super().callLater(delay, callable, *args, **kw)

    def __getattr__(self, name: str) -> Any:
        return getattr(real_reactor, name)


def answer(cursor: PostgresCursor, number: int = 1) -> int:
    row = cursor.execute("SELECT %s::int", (number,)).fetchone()
    assert row
    return int(row[0])


class PostgresDatabaseTests(TestCase):
    server: Postgres
    timeout = 120

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Postgres()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.remove()

    def setUp(self) -> None:
        self.clock = ReactorWithClock()
        self.name = self.server.new_database()
        self.tell: Callable[[str | None], object] = log_state
        url = self.server.url(self.name)
        self.database = PostgresDatabase(self.clock, url, deferToThread, lambda why: self.tell(why))
        self.addCleanup(self.database.close)

    async def until_away(self) -> None:
        while self.database.state is ServerState.ANSWERS:
            await deferToThread(threading.Event().wait, 0.02)

    async def until_back(self) -> None:
        """Until the server answers again; attempts follow each other at once."""
        while self.database.state is ServerState.AWAY:
            # Slowly, as an attempt that takes its whole time limit is given up.
            self.clock.advance(0.1)
            await deferToThread(threading.Event().wait, 0.02)

    async def until_tried(self, times: int) -> None:
        """Until the server answers again, or so many attempts have failed: there is a pause before and after each."""
        while self.database.state is ServerState.AWAY and sum(map(LAST_PAUSE.__ge__, self.clock.waits)) <= times:
            self.clock.advance(0.1)
            await deferToThread(threading.Event().wait, 0.02)

    async def test_a_function_gets_a_cursor_and_its_arguments_in_a_daemon_thread(self) -> None:
        threads = []

        def add(cursor: PostgresCursor, one: int, two: int) -> int:
            threads.append(threading.current_thread())
            return answer(cursor, one + two)

        assert await self.database.run(add, 2, two=3) == 5
        assert threads[0].daemon
        assert threads[0] is not threading.main_thread()

    async def test_what_a_statement_has_done_is_seen_by_others_at_once(self) -> None:
        await self.database.run(lambda cursor: cursor.execute("CREATE TABLE message (number bigint)"))

        assert self.server.execute("SELECT count(*) FROM message", self.name) == [(0,)]

    async def test_what_the_server_refuses_is_a_storage_error_without_the_data(self) -> None:
        with pytest.raises(StorageError) as refused:
            await self.database.run(lambda cursor: cursor.execute("SELECT 1 / (%s - 5)", (5,)))

        assert not isinstance(refused.value, ConnectionLost)
        assert str(refused.value) == "division by zero"
        assert await self.database.run(answer) == 1

    async def test_what_a_function_leaves_unfinished_keeps_no_lock(self) -> None:
        def begin(cursor: PostgresCursor) -> None:
            cursor.execute("BEGIN")
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await self.database.run(begin)

        assert await self.database.run(answer) == 1
        busy = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'"
        assert self.server.execute(busy) == [(0,)]

    async def test_while_the_server_is_away_calls_fail_until_it_answers_again(self) -> None:
        await self.database.run(answer)
        self.server.stop()

        with pytest.raises(ConnectionLost):
            await self.database.run(answer)
        with pytest.raises(ConnectionLost, match="PostgreSQL is away"):
            await self.database.run(answer)

        self.server.start()
        await self.until_back()
        assert await self.database.run(answer) == 1

    async def test_a_connection_whose_descriptor_cannot_be_copied_counts_as_none(self) -> None:
        def dup(descriptor: int) -> int:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

        reasons: list[str | None] = []
        self.tell = reasons.append
        patched = self.patch(os, "dup", dup)
        with self.assertRaises(ConnectionLost):
            await self.database.run(answer)
        patched.restore()
        await self.until_back()

        self.assertEqual(["[Errno 24] Too many open files", None], reasons)
        self.assertEqual(1, await self.database.run(answer))

    async def test_what_may_be_done_twice_is_done_again_after_a_crash(self) -> None:
        await self.database.run(answer)
        self.server.crash()

        again = self.database.run_again(answer)

        await self.until_away()
        await self.until_back()
        assert await again == 1

    async def test_who_asks_again_gives_up_after_some_seconds(self) -> None:
        await self.database.run(answer)
        self.server.stop()
        self.addCleanup(self.server.start)

        again = self.database.run_again(answer)
        await self.until_away()
        self.clock.advance(6)

        with pytest.raises(ConnectionLost):
            await again

    async def test_a_server_that_is_silent_is_given_up_and_does_not_keep_the_thread(self) -> None:
        await self.database.run(answer)
        self.server.pause()
        self.addCleanup(self.server.go_on)

        silent = self.database.run(answer)
        self.clock.advance(ANSWER_SECONDS)

        with pytest.raises(ConnectionLost, match="has not answered for 8 s"):
            await silent
        self.server.go_on()
        await self.until_back()
        assert await self.database.run(answer) == 1

    async def test_a_primary_that_has_become_a_standby_is_away(self) -> None:
        def write(cursor: PostgresCursor) -> None:
            cursor.execute("SET default_transaction_read_only = on")
            cursor.execute("CREATE TABLE message (number bigint)")

        with pytest.raises(ConnectionLost):
            await self.database.run(write)

        assert self.database.state is ServerState.AWAY
        await self.until_back()

    async def test_a_server_that_only_reads_is_away_until_it_takes_writes(self) -> None:
        def write(cursor: PostgresCursor) -> None:
            cursor.execute("SET default_transaction_read_only = on")
            cursor.execute("CREATE TABLE message (number bigint)")

        self.server.execute(f"ALTER DATABASE {self.name} SET default_transaction_read_only = on")
        with pytest.raises(ConnectionLost):
            await self.database.run(write)
        told: list[str | None] = []
        self.tell = told.append
        await self.until_tried(3)
        assert (self.database.state, told) == (ServerState.AWAY, [])

        self.server.execute(f"ALTER DATABASE {self.name} RESET default_transaction_read_only")
        await self.until_back()
        assert told == [None]

    async def test_after_the_close_nothing_runs_and_no_connection_is_left(self) -> None:
        await self.database.run(answer)

        await self.database.close()
        await self.database.close()

        with pytest.raises(StorageError, match="closed"):
            await self.database.run(answer)
        self.server.execute(f"DROP DATABASE {self.name}")
        assert self.clock.getDelayedCalls() == []
