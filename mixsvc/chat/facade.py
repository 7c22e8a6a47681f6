"""The chat for the other parts of the process, in whichever thread they run."""

from collections.abc import Callable, Sequence
from typing import Any

from zope.interface import implementer

from mixsvc.chat.dispatch import ChatDispatcher
from mixsvc.interfaces import ChatPage, IChat, RoomOverview

__all__ = ["ChatFacade"]


@implementer(IChat)
class ChatFacade:
    """Reads snapshots, and asks the reactor for everything else."""

    def __init__(self, bridge: Callable[..., Any], dispatcher: ChatDispatcher, prefix: str) -> None:
        """bridge(function, *args) gives what function, or the Deferred it returns, gives in the reactor thread.

        It raises ServiceBusy after its time limit.
        """
        self._bridge = bridge
        self._dispatcher = dispatcher
        self.prefix = prefix

    def rooms(self) -> Sequence[str]:
        """See IChat."""
        return self._dispatcher.rooms()

    def overview(self) -> Sequence[RoomOverview]:
        """See IChat."""
        return self._dispatcher.overview()

    def members(self, room: str) -> Sequence[str]:
        """See IChat."""
        return self._dispatcher.members(room)

    def page(self, room: str, before: int | None, limit: int) -> ChatPage:
        """See IChat. ServiceBusy also when the history cannot be read now."""
        page: ChatPage = self._bridge(self._dispatcher.page, room, before, limit)
        return page

    def claim(self, name: str, person: str) -> str:
        """See IChat."""
        spelled: str = self._bridge(self._dispatcher.claim, name, person)
        return spelled

    def say(self, room: str, name: str, text: str, key: str | None = None) -> int:
        """See IChat. ServiceBusy also when the message cannot be stored now."""
        number: int = self._bridge(self._dispatcher.publish, room, name, text, key).message.number
        return number
