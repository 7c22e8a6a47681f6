"""What operators see and do, put together for one service."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed

from mixsvc.operations.control.actions import ACTIONS, perform
from mixsvc.operations.control.overview import Overview
from mixsvc.operations.control.parts import OperatedService
from mixsvc.operations.control.watch import ServiceWatch

__all__ = ["OperatorDesk"]


class OperatorDesk:
    """The window and the socket ask it. Used in the reactor thread. watch: its owner starts and stops it."""

    def __init__(self, service: OperatedService) -> None:
        self._service = service
        self.watch = ServiceWatch(service)
        self.overview = Overview(service, self.watch)
        self._shown: Mapping[str, Callable[[], Any]] = {"status": self.overview, "history": self.series}

    def series(self) -> Mapping[str, Any]:
        """Figures of the last hour, by name; see HourHistory.series."""
        return self.watch.history.series()

    def perform(self, name: str, words: Sequence[str]) -> "Deferred[str]":
        """Do an action; see actions.perform."""
        return perform(self._service, name, words)

    def answer(self, name: str, words: Sequence[str]) -> "Deferred[Mapping[str, Any]]":
        """See AnsweringDesk: shows something, or does an action."""
        show = self._shown.get(name)
        if show is not None:
            return succeed({"data": show()})
        return self.perform(name, words).addCallback(lambda text: {"text": text})

    def seconds(self, name: str) -> float:
        """See AnsweringDesk."""
        action = ACTIONS.get(name)
        return action.seconds if action is not None else 1.0
