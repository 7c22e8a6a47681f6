"""What the window shows and does, as `control` has it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from mixsvc.operations.control.actions import ACTIONS
from mixsvc.operations.control.desk import OperatorDesk
from mixsvc.operations.window.forms import FormAction

__all__ = ["ControlDesk", "WindowDesk"]


class WindowDesk(Protocol):
    """Used in the reactor thread."""

    def overview(self) -> Mapping[str, Any]:
        """Returns everything that there is to see; its lists are bounded."""

    def series(self) -> Mapping[str, Any]:
        """Returns the numbers of the graphs: a list for each, with an entry for each sample of the last hour."""

    def actions(self) -> Mapping[str, FormAction]:
        """Returns what operators can do, by name."""

    def perform(self, name: str, words: Sequence[str]) -> "Deferred[str]":
        """Do it; fires with a line for the operator. Fails with MixError if it cannot be done."""


class ControlDesk:
    """The desk of a service, which is made when it is needed first. See WindowDesk."""

    def __init__(self, desk: Callable[[], OperatorDesk]) -> None:
        self._desk = desk

    def overview(self) -> Mapping[str, Any]:
        """See WindowDesk."""
        return self._desk().overview()

    def series(self) -> Mapping[str, Any]:
        """See WindowDesk."""
        return self._desk().series()

    def actions(self) -> Mapping[str, FormAction]:
        """See WindowDesk."""
        return ACTIONS

    def perform(self, name: str, words: Sequence[str]) -> "Deferred[str]":
        """See WindowDesk."""
        return self._desk().perform(name, words)
