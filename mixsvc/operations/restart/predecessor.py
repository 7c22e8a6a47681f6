"""The new process of a restart, seen from its inside: it prepares itself, waits for the old one, and takes over."""

import os
from collections.abc import Callable, Coroutine, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ReactorNotRunning
from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mixsvc.errors import BadSetting, MixError
from mixsvc.operations.restart.beginning import Beginning, Inheritance
from mixsvc.operations.restart.link import CONFIRM, FAILED, GO, PREPARED, READY, TAKEN, RestartLink, linked

__all__ = ["Predecessor", "settle_in"]

# twistd's own name for the log of a daemon.
LOG_FILE: Final = "twistd.log"

# The key in twistd's options under which the pid file of the service is until this process is the service.
LATER: Final = "mixsvc_pidfile"

# What a reactor does not read any more after this.
CLOSED: Final = Failure(ConnectionDone())


def settle_in(twistd: MutableMapping[str, Any], inheritance: Inheritance) -> None:
    """Let twistd start this process as what it is: part of a daemon, perhaps, but started by the service itself.

    Called before twistd looks at its pid file. Raises BadSetting if that cannot be written to.
    """
    for name in (inheritance.link, inheritance.stderr, inheritance.keeper, *inheritance.sockets.values()):
        if name is not None:
            os.set_inheritable(name, False)
    if inheritance.is_daemon:
        # It has left the terminal already, and is to log where a daemon logs.
        twistd["nodaemon"] = True
        if not (twistd.get("logfile") or twistd.get("syslog") or twistd.get("logger")):
            twistd["logfile"] = LOG_FILE
    if os.geteuid() != 0:
        # It has this user already.
        twistd["uid"] = twistd["gid"] = None
    path = twistd.get("pidfile")
    # As twistd has it: relative to the folder of the start, which is not that of --rundir.
    whole = os.path.abspath(path) if path else ""
    twistd[LATER], twistd["pidfile"] = whole, ""
    if path and not os.access(whole if os.path.exists(whole) else os.path.dirname(whole), os.W_OK):
        raise BadSetting(f"the pid file {path} cannot be written to by this user, so the service cannot change hands")


@implementer(IReadDescriptor)
class _KeeperWatch:
    """Notices the end of the process that stands for the service, by the socket to it.

    A transport of Twisted's would shut the socket down at the end, which the next process has, too.
    """

    def __init__(self, descriptor: int, ended: Callable[[], object]) -> None:
        self._descriptor = descriptor
        self._ended = ended

    def fileno(self) -> int:
        """See IFileDescriptor."""
        return self._descriptor

    def logPrefix(self) -> str:
        """See ILoggingContext."""
        return "keeper"

    def connectionLost(self, reason: Failure) -> None:
        """See IFileDescriptor: the reactor does not read it any more."""

    def doRead(self) -> Failure:
        """See IReadDescriptor. It says nothing: what can be read is its end."""
        self._ended()
        return CLOSED


class Predecessor:
    """The old process. Used in the reactor thread of the new one."""

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        beginning: Beginning,
        inheritance: Inheritance,
        acts: Mapping[str, Callable[[], object]],
    ) -> None:
        """acts: what is done when the old process says so, but not before this one serves."""
        self._reactor = reactor
        self._beginning = beginning
        self._inheritance = inheritance
        self._acts = acts
        self._link: RestartLink | None = None
        self._go: Deferred[None] = Deferred()
        # An earlier version does not wait for what it would be told.
        self._confirms = False
        self._has_gone = self._serves = False
        self._early: list[str] = []
        self.process = inheritance.process

    def wait(
        self,
        prepare: Callable[[], "Deferred[Any]"],
        take_over: Callable[[], Coroutine[Any, Any, None]],
        adopt: Callable[[int], None],
    ) -> None:
        """Tell the old process once everything is prepared, and call take_over as soon as it lets go.

        adopt: gets the descriptor of each connection that the old one gives, after that.

        This process ends if the other one ends before that, and if anything fails.
        """

        def taken(descriptor: int) -> None:
            adopt(descriptor)
            if self._confirms:
                self._say(TAKEN)

        self._link = linked(self._reactor, self._inheritance.link, RestartLink(self._heard, self._lost, taken))
        self._watch_keeper()
        prepared = prepare()
        prepared.addCallback(self._tell_prepared)
        prepared.addCallback(lambda _: Deferred.fromCoroutine(take_over()))
        prepared.addCallbacks(self._tell_ready, self._failed)

    def _tell_prepared(self, _: Any) -> "Deferred[None]":
        # What goes wrong from now on is in the log, and whoever reads what the old one wrote reads on here.
        os.dup2(self._inheritance.stderr, 2)
        os.close(self._inheritance.stderr)
        self._say(PREPARED)
        return self._go

    def _tell_ready(self, _: Any) -> None:
        twistd = self._beginning.twistd
        path = twistd.get(LATER)
        if path:
            with suppress(OSError), open(path, "wb") as file:
                file.write(b"%d" % os.getpid())
            # twistd removes it at the end.
            twistd["pidfile"] = path
        self._say(READY)
        self._log.info("mixsvc: this process, {pid}, has taken over from {old}", pid=os.getpid(), old=self.process)
        # Before the reactor reads a request.
        self._serves = True
        for message in self._early:
            self._act(message)

    def _failed(self, failure: Failure) -> None:
        if not failure.check(MixError):
            self._log.failure("mixsvc: the service could not be taken over", failure)
        self._say(FAILED + (failure.getErrorMessage() or "it is not known why"))
        self._end()

    def _say(self, message: str) -> None:
        if self._link is not None:
            self._link.say(message)

    def _heard(self, message: str) -> None:
        if message == GO and not self._has_gone:
            self._has_gone = True
            self._go.callback(None)
        elif message == CONFIRM:
            self._confirms = True
        elif self._serves:
            self._act(message)
        else:
            self._early.append(message)

    def _act(self, message: str) -> None:
        act = self._acts.get(message)
        # A later version may say more.
        if act is not None:
            act()

    def _lost(self) -> None:
        self._link = None
        if not self._has_gone:
            self._log.error("mixsvc: the process {old} ended before this one had taken over", old=self.process)
            self._end()

    def _watch_keeper(self) -> None:
        """End when the process does that stands for the service: whoever watches that one starts another."""
        keeper = self._inheritance.keeper
        if keeper is not None:
            os.set_blocking(keeper, False)
            self._reactor.addReader(_KeeperWatch(keeper, self._stop_reactor))

    def _end(self) -> None:
        self._beginning.at_exit.act = self._beginning.at_exit.fail
        self._stop_reactor()

    def _stop_reactor(self) -> None:
        # A signal may have stopped it.
        with suppress(ReactorNotRunning):
            self._reactor.stop()
