"""The reactor as `twistd --reactor gevent` installs it: in a monkey-patched program."""

from txgevent import reactor  # first: it gives advice where gevent is missing

# isort: split
import threading

from gevent import monkey
from twisted.python.threadpool import ThreadPool

__all__ = ["install"]


def install() -> None:
    """Make the blocking functions of the standard library cooperative, then install the reactor."""
    monkey.patch_all()
    # ThreadPool was imported before and keeps the unpatched class, whose threads cannot be joined in a patched program.
    ThreadPool.threadFactory = threading.Thread
    reactor.install()
