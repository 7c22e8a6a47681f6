"""A service on a reactor in memory whose operators ask."""

import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, Queue
from threading import Thread
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.config.settings import Settings
from mixsvc.interfaces import IChat
from mixsvc.operations.control.desk import OperatorDesk
from mixsvc.service import MixService
from tests.test_service import Reactor, application, nobody, settings

__all__ = ["DEADLINE", "DeskTestCase", "WokenReactor"]

DEADLINE: Final = 30.0


class WokenReactor(Reactor):
    """Runs the calls of other threads in the test's own while it waits for them."""

    from_threads: Queue[Callable[[], object]]

    def callFromThread(self, function: Callable[..., object], *args: object, **kwargs: object) -> None:
        self.from_threads.put(partial(function, *args, **kwargs))

    def wait_for(self, waiting: "Deferred[Any]") -> Any:
        """What a Deferred fires with; raises what it fails with."""
        found: list[Any] = []
        waiting.addBoth(found.append)
        ends = time.monotonic() + DEADLINE
        while not found:
            self.from_threads.get(timeout=ends - time.monotonic())()
            self.advance(0)
        if isinstance(found[0], Failure):
            found[0].raiseException()
        return found[0]


class DeskTestCase(SynchronousTestCase):
    """Has a service that runs: its reactor, and what its operators see and do."""

    def setUp(self) -> None:
        self.reactor = WokenReactor()
        self.reactor.from_threads = Queue()
        self.service = self.started(settings())

    @property
    def desk(self) -> OperatorDesk:
        """What the operators of the service see and do."""
        return self.service.desk

    def started(self, given: Settings) -> MixService:
        """A service that runs, until the end of the test."""
        service = MixService(self.reactor, given, application, nobody)
        self.addCleanup(self._end, service)
        service.privilegedStartService()
        service.startService()
        for number in (signal.SIGUSR1, signal.SIGHUP, signal.SIGUSR2):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        self.reactor.run()
        return service

    def _end(self, service: MixService) -> None:
        """Stop it; what its threads have to do, such as closing the database, has the time that it takes."""
        stopped = service.stopService()
        ends = time.monotonic() + DEADLINE
        while not stopped.called and time.monotonic() < ends:
            with suppress(Empty):
                self.reactor.from_threads.get(timeout=0.05)()
            self.reactor.advance(0.05)

    def post(self, path: bytes) -> bytes:
        """What the site answers to a POST, at once or at the end of the reactor's turn."""
        site: Any = self.reactor.tcpServers[0][1]
        wire = StringTransport()
        channel = site.buildProtocol(wire.getPeer())
        channel.makeConnection(wire)
        channel.dataReceived(b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        self.reactor.advance(0)
        said: bytes = wire.value()
        return said

    def in_view(self, ask: Callable[[IChat], Any]) -> Any:
        """What a view gets from the chat."""
        chat, answered = self.service.facades.chat, Deferred[Any]()
        assert chat is not None

        def run() -> None:
            try:
                found = ask(chat)
            except Exception:
                found = Failure()
            self.reactor.callFromThread(answered.callback, found)

        Thread(target=run, daemon=True).start()
        return self.reactor.wait_for(answered)

    def perform(self, name: str, *words: str) -> str:
        """What an action answers; raises what it fails with."""
        answer: str = self.reactor.wait_for(self.desk.perform(name, words))
        return answer
