"""Greenlets in place of the reactor's threads, and threads of the operating system."""

import threading
from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from gevent.event import Event
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.threads import deferToThread, deferToThreadPool
from twisted.python import context
from twisted.python.threadpool import ThreadPool

from tests.txgevent.conftest import SECONDS, Run
from txgevent import waitForDeferred
from txgevent._greenlets import GreenletContexts
from txgevent.interfaces import IReactorNativeThreads
from txgevent.reactor import GeventReactor


@pytest.fixture
def native(reactor: GeventReactor) -> Iterator[ThreadPool]:
    """Two native threads."""
    pool = IReactorNativeThreads(reactor).nativeThreadPool(2, "test")
    pool.start()
    yield pool
    pool.stop()


@pytest.fixture
def own_contexts() -> Iterator[None]:
    """The contexts as `install` has them."""
    before = context.theContextTracker
    context.installContextTracker(GreenletContexts())
    yield
    context.installContextTracker(before)


def all_of(*deferreds: "Deferred[Any]") -> list[Any]:
    """What they fire with, in a greenlet."""
    return waitForDeferred(gatherResults(deferreds))


def test_calls_run_side_by_side_in_greenlets_of_the_same_thread(run: Run[Any]) -> None:
    everyone_is_here = Event()
    here: list[int] = []

    def call() -> int:
        here.append(1)
        if len(here) == 500:
            everyone_is_here.set()
        assert everyone_is_here.wait(SECONDS)
        return threading.get_ident()

    idents = run(lambda: all_of(*[deferToThread(call) for _ in range(500)]))

    assert idents == [threading.get_ident()] * 500


def test_no_more_calls_run_than_the_size_of_the_pool(reactor: GeventReactor, run: Run[Any]) -> None:
    running: list[int] = []
    most: list[int] = []

    def call(number: int) -> int:
        running.append(number)
        most.append(len(running))
        gevent.sleep(0)
        running.remove(number)
        return number

    def calls() -> Any:
        reactor.suggestThreadPoolSize(3)
        return all_of(*[deferToThread(call, number) for number in range(20)])

    assert run(calls) == list(range(20))
    assert max(most) == 3


def test_a_call_that_raises_fails_its_deferred(run: Run[None]) -> None:
    def call() -> None:
        with pytest.raises(ZeroDivisionError):
            waitForDeferred(deferToThread(lambda: 1 / 0))

    run(call)


def test_a_native_thread_may_give_calls_to_the_greenlets(reactor: GeventReactor, run: Run[bool]) -> None:
    called = Event()

    def call() -> bool:
        gevent.get_hub().threadpool.apply(reactor.callInThread, (called.set,))
        return called.wait(SECONDS)

    assert run(call)


def test_stop_waits_for_running_and_for_waiting_calls(reactor: GeventReactor, run: Run[None]) -> None:
    ended: list[int] = []

    def call(number: int) -> None:
        gevent.sleep(0.01)
        ended.append(number)

    def calls() -> None:
        reactor.suggestThreadPoolSize(2)
        for number in range(6):
            reactor.callInThread(call, number)

    run(calls)

    assert sorted(ended) == list(range(6))


@pytest.mark.usefixtures("own_contexts")
def test_greenlets_that_take_turns_keep_their_own_contexts() -> None:
    seen: dict[str, Any] = {}
    entered = Event()

    def first() -> None:
        entered.wait(SECONDS)
        seen["first"] = context.get("who")

    def second() -> None:
        entered.set()
        gevent.sleep(0.01)
        seen["second"] = context.get("who")

    gevent.joinall([gevent.spawn(context.call, {"who": each.__name__}, each) for each in (first, second)])

    assert seen == {"first": "first", "second": "second"}


def test_the_reactor_goes_on_while_a_native_thread_blocks(
    reactor: GeventReactor, run: Run[Any], native: ThreadPool
) -> None:
    let_go = threading.Event()

    def call() -> Any:
        blocked = deferToThreadPool(reactor, native, lambda: (let_go.wait(SECONDS), threading.get_ident()))
        over = Event()
        reactor.callLater(0.01, over.set)
        assert over.wait(SECONDS)
        assert not blocked.called
        let_go.set()
        return waitForDeferred(blocked)

    assert run(call)[1] != threading.get_ident()


def test_as_many_native_threads_start_as_there_are_calls_up_to_the_size(
    reactor: GeventReactor, run: Run[Any], native: ThreadPool
) -> None:
    one = run(lambda: all_of(deferToThreadPool(reactor, native, threading.get_ident)))
    assert (len(set(one)), native.workers) == (1, 1)


def test_no_more_native_threads_run_than_the_size(reactor: GeventReactor, run: Run[Any], native: ThreadPool) -> None:
    both = threading.Barrier(2)

    def ident() -> int:
        both.wait(SECONDS)
        return threading.get_ident()

    idents = run(lambda: all_of(*[deferToThreadPool(reactor, native, ident) for _ in range(10)]))

    assert len(set(idents)) == native.workers == 2


def test_a_native_pool_stops_when_all_is_done_and_others_go_on_meanwhile(reactor: GeventReactor) -> None:
    pool = reactor.nativeThreadPool(1, "test")
    pool.start()
    let_go = threading.Event()
    done: list[int] = []
    pool.callInThread(let_go.wait, SECONDS)
    pool.callInThread(done.append, 1)
    gevent.spawn_later(0.01, let_go.set)

    pool.stop()

    assert done == [1]
    assert pool.workers == 0


def test_a_native_pool_without_calls_stops_at_once(reactor: GeventReactor) -> None:
    pool = reactor.nativeThreadPool(1, "test")
    pool.start()

    pool.stop()

    assert pool.workers == 0
