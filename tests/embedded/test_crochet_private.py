"""Contract test of the private parts of crochet and Twisted that mixsvc.embedded.crochet_private uses."""

import inspect
import subprocess
import sys
import threading
from typing import Any

import crochet
import pytest
from crochet._eventloop import EventLoop, ThreadLogObserver
from twisted.logger import LegacyLogObserverWrapper, globalLogPublisher

from tests.builds import PROJECT

pytestmark = pytest.mark.contract

# A process that runs crochet's reactor forks; the child uses a function that was decorated before the fork.
FORK = """
import logging, os, sys
import crochet
from twisted.logger import Logger

logging.basicConfig(stream=sys.stdout, format="logged %(message)s", level=logging.INFO)
crochet.setup()

@crochet.wait_for(30)
def process():
    return os.getpid()

@crochet.wait_for(30)
def log(text):
    Logger().info("{text}", text=text)

assert process() == os.getpid()
if not (child := os.fork()):
    from mixsvc.embedded.crochet_reactor import forget_reactor

    forget_reactor()
    crochet.setup()
    print("in the child", process() == os.getpid(), flush=True)
    log("by the child")
    sys.exit()
os.waitpid(child, 0)
print("in the parent", process() == os.getpid(), flush=True)
"""


def test_a_decorated_function_and_the_log_work_in_a_fork_and_both_processes_end() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORK], cwd=PROJECT, capture_output=True, text=True, timeout=120, check=True
    )

    # From Python 3.12 on a warning about forks is logged, too.
    lines = [line for line in done.stdout.splitlines() if line.startswith(("in the ", "logged by "))]
    assert lines == ["in the child True", "logged by the child", "in the parent True"]


# A thread of a server forks a child, as multiprocessing does in a view; the child runs a reactor of its own.
FORK_BY_A_THREAD = """
import threading
from multiprocessing import get_context
{parent}

def child():
    from mixsvc.embedded.crochet_reactor import CrochetBridge, find_reactor, forget_reactor
    from twisted.internet.task import deferLater

    {child}
    reactor, _ = find_reactor()
    print(CrochetBridge(30.0)(deferLater, reactor, 0.3, lambda: "it runs"), flush=True)

def view():
    process = get_context("fork").Process(target=child)
    process.start()
    process.join()
    print(process.exitcode)

thread = threading.Thread(target=view)
thread.start()
thread.join()
"""

IN_USE = "from mixsvc.embedded.crochet_reactor import find_reactor; find_reactor()"


@pytest.mark.parametrize(("parent", "child"), [("", ""), ("import crochet", ""), (IN_USE, "forget_reactor()")])
def test_a_child_that_another_thread_than_the_main_one_forks_runs_a_reactor_and_ends(parent: str, child: str) -> None:
    program = FORK_BY_A_THREAD.format(parent=parent, child=child)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], cwd=PROJECT, capture_output=True, text=True, timeout=120
    )

    assert (done.stdout, done.stderr) == ("it runs\n0\n", "")


def test_python_has_the_class_by_which_crochet_finds_the_main_thread() -> None:
    python: Any = threading

    assert issubclass(python._MainThread, threading.Thread)


# gevent's program runs crochet's reactor, and its main thread ends.
PATCHED = """
from gevent import monkey; monkey.patch_all()
from mixsvc.embedded.crochet_reactor import CrochetBridge, find_reactor

reactor, _ = find_reactor()
reactor.addSystemEventTrigger("before", "shutdown", print, "the reactor stops")
print(CrochetBridge(30.0)(lambda: "the reactor runs"), flush=True)
"""


def test_a_program_of_gevents_ends_with_its_main_thread_and_stops_the_reactor_first() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PATCHED], cwd=PROJECT, capture_output=True, text=True, timeout=120, check=True
    )

    assert done.stdout.splitlines() == ["the reactor runs", "the reactor stops"]


def test_the_event_loop_keeps_its_arguments_under_the_names_that_are_read() -> None:
    loop = vars(crochet)["_main"]

    assert isinstance(loop, EventLoop)
    assert callable(loop._reactorFactory) and callable(loop._reapAllProcesses)
    assert list(inspect.signature(EventLoop).parameters) == [
        "reactorFactory",
        "atexit_register",
        "startLoggingWithObserver",
        "watchdog_thread",
        "reapAllProcesses",
    ]


def test_the_module_of_the_watchdog_has_the_names_that_are_used() -> None:
    shutdown = sys.modules["crochet._shutdown"]

    assert callable(shutdown.register) and callable(shutdown.FunctionRegistry().register)
    assert list(inspect.signature(shutdown.Watchdog).parameters) == ["canary", "shutdown_function"]
    assert callable(shutdown._watchdog._canary.is_alive)
    assert not shutdown._watchdog.is_alive() or shutdown._watchdog.name == "CrochetShutdownWatchdog"


def test_a_log_observer_takes_the_observer_behind_it_and_can_be_stopped() -> None:
    assert list(inspect.signature(ThreadLogObserver).parameters) == ["observer"]
    assert callable(ThreadLogObserver.stop)


def test_twisted_lists_its_observers_and_names_a_legacy_one() -> None:
    legacy: Any = print
    wrapper = LegacyLogObserverWrapper(legacy)
    globalLogPublisher.addObserver(wrapper)
    try:
        assert wrapper in list(globalLogPublisher._observers)
        assert wrapper.legacyObserver is legacy
    finally:
        globalLogPublisher.removeObserver(wrapper)
