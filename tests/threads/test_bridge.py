"""The bridge from worker threads to the reactor."""

import subprocess
import sys
import threading

from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from mixsvc.errors import ServiceBusy
from mixsvc.threads.bridge import Bridge
from tests.builds import PROJECT

# The workers are greenlets beside the reactor's, in one thread.
ON_GEVENT = """
from gevent import monkey; monkey.patch_all()
import txgevent; txgevent.install()
from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from mixsvc.threads.bridge import Bridge

bridge = Bridge(reactor, 5.0)

def ask():
    try:
        bridge(print, "never")
    except Exception as error:
        print(error)
    deferToThread(bridge, print, "asked").addBoth(lambda _: reactor.stop())

reactor.callWhenRunning(ask)
reactor.run()
"""


def test_on_gevent_a_call_in_the_reactors_greenlet_is_refused_and_one_in_another_is_not() -> None:
    done = subprocess.run([sys.executable, "-c", ON_GEVENT], cwd=PROJECT, capture_output=True, text=True, timeout=120)

    assert done.stdout.splitlines() == [
        "this call waits for the reactor and would block its thread; use deferToThread",
        "asked",
    ]


class BridgeTests(TestCase):
    """Called from a thread of the real reactor's pool."""

    def setUp(self) -> None:
        self.bridge = Bridge(reactor, 30.0)  # type: ignore[arg-type]  # the global one has every interface

    async def test_the_function_runs_in_the_reactor_thread_with_its_arguments(self) -> None:
        def function(first: int, second: int) -> tuple[int, int, str]:
            return first, second, threading.current_thread().name

        assert await deferToThread(self.bridge, function, 1, 2) == (1, 2, threading.current_thread().name)

    async def test_a_deferred_is_waited_for(self) -> None:
        assert await deferToThread(lambda: self.bridge(lambda: succeed("later"))) == "later"

    async def test_an_exception_of_the_function_is_raised_in_the_worker(self) -> None:
        with self.assertRaises(ZeroDivisionError):
            await deferToThread(self.bridge, lambda: 1 // 0)

    async def test_a_failure_of_the_deferred_is_raised_in_the_worker(self) -> None:
        with self.assertRaises(KeyError):
            await deferToThread(self.bridge, lambda: fail(KeyError("x")))

    async def test_a_call_in_the_reactor_thread_is_refused(self) -> None:
        # Twisted knows which thread that is once the reactor has run.
        await deferToThread(int)

        with self.assertRaisesRegex(RuntimeError, "use deferToThread"):
            self.bridge(threading.current_thread)

    async def test_a_call_that_takes_too_long_raises_service_busy(self) -> None:
        bridge = Bridge(reactor, 0.01)  # type: ignore[arg-type]  # as above

        with self.assertRaises(ServiceBusy):
            await deferToThread(bridge, Deferred)
