"""A session's transport has what protocols that were written for TCP use."""

from collections.abc import Callable

from twisted.internet.error import ConnectionAborted
from twisted.internet.interfaces import IConsumer, IPushProducer, ISSLTransport, ITCPTransport
from twisted.internet.protocol import Factory
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import alsoProvides
from zope.interface.verify import verifyObject

from tests.txsockjs.fakes import App, Apps, Service
from txsockjs.multiplex import SockJSMultiplexResource
from txsockjs.testing import MemoryTransport, MemoryWebSocket, RecordingProducer, RecordingTransport, WebSocketClient

INTERFACES = (ITCPTransport, IPushProducer, IConsumer)

CONNECTIONS: dict[str, Callable[[Service], MemoryTransport]] = {
    "websocket": lambda service: MemoryWebSocket(service).transport,
    "raw websocket": lambda service: MemoryWebSocket(service, "/websocket").transport,
    "xhr_streaming": lambda service: service.post("/0/s/xhr_streaming").transport,
    "htmlfile": lambda service: service.get("/0/other/htmlfile?c=x").transport,
}


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service()

    @property
    def app(self) -> App:
        return self.service.apps.last

    def polling(self) -> None:
        """Open a session whose client is between two polls."""
        self.service.post("/0/s/xhr")


class AbortTests(Case):
    def test_the_connection_is_dropped_whatever_carries_the_session(self) -> None:
        for name, connect in CONNECTIONS.items():
            connection = connect(self.service)
            self.app.transport.write("unsent")
            self.app.transport.abortConnection()
            self.service.flush()

            self.assertTrue(connection.is_aborted, name)
            self.assertNotIn(b"unsent", connection.value(), name)
            self.assertEqual([each.type for each in self.app.reasons], [ConnectionAborted], name)
        self.assertEqual(self.service.resource.session_count, 0)

    def test_the_protocol_is_told_at_the_end_of_the_turn_and_once(self) -> None:
        MemoryWebSocket(self.service)
        self.app.transport.abortConnection()
        self.app.transport.abortConnection()
        self.app.transport.loseConnection()
        self.assertEqual((self.app.reasons, self.app.transport.disconnecting), ([], True))

        self.service.flush()
        self.app.transport.abortConnection()
        self.service.flush()

        self.assertEqual(len(self.app.reasons), 1)

    def test_between_two_polls_the_session_ends_and_its_name_is_free(self) -> None:
        self.polling()
        self.app.transport.abortConnection()
        self.service.flush()

        self.assertEqual(self.app.reasons[0].type, ConnectionAborted)
        self.assertEqual(self.service.post("/0/s/xhr").body, b"o\n")

    def test_a_client_that_does_not_read_the_close_frame_can_be_dropped(self) -> None:
        socket = MemoryWebSocket(self.service)
        socket.transport.fill()
        self.app.transport.write("x")
        self.app.transport.loseConnection()
        self.service.flush()
        self.assertEqual(self.app.reasons, [])

        self.app.transport.abortConnection()
        self.service.flush()

        self.assertEqual((socket.transport.is_aborted, len(self.app.reasons)), (True, 1))

    def test_messages_that_come_in_the_same_turn_are_dropped(self) -> None:
        class Aborting(Apps):
            def came(self, app: App, data: bytes) -> None:
                app.transport.abortConnection()

        service = Service(Aborting())
        WebSocketClient(service).send("1", "2")

        self.assertEqual(service.apps.last.messages, [b"1"])

    def test_the_producer_is_stopped(self) -> None:
        MemoryWebSocket(self.service)
        producer = RecordingProducer()
        self.app.transport.registerProducer(producer, True)
        self.app.transport.abortConnection()
        self.service.flush()

        self.assertEqual(producer.calls, ["stop"])

    def test_the_test_of_one_protocol_sees_it(self) -> None:
        transport = RecordingTransport(App(Apps()))
        self.assertFalse(transport.is_aborted)
        transport.abortConnection()

        self.assertEqual((transport.is_aborted, transport.closed_with), (True, None))


