"""An application whose views hold their clients, behind a real site without threads or sockets."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, LogEvent, LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.config.settings import Settings
from mixsvc.holds.holder import ClientHolder, HolderDependencies, HoldLimits
from mixsvc.holds.response import HeldResponse, cannot_hold
from mixsvc.interfaces import Identity
from mixsvc.interfaces.holds import TOPICS, Hold
from tests.holds.fake_topics import FakeTopics
from tests.wsgi.inline import Served, Wire

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["GET", "STREAM", "HeldCase", "holding"]

GET = b"GET /orders/42?%b HTTP/1.1\r\nHost: shop.example\r\nAccept: application/json\r\n%b\r\n"
STREAM = b"GET /orders/42?%b HTTP/1.1\r\nHost: shop.example\r\nAccept: text/event-stream\r\n%b\r\n"


def holding(*topics: str, fields: dict[str, str] | None = None, **more: Any) -> HeldResponse:
    """What mix.hold returns."""
    return HeldResponse(Hold(TOPICS, topics, **more), fields or {}, cannot_hold)


class NobodyKnown:
    """An Identifier to whom everybody is a stranger, unless the test says who comes next."""

    def __init__(self) -> None:
        self.next: Deferred[Identity | None] | None = None
        self.forgotten: list[Identity | None] = []

    def __call__(self, request: Any, /) -> "Deferred[Identity | None] | None":
        return self.next

    def forget(self, identity: Identity | None, /) -> None:
        self.forgotten.append(identity)

    def stop(self) -> None:
        """Does nothing."""


class HeldCase(SynchronousTestCase):
    """The test is every client, and publishes."""

    limits = HoldLimits(most=100, most_each=50, max_unread=1000)
    application: "WSGIApplication" = staticmethod(holding("order-42"))

    def setUp(self) -> None:
        self.logged: list[tuple[dict[str, Any], float]] = []
        self.events: list[LogEvent] = []
        observer = cast(ILogObserver, self._note)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.serve(self.application)

    def _note(self, event: LogEvent) -> None:
        self.events.append(event)

    def serve(self, application: "WSGIApplication") -> None:
        """From now on this is the application."""
        self.served = served = Served(application, Settings(), lambda *given: self.holder.hold(*given))
        self.clock = served.reactor
        self.topics = FakeTopics(self.clock)
        self.people = NobodyKnown()
        self.holder = ClientHolder(self.clock, self.limits, HolderDependencies({TOPICS: self.topics}, self.people, ()))
        site: Any = served.site
        site.on_answer = self._answered

    def _answered(self, request: Any, seconds: float) -> None:
        fields = {name: getattr(request, name) for name in ("code", "method", "uri", "sentLength", "is_held")}
        self.logged.append((fields, seconds))

    def ask(self, data: bytes, *, kind: Callable[[], Wire] = Wire) -> tuple[Any, Wire]:
        """Send a request, and let the view and the topics answer. Returns the channel and its transport."""
        channel, wire = self.served.connect(kind())
        channel.dataReceived(data)
        self.clock.advance(0)
        return channel, wire

    def said(self, wire: Wire) -> tuple[bytes, bytes]:
        """Head and body of what came, which is forgotten."""
        head, _, body = wire.value().partition(b"\r\n\r\n")
        wire.clear()
        return head, body

    def errors(self) -> list[str]:
        """What the log says of errors."""
        return [str(each.get("error")) for each in self.events if each.get("log_level") is LogLevel.error]

    def fill(self, wire: Wire) -> None:
        """The client does not read: do what a transport does whose buffer is full."""
        producer: Any = wire.producer
        producer.pauseProducing()

    def empty(self, wire: Wire) -> None:
        """The client has read everything, and the topics tell it more."""
        producer: Any = wire.producer
        producer.resumeProducing()
        self.clock.advance(0)
