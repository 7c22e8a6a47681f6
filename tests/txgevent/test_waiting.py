"""From Deferreds to greenlets and back."""

import gc
import sys
from collections.abc import Callable
from typing import Any

import gevent
import pytest
from gevent.event import Event
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.task import deferLater
from twisted.logger import capturedLogs

from tests.txgevent.conftest import SECONDS, Run
from txgevent import waitForDeferred, waitForGreenlet
from txgevent.reactor import GeventReactor


def raises(kind: type[BaseException], function: Callable[..., object], *args: Any) -> str:
    """The text of what it raises."""
    with pytest.raises(kind) as raised:
        function(*args)
    return str(raised.value)


def test_a_greenlet_gets_what_a_deferred_fires_with(reactor: GeventReactor, run: Run[str]) -> None:
    assert run(lambda: waitForDeferred(deferLater(reactor, 0.01, str, "later"))) == "later"
    assert reactor.getDelayedCalls() == []


def test_a_deferred_that_has_fired_is_not_waited_for(run: Run[int]) -> None:
    assert run(lambda: waitForDeferred(succeed(5), timeout=0)) == 5


def test_a_failure_is_raised(reactor: GeventReactor, run: Run[str]) -> None:
    failing: Deferred[None] = fail(KeyError("gone"))

    assert run(lambda: raises(KeyError, waitForDeferred, failing)) == "'gone'"


def test_a_failure_is_raised_in_each_greenlet_that_waits_for_it(reactor: GeventReactor, run: Run[list[str]]) -> None:
    failing: Deferred[None] = Deferred()

    def wait() -> list[str]:
        waiting = [gevent.spawn(raises, KeyError, waitForDeferred, failing) for _ in range(2)]
        reactor.callLater(0.01, failing.errback, KeyError("gone"))
        gevent.joinall(waiting)
        return [*(each.get() for each in waiting), raises(KeyError, waitForDeferred, failing)]

    assert run(wait) == ["'gone'"] * 3


def test_a_failure_that_a_greenlet_gets_is_not_logged(run: Run[str]) -> None:
    with capturedLogs() as events:
        run(lambda: raises(KeyError, waitForDeferred, fail(KeyError("gone"))))
        gc.collect()

    assert [each for each in events if "log_failure" in each] == []


def test_another_failure_behind_it_is_not_handled(reactor: GeventReactor, run: Run[str]) -> None:
    failing: Deferred[None] = Deferred()
    behind: Deferred[None] = Deferred()

    def wait() -> str:
        waiting = gevent.spawn(raises, KeyError, waitForDeferred, failing)
        gevent.sleep(0)
        failing.addErrback(lambda failure: behind)
        failing.errback(KeyError("gone"))
        told: str = waiting.get()
        behind.errback(ValueError("another"))
        return told + raises(ValueError, waitForDeferred, failing)

    assert run(wait) == "'gone'another"


def test_a_late_deferred_goes_on_and_may_be_waited_for_again(reactor: GeventReactor, run: Run[int]) -> None:
    late: Deferred[int] = Deferred()

    def wait() -> int:
        assert raises(TimeoutError, waitForDeferred, late, 0.01) == "the Deferred did not fire within 0.01 s"
        reactor.callLater(0.01, late.callback, 7)
        return waitForDeferred(late)

    assert run(wait) == 7


def test_a_greenlet_that_was_killed_leaves_the_result_to_others(run: Run[list[Any]]) -> None:
    deferred: Deferred[str] = Deferred()
    got: list[str] = []

    def kill() -> list[Any]:
        waiting = gevent.spawn(waitForDeferred, deferred)
        gevent.sleep(0)
        waiting.kill()
        deferred.addErrback(lambda failure: got.append(failure.getErrorMessage()))
        deferred.errback(ValueError("for others"))
        return got

    assert run(kill) == ["for others"]


def test_many_greenlets_wait_side_by_side(reactor: GeventReactor, run: Run[float]) -> None:
    def wait() -> float:
        began = reactor.seconds()
        waiting = [gevent.spawn(waitForDeferred, deferLater(reactor, 0.05, int)) for _ in range(100)]
        gevent.joinall(waiting)
        return reactor.seconds() - began

    assert run(wait) < 2


def test_waiting_in_the_reactors_own_greenlet_raises_with_advice(reactor: GeventReactor, run: Run[str]) -> None:
    told: list[str] = []
    asked = Event()

    def ask() -> None:
        told.append(raises(RuntimeError, waitForDeferred, Deferred()))
        asked.set()

    def wait() -> str:
        reactor.callLater(0, ask)
        asked.wait(SECONDS)
        return told[0]

    assert "in the reactor's own greenlet" in run(wait)


def test_waiting_in_another_native_thread_raises_with_advice(run: Run[str]) -> None:
    def wait() -> str:
        pool = gevent.get_hub().threadpool
        told: str = pool.apply(raises, (RuntimeError, waitForDeferred, Deferred()))
        return told

    assert "blockingCallFromThread" in run(wait)


def test_waiting_without_the_reactor_raises_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "twisted.internet.reactor", object())

    assert "call txgevent.install()" in raises(RuntimeError, waitForDeferred, Deferred())


def test_a_deferred_fires_with_what_a_greenlet_returns(run: Run[int]) -> None:
    assert run(lambda: waitForDeferred(waitForGreenlet(gevent.spawn(len, "abc")))) == 3


def test_it_fires_in_the_reactors_greenlet(reactor: GeventReactor, run: Run[str]) -> None:
    def wait() -> str:
        deferred = waitForGreenlet(gevent.spawn(len, ""))
        return waitForDeferred(deferred.addCallback(lambda _: raises(RuntimeError, reactor.check_may_wait)))

    assert "in the reactor's own greenlet" in run(wait)


def failing() -> None:
    raise KeyError("gone")


def test_it_fails_with_what_a_greenlet_raises(run: Run[str], capsys: pytest.CaptureFixture[str]) -> None:
    def wait() -> str:
        return raises(KeyError, waitForDeferred, waitForGreenlet(gevent.spawn(failing)))

    assert run(wait) == "'gone'"
    # As gevent has it for every greenlet.
    assert "KeyError" in capsys.readouterr().err


def test_cancelling_kills_the_greenlet(run: Run[bool]) -> None:
    def cancel() -> bool:
        sleeping = gevent.spawn(gevent.sleep, SECONDS)
        gevent.sleep(0)
        deferred = waitForGreenlet(sleeping)
        deferred.cancel()
        raises(CancelledError, waitForDeferred, deferred)
        sleeping.join(SECONDS / 2)
        return sleeping.dead

    assert run(cancel)


def test_a_greenlet_that_somebody_kills_is_a_failure(run: Run[str]) -> None:
    def kill() -> str:
        sleeping = gevent.spawn(gevent.sleep, SECONDS)
        deferred = waitForGreenlet(sleeping)
        sleeping.kill()
        return raises(gevent.GreenletExit, waitForDeferred, deferred)

    assert run(kill) == ""
