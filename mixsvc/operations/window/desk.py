"""What the window shows and does, as `control` has it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from mixsvc.operations.window.forms import FormAction

__all__ = ["WindowDesk"]


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
