"""What is for operators alone and is loaded in a thread: neither a start nor the chat waits for it."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET

from mixsvc.threads.own_threads import OwnThreads

__all__ = ["LateWatch", "LaterPage", "load_desk"]

NOT_LOADED: Final = b"This page cannot be loaded; the log of the service says why.\n"

# Seconds after the start, or after an attempt that failed, until that is measured which operators may ask for.
WATCH_AFTER: Final = 3.0

DESK: Final = (
    "mixsvc.operations.control.desk",
    "mixsvc.operations.control.sessions",
    "mixsvc.operations.control.channel",
    # By the time of a restart their files may be those of another version.
    "mixsvc.operations.restart.restarting",
    "mixsvc.http.ports.detaching",
)


class LaterPage(Resource):
    """Stands in the place of a page, whose render returns NOT_DONE_YET. Reactor thread."""

    isLeaf = True

    _log = Logger()

    def __init__(self, reactor: Any, load: Callable[[], IResource]) -> None:
        """load: imports and makes the page; called in a thread of its own."""
        Resource.__init__(self)
        self._reactor = reactor
        self._load = load
        self._page: IResource | None = None
        self._waiting: list[Deferred[IResource]] = []

    def render(self, request: Any) -> int:
        """Have the page answer as soon as it is loaded; if it cannot be, the next request tries again."""
        gone: list[object] = []
        request.notifyFinish().addErrback(gone.append)

        def loaded(page: IResource) -> None:
            if gone:
                return
            try:
                page.render(request)
            except Exception:
                # As twisted.web does for a page that it has found itself.
                request.processingFailed(Failure())

        def failed(failure: Failure) -> None:
            self._log.failure("mixsvc: a page for operators cannot be loaded", failure)
            if not gone:
                request.setResponseCode(500)
                request.setHeader(b"content-type", b"text/plain; charset=utf-8")
                request.write(NOT_LOADED)
                request.finish()

        self._loaded().addCallbacks(loaded, failed)
        return NOT_DONE_YET

    def _loaded(self) -> "Deferred[IResource]":
        if self._page is not None:
            return succeed(self._page)
        waiting: Deferred[IResource] = Deferred()
        self._waiting.append(waiting)
        if len(self._waiting) == 1:
            try:
                OwnThreads().start(self._work)
            except RuntimeError:
                # The system gives no thread now.
                self._settle(Failure())
        return waiting

    def _work(self) -> None:
        """In the thread."""
        try:
            found: IResource | Failure = self._load()
        except BaseException:
            found = Failure()
        self._reactor.callFromThread(self._settle, found)

    def _settle(self, found: "IResource | Failure") -> None:
        if not isinstance(found, Failure):
            self._page = found
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(found)


def load_desk() -> None:
    """Import what operators see and do, before an upgrade replaces the files of it."""
    for name in DESK:
        import_module(name)


class LateWatch:
    """Has something measured once the modules are loaded, in a thread, as that would hold up the reactor.

    While no file can be opened and no thread started, because the process has too many, it tries again. For the reactor
    thread.
    """

    _log = Logger()

    def __init__(self, reactor: Any, load: Callable[[], object], begin: Callable[[], object]) -> None:
        """load: called in a thread of its own. begin: called afterwards, in the reactor thread.

        Where begin raises RuntimeError, as it gets no thread either, both are called again.
        """
        self._reactor = reactor
        self._load = load
        self._begin = begin
        self._waiting: IDelayedCall | None = None

    def start(self) -> None:
        """Begin in some seconds, not in the way of the start."""
        self._waiting = self._reactor.callLater(WATCH_AFTER, self._start_thread)

    def stop(self) -> None:
        """Begin no more."""
        if self._waiting is not None and self._waiting.active():
            self._waiting.cancel()
        self._waiting = None

    def _start_thread(self) -> None:
        try:
            OwnThreads().start(self._try)
        except RuntimeError as error:
            self._try_again(error)

    def _try(self) -> None:
        """In the thread."""
        try:
            self._load()
        except OSError as error:
            self._log.warn("mixsvc: what operators see is not loaded yet: {error}", error=error.strerror)
            self._reactor.callFromThread(self._go_on, self.start)
        else:
            self._reactor.callFromThread(self._go_on, self._measure)

    def _measure(self) -> None:
        try:
            self._begin()
        except RuntimeError as error:
            self._try_again(error)

    def _try_again(self, error: RuntimeError) -> None:
        self._log.warn("mixsvc: what operators see is not loaded yet: {error}", error=str(error))
        self.start()

    def _go_on(self, step: Callable[[], object]) -> None:
        # None: the service has ended meanwhile.
        if self._waiting is not None:
            step()
