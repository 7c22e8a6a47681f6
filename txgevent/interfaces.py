"""What a reactor says of itself to code that must not block its thread."""

from twisted.python.threadpool import ThreadPool
from zope.interface import Interface

__all__ = ["IReactorNativeThreads"]


class IReactorNativeThreads(Interface):
    """A reactor whose thread pool has no threads of the operating system: what blocks there blocks everything."""

    def nativeThreadPool(size: int, name: str) -> ThreadPool:
        """A pool, not started, of at most that many threads of the operating system.

        Used as Twisted's own: with deferToThreadPool, or as a ConnectionPool's `threadpool`.
        """
