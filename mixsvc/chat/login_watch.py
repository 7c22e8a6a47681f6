"""Looks every second whether logins have ended with which connections were opened, and ends those connections."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.chat.dispatch import ChatDispatcher
from mixsvc.chat.model.people import Client
from mixsvc.interfaces import DeferToThread, Identity

__all__ = ["LoginWatch", "LookAtLogins", "look_in_thread"]

# How often it looks, in seconds.
LOOK_SECONDS: Final = 1.0


# Says of each identity whether its login has ended, or how it failed to find that out. Called in the reactor thread.
LookAtLogins: TypeAlias = Callable[[Sequence[Identity]], "Deferred[Sequence[bool | Failure]]"]


class LoginWatch:
    """Ends the connections of those who have logged out, in whichever process that was. Used in the reactor thread.

    Moderators' requests are checked besides, before each is done (handlers.moderation).
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, dispatcher: ChatDispatcher, look: LookAtLogins) -> None:
        self._dispatcher = dispatcher
        self._look_at = look
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
        logged_in = [(each, each.identity) for each in self._dispatcher.logged_in()]
        clients = [client for client, identity in logged_in if identity is not None]
        if not clients:
            return None
        looking = self._look_at([identity for _, identity in logged_in if identity is not None])
        return looking.addCallback(self._seen, clients).addErrback(self._failed)

    def _seen(self, answers: Sequence[bool | Failure], clients: Sequence[Client]) -> None:
        failures: list[Failure] = []
        # A failure for one person says nothing about the others.
        for client, answer in zip(clients, answers, strict=True):
            if isinstance(answer, Failure):
                failures.append(answer)
            elif answer:
                self._dispatcher.end_login(client)
        if failures:
            self._failed(failures[0])
        else:
            self._is_failing = False

    def _failed(self, failure: Failure) -> None:
        # Once, not every second.
        if not self._is_failing:
            self._is_failing = True
            self._log.failure("chat: it could not be found out who has logged out", failure)


def look_in_thread(defer_to_thread: DeferToThread) -> LookAtLogins:
    """Calls Identity.ended in a thread, as it may block; one after the other."""
    return lambda identities: defer_to_thread(lambda: [_has_ended(each) for each in identities])


def _has_ended(identity: Identity) -> bool | Failure:
    """Called in a worker thread."""
    try:
        return identity.ended is not None and identity.ended()
    except Exception:
        return Failure()
