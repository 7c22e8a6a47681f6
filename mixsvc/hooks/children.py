"""Runs the hooks in the processes in which the application is imported."""

from collections.abc import Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred

__all__ = ["ChildHookRunner", "HookProcesses"]


class HookProcesses(Protocol):
    """What it needs of mixsvc.wsgi.supervision.processes.ViewProcesses."""

    @property
    def hooks(self) -> frozenset[str]:
        """The names of what the application has registered."""

    def run(self, name: str, arguments: Sequence[object]) -> "Deferred[Any]":
        """Call it in a process that is ready, or as soon as one is; cancellable."""


class ChildHookRunner:
    """Implements HookRunner."""

    def __init__(self, processes: HookProcesses) -> None:
        self._processes = processes

    def names(self) -> frozenset[str]:
        """See HookRunner."""
        return self._processes.hooks

    def run(self, name: str, arguments: Sequence[object]) -> "Deferred[Any]":
        """See HookRunner. If the process ends before it answers, the call fails; it is not made again."""
        return self._processes.run(name, arguments)

    def stop(self) -> None:
        """Does nothing: the processes are ended by others."""
