"""The chat for the other parts of the process, in whichever thread they run."""

from collections.abc import Callable, Sequence
from typing import Any

from zope.interface import implementer

from mixsvc.chat.service import ChatService
from mixsvc.interfaces import IChat

__all__ = ["Chat"]


@implementer(IChat)
class Chat:
    """Reads snapshots, and asks the reactor for everything else."""

    def __init__(self, bridge: Callable[..., Any], service: ChatService, prefix: str) -> None:
        """bridge(function, *args) gives what function, or the Deferred it returns, gives in the reactor thread.

        It raises ServiceBusy after its time limit.
        """
        self._bridge = bridge
        self._service = service
        self.prefix = prefix

    def rooms(self) -> Sequence[str]:
        return self._service.rooms()

    def members(self, room: str) -> Sequence[str]:
        return self._service.members(room)

    def say(self, room: str, name: str, text: str) -> int:
        """Besides what IChat says: ServiceBusy also when the message cannot be stored now."""
        number: int = self._bridge(self._service.publish, room, name, text).number
        return number
