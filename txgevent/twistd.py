"""The reactor as `twistd --reactor gevent` installs it: in a program that is patched."""

from txgevent import reactor  # first: it tells where gevent is missing

# isort: split
import threading

from gevent import monkey
from twisted.python.threadpool import ThreadPool

__all__ = ["install"]


def install() -> None:
    """Make the blocking functions of the standard library cooperative, then install the reactor."""
    monkey.patch_all()
    # It was imported before, and has kept the class that is replaced: its threads could not be waited for.
    ThreadPool.threadFactory = threading.Thread
    reactor.install()
