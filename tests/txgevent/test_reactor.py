"""The reactor's turns: what wakes it, what does not, and that other greenlets run."""

import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gevent
import pytest
from gevent.event import Event
from gevent.exceptions import LoopExit
from twisted.internet.abstract import FileDescriptor

from tests.txgevent.conftest import SECONDS, Run
from txgevent.reactor import GeventReactor


class End(FileDescriptor):
    """One end of a pair of sockets; calls a function when it can be read, or written to."""

    def __init__(self, reactor: GeventReactor, end: socket.socket, called: Callable[[], object]) -> None:
        super().__init__(reactor)
        self._end = end
        self._called = called

    def fileno(self) -> int:
        return self._end.fileno()

    def doRead(self) -> None:
        self._called()

    def doWrite(self) -> None:
        self._called()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected sockets."""
    one, other = socket.socketpair()
    with one, other:
        yield one, other


@pytest.fixture
def turns(reactor: GeventReactor, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """An entry for each turn of the reactor."""
    made: list[Any] = []
    iterate = reactor.doIteration

    def turn(delay: float | None) -> None:
        made.append(delay)
        iterate(delay)

    monkeypatch.setattr(reactor, "doIteration", turn)
    return made


def each(*functions: Callable[[], object]) -> Callable[[], None]:
    """A function that calls them one by one."""

    def call() -> None:
        for function in functions:
            function()

    return call


def after(reactor: GeventReactor, seconds: float) -> None:
    """Wait in a greenlet."""
    over = Event()
    reactor.callLater(seconds, over.set)
    assert over.wait(SECONDS)


def test_a_call_from_another_greenlet_wakes_it(reactor: GeventReactor, run: Run[bool]) -> None:
    called = Event()

    def call() -> bool:
        reactor.callFromThread(called.set)
        return called.wait(SECONDS)

    assert run(call)


def test_a_call_from_a_native_thread_wakes_it(reactor: GeventReactor, run: Run[bool]) -> None:
    called = Event()

    def call() -> bool:
        gevent.get_hub().threadpool.apply(reactor.callFromThread, (called.set,))
        return called.wait(SECONDS)

    assert run(call)


def test_a_timed_call_of_another_greenlet_wakes_it_in_time(reactor: GeventReactor, run: Run[None]) -> None:
    began = reactor.seconds()

    run(lambda: after(reactor, 0.05))

    assert 0.05 <= reactor.seconds() - began < SECONDS / 2


def test_a_timed_call_that_is_moved_to_an_earlier_time_wakes_it(reactor: GeventReactor, run: Run[bool]) -> None:
    called = Event()

    def move() -> bool:
        later = reactor.callLater(SECONDS - 1, called.set)
        after(reactor, 0.01)
        later.reset(0.01)
        return called.wait(SECONDS / 2)

    assert run(move)


def test_timed_calls_come_in_order_and_never_early(reactor: GeventReactor, run: Run[None]) -> None:
    came: list[float] = []
    late: list[float] = []

    def call(due: float) -> None:
        came.append(due)
        late.append(reactor.seconds() - due)

    def plan() -> None:
        for delay in (0.06, 0.02, 0.04, 0, 0.05):
            reactor.callLater(delay, call, reactor.seconds() + delay)
        after(reactor, 0.08)

    run(plan)

    assert len(came) == 5 and came == sorted(came)
    # The moment between the two readings of the clock.
    assert min(late) >= -0.001


def test_a_readable_descriptor_wakes_it(
    reactor: GeventReactor, run: Run[bool], pair: tuple[socket.socket, ...]
) -> None:
    readable = Event()
    end = End(reactor, pair[0], each(partial(pair[0].recv, 1), readable.set))

    def send() -> bool:
        reactor.addReader(end)
        pair[1].send(b"x")
        came = readable.wait(SECONDS)
        reactor.removeReader(end)
        return came

    assert run(send)
    assert reactor.getReaders() == []


def test_a_writable_descriptor_wakes_it(
    reactor: GeventReactor, run: Run[bool], pair: tuple[socket.socket, ...]
) -> None:
    writable = Event()
    end = End(reactor, pair[0], writable.set)

    def wait() -> bool:
        reactor.addWriter(end)
        came = writable.wait(SECONDS)
        reactor.removeWriter(end)
        return came

    assert run(wait)
    assert reactor.getWriters() == []


def test_a_descriptor_removed_in_the_same_turn_is_not_called(
    reactor: GeventReactor, run: Run[None], pair: tuple[socket.socket, ...]
) -> None:
    calls: list[str] = []
    called = Event()

    def only(name: str) -> None:
        calls.append(name)
        called.set()
        for end in ends.values():
            reactor.removeReader(end)

    ends = {name: End(reactor, end, partial(only, name)) for name, end in zip("ab", pair, strict=True)}

    def both_at_once() -> None:
        for end in pair:
            end.send(b"x")
        for reader in ends.values():
            reactor.addReader(reader)
        assert called.wait(SECONDS)
        after(reactor, 0.02)

    run(both_at_once)

    assert len(calls) == 1


def test_a_descriptor_that_fails_is_removed_and_told_why(
    reactor: GeventReactor, run: Run[None], pair: tuple[socket.socket, ...]
) -> None:
    reasons: list[Any] = []
    end = End(reactor, pair[0], lambda: 1 / 0)
    told = Event()

    def lost(reason: Any) -> None:
        reasons.append(reason)
        told.set()

    end.connectionLost = lost  # type: ignore[method-assign]

    def send() -> None:
        reactor.addReader(end)
        pair[1].send(b"x")
        assert told.wait(SECONDS)

    run(send)

    assert [reason.type for reason in reasons] == [ZeroDivisionError]
    assert reactor.getReaders() == []


def test_it_sleeps_while_there_is_nothing_to_do(
    reactor: GeventReactor, run: Run[None], turns: list[Any], pair: tuple[socket.socket, ...]
) -> None:
    reactor.addReader(End(reactor, pair[0], lambda: None))

    run(lambda: after(reactor, 0.1))

    assert len(turns) < 10


def test_the_loop_sleeps_while_the_reactor_is_busy(
    reactor: GeventReactor, run: Run[int], pair: tuple[socket.socket, ...]
) -> None:
    """A descriptor that is ready all the while must not keep the loop turning."""
    rounds: list[None] = []
    release, held = Event(), Event()
    end = End(reactor, pair[0], each(held.set, partial(release.wait, SECONDS), lambda: reactor.removeReader(end)))

    def hold() -> int:
        reactor.addReader(end)
        pair[1].send(b"x")
        assert held.wait(SECONDS)
        round_begins: Any = gevent.get_hub().loop.prepare()
        with round_begins:
            round_begins.start(rounds.append, None)
            release.wait(0.1)
        release.set()
        return len(rounds)

    assert run(hold) < 20


def test_descriptors_that_were_ready_meanwhile_are_reported_afterwards(
    reactor: GeventReactor, run: Run[bool], pair: tuple[socket.socket, ...]
) -> None:
    again = Event()
    calls: list[str] = []

    def read() -> None:
        calls.append("read")
        if len(calls) == 1:
            # Meanwhile the loop reports it once and not again.
            gevent.sleep(0.05)
        elif len(calls) == 4:
            again.set()
            reactor.removeReader(end)

    end = End(reactor, pair[0], read)

    def hold() -> bool:
        reactor.addReader(end)
        pair[1].send(b"x")
        return again.wait(SECONDS)

    assert run(hold)


def test_a_reactor_that_is_never_idle_lets_greenlets_run_and_descriptors_be_polled(
    reactor: GeventReactor, run: Run[bool], pair: tuple[socket.socket, ...]
) -> None:
    readable = Event()
    end = End(reactor, pair[0], each(readable.set, lambda: reactor.removeReader(end)))

    def spin() -> None:
        if not readable.is_set():
            reactor.callFromThread(spin)

    def wait() -> bool:
        spin()
        reactor.addReader(end)
        for _ in range(10):
            gevent.sleep(0)
        pair[1].send(b"x")
        return readable.wait(SECONDS)

    assert run(wait)


def test_it_runs_in_any_greenlet(reactor: GeventReactor) -> None:
    reactor.callLater(0, reactor.stop)

    gevent.spawn(reactor.run, installSignalHandlers=False).get(timeout=SECONDS)

    assert not reactor.running


def test_another_native_thread_is_refused(reactor: GeventReactor) -> None:
    with pytest.raises(RuntimeError, match="only in the native thread in which it was installed"):
        gevent.get_hub().threadpool.apply(reactor.run)


def test_a_reactor_that_does_not_run_keeps_no_loop_alive(reactor: GeventReactor, run: Run[None]) -> None:
    run(lambda: None)

    with pytest.raises(LoopExit):
        Event().wait()
