"""Looks every second whether logins have ended with which connections were opened, and ends those connections."""

from collections.abc import Sequence
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.chat.dispatch import ChatDispatcher
from mixsvc.chat.model.people import Client
from mixsvc.interfaces import DeferToThread

__all__ = ["LoginWatch"]

# How often it looks, in seconds.
LOOK_SECONDS: Final = 1.0


class LoginWatch:
    """Ends the connections of those who have logged out, in whichever process that was. Used in the reactor thread.

    Moderators' requests are checked besides, before each is done (handlers.moderation).
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, dispatcher: ChatDispatcher, defer_to_thread: DeferToThread) -> None:
        """defer_to_thread: runs what may block, as Identity.ended may."""
        self._dispatcher = dispatcher
        self._defer_to_thread = defer_to_thread
        self._is_failing = False
        self._loop = LoopingCall(self._look)
        self._loop.clock = clock

    def start(self) -> None:
        """Begin to look."""
        self._loop.start(LOOK_SECONDS, now=False)

    def stop(self) -> None:
        """Stop looking."""
        if self._loop.running:
            self._loop.stop()

    def _look(self) -> "Deferred[None] | None":
        clients = self._dispatcher.logged_in()
        if not clients:
            return None
        return self._defer_to_thread(lambda: _logged_out(clients)).addCallbacks(self._end, self._failed)

    def _end(self, clients: Sequence[Client]) -> None:
        self._is_failing = False
        for client in clients:
            self._dispatcher.end_login(client)

    def _failed(self, failure: Failure) -> None:
        # Once, not every second.
        if not self._is_failing:
            self._is_failing = True
            self._log.failure("chat: it could not be found out who has logged out", failure)


def _logged_out(clients: Sequence[Client]) -> list[Client]:
    """Called in a worker thread."""
    return [client for client in clients if client.has_logged_out()]
