"""A real PostgreSQL for nodes: its tables, a thread that runs statements, and reactors of several kinds to play on."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any, TypeVar

import psycopg
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.defer import Deferred
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from mixsvc.errors import StorageError
from mixsvc.storage.postgres.connection import connect
from mixsvc.storage.postgres.schema import upgrade
from txgevent import GeventReactor

__all__ = [
    "DEADLINE",
    "REACTORS",
    "EngineThread",
    "defer_to_daemon",
    "make_tables",
    "new_reactor",
    "run_in_reactor",
    "until",
]

T = TypeVar("T")

REACTORS = ("epoll", "asyncio", "gevent")

# How long something on a real database may take, in seconds.
DEADLINE = 30.0


@contextmanager
def new_reactor(kind: str) -> Iterator[Any]:
    """A reactor of a kind, for one run."""
    match kind:
        case "asyncio":
            with closing(asyncio.new_event_loop()) as loop:
                yield AsyncioSelectorReactor(loop)
        case "gevent":
            yield GeventReactor()
        case _:
            yield EPollReactor()


def run_in_reactor(kind: str, main: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
    """Run main(reactor) on a reactor of its own, and raise what it raises."""
    problems: list[Any] = []

    def begin(reactor: Any) -> None:
        Deferred.fromCoroutine(main(reactor)).addErrback(problems.append).addBoth(lambda _: reactor.stop())

    with new_reactor(kind) as reactor:
        reactor.callWhenRunning(begin, reactor)
        reactor.run(installSignalHandlers=False)
    for problem in problems:
        problem.raiseException()


async def until(reactor: Any, is_true: Callable[[], object]) -> None:
    """Wait for something."""
    end = reactor.seconds() + DEADLINE
    while not is_true():
        assert reactor.seconds() < end, "it does not come"
        await deferLater(reactor, 0.005)


def make_tables(url: str) -> None:
    """Make the tables in an empty database."""
    with closing(connect(url)) as connection:
        upgrade(connection)


class EngineThread:
    """Implements Run with one connection in one thread; it connects anew if the connection broke."""

    def __init__(self, reactor: Any, url: str) -> None:
        self._reactor = reactor
        self._url = url
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._connection: Any = None
        self._goes_on = Event()
        self._goes_on.set()
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def __call__(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Deferred[Any]":
        answer: Deferred[Any] = Deferred()

        def job() -> None:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = connect(self._url)
                found = function(self._connection.cursor(), *args, **kwargs)
            except psycopg.Error as error:
                failure = Failure(StorageError(str(error)))
                if self._connection is not None and self._connection.broken:
                    self._connection.close()
                self._reactor.callFromThread(answer.errback, failure)
            else:
                self._reactor.callFromThread(answer.callback, found)

        self._jobs.put(job)
        return answer

    def pause(self) -> None:
        """Answer nothing until `go_on`."""
        self._goes_on.clear()

    def go_on(self) -> None:
        self._goes_on.set()

    def close(self) -> None:
        self.go_on()
        self._jobs.put(None)
        self._thread.join(30)

    def _work(self) -> None:
        try:
            while (job := self._jobs.get()) is not None:
                self._goes_on.wait()
                job()
        finally:
            if self._connection is not None:
                self._connection.close()


def defer_to_daemon(reactor: Any) -> Callable[[Callable[[], T]], "Deferred[T]"]:
    """A DeferToThread whose threads do not keep the process alive."""

    def defer(function: Callable[[], T]) -> "Deferred[T]":
        answer: Deferred[T] = Deferred()

        def work() -> None:
            try:
                found = function()
            except BaseException:
                reactor.callFromThread(answer.errback, Failure())
            else:
                reactor.callFromThread(answer.callback, found)

        Thread(target=work, daemon=True).start()
        return answer

    return defer
