"""The pool of one connection: its transactions, and what it relies on in twisted.enterprise.adbapi."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.python.threadpool import ThreadPool
from twisted.trial.unittest import TestCase

from mixsvc.storage.connection_pool import make_pool, run_transaction

Work = Callable[[sqlite3.Cursor], Any]


class TransactionTests(TestCase):
    def setUp(self) -> None:
        self.opened: list[sqlite3.Connection] = []
        self.path = str(Path(self.mktemp()))
        Path(self.path).touch()
        self.pool = make_pool(reactor, self.path, self.opened.append)
        self.addCleanup(self.pool.close)

    async def run_in_pool(self, work: Work) -> Any:
        return await run_transaction(reactor, self.pool, work)  # type: ignore[arg-type]  # a module for mypy

    async def test_what_a_transaction_wrote_is_committed(self) -> None:
        await self.run_in_pool(lambda cursor: cursor.execute("CREATE TABLE t (x)"))

        await self.run_in_pool(lambda cursor: cursor.execute("INSERT INTO t VALUES (1)"))

        with closing(sqlite3.connect(self.path)) as other:
            assert other.execute("SELECT x FROM t").fetchall() == [(1,)]

    async def test_a_transaction_that_fails_is_rolled_back(self) -> None:
        def write_and_fail(cursor: sqlite3.Cursor) -> None:
            cursor.execute("INSERT INTO t VALUES (1)")
            raise ZeroDivisionError

        await self.run_in_pool(lambda cursor: cursor.execute("CREATE TABLE t (x)"))

        with pytest.raises(ZeroDivisionError):
            await self.run_in_pool(write_and_fail)

        assert await self.run_in_pool(lambda cursor: cursor.execute("SELECT x FROM t").fetchall()) == []

    async def test_arguments_reach_the_function(self) -> None:
        def add(cursor: sqlite3.Cursor, first: int, second: int) -> int:
            return first + second

        assert await run_transaction(reactor, self.pool, add, 1, second=2) == 3  # type: ignore[arg-type]

    async def test_a_connection_that_cannot_be_set_up_is_closed_and_the_next_transaction_opens_another(self) -> None:
        def opened(connection: sqlite3.Connection) -> None:
            self.opened.append(connection)
            if len(self.opened) == 1:
                raise sqlite3.OperationalError("database is locked")

        self.pool = make_pool(reactor, self.path, opened)
        self.addCleanup(self.pool.close)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await self.run_in_pool(lambda cursor: cursor.execute("SELECT 1"))

        with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
            self.opened[0].execute("SELECT 1")
        assert await self.run_in_pool(lambda cursor: cursor.execute("SELECT 1").fetchall()) == [(1,)]

    async def test_the_connection_is_opened_once_with_the_first_transaction(self) -> None:
        assert self.opened == []

        for _ in range(2):
            await self.run_in_pool(lambda cursor: None)

        assert len(self.opened) == 1

    async def test_transactions_run_in_one_daemon_thread(self) -> None:
        threads = [await self.run_in_pool(lambda cursor: threading.current_thread()) for _ in range(2)]

        assert threads[0] is threads[1] is not threading.current_thread()
        assert threads[0].daemon


@pytest.mark.contract
class AdbapiContractTests(TestCase):
    """What mixsvc/storage/connection_pool.py relies on and Twisted does not document."""

    def make_pool(self) -> ConnectionPool:
        return ConnectionPool("sqlite3", ":memory:", check_same_thread=False, cp_reactor=reactor, cp_min=0, cp_max=1)

    async def test_threads_are_made_by_the_thread_pools_factory(self) -> None:
        made: list[dict[str, Any]] = []

        def make_thread(**kwargs: Any) -> threading.Thread:
            made.append(kwargs)
            return threading.Thread(**kwargs)

        pool = self.make_pool()
        self.addCleanup(pool.close)
        pool.threadpool.threadFactory = make_thread  # type: ignore[assignment]
        await pool.runInteraction(lambda cursor: None)

        assert len(made) == 1
        assert {"name", "target"} <= set(made[0])

    async def test_a_thread_pool_that_replaces_the_pools_own_is_used_and_stopped(self) -> None:
        # The first turn of the reactor: a pool is started when it is made only if the reactor runs.
        await deferLater(reactor, 0)
        pool = self.make_pool()
        assert pool.running
        pool.threadpool = ThreadPool(0, 1, "ours")
        pool.threadpool.start()

        name = await pool.runInteraction(lambda cursor: threading.current_thread().name)
        pool.close()

        assert "ours" in name
        assert pool.threadpool.joined

    async def test_closing_in_another_thread_closes_the_connections(self) -> None:
        pool = self.make_pool()
        connection = await pool.runWithConnection(lambda connection: pool.connect())

        pool.close()

        with pytest.raises(sqlite3.ProgrammingError):
            connection.execute("SELECT 1")
