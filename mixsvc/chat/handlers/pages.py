"""Reads pages of rooms: from the database, or while that is away from what this node remembers."""

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred, fail, succeed
from twisted.python.failure import Failure

from mixsvc.chat.handlers.state import ChatState
from mixsvc.chat.handlers.telling import MessageTeller
from mixsvc.chat.storage.records import PageQuery
from mixsvc.interfaces import ChatPage
from mixsvc.storage.waiting.queue import NotRead

__all__ = ["CATCH_UP", "PageReader"]

# How many messages a client that comes back gets at most.
CATCH_UP: Final = 1000

DAY: Final = 86_400.0


class PageReader:
    """Reads pages. A remembered one ends with the message that the members were told last. Used in the reactor thread.

    So whoever enters with it gets every later message once, as soon as the database is there again.
    """

    def __init__(self, state: ChatState, teller: MessageTeller) -> None:
        self._state = state
        self._teller = teller

    def page(self, query: PageQuery) -> "Deferred[ChatPage]":
        """Read a page. Fails with NotRead."""
        return self._read(self._state.storage.page, query)

    def catch_up(self, query: PageQuery) -> "Deferred[ChatPage]":
        """Read a page for a client that joins. Fails with NotRead."""
        return self._read(self._state.storage.catch_up, query)

    def recalled(self, query: PageQuery) -> ChatPage | None:
        """The page as far as it is remembered; None if the database must be asked."""
        state, room = self._state, self._state.rooms.find(query.room)
        days = state.settings.keep_days
        cutoff = state.wall.seconds() - days * DAY if days else 0.0
        told = self._teller.told(query.room)
        return state.storage.remembered(query, told, room.topic, cutoff) if room is not None else None

    def _read(self, ask: "Callable[[PageQuery], Deferred[ChatPage]]", query: PageQuery) -> "Deferred[ChatPage]":
        if not self._state.nodes.heart.is_trusted:
            page = self.recalled(query)
            return (
                succeed(page) if page is not None else fail(NotRead("the database is away; try again a little later"))
            )
        return ask(query).addCallbacks(self._remember, self._not_read, (query,), errbackArgs=(query,))

    def _remember(self, page: ChatPage, query: PageQuery) -> ChatPage:
        memory = self._state.storage.memory
        if memory is not None and self._teller.is_followed(query.room):
            memory.read(query.room, page)
        return page

    def _not_read(self, failure: Failure, query: PageQuery) -> ChatPage:
        page = self.recalled(query)
        if page is None:
            failure.raiseException()
        return page
