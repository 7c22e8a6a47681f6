"""The service on a reactor in memory: what it opens, in which order, and its options for SockJS."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pytest
from twisted.application.service import IService
from twisted.internet.defer import maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IHostnameResolver
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from mixsvc.chat.service import sockjs_options
from mixsvc.config.settings import ChatSettings, RatesSettings, ServerSettings, Settings, StorageSettings, WebSettings
from mixsvc.errors import CannotListen, DatabaseUnusable
from mixsvc.interfaces import IChat, IRates
from mixsvc.service import MixService

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Reactor(MemoryReactorClock):
    """Runs the calls of other threads at the next turn, and records the resolver."""

    resolver: IHostnameResolver | None = None
    busy_port = 0

    def callFromThread(self, function: Callable[..., object], *args: object, **kwargs: object) -> None:
        self.callLater(0, function, *args, **kwargs)

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        self.resolver = resolver
        return resolver

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        if port == self.busy_port:
            raise CannotListenError(interface, port, OSError(98, "Address already in use"))
        return MemoryReactorClock.listenTCP(self, port, factory, backlog, interface)


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"page"]


def nobody(environ: Mapping[str, Any]) -> None:
    """An authenticator that knows nobody."""


def settings(**server: Any) -> Settings:
    return Settings(
        server=ServerSettings(**{"port": 8080, **server}),
        web=WebSettings(threads=1),
        storage=StorageSettings(path=":memory:"),
        rates=RatesSettings(sources=("archive",)),
    )


def end(service: MixService, reactor: Reactor) -> None:
    """Stop a service that still runs; every step of the stop ends at its time limit, so that threads end.

    Time passes slowly enough for what threads do meanwhile, such as closing the database.
    """
    if service.running:
        stopped, never = maybeDeferred(service.stopService), Event()
        for _ in range(6000):
            if stopped.called:
                break
            reactor.advance(0.01)
            never.wait(0.002)
        assert stopped.called
    reactor.pump([1.0] * 60)


class ServiceTests(SynchronousTestCase):
    """Made, started and stopped; its threads are real ones and end with the test."""

    def setUp(self) -> None:
        self.reactor = Reactor()

    def made(self, **server: Any) -> MixService:
        service = MixService(self.reactor, settings(**server), application, nobody)
        self.addCleanup(end, service, self.reactor)
        return service

    def test_it_is_a_service_whose_facades_have_what_their_interfaces_promise(self) -> None:
        service = self.made()

        verifyObject(IService, service)
        verifyObject(IRates, service.facades.rates)
        verifyObject(IChat, service.facades.chat)

    def test_making_it_opens_nothing(self) -> None:
        self.made()

        assert self.reactor.tcpServers == []
        assert self.reactor.getDelayedCalls() == []

    def test_ports_open_while_the_process_has_the_rights_for_it(self) -> None:
        service = self.made(listen=("tcp:80:interface=127.0.0.1", "tcp:81:interface=127.0.0.1"))

        service.privilegedStartService()

        assert [server[0] for server in self.reactor.tcpServers] == [80, 81]

    def test_a_port_that_was_taken_since_the_check_is_named(self) -> None:
        self.reactor.busy_port = 8080
        service = self.made()

        with pytest.raises(CannotListen, match=r"^cannot listen on 127\.0\.0\.1:8080 \(Address already in use\)"):
            service.privilegedStartService()

    def test_rates_are_known_when_starting_has_returned(self) -> None:
        service = self.made()
        assert service.facades.rates.latest("EUR", "USD") is None

        service.privilegedStartService()
        service.startService()

        quote = service.facades.rates.latest("EUR", "USD")
        assert quote is not None and quote.source == "archive"

    def test_names_are_resolved_in_daemon_threads(self) -> None:
        self.made().startService()

        assert type(self.reactor.resolver).__name__ == "DaemonThreadResolver"


def test_the_chat_is_for_its_own_pages_and_the_listed_origins() -> None:
    options = sockjs_options(Settings(chat=ChatSettings(origins=("https://example.org",))))

    assert options["origins"] == ("self", "https://example.org")


def test_the_iframe_takes_the_client_from_where_the_pages_are() -> None:
    assert _client_of(Settings()) == "/static/vendor/sockjs.min.js"
    deep = Settings(chat=ChatSettings(prefix="/live/chat"))
    assert _client_of(deep) == "/static/vendor/sockjs.min.js"
    below = Settings(web=WebSettings(pages="/mixsvc"))
    assert _client_of(below) == "/mixsvc/static/vendor/sockjs.min.js"
    # Behind a proxy that removes a prefix from the paths of both.
    assert _client_of(below, "/mix") == "/mix/mixsvc/static/vendor/sockjs.min.js"
    assert _client_of(deep, "/a/b") == "/a/b/static/vendor/sockjs.min.js"
    # txsockjs has a default of its own.
    assert "sockjs_url" not in sockjs_options(Settings(web=WebSettings(wsgi="a:b")))


def _client_of(settings: Settings, removed: str = "") -> str:
    """The client's path, as a browser finds it in the iframe page."""
    return urljoin(f"{removed}{settings.chat.prefix}/iframe.html", str(sockjs_options(settings)["sockjs_url"]))


def test_a_posted_body_may_spell_every_byte_with_six() -> None:
    options = sockjs_options(Settings(chat=ChatSettings(max_message=1000)))

    assert options["max_message"] == 1000
    assert isinstance(options["max_body"], int) and options["max_body"] >= len(str(["\\u0000" * 1000]))


def test_a_database_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    reactor = Reactor()
    service = MixService(
        reactor, Settings(storage=StorageSettings(path=str(tmp_path / "nowhere" / "x"))), application, nobody
    )

    with pytest.raises(DatabaseUnusable, match="^the database .* cannot be used: unable to open database file"):
        service.startService()

    service.stopService()
    reactor.pump([1.0] * 60)
