"""Runs the hooks of this process in threads of their own."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from twisted.internet.defer import Deferred, fail

from mixsvc.hooks.registry import HookRegistry
from mixsvc.interfaces.hooks import MAY, MESSAGE
from mixsvc.threads.leavable import LeavableCalls
from mixsvc.threads.pool import DaemonThreadPool

__all__ = ["MAY_THREADS", "MESSAGE_THREADS", "ThreadHookRunner"]

# How many calls run at one time. Each kind has its own threads: slow answers to messages do not delay permissions.
MESSAGE_THREADS: Final = 4
MAY_THREADS: Final = 8


class ThreadHookRunner:
    """Implements HookRunner. The threads are started with the first call; without hooks there are none."""

    def __init__(self, reactor: Any, registry: HookRegistry) -> None:
        self._registry = registry
        self._pools: Mapping[str, DaemonThreadPool] = {
            MESSAGE: DaemonThreadPool(reactor, MESSAGE_THREADS, "hook"),
            MAY: DaemonThreadPool(reactor, MAY_THREADS, "may"),
        }
        self._calls = {name: LeavableCalls(pool, reactor.seconds) for name, pool in self._pools.items()}

    def names(self) -> frozenset[str]:
        """See HookRunner."""
        return self._registry.names

    def run(self, name: str, arguments: Sequence[object]) -> "Deferred[Any]":
        """See HookRunner. A call that runs when it is cancelled goes on, and its result is dropped.

        Another thread takes the place of one that hangs. Fails where the system gives none; the next call tries again.
        """
        try:
            self._pools[name].start_some()
        except RuntimeError:
            return fail()
        return self._calls[name].defer(partial(self._registry.call, name, arguments))

    def stop(self) -> None:
        """Let the threads end once they are free; one whose call hangs is left behind."""
        for each in self._pools.values():
            each.stop()
