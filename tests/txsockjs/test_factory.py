"""The public names of txsockjs 1.2.2."""

from importlib import import_module
from inspect import isclass

from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource, getChildForRequest
from twisted.web.server import Site
from twisted.web.test.requesthelper import DummyRequest

from tests.txsockjs.fakes import Service
from txsockjs._protocol.errors import BadOption
from txsockjs.conformance import Echo
from txsockjs.factory import SockJSFactory, SockJSMultiFactory, SockJSResource
from txsockjs.testing import MemoryResponse, MemoryTransport

NAMES = {
    "txsockjs.factory": ["SockJSFactory", "SockJSMultiFactory", "SockJSResource"],
    "txsockjs.multiplex": ["SockJSMultiplexResource"],
    "txsockjs.utils": ["ChainedOpenSSLContextFactory", "broadcast", "normalize"],
    "txsockjs.protocols.eventsource": ["EventSource"],
    "txsockjs.protocols.htmlfile": ["HTMLFile"],
    "txsockjs.protocols.jsonp": ["JSONP", "JSONPSend"],
    "txsockjs.protocols.static": ["IFrame", "Info"],
    "txsockjs.protocols.websocket": ["RawWebSocket", "WebSocket"],
    "txsockjs.protocols.xhr": ["XHR", "XHRSend", "XHRStream"],
}


class Started(Factory):
    """Records when it starts and stops."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def startFactory(self) -> None:
        self.calls.append("start")

    def stopFactory(self) -> None:
        self.calls.append("stop")


def get(site: Site, path: bytes) -> MemoryResponse:
    transport = MemoryTransport(site)
    transport.receive(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return MemoryResponse(transport)


class NameTests(SynchronousTestCase):
    def test_every_public_name_is_where_it_was(self) -> None:
        for module, names in NAMES.items():
            self.assertTrue(set(names) <= set(import_module(module).__all__), module)

    def test_a_url_is_a_resource_of_the_class_that_has_its_name(self) -> None:
        resource = SockJSResource(Factory.forProtocol(Echo), None, Clock())
        for path, module, name in (
            ("info", "static", "Info"),
            ("iframe.html", "static", "IFrame"),
            ("websocket", "websocket", "RawWebSocket"),
            ("0/s/websocket", "websocket", "WebSocket"),
            ("0/s/eventsource", "eventsource", "EventSource"),
            ("0/s/htmlfile", "htmlfile", "HTMLFile"),
            ("0/s/jsonp", "jsonp", "JSONP"),
            ("0/s/jsonp_send", "jsonp", "JSONPSend"),
            ("0/s/xhr", "xhr", "XHR"),
            ("0/s/xhr_send", "xhr", "XHRSend"),
            ("0/s/xhr_streaming", "xhr", "XHRStream"),
        ):
            kind = getattr(import_module(f"txsockjs.protocols.{module}"), name)
            found = getChildForRequest(resource, DummyRequest(path.encode().split(b"/")))

            self.assertTrue(isclass(kind))
            self.assertIs(type(found), kind, path)


class SockJSFactoryTests(SynchronousTestCase):
    def test_it_is_a_site_with_the_service_at_its_root(self) -> None:
        site = SockJSFactory(Factory.forProtocol(Echo), clock=Clock())

        self.assertIsInstance(site, Site)
        for path in (b"/", b"//"[:1]):
            self.assertEqual(get(site, path).body, b"Welcome to SockJS!\n")
        self.assertEqual(get(site, b"/info").status, 200)

    def test_its_service_is_its_resource(self) -> None:
        self.assertIsInstance(SockJSFactory(Factory.forProtocol(Echo), clock=Clock()).resource, SockJSResource)

    def test_the_factory_starts_and_stops_with_it(self) -> None:
        started = Started()
        site = SockJSFactory(started, clock=Clock())

        site.doStart()
        self.assertEqual(started.calls, ["start"])
        site.doStop()

        self.assertEqual(started.calls, ["start", "stop"])

    def test_a_bad_option_is_refused(self) -> None:
        self.assertRaises(BadOption, SockJSFactory, Started(), {"nothing": 1}, Clock())

    def test_the_global_reactor_is_the_clock_when_none_is_given(self) -> None:
        from twisted.internet import reactor

        before = set(IReactorTime(reactor).getDelayedCalls())
        transport = MemoryTransport(SockJSFactory(Factory.forProtocol(Echo)))
        transport.receive(b"POST /0/s/xhr_streaming HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")

        timers = set(IReactorTime(reactor).getDelayedCalls()) - before
        for timer in timers:
            timer.cancel()
        # The heartbeat is due in 25 seconds.
        self.assertIn(25, [round(timer.getTime() - IReactorTime(reactor).seconds()) for timer in timers])


class SockJSMultiFactoryTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.site = SockJSMultiFactory(Clock())
        self.site.addFactory(Factory.forProtocol(Echo), "echo")
        self.site.addFactory(Factory.forProtocol(Echo), b"other", {"websocket": False})

    def test_each_factory_is_below_its_prefix(self) -> None:
        for path in (b"/echo", b"/other/"):
            self.assertEqual(get(self.site, path).body, b"Welcome to SockJS!\n")
        self.assertEqual(get(self.site, b"/none").status, 404)

    def test_each_has_its_own_options(self) -> None:
        self.assertIn(b'"websocket": true', get(self.site, b"/echo/info").body)
        self.assertIn(b'"websocket": false', get(self.site, b"/other/info").body)

    def test_the_factories_start_and_stop_with_it(self) -> None:
        early, late = Started(), Started()
        self.site.addFactory(early, "early")
        self.site.doStart()
        self.site.addFactory(late, "late")
        self.site.doStop()

        self.assertEqual((early.calls, late.calls), (["start", "stop"], ["start", "stop"]))


class SockJSResourceTests(SynchronousTestCase):
    def test_it_may_be_anywhere_in_a_site(self) -> None:
        root, deep = Resource(), Resource()
        root.putChild(b"a", deep)
        deep.putChild(b"chat", SockJSResource(Factory.forProtocol(Echo), None, Clock()))

        self.assertEqual(get(Site(root, reactor=Clock()), b"/a/chat/").body, b"Welcome to SockJS!\n")

    def test_code_for_an_older_release_finds_its_sessions_and_disconnects_them(self) -> None:
        service = Service()
        stream = service.post("/0/s/xhr_streaming")
        service.post("/0/t/xhr")

        for session in service.resource._sessions.values():
            session.disconnect()

        self.assertEqual(stream.chunks[2:], [b'c[3000,"Go away!"]\n', b""])
        self.assertEqual([len(app.reasons) for app in service.apps.all], [1, 1])
        self.assertEqual((service.resource._sessions, service.clock.getDelayedCalls()), ({}, service.clock.calls))
