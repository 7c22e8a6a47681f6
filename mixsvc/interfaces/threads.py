"""Threads: what runs a blocking function outside the reactor thread."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred

__all__ = ["DeferToThread"]

T = TypeVar("T")


class DeferToThread(Protocol):
    """Runs a blocking function in a thread; twisted.internet.threads.deferToThread is one."""

    def __call__(self, function: Callable[[], T], /) -> "Deferred[T]":
        """Called in the reactor thread; fires there with what the function returned or raised."""
