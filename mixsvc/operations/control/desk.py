"""What operators see and do, put together for one service."""

from collections.abc import Sequence

from twisted.internet.defer import Deferred

from mixsvc.operations.control.actions import perform
from mixsvc.operations.control.overview import Overview
from mixsvc.operations.control.parts import OperatedService

__all__ = ["OperatorDesk"]


class OperatorDesk:
    """The window and the socket ask it. Used in the reactor thread."""

    def __init__(self, service: OperatedService) -> None:
        self._service = service
        self.overview = Overview(service)

    def perform(self, name: str, words: Sequence[str]) -> "Deferred[str]":
        """Do an action; see actions.perform."""
        return perform(self._service, name, words)
