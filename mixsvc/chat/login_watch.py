"""Looks every second whether logins have ended with which connections were opened, and ends those connections."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

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


class Seen(NamedTuple):
    """Who has logged out, and the first failure to find that out; None if there was none."""

    logged_out: Sequence[Client]
    failure: Failure | None


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
        return self._defer_to_thread(lambda: _look_at(clients)).addCallbacks(self._seen, self._failed)

    def _seen(self, seen: Seen) -> None:
        for client in seen.logged_out:
            self._dispatcher.end_login(client)
        if seen.failure is None:
            self._is_failing = False
        else:
            self._failed(seen.failure)

    def _failed(self, failure: Failure) -> None:
        # Once, not every second.
        if not self._is_failing:
            self._is_failing = True
            self._log.failure("chat: it could not be found out who has logged out", failure)


def _look_at(clients: Iterable[Client]) -> Seen:
    """Called in a worker thread. A failure for one person says nothing about the others."""
    logged_out: list[Client] = []
    failure: Failure | None = None
    for client in clients:
        try:
            if client.has_logged_out():
                logged_out.append(client)
        except Exception:
            failure = failure or Failure()
    return Seen(logged_out, failure)
