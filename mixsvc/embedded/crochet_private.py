"""What we use of the private parts of crochet and Twisted; no other module touches them.

Read in crochet 2.1.1 (crochet/_eventloop.py, crochet/_shutdown.py) and in Twisted 26.10 (twisted/logger/_observer.py).
The contract test is tests/embedded/test_crochet_private.py; CI runs it with the oldest and newest supported releases.

Why there is no public way: crochet.setup() starts its reactor once per process and has no counterpart that undoes it.
A fork inherits an EventLoop that counts as started, while the threads of the reactor, of the watchdog and of the log
exist only in the parent. A new EventLoop would not do: functions that an application has decorated by crochet.wait_for
or crochet.run_in_reactor keep the old object. Twisted has no public way to list the observers of its log, either.

crochet's watchdog stops the reactor when `is_alive()` of the main thread is false; it asks every 0.1 s. From Python
3.13 on gevent (26.9, monkey/_patch_thread_gte313.py) ends a program by telling those who join the main thread, and then
has `is_alive()` be true until all other threads have ended, the watchdog among them. crochet has no setting for whom
its watchdog watches.
"""

import importlib
import sys
import threading
from typing import Any

import crochet
from crochet._eventloop import ThreadLogObserver
from twisted.logger import globalLogPublisher

__all__ = ["reset_crochet", "watch_for_joined_main_thread"]


def watch_for_joined_main_thread() -> None:
    """Have crochet's watchdog wait for the main thread by joining it, where threads are greenlets.

    Called before crochet.setup(), in any thread.
    """
    main_thread = threading.Thread(target=threading.main_thread().join, name="mixsvc main thread's end", daemon=True)
    main_thread.start()
    sys.modules["crochet._shutdown"].__dict__["_watchdog"]._canary = main_thread


def reset_crochet() -> None:
    """Make crochet ready for another crochet.setup() in a forked process; called before the new reactor exists."""
    shutdown = importlib.reload(sys.modules["crochet._shutdown"])
    _reset_event_loop(shutdown)
    _restart_log_threads(shutdown)


def _reset_event_loop(shutdown: Any) -> None:
    """Make the live EventLoop a new one that has not started, with a new watchdog."""
    loop: Any = vars(crochet)["_main"]
    initialize: Any = type(loop).__init__
    # Logging was started in the parent and still works: None for startLoggingWithObserver.
    initialize(loop, loop._reactorFactory, shutdown.register, None, shutdown._watchdog, loop._reapAllProcesses)


def _restart_log_threads(shutdown: Any) -> None:
    """Give crochet's log observers a thread of this process; without one their queues would only grow."""
    for observer in list(globalLogPublisher._observers):
        writer: Any = getattr(observer, "legacyObserver", None)
        if isinstance(writer, ThreadLogObserver):
            initialize: Any = ThreadLogObserver.__init__
            initialize(writer, writer._observer)
            shutdown.register(writer.stop)
