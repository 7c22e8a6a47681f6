"""The chat for views: called in any thread."""

from collections.abc import Callable, Sequence
from typing import Any

from zope.interface import implementer

from mixsvc.chat.dispatch import ChatDispatcher
from mixsvc.common.text import plain
from mixsvc.hooks.registry import hooks, is_in_hook
from mixsvc.interfaces import ChatPage, IChat, RoomOverview, SearchPage
from mixsvc.threads.wait_limit import WaitLimit

__all__ = ["ChatFacade"]


@implementer(IChat)
class ChatFacade:
    """Implements IChat: reads snapshots in the calling thread, and calls the reactor thread for everything else."""

    on_message = staticmethod(hooks.on_message)
    may = staticmethod(hooks.may)

    def __init__(
        self, bridge: Callable[..., Any], dispatcher: ChatDispatcher, prefix: str, wait_limit: WaitLimit
    ) -> None:
        """bridge(function, *args) calls function in the reactor thread and returns its result.

        It waits for a Deferred that function returns, and raises ServiceBusy after its time limit. wait_limit: for
        calls that wait for the database; as many may wait for permissions.
        """
        self._wait_limit = wait_limit
        self._permission_limit = wait_limit.another()
        self._bridge = lambda function, *args: bridge(function, *map(plain, args))
        self._dispatcher = dispatcher
        self.prefix = prefix

    @property
    def asks_permission(self) -> bool:
        """See IChat."""
        return self._dispatcher.asks_permission

    def log_out(self, person: str) -> None:
        """See IChat."""
        self._bridge(self._dispatcher.log_out, person)

    def look_at_logins(self) -> None:
        """See IChat."""
        self._bridge(self._dispatcher.look_at_logins)

    def rooms(self) -> Sequence[str]:
        """See IChat."""
        return self._dispatcher.rooms()

    def overview(self) -> Sequence[RoomOverview]:
        """See IChat."""
        return self._dispatcher.overview()

    def members(self, room: str) -> Sequence[str]:
        """See IChat."""
        return self._dispatcher.members(room)

    def seen_by(self, person: str | None) -> Sequence[RoomOverview]:
        """See IChat."""
        with self._permission_limit.slot():
            seen: Sequence[RoomOverview] = self._bridge(self._dispatcher.seen_by, person)
        return seen

    def allows(self, person: str | None, action: str, room: str | None) -> bool:
        """See IChat."""
        with self._permission_limit.slot():
            allowed: bool = self._bridge(self._dispatcher.allows, person, action, room)
        return allowed

    def revoke(self, person: str | None, room: str) -> None:
        """See IChat."""
        self._bridge(self._dispatcher.revoke, person, room)

    def page(self, room: str, before: int | None, limit: int) -> ChatPage:
        """See IChat. Raises ServiceBusy also if the messages cannot be read now."""
        with self._wait_limit.slot():
            page: ChatPage = self._bridge(self._dispatcher.page, room, before, limit)
        return page

    def search(self, room: str, text: str, before: int | None = None, limit: int = 20, by: str = "") -> SearchPage:
        """See IChat. Raises ServiceBusy also if the messages cannot be read now."""
        with self._wait_limit.slot():
            page: SearchPage = self._bridge(self._dispatcher.search, room, text, before, limit, by)
        return page

    def claim(self, name: str, person: str) -> str:
        """See IChat."""
        spelled: str = self._bridge(self._dispatcher.claim, name, person)
        return spelled

    def say(self, room: str, name: str, text: str, key: str | None = None) -> int:
        """See IChat. Raises ServiceBusy also if the message cannot be stored now."""
        post = self._dispatcher.answer if is_in_hook() else self._dispatcher.publish
        with self._wait_limit.slot():
            number: int = self._bridge(post, room, name, text, key).message.number
        return number

    def deliver(self, hook: str, room: str, name: str, text: str, delivery: str | None = None) -> int:
        """See IChat."""
        with self._wait_limit.slot():
            number: int = self._bridge(self._dispatcher.deliver, hook, room, name, text, delivery).message.number
        return number