class OptionTests(Case):
    def test_it_is_a_tcp_transport(self) -> None:
        MemoryWebSocket(self.service)
        for interface in INTERFACES:
            verifyObject(interface, self.app.transport)
        self.assertFalse(ISSLTransport.providedBy(self.app.transport))

    def test_options_are_those_of_the_connection_that_carries_the_session(self) -> None:
        for name, connect in CONNECTIONS.items():
            connection = connect(self.service)
            transport = self.app.transport
            transport.setTcpKeepAlive(True)
            transport.setTcpNoDelay(False)

            self.assertEqual((connection.getTcpKeepAlive(), connection.getTcpNoDelay()), (True, False), name)
            self.assertEqual((transport.getTcpKeepAlive(), transport.getTcpNoDelay()), (True, False), name)

    def test_they_can_be_set_in_connection_made(self) -> None:
        class Setting(Apps):
            def made(self, app: App) -> None:
                app.transport.setTcpNoDelay(False)

        service = Service(Setting())

        self.assertFalse(MemoryWebSocket(service).transport.getTcpNoDelay())

    def test_between_two_polls_there_are_none(self) -> None:
        self.polling()
        self.app.transport.setTcpNoDelay(True)
        self.app.transport.setTcpKeepAlive(True)

        self.assertEqual((self.app.transport.getTcpNoDelay(), self.app.transport.getTcpKeepAlive()), (False, False))

    def test_closing_the_one_direction_closes_the_session(self) -> None:
        socket = WebSocketClient(self.service)
        self.app.transport.loseWriteConnection()

        self.assertEqual(socket.closed_with, (3000, "Go away!"))

    def test_stopping_to_consume_forgets_the_producer_and_closes_the_session(self) -> None:
        socket, producer = WebSocketClient(self.service), RecordingProducer()
        self.app.transport.registerProducer(producer, True)
        self.app.transport.stopConsuming()

        self.assertEqual((socket.closed_with, producer.calls), ((3000, "Go away!"), []))


class CertificateTests(Case):
    def test_a_session_over_tls_has_the_certificate_of_its_client(self) -> None:
        class Secure(MemoryTransport):
            def getPeerCertificate(self) -> object:
                return "certificate"

        connection = Secure(self.service.site)
        alsoProvides(connection, ISSLTransport)
        connection.receive(b"POST /echo/0/s/xhr_streaming HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")

        verifyObject(ISSLTransport, self.app.transport)
        self.assertEqual(self.app.transport.getPeerCertificate(), "certificate")  # type: ignore[attr-defined]  # of TLS

        connection.lose()
        self.assertIsNone(self.app.transport.getPeerCertificate())  # type: ignore[attr-defined]


class TopicTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.apps = Apps()
        self.service = Service(Factory())
        self.service.resource = resource = SockJSMultiplexResource(clock=self.service.clock)
        self.service.site.resource.putChild(b"echo", resource)
        resource.addFactory("news", self.apps)
        self.client = WebSocketClient(self.service)
        self.client.send("sub,news")

    def test_a_topics_transport_is_a_tcp_transport_of_the_sessions_connection(self) -> None:
        for interface in INTERFACES:
            verifyObject(interface, self.apps.last.transport)
        self.apps.last.transport.setTcpNoDelay(False)

        self.assertFalse(self.client.socket.transport.getTcpNoDelay())

    def test_it_is_aborted_without_the_others(self) -> None:
        self.apps.last.transport.abortConnection()
        self.apps.last.transport.abortConnection()

        self.assertEqual(self.client.messages, ["uns,news"])
        self.assertEqual([each.type for each in self.apps.last.reasons], [ConnectionAborted])
        self.assertFalse(self.client.socket.transport.is_aborted)
