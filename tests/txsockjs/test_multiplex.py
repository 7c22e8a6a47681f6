"""Several topics over one session."""

from collections.abc import Mapping

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, IReactorTime, ITransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Site
from zope.interface.verify import verifyObject

from tests.txsockjs.fakes import App, Apps, Service
from tests.txsockjs.test_factory import Started
from tests.txsockjs.test_life import Failing, Leaving
from txsockjs.factory import SockJSResource
from txsockjs.multiplex import MultiplexFactory, MultiplexProtocol, SockJSMultiplexResource
from txsockjs.testing import MemoryWebSocket
from txsockjs.utils import broadcast


class Case(SynchronousTestCase):
    resource_class = SockJSMultiplexResource

    def setUp(self) -> None:
        self.service = Service()
        self.resource = self.resource_class(None, self.service.clock)
        root = Resource()
        root.putChild(b"echo", self.resource)
        self.service.site = Site(root, reactor=self.service.clock)
        self.apps = Apps()
        self.resource.addFactory("news", self.apps)
        self.socket = MemoryWebSocket(self.service, "/websocket")

    def got(self) -> list[str]:
        self.service.flush()
        self.socket.read()
        return self.socket.texts


class AtFirstUse(MultiplexFactory):
    """Serves a topic from its first use on, in the way of txsockjs 1.2.2."""

    def subscribe(self, p: MultiplexProtocol, name: str) -> None:
        if name not in self._topics:
            self.addFactory(name, Apps())
        MultiplexFactory.subscribe(self, p, name)


class AsIn122(SockJSMultiplexResource):
    def __init__(self, options: Mapping[str, object] | None = None, clock: IReactorTime | None = None) -> None:
        SockJSResource.__init__(self, AtFirstUse(self), options, clock)


class FormerConstructionTests(Case):
    resource_class = AsIn122

    def test_the_factorys_own_subscribe_decides(self) -> None:
        for text in ("sub,news", "sub,new"):
            self.socket.send_text(text)
        for name in ("news", "new"):
            self.resource.broadcast(name, "x")

        self.assertEqual(self.got(), ["msg,news,x", "msg,new,x"])


class TopicTests(Case):
    def test_a_client_subscribes_to_a_topic(self) -> None:
        self.socket.send_text("sub,news")

        self.assertTrue(self.apps.last.is_made)
        verifyObject(ITransport, self.apps.last.transport)
        verifyObject(IConsumer, self.apps.last.transport)

    def test_a_second_time_is_ignored(self) -> None:
        self.socket.send_text("sub,news")
        self.socket.send_text("sub,news")

        self.assertEqual(len(self.apps.all), 1)

    def test_a_payload_may_have_commas_or_be_missing(self) -> None:
        self.socket.send_text("sub,news")
        for text in ("msg,news,a,b,c", "msg,news,", "msg,news"):
            self.socket.send_text(text)

        self.assertEqual(self.apps.last.messages, [b"a,b,c", b"", b""])

    def test_a_write_is_a_message_of_the_topic(self) -> None:
        self.socket.send_text("sub,news")
        self.apps.last.transport.write(b"x,y")
        self.apps.last.transport.writeSequence(["\u00e9", b"\x80"])

        self.assertEqual(self.got(), ["msg,news,x,y", "msg,news,é", "msg,news,€"])

    def test_a_message_to_all_can_be_sent_by_any_of_them(self) -> None:
        other = MemoryWebSocket(self.service, "/websocket")
        for socket in (self.socket, other):
            socket.send_text("sub,news")
        self.assertEqual(self.apps.last.transport.topic, "news")  # type: ignore[attr-defined]  # of a topic's transport
        self.apps.last.transport.broadcast(b"x")  # type: ignore[attr-defined]

        self.assertEqual(self.got(), ["msg,news,x"])
        other.read()
        self.assertEqual(other.texts, ["msg,news,x"])

    def test_a_client_unsubscribes(self) -> None:
        self.socket.send_text("sub,news")
        self.socket.send_text("uns,news")
        self.socket.send_text("msg,news,late")
        self.apps.last.transport.write("late")

        self.assertEqual((self.apps.last.messages, len(self.apps.last.reasons), self.got()), ([], 1, []))
        self.assertTrue(self.apps.last.reasons[0].check(ConnectionDone))

    def test_it_may_subscribe_again(self) -> None:
        for text in ("sub,news", "uns,news", "sub,news", "msg,news,x"):
            self.socket.send_text(text)

        self.assertEqual(([], [b"x"]), (self.apps.all[0].messages, self.apps.all[1].messages))

    def test_a_topic_that_nobody_serves_is_answered_by_uns(self) -> None:
        self.socket.send_text("sub,nothing")

        self.assertEqual(self.got(), ["uns,nothing"])

    def test_anything_that_is_not_a_message_is_ignored(self) -> None:
        for text in ("", "x", "sub", "msg,news,not subscribed", "uns,news", "SUB,news", ",,,"):
            self.socket.send_text(text)
        self.socket.send_binary(b"\xff,\xff")

        self.assertEqual((self.apps.all, self.socket.closed_with), ([], None))

    def test_every_subscription_ends_with_the_session(self) -> None:
        self.socket.send_text("sub,news")

        self.socket.transport.lose()

        (reason,) = self.apps.last.reasons
        self.assertTrue(reason.check(ConnectionLost))

    def test_the_topic_knows_the_clients_address(self) -> None:
        self.socket.send_text("sub,news")
        transport = self.apps.last.transport

        self.assertEqual((transport.getPeer().host, transport.getHost().host), ("192.168.1.1", "10.0.0.1"))  # type: ignore[attr-defined]  # they are IPv4Addresses


