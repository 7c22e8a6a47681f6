"""An interface of reactors whose thread pool blocks the reactor."""

from twisted.python.threadpool import ThreadPool
from zope.interface import Interface

__all__ = ["IReactorNativeThreads"]


class IReactorNativeThreads(Interface):
    """A reactor whose thread pool has no threads of the operating system: a blocking call there blocks everything."""

    def nativeThreadPool(size: int, name: str) -> ThreadPool:
        """A pool of at most `size` threads of the operating system, not started.

        Use it as Twisted's own: with deferToThreadPool, or as a ConnectionPool's `threadpool`.
        """
