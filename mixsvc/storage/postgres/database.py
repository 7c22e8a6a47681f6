"""PostgreSQL in use: every function runs in one thread, and a server that went away is connected again."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.common.records import record
from mixsvc.errors import StorageError
from mixsvc.interfaces import DeferToThread
from mixsvc.storage.postgres.connection import OPTIONS, PostgresConnection, PostgresCursor
from mixsvc.storage.postgres.trouble import ConnectionLost, is_lost, reason
from mixsvc.storage.postgres.url import conninfo
from mixsvc.threads.hanging_up import hang_up
from mixsvc.threads.one_thread import run_in_one_thread

__all__ = ["ANSWER_SECONDS", "AGAIN_SECONDS", "PostgresDatabase"]

P = ParamSpec("P")
T = TypeVar("T")

# How long a call may take, the wait for those before it included. The server ends a statement earlier than that.
ANSWER_SECONDS: Final = 8.0

# For how long a call is made again that may be made twice.
AGAIN_SECONDS: Final = 5.0

# The time between two attempts to reach a server that is away: it doubles from the first to the last.
FIRST_PAUSE: Final = 0.1
LAST_PAUSE: Final = 1.0

# What is asked of a server that was away. One that only reads, as a standby does, cannot be used.
TAKES_WRITES: Final = "SELECT current_setting('transaction_read_only') = 'off'"

_log = Logger()

SILENT: Final = f"PostgreSQL has not answered for {ANSWER_SECONDS:g} s"


class ServerState(Enum):
    """How the server is, as far as is known."""

    ANSWERS = "answers"
    AWAY = "away"
    CLOSED = "closed"


@record
class _SocketCopy:
    number: int | None

    def fileno(self) -> int:
        """-1 if there is none."""
        return -1 if self.number is None else self.number


def log_state(why: str | None) -> None:
    """Say in the log that a server does not answer any more, and why; None: that it answers again."""
    if why is None:
        _log.info("database: PostgreSQL answers again")
    else:
        _log.warn("database: {reason}; nothing is stored until it answers again", reason=why)


class PostgresDatabase:
    """One connection in one thread; functions run in the order of the calls. Used in the reactor thread.

    state: how the server is, as the last call has shown.
    """

    def __init__(
        self,
        reactor: Any,
        url: str,
        defer_to_thread: DeferToThread,
        tell: Callable[[str | None], object] = log_state,
    ) -> None:
        """Connects with the first call of `run`. `prepare` makes the tables. Raises BadSetting.

        reactor: provides IReactorCore, IReactorTime and IReactorFromThreads. defer_to_thread: runs the blocking close
        in a thread that does not keep the process alive. tell: called as log_state whenever the state changes.
        """
        self._tell = tell
        self.probe = probe
        self.state = ServerState.ANSWERS
        self._reactor = reactor
        self._conninfo = conninfo(url)
        self._defer_to_thread = defer_to_thread
        self._pool: ConnectionPool | None = None
        # A copy of the connection's descriptor, so that its number belongs to nothing else while we have it.
        self._descriptor: int | None = None
        self._pause = FIRST_PAUSE
        self._retry: IDelayedCall | None = None
        self._returned: list[Deferred[None]] = []

    def run(
        self, function: "Callable[Concatenate[PostgresCursor, P], T]", /, *args: P.args, **kwargs: P.kwargs
    ) -> "Deferred[T]":
        """Run function(cursor, ...) in the database's thread, in autocommit mode: each statement is a transaction.

        Fires with what the function returns. Fails with what it raises, and with StorageError if the server refuses a
        statement; that is ConnectionLost if the server did not answer within ANSWER_SECONDS or the connection broke:
        then nobody knows what was done. While the server is away each call fails at once.
        """
        return self._run(lambda cursor: function(cursor, *args, **kwargs))

    def run_again(
        self, function: "Callable[Concatenate[PostgresCursor, P], T]", /, *args: P.args, **kwargs: P.kwargs
    ) -> "Deferred[T]":
        """Like run, for a function that does nothing more when it is called a second time: a read, or with keys.

        If the connection breaks meanwhile, the function is called again once the server answers, for AGAIN_SECONDS.
        """
        return Deferred.fromCoroutine(self._run_again(lambda cursor: function(cursor, *args, **kwargs)))

    @property
    def is_available(self) -> bool:
        """Whether the server answers, as the last call has shown."""
        return self.state is ServerState.ANSWERS

    def sockets(self) -> Sequence[Any]:
        """See Engine. The server keeps a session as long as any process has its socket."""
        return [] if self._pool is None else [*self._pool.connections.values(), _SocketCopy(self._descriptor)]

    def close(self) -> "Deferred[None]":
        """Close after the functions that are running. A second call does nothing. The caller may stop waiting."""
        self.state = ServerState.CLOSED
        if self._retry is not None and self._retry.active():
            self._retry.cancel()
        self._tell_returned()
        pool, self._pool = self._pool, None
        if pool is None:
            return succeed(None)
        return self._defer_to_thread(pool.close).addBoth(self._closed)

    def _closed(self, result: T) -> T:
        self._forget(self._descriptor)
        return result

    def _run(self, work: Callable[[PostgresCursor], T]) -> "Deferred[T]":
        if self.state is ServerState.CLOSED:
            return fail(StorageError("the database is closed"))
        if self.state is ServerState.AWAY:
            return fail(ConnectionLost("PostgreSQL is away"))
        return self._within_time(self._in_thread(work))

    def _in_thread(self, work: Callable[[PostgresCursor], T]) -> "Deferred[T]":
        if self._pool is None:
            self._pool = self._make_pool()
        return deferToThreadPool(self._reactor, self._pool.threadpool, self._call, self._pool, work)

    def _make_pool(self) -> ConnectionPool:
        pool = ConnectionPool(
            "psycopg",
            self._conninfo,
            **OPTIONS,
            cp_reactor=self._reactor,
            # No thread may start before the pool has its factory.
            cp_min=0,
            cp_max=1,
            cp_openfun=self._opened,
        )
        run_in_one_thread(self._reactor, pool, "database")
        return pool

    def _call(self, pool: ConnectionPool, work: Callable[[PostgresCursor], T]) -> T:
        """Called in the database's thread."""
        connection: PostgresConnection | None = None
        try:
            connection = pool.connect()
            with connection.cursor() as cursor:
                return work(cursor)
        except psycopg.Error as error:
            if not is_lost(error, connection):
                raise StorageError(reason(error)) from error
            if connection is not None:
                self._drop(pool, connection)
            raise ConnectionLost(reason(error)) from error
        finally:
            if connection is not None and not connection.closed:
                self._expect_idle(pool, connection)

    def _expect_idle(self, pool: ConnectionPool, connection: PostgresConnection) -> None:
        """Called in the database's thread: nothing unfinished keeps its locks."""
        if connection.info.transaction_status != TransactionStatus.IDLE:
            self._drop(pool, connection)

    def _opened(self, connection: PostgresConnection) -> None:
        """Called in the database's thread."""
        try:
            descriptor = os.dup(connection.fileno())
        except OSError as error:
            # As if libpq had got none.
            connection.close()
            raise psycopg.OperationalError(str(error)) from error
        self._reactor.callFromThread(self._remember, descriptor)

    def _drop(self, pool: ConnectionPool, connection: PostgresConnection) -> None:
        """Called in the database's thread."""
        with suppress(psycopg.Error):
            pool.disconnect(connection)
        self._reactor.callFromThread(lambda: self._forget(self._descriptor))

    def _remember(self, descriptor: int) -> None:
        self._forget(self._descriptor)
        self._descriptor = descriptor

    def _forget(self, descriptor: int | None) -> None:
        self._descriptor = None
        if descriptor is not None:
            os.close(descriptor)

    def _within_time(self, running: "Deferred[T]") -> "Deferred[T]":
        """Fires as `running` does; fails once the time is over, and lets the thread go on."""
        answer: Deferred[T] = Deferred()
        late = self._reactor.callLater(ANSWER_SECONDS, self._give_up, answer)

        def done(result: "T | Failure") -> None:
            if not late.active():
                return
            late.cancel()
            if isinstance(result, Failure) and result.check(ConnectionLost):
                self._lost(str(result.value))
            answer.callback(result)

        running.addBoth(done)
        return answer

    def _give_up(self, answer: "Deferred[Any]") -> None:
        self._hang_up()
        self._lost(SILENT)
        answer.errback(ConnectionLost(SILENT))

    def _hang_up(self) -> None:
        """Shut the socket down, so that the thread does not wait any more for a server that is silent."""
        if self._descriptor is not None:
            hang_up(self._descriptor)

    def _lost(self, why: str) -> None:
        if self.state is not ServerState.ANSWERS:
            return
        self.state = ServerState.AWAY
        self._pause = FIRST_PAUSE
        self._tell(why)
        self._try_later()

    def _try_later(self) -> None:
        self._retry = self._reactor.callLater(self._pause, self._try)
        self._pause = min(LAST_PAUSE, self._pause * 2)

    def _try(self) -> None:
        # No time limit of ours would help: the thread is the only one that can ask.
        silent = self._reactor.callLater(ANSWER_SECONDS, self._hang_up)
        self._in_thread(_expect_writes).addBoth(self._tried, silent)

    def _tried(self, result: "Failure | None", silent: IDelayedCall) -> None:
        if silent.active():
            silent.cancel()
        if self.state is not ServerState.AWAY:
            return
        if result is not None:
            self._try_later()
            return
        self.state = ServerState.ANSWERS
        self._tell(None)
        self._tell_returned()

    async def _run_again(self, work: Callable[[PostgresCursor], T]) -> T:
        # Who comes while the server is away does not wait for it.
        until = self._reactor.seconds() + (AGAIN_SECONDS if self.state is ServerState.ANSWERS else 0)
        while True:
            try:
                return await self._run(work)
            except ConnectionLost:
                left = until - self._reactor.seconds()
                if left <= 0:
                    raise
                await self._back_within(left)

    def _back_within(self, seconds: float) -> "Deferred[None]":
        """Fires when the server answers again or the time is over."""
        if self.state is ServerState.ANSWERS:
            return succeed(None)
        back: Deferred[None] = Deferred(self._returned.remove)
        self._returned.append(back)
        return back.addTimeout(seconds, self._reactor, lambda result, seconds: None)

    def _tell_returned(self) -> None:
        returned, self._returned = self._returned, []
        for back in returned:
            back.callback(None)


def probe(cursor: PostgresCursor) -> None:
    """Write what is there already: a standby and a full disk refuse that as well, and so does a lock on messages."""
    cursor.execute(
        "WITH locked AS (UPDATE message SET number = number WHERE false)"
        " UPDATE cluster SET value = value WHERE key = 'schema'"
    )


def _expect_writes(cursor: PostgresCursor) -> None:
    if cursor.execute(TAKES_WRITES).fetchone() != (True,):
        raise psycopg.errors.ReadOnlySqlTransaction("it only reads")
