"""A page that is loaded when somebody asks for it first, in a thread: neither a start nor the chat waits for it."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET

from mixsvc.threads.own_threads import OwnThreads

__all__ = ["LaterPage"]

NOT_LOADED = b"This page cannot be loaded; the log of the service says why.\n"


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
            OwnThreads().start(self._work)
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
