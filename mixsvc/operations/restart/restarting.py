"""A restart, seen from the old process: it starts the new one, lets go once that is prepared, and ends.

The steps of letting go are those of a stop (operations/ending.py) in another order. With a database of its own
(SQLite), nobody can be served between the moment in which this process lets go of it and the one in which the new
process has it. So only what needs the database comes before that: requests in flight end, and what waits is stored.
Clients wait meanwhile in the queue of the port, which both processes have, or on an idle connection, which the new one
gets. On PostgreSQL the new process is another node, and serves before this one begins to end.
"""

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ReactorNotRunning
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.common.records import record
from mixsvc.config.settings import Settings
from mixsvc.errors import RestartFailed
from mixsvc.http.ports.handed import HandingReactor
from mixsvc.operations.restart.beginning import Beginning
from mixsvc.operations.restart.keeping import adopt_orphans, keep_service
from mixsvc.operations.restart.link import DRAINED, RELOAD, RENEW, REOPEN, RETURNED
from mixsvc.operations.restart.successor import Successor
from mixsvc.shutdown import StopDeadline, StopStep

__all__ = ["EndSteps", "Restarting", "RestartingService"]

# How long the answer to who has asked for the restart may take on its way, in seconds.
ANSWER_SECONDS: Final = 0.1

# How long the new process may take to accept the connections that are idle, in seconds.
HANDING_SECONDS: Final = 5.0

STOPPED: Final = "the service is stopped"

# What the new process is told of signals that have come to this one.
OWED: Final = {signal.SIGUSR1: REOPEN, signal.SIGHUP: RELOAD, signal.SIGUSR2: RENEW}


class EndSteps(Protocol):
    """The steps in which the service lets go; see mixsvc.operations.ending.ServiceEnd."""

    async def slow_down(self) -> None:
        """Accept no more connections, after a moment in which those that are open are told so."""

    def take_detached(self) -> Sequence[int]:
        """The idle connections that the new process can go on with; each is returned once."""

    async def say_goodbye_over(self, seconds: float) -> None:
        """Send long connections away, so many in each second that all have gone by then."""

    def answering_steps(self) -> Sequence[Sequence[StopStep]]:
        """Requests in flight."""

    def goodbye_steps(self) -> Sequence[Sequence[StopStep]]:
        """Long connections."""

    def storing_steps(self) -> Sequence[Sequence[StopStep]]:
        """The database."""

    def last_steps(self) -> Sequence[Sequence[StopStep]]:
        """What needs no database."""

    def closing_steps(self) -> Sequence[Sequence[StopStep]]:
        """The ports, and idle connections, if no other process has them."""


@record
class RestartingService:
    """What a restart needs of the service. settings: returns those of now.

    release: lets go of the database, which is closed. tell: tells the service manager which process is the service.
    finish: ends what is left when all steps are done. is_drained: whether an operator has taken the service out of
    rotation. is_stopping: whether it was told to stop.
    """

    reactor: Any
    settings: Callable[[], Settings]
    beginning: Beginning
    sockets: HandingReactor
    end: EndSteps
    release: Callable[[], object]
    tell: Callable[[int], object]
    finish: Callable[[], object]
    is_drained: Callable[[], bool]
    is_stopping: Callable[[], bool]