class ServerSideTests(Case):
    def test_a_topics_protocol_may_end_its_subscription(self) -> None:
        self.socket.send_text("sub,news")
        self.apps.last.transport.loseConnection()
        self.apps.last.transport.loseConnection()

        self.assertEqual((self.got(), len(self.apps.last.reasons)), (["uns,news"], 1))
        self.assertIsNone(self.socket.closed_with)

    def test_a_broadcast_reaches_every_subscriber(self) -> None:
        other, stranger = (MemoryWebSocket(self.service, "/websocket") for _ in range(2))
        for socket in (self.socket, other):
            socket.send_text("sub,news")

        self.resource.broadcast("news", "x")
        self.resource.broadcast("nothing", "x")

        texts = self.got()
        for socket in (other, stranger):
            socket.read()
        self.assertEqual((texts, other.texts, stranger.texts), (["msg,news,x"], ["msg,news,x"], []))

    def test_a_topic_may_broadcast_to_its_transports(self) -> None:
        other = MemoryWebSocket(self.service, "/websocket")
        for socket in (self.socket, other):
            socket.send_text("sub,news")

        broadcast(b"hello", {app.transport for app in self.apps.all})

        texts = self.got()
        other.read()
        self.assertEqual((texts, other.texts), (["msg,news,hello"], ["msg,news,hello"]))

    def test_a_removed_topic_ends_its_subscriptions(self) -> None:
        self.socket.send_text("sub,news")
        self.resource.removeFactory("news")
        self.socket.send_text("sub,news")

        self.assertEqual((self.got(), len(self.apps.last.reasons)), (["uns,news", "uns,news"], 1))

    def test_a_topic_that_is_not_served_cannot_be_removed(self) -> None:
        self.assertRaises(KeyError, self.resource.removeFactory, "nothing")

    def test_a_topic_is_served_once_and_has_no_comma(self) -> None:
        for name in ("news", "a,b"):
            self.assertRaises(ValueError, self.resource.addFactory, name, Apps())

    def test_a_factory_starts_and_stops_with_its_topic(self) -> None:
        started = Started()
        self.resource.addFactory("other", started)
        self.resource.removeFactory("other")

        self.assertEqual(started.calls, ["start", "stop"])

    def test_a_factory_that_builds_none_refuses_the_client(self) -> None:
        class Nobody(Apps):
            def buildProtocol(self, addr: object) -> None:  # type: ignore[override]  # allowed by IProtocolFactory
                return None

        self.resource.addFactory("closed", Nobody())
        self.socket.send_text("sub,closed")

        self.assertEqual(self.got(), ["uns,closed"])


