"""Looks every second whether logins have ended with which connections were opened, and ends those connections."""

from collections.abc import Callable, Sequence
from math import inf
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar

from twisted.internet.defer import Deferred, gatherResults, maybeDeferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import DeferToThread, Identity
from mixsvc.threads.failures import ApplicationFailure

__all__ = ["LoggedIn", "LoggedInMany", "LoginLooks", "LoginWatch", "LookAtLogins", "look_in_thread"]

# How often it looks, in seconds.
LOOK_SECONDS: Final = 1.0


# Says of each identity whether its login has ended, or how it failed to find that out; None: its turn comes with one of
# the next looks. Called in the reactor thread.
LookAtLogins: TypeAlias = Callable[[Sequence[Identity]], "Deferred[Sequence[bool | Failure | None]]"]


class LoggedIn(Protocol):
    """Somebody whose login may end. identity: None for a stranger."""

    @property
    def identity(self) -> Identity | None: ...


L = TypeVar("L", bound=LoggedIn)


class LoggedInMany(Protocol[L]):
    """Those who are looked after. Used in the reactor thread."""

    def logged_in(self) -> Sequence[L]:
        """Those whose login may end before they go."""

    def end_login(self, each: L, /) -> None:
        """The login of one of them has ended. Does nothing if that one has gone meanwhile."""


class LoginWatch(Generic[L]):
    """Ends what those get who have logged out, in whichever process that was. Used in the reactor thread.

    One look runs at a time; all who ask for one meanwhile share the next. So a slow application is asked by one thread.
    The chat's moderators are looked at besides, before each of their requests is done (chat/handlers/moderation.py).
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, part: str, many: LoggedInMany[L], look: LookAtLogins) -> None:
        """part: what the log calls the part of the service that has them."""
        self._part = part
        self._many = many
        self._look_at = look
        self._is_failing = False
        self._is_looking = False
        # Those who wait for the next look.
        self._waiting: list[Deferred[bool]] = []
        self._loop = LoopingCall(self.look)
        self._loop.clock = clock

    def start(self) -> None:
        """Begin to look."""
        self._loop.start(LOOK_SECONDS, now=False)

    def stop(self) -> None:
        """Stop looking."""
        if self._loop.running:
            self._loop.stop()

    def look(self) -> "Deferred[bool]":
        """Look once no other look runs; fires when those whose login had ended before this call have nothing more.

        With False if that could not be found out of all.
        """
        asked: Deferred[bool] = Deferred()
        self._waiting.append(asked)
        if not self._is_looking:
            self._begin()
        return asked

    def _begin(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._is_looking = True
        maybeDeferred(self._look).addErrback(self._failed).addCallback(self._looked, waiting)

    def _looked(self, is_complete: bool, waiting: "Sequence[Deferred[bool]]") -> None:
        self._is_looking = False
        if self._waiting:
            self._begin()
        for each in waiting:
            each.callback(is_complete)

    def _look(self) -> "Deferred[bool]":
        logged_in = [(each, each.identity) for each in self._many.logged_in()]
        looked_at = [each for each, identity in logged_in if identity is not None]
        if not looked_at:
            return succeed(True)
        looking = self._look_at([identity for _, identity in logged_in if identity is not None])
        return looking.addCallback(self._seen, looked_at)

    def _seen(self, answers: Sequence[bool | Failure | None], looked_at: Sequence[L]) -> bool:
        failures: list[Failure] = []
        # A failure for one person says nothing about the others.
        for each, answer in zip(looked_at, answers, strict=True):
            if isinstance(answer, Failure):
                failures.append(answer)
            elif answer:
                self._many.end_login(each)
        if failures:
            return self._failed(failures[0])
        self._is_failing = False
        return None not in answers

    def _failed(self, failure: Failure) -> bool:
        # Once, not every second.
        if not self._is_failing:
            self._is_failing = True
            self._log.failure("{part}: it could not be found out who has logged out", failure, part=self._part)
        return False


class LoginLooks:
    """Lets all watches of a part look at once. Used in the reactor thread."""

    def __init__(self, clock: IReactorTime) -> None:
        self.watches: Sequence[LoginWatch[Any]] = ()
        self._clock = clock
        # When somebody asked last, in seconds of this clock.
        self._asked_at = -inf

    def __call__(self) -> "Deferred[None]":
        """Fires when all have looked; see LoginWatch.look. Fails with ServiceBusy if one could not look at all."""
        self._asked_at = self._clock.seconds()
        return gatherResults([each.look() for each in self.watches]).addCallback(_require_all)

    def arrived(self, identified_at: float) -> None:
        """Look again if somebody who has just come was asked before the last call who that is.

        Its login may have ended in between, and the look of that call did not find it.
        """
        if identified_at <= self._asked_at:
            for each in self.watches:
                # Not before those who have called know whom they have.
                self._clock.callLater(0, each.look)


def _require_all(are_complete: Sequence[bool]) -> None:
    if not all(are_complete):
        raise ServiceBusy("it cannot be found out now of everybody who has logged out; the next looks may find it out")


def look_in_thread(defer_to_thread: DeferToThread) -> LookAtLogins:
    """Calls Identity.ended in a thread, as it may block; one after the other."""
    return lambda identities: defer_to_thread(lambda: [_has_ended(each) for each in identities])


def _has_ended(identity: Identity) -> bool | Failure:
    """Called in a worker thread."""
    try:
        return identity.ended is not None and identity.ended()
    except Exception:
        return ApplicationFailure()
