"""The bridge into a host's reactor keeps the promises of mixsvc.threads.bridge.Bridge."""

import gc
import subprocess
import sys
import threading

import crochet
import pytest
from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from mixsvc.embedded.crochet_reactor import CrochetBridge
from mixsvc.errors import ServiceBusy
from tests.builds import PROJECT

# A program without a reactor of its own, and one that runs one.
OURS = """
from mixsvc.embedded.crochet_reactor import find_reactor

reactor, _ = find_reactor()
print(reactor.seconds.__module__)
"""
HOSTS = """
from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from mixsvc.embedded.crochet_reactor import find_reactor

def found(_):
    print(reactor.seconds.__module__)
    reactor.stop()

reactor.callWhenRunning(lambda: deferToThread(find_reactor).addCallback(found))
reactor.run()
"""


@pytest.mark.parametrize("program", [OURS, HOSTS])
def test_the_reactor_of_a_host_gets_a_steady_clock(program: str) -> None:
    command = [sys.executable, "-c", program]

    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)

    assert (done.stdout, done.stderr) == ("txsockjs.clock\n", "")


# A program that asks while the reactor stops, and when it has stopped.
STOPS = """
import threading
from mixsvc.embedded.crochet_reactor import CrochetBridge, find_reactor
from mixsvc.errors import ServiceBusy

reactor, _ = find_reactor()
stopped = threading.Event()
reactor.addSystemEventTrigger("after", "shutdown", stopped.set)

def ask():
    try:
        CrochetBridge(30.0)(lambda: None)
    except ServiceBusy as error:
        print(error)

def stop():
    asking = threading.Thread(target=ask)
    asking.start()
    asking.join()

reactor.addSystemEventTrigger("during", "shutdown", stop)
reactor.callFromThread(reactor.stop)
stopped.wait()
ask()
"""


def test_a_call_that_comes_after_the_stop_has_begun_is_service_busy() -> None:
    command = [sys.executable, "-W", "ignore", "-c", STOPS]

    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)

    assert (done.stdout, done.stderr) == ("the service is stopping\n" * 2, "")


# crochet 2.1 uses a deprecated name of threading.Event.
@pytest.mark.filterwarnings("ignore:isSet:DeprecationWarning")
class CrochetBridgeTests(TestCase):
    """Called in a thread of the real reactor's pool."""

    def setUp(self) -> None:
        try:
            crochet.no_setup()
        except RuntimeError:
            # Another test has called it.
            pass
        # Otherwise crochet's results could warn during another test, when they are garbage-collected.
        self.addCleanup(gc.collect)
        self.bridge = CrochetBridge(30.0)

    async def test_the_function_runs_in_the_reactor_thread_with_its_arguments(self) -> None:
        def function(first: int, second: int) -> tuple[int, int, str]:
            return first, second, threading.current_thread().name

        assert await deferToThread(self.bridge, function, 1, 2) == (1, 2, threading.current_thread().name)

    async def test_a_deferred_is_waited_for(self) -> None:
        assert await deferToThread(self.bridge, lambda: succeed("later")) == "later"

    async def test_what_the_function_raises_is_raised_in_the_worker(self) -> None:
        with self.assertRaises(ZeroDivisionError):
            await deferToThread(self.bridge, lambda: 1 // 0)

    async def test_what_the_deferred_fails_with_is_raised_in_the_worker(self) -> None:
        with self.assertRaises(KeyError):
            await deferToThread(self.bridge, lambda: fail(KeyError("x")))

    async def test_a_call_in_the_reactor_thread_is_refused_and_does_nothing(self) -> None:
        called: list[str] = []
        # Twisted knows which thread that is once the reactor has run.
        await deferToThread(int)

        with self.assertRaisesRegex(RuntimeError, "use deferToThread"):
            self.bridge(called.append, "x")

        await deferToThread(self.bridge, called.append, "y")
        assert called == ["y"]

    async def test_no_answer_in_time_is_service_busy_and_a_late_failure_is_not_logged(self) -> None:
        late: Deferred[None] = Deferred()

        with self.assertRaises(ServiceBusy):
            await deferToThread(CrochetBridge(0.01), lambda: late)

        # trial fails a test that leaves an error in the log.
        late.errback(KeyError("x"))

    def test_a_call_that_has_not_begun_in_time_never_begins(self) -> None:
        begun: list[str] = []
        errors: list[BaseException] = []

        def ask() -> None:
            try:
                CrochetBridge(0.01)(begun.append, "x")
            except ServiceBusy as error:
                errors.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        # Meanwhile the reactor does nothing, as this is its thread.
        thread.join()

        done: Deferred[None] = Deferred()
        reactor.callLater(0, done.callback, None)
        done.addCallback(lambda _: self.assertEqual((begun, len(errors)), ([], 1)))
        return done  # type: ignore[return-value]  # trial waits for it
