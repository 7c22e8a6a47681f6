"""What we use of the private parts of crochet, Python and Twisted; no other module touches them.

Read in crochet 2.1.1 (crochet/_eventloop.py, crochet/_shutdown.py), in Python 3.11 to 3.13 (Lib/threading.py), and in
Twisted 26.10 (twisted/logger/_observer.py).
The contract test is tests/embedded/test_crochet_private.py; CI runs it with the oldest and newest supported releases.

Why there is no public way: crochet.setup() starts its reactor once per process and has no counterpart that undoes it.
A fork inherits an EventLoop that counts as started, while the threads of the reactor, of the watchdog and of the log
exist only in the parent. A new EventLoop would not do: functions that an application has decorated by crochet.wait_for
or crochet.run_in_reactor keep the old object. Twisted has no public way to list the observers of its log, either.

crochet looks for the main thread when it is imported, by its class (`threading._MainThread`), and fails without one. In
a child that another thread has forked, as a view's thread does, the main thread is that one, a plain `threading.Thread`
(`_after_fork`). Where such a child has inherited crochet, its watchdog would watch the main thread of the parent, which
is not alive there, and stop the reactor at once.

crochet's watchdog stops the reactor when `is_alive()` of the main thread is false; it asks every 0.1 s. From Python
3.13 on gevent (26.9, monkey/_patch_thread_gte313.py) ends a program by telling those who join the main thread, and then
has `is_alive()` be true until all other threads have ended, the watchdog among them. crochet has no setting for whom
its watchdog watches.
"""

import sys
import threading
from importlib import import_module
from typing import Any

from twisted.logger import globalLogPublisher

__all__ = ["crochet", "reset_crochet", "watch_for_joined_main_thread", "watch_main_thread"]


def _imported() -> Any:
    """crochet, which finds a main thread of whatever class while it is imported."""
    python: Any = threading
    usual = python._MainThread
    if not isinstance(threading.main_thread(), usual):
        python._MainThread = threading.Thread
    try:
        return import_module("crochet")
    finally:
        python._MainThread = usual


# Whoever uses crochet here takes it from this module.
crochet = _imported()


def watch_main_thread() -> None:
    """Have crochet's watchdog wait for the main thread of this process, and not for that of its parent.

    Called before crochet.setup(), in any thread.
    """
    _watch(threading.main_thread())


def watch_for_joined_main_thread() -> None:
    """Have crochet's watchdog wait for the main thread by joining it, where threads are greenlets.

    Called before crochet.setup(), in any thread.
    """
    main_thread = threading.Thread(target=threading.main_thread().join, name="mixsvc main thread's end", daemon=True)
    main_thread.start()
    _watch(main_thread)


def reset_crochet() -> None:
    """Make crochet ready for another crochet.setup() in a forked process; called before the new reactor exists."""
    shutdown: Any = sys.modules["crochet._shutdown"]
    # What the module makes when it is imported.
    shutdown._registry = shutdown.FunctionRegistry()
    shutdown.register = shutdown._registry.register
    _reset_event_loop(shutdown)
    _watch(threading.main_thread())
    _restart_log_threads(shutdown)


def _watch(thread: threading.Thread) -> None:
    shutdown: Any = sys.modules["crochet._shutdown"]
    loop: Any = vars(crochet)["_main"]
    # Another one: from Python 3.13 on a child cannot start a thread that was made before the fork.
    shutdown._watchdog = loop._watchdog_thread = shutdown.Watchdog(thread, shutdown._registry.run)


def _reset_event_loop(shutdown: Any) -> None:
    """Make the live EventLoop a new one that has not started; its watchdog comes after that."""
    loop: Any = vars(crochet)["_main"]
    initialize: Any = type(loop).__init__
    # Logging was started in the parent and still works: None for startLoggingWithObserver.
    initialize(loop, loop._reactorFactory, shutdown.register, None, None, loop._reapAllProcesses)


def _restart_log_threads(shutdown: Any) -> None:
    """Give crochet's log observers a thread of this process; without one their queues would only grow."""
    observer_class = crochet._eventloop.ThreadLogObserver
    for observer in list(globalLogPublisher._observers):
        writer: Any = getattr(observer, "legacyObserver", None)
        if isinstance(writer, observer_class):
            observer_class.__init__(writer, writer._observer)
            shutdown.register(writer.stop)