class Restarting:
    """The restarts of one process, of which only the last one succeeds. Reactor thread.

    process: the number of the process that has taken over; 0 while it is this one. Signal handlers read it, too.
    """

    _log = Logger()

    def __init__(self, service: RestartingService) -> None:
        self._service = service
        self._end = service.end
        self._successor: Successor | None = None
        # Since this process lets go: fires when it has nothing more to do.
        self._ending: Deferred[None] | None = None
        # For who has asked for the restart.
        self._answer: Deferred[str] = Deferred()
        self._is_cancelled = False
        # What the new process is to do as well, in order.
        self._owed: dict[str, None] = {}
        self.process = 0
        self._has_ended = False

    def begin(self) -> "Deferred[str]":
        """Restart the service; fires with a line for a person, shortly before this process ends.

        Fails with RestartFailed. Then this process goes on as before, unless it had let go of the database already.
        """
        service = self._service
        if service.is_stopping():
            return fail(RestartFailed("the service is stopping"))
        if self._successor is not None:
            return fail(RestartFailed(f"a restart is going on already, with process {self._successor.process}"))
        if service.beginning.twistd.get("chroot") is not None:
            return fail(RestartFailed("a service in a root folder of its own (twistd --chroot) cannot start itself"))
        self._successor = Successor(service.reactor, service.beginning, service.sockets)
        return Deferred.fromCoroutine(self._restart(self._successor))

    def owe(self, number: signal.Signals) -> None:
        """If a restart is going on, let the new process do what this signal means as well, as soon as it serves."""
        if self._successor is not None:
            self._owed[OWED[number]] = None

    def stop(self) -> "Deferred[None] | None":
        """The service is to stop, and so is the new process.

        Returns what fires when this process has nothing more to do; None if it has to stop as usual.
        """
        self._is_cancelled = True
        if self._successor is not None and not self._has_ended:
            self._successor.end(signal.SIGTERM if self._successor.has_gone else signal.SIGKILL)
        return self._ending

    async def _restart(self, successor: Successor) -> str:
        settings = self._service.settings()
        storage, seconds = settings.storage, settings.server.restart_timeout
        try:
            await successor.start(seconds)
            if storage.url:
                await self._give(successor)
        except RestartFailed as error:
            self._successor = None
            self._owed.clear()
            successor.close()
            self._log.error("mixsvc: no restart, this process goes on: {reason}", reason=str(error))
            raise
        letting_go = self._leave(successor) if storage.url else self._let_go(successor)
        self._ending = Deferred.fromCoroutine(letting_go).addErrback(self._failed).addBoth(self._over)
        return await self._answer

    async def _let_go(self, successor: Successor) -> None:
        self._log.info("mixsvc: the process {pid} is prepared, and takes over", pid=successor.process)
        await self._end.slow_down()
        deadline = StopDeadline(self._service.reactor, self._service.settings().server.shutdown_timeout)
        await deadline.share_out(self._end.answering_steps())
        goodbyes = Deferred.fromCoroutine(deadline.share_out(self._end.goodbye_steps()))
        await deadline.share_out(self._end.storing_steps())
        self._service.release()
        try:
            await self._give(successor)
        except RestartFailed:
            await deadline.share_out(self._end.closing_steps())
            raise
        else:
            await self._hand_over(successor)
        finally:
            await goodbyes
            await deadline.share_out(self._end.last_steps())

    async def _leave(self, successor: Successor) -> None:
        """On a shared database: the new process serves already."""
        server = self._service.settings().server
        steps = self._end
        await steps.slow_down()
        successor.give(steps.take_detached())
        await steps.say_goodbye_over(server.drain)
        deadline = StopDeadline(self._service.reactor, server.shutdown_timeout)
        await deadline.share_out(steps.answering_steps())
        successor.give(steps.take_detached())
        await deadline.share_out([*steps.goodbye_steps(), *steps.storing_steps()])
        await self._hand_over(successor)
        await deadline.share_out(steps.last_steps())

    async def _hand_over(self, successor: Successor) -> None:
        """Let the new process go on with the connections that are idle. The socket to it takes some hundred at once."""
        successor.give(self._end.take_detached())
        deadline = StopDeadline(self._service.reactor, HANDING_SECONDS)
        await deadline.share(1.0, "handing over connections", successor.part)

    async def _give(self, successor: Successor) -> None:
        """Let the new process be the service. Raises RestartFailed if it cannot."""
        if self._is_cancelled:
            raise RestartFailed(STOPPED)
        service, beginning = self._service, self._service.beginning
        # Before that process says that it is ready, which only the main process may say.
        service.tell(successor.process)
        was_drained = service.is_drained()
        if was_drained:
            # It says so from its first answer on.
            successor.tell(DRAINED)
        try:
            await successor.go(service.settings().server.restart_timeout)
        except RestartFailed:
            service.tell(os.getpid())
            raise
        self.process = successor.process
        self._tell_owed(successor, was_drained)
        # It is that process's by now.
        beginning.twistd["pidfile"] = ""
        service.sockets.abandon()
        if successor.kept is not None:
            adopt_orphans()
            beginning.at_exit.act = partial(keep_service, successor.process, successor.kept)
        elif beginning.inheritance is not None and beginning.inheritance.keeper is not None:
            os.write(beginning.inheritance.keeper, b"%d\n" % successor.process)
        self._answer.callback(f"process {successor.process} has taken over from {os.getpid()}")

    def _tell_owed(self, successor: Successor, was_drained: bool) -> None:
        """Let the new process do what this one was asked for meanwhile. was_drained: what it was told before."""
        is_drained = self._service.is_drained()
        if is_drained != was_drained:
            successor.tell(DRAINED if is_drained else RETURNED)
        for message in self._owed:
            successor.tell(message)

    def _failed(self, failure: Failure) -> None:
        if failure.check(RestartFailed):
            reason = failure.getErrorMessage()
            self._log.critical("mixsvc: the new process has not taken over; the service ends: {reason}", reason=reason)
        else:
            self._log.failure("mixsvc: the new process has not taken over; the service ends", failure)
        self._service.beginning.at_exit.act = self._service.beginning.at_exit.fail
        if not self._answer.called:
            self._answer.errback(failure)

    def _over(self, _: object) -> None:
        self._service.finish()
        self._service.reactor.callLater(ANSWER_SECONDS, self._stop_reactor)

    def _stop_reactor(self) -> None:
        # A signal that came before means the new process as well, and has stopped the reactor.
        self._has_ended = True
        with suppress(ReactorNotRunning):
            self._service.reactor.stop()