class FailureTests(Case):
    def serve(self, apps: Apps) -> None:
        self.resource.addFactory("other", apps)
        for text in ("sub,news", "sub,other", "msg,other,x"):
            self.socket.send_text(text)

    def test_a_protocol_that_fails_loses_its_subscription_and_no_other(self) -> None:
        for where in ("made", "came"):
            apps = Failing(where)
            self.serve(apps)

            self.assertEqual(self.got(), ["uns,other"])
            self.assertEqual((self.apps.last.reasons, len(self.flushLoggedErrors(RuntimeError))), ([], 1))
            self.resource.removeFactory("other")
            self.socket.frames.clear()

    def test_a_protocol_that_fails_at_its_end_is_logged_once(self) -> None:
        self.serve(Failing("gone"))
        self.socket.send_text("uns,other")

        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_a_protocol_may_end_its_subscription_anywhere(self) -> None:
        for where in ("made", "came"):
            apps = Leaving(where)
            self.serve(apps)

            self.assertEqual((self.got(), len(apps.last.reasons)), (["msg,other,last", "uns,other"], 1))
            self.resource.removeFactory("other")
            self.socket.frames.clear()


class OnDemand(MultiplexFactory):
    """Makes topics when they are asked for."""

    def subscribe(self, p: MultiplexProtocol, name: str) -> None:
        if name.startswith("room-") and name not in self._topics:
            self.addFactory(name, Echoes())
        super().subscribe(p, name)


class Echoes(Apps):
    def came(self, app: App, data: bytes) -> None:
        app.transport.write(data)


class OnDemandResource(SockJSMultiplexResource):
    factoryClass = OnDemand


class OverrideTests(Case):
    resource_class = OnDemandResource

    def test_topics_may_be_made_when_they_are_asked_for(self) -> None:
        for text in ("sub,room-1", "msg,room-1,x", "sub,other"):
            self.socket.send_text(text)

        self.assertEqual(self.got(), ["msg,room-1,x", "uns,other"])


class DynamicResource(SockJSMultiplexResource):
    """Makes topics when they are asked for, and refuses some."""

    def subscribe(self, p: MultiplexProtocol, name: str) -> None:
        if name == "room":
            self.addFactory(name, Echoes())
        if name != "secret":
            super().subscribe(p, name)


class OverriddenResourceTests(Case):
    resource_class = DynamicResource

    def test_the_resource_itself_may_decide_about_subscriptions(self) -> None:
        for text in ("sub,secret", "sub,room", "msg,room,x", "sub,other"):
            self.socket.send_text(text)

        self.assertEqual(self.got(), ["msg,room,x", "uns,other"])


class LaterResource(SockJSMultiplexResource):
    """Asks something else who may subscribe."""

    def __init__(self, options: Mapping[str, object] | None = None, clock: IReactorTime | None = None) -> None:
        super().__init__(options, clock)
        self.answer: Deferred[None] = Deferred()

    def subscribe(self, p: MultiplexProtocol, name: str) -> None:
        self.answer.addCallback(lambda _: SockJSMultiplexResource.subscribe(self, p, name))


class LaterTests(Case):
    resource_class = LaterResource
    resource: LaterResource

    def test_who_asks_twice_before_the_answer_subscribes_once(self) -> None:
        for text in ("sub,news", "sub,news"):
            self.socket.send_text(text)
        self.resource.answer.callback(None)
        self.resource.broadcast("news", "x")

        self.assertEqual((self.got(), len(self.apps.all)), (["msg,news,x"], 1))

    def test_who_is_gone_before_the_answer_does_not_subscribe(self) -> None:
        self.socket.send_text("sub,news")
        self.socket.transport.lose()
        self.resource.answer.callback(None)

        self.assertEqual(self.apps.all, [])
