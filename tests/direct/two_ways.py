"""One service of our pages in memory, twice: answered by the reactor where it can, and by Flask's views alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from werkzeug.test import run_wsgi_app
from zope.interface import implementer

from mixsvc.answers.answer import Answer
from mixsvc.config.current import Current
from mixsvc.config.settings import Settings
from mixsvc.direct.pages import direct_pages
from mixsvc.direct.routes import DirectSources
from mixsvc.http.page_request import IPages, PageRequest, ViewRequest
from mixsvc.http.routing import Root
from mixsvc.http.site import MixSite
from mixsvc.interfaces import IMix
from mixsvc.wsgi.environ import make_environ
from tests.http.memory_site import MemoryTransport, connect

__all__ = ["Service", "Sent"]


@implementer(IPages)
class ViewsAtOnce(Resource):
    """A WSGI application that runs at once, in place of a thread. calls: how many requests it got."""

    isLeaf = True

    def __init__(self, application: Any) -> None:
        Resource.__init__(self)
        self._application = application
        self.calls = 0

    def render(self, request: Any) -> int:
        self._answer(request)
        return NOT_DONE_YET

    def page_at(self, segments: Sequence[bytes]) -> Callable[[PageRequest], None]:
        return self._answer

    def _answer(self, request: ViewRequest) -> None:
        self.calls += 1
        blocks, status, headers = run_wsgi_app(self._application, make_environ(request), buffered=True)
        code, _, reason = status.partition(" ")
        fields = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers)
        request.respond(int(code), reason.encode(), fields, b"".join(blocks))


@dataclass(frozen=True)
class Sent:
    """A response as its client has it; Date is left out, and so is the order of fields."""

    status: int
    reason: str
    fields: Mapping[str, str] = field(hash=False)
    body: bytes


class Service:
    """A site on `application`, with the answers of the reactor before it, or without."""

    def __init__(self, application: Any, mix: IMix, settings: Settings | None = None, is_direct: bool = True) -> None:
        self.settings = settings = settings or Settings()
        self.views = ViewsAtOnce(application)
        self.in_thread = 0
        # What waits for a thread, if it is to wait.
        self.is_waiting = False
        self.waiting: list[Callable[[], None]] = []
        self.logged: list[tuple[int, int]] = []
        self.version: object = None
        guests = Current(settings.chat.guests)
        sources = DirectSources(mix, guests, lambda: self.version, lambda: len(mix.chat.overview()))  # type: ignore[union-attr]
        pages: Any = direct_pages(self.views, settings, sources, self._in_thread) if is_direct else self.views
        root = Root(pages, Resource(), settings.chat.prefix)
        self.site = MixSite(Clock(), root, settings)
        self.site.on_answer = lambda request, seconds: self.logged.append((request.code, request.sentLength))

    def _in_thread(self, build: Callable[[], Answer]) -> "Deferred[Answer]":
        self.in_thread += 1
        if not self.is_waiting:
            return maybeDeferred(build)
        built: Deferred[Answer] = Deferred()
        self.waiting.append(lambda: built.callback(build()))
        return built

    def ask(self, target: str, method: str = "GET", **fields: str) -> Sent:
        """Send one request, on a connection of its own. fields: by name, with _ for -."""
        return _read(self.begin(target, method, **fields))

    def begin(self, target: str, method: str = "GET", **fields: str) -> MemoryTransport:
        """The same, if the answer comes later."""
        given = {"Host": "localhost", **{name.replace("_", "-"): value for name, value in fields.items()}}
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        _, transport = connect(self.site)
        transport.protocol.dataReceived(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1"))
        return transport


def _read(transport: MemoryTransport) -> Sent:
    head, _, body = transport.value().partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    _, status, reason = first.split(" ", 2)
    fields = dict(line.split(": ", 1) for line in lines)
    assert len(fields) == len(lines), "a field is there twice"
    fields.pop("Date")
    return Sent(int(status), reason, {name.lower(): value for name, value in fields.items()}, body)
