"""A session that is closed while a producer is registered sends what the producer has, as ITransport promises."""

from io import BytesIO

from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.protocols.basic import FileSender
from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs.fakes import App, Apps, Service
from tests.txsockjs.test_multiplex import Case as TopicCase
from txsockjs.testing import RawWebSocketClient, RecordingProducer, RecordingTransport, WebSocketClient, XHRClient

CLIENTS = (WebSocketClient, XHRClient, RawWebSocketClient)
GO_AWAY = (3000, "Go away!")
HEARTBEAT = 25


class SendingApps(Apps):
    """Each application sends a file and a last word, and closes at once."""

    def made(self, app: App) -> None:
        sent = FileSender().beginFileTransfer(BytesIO(b"x" * 100_000), app.transport)
        sent.addCallback(lambda _: app.transport.write("end"))
        app.transport.loseConnection()


class SendingTests(SynchronousTestCase):
    def test_the_file_arrives_and_what_is_written_in_the_turn_of_its_end_and_then_the_close(self) -> None:
        for kind in CLIENTS:
            service = Service(SendingApps())
            client = kind(service)
            service.flush()

            *file, end = client.messages
            self.assertEqual((sum(map(len, file)), end, client.closed_with), (100_000, "end", GO_AWAY), kind)
            self.assertEqual([each.type for each in service.apps.last.reasons], [ConnectionDone], kind)

    def test_the_service_does_not_wait_for_it(self) -> None:
        service = Service(SendingApps())
        client = WebSocketClient(service)
        service.resource.stop(1001, "Bye")

        self.assertIsNotNone(client.closed_with)


class ProducerCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service()
        self.client = WebSocketClient(self.service)
        self.app = self.service.apps.last
        self.transport = self.app.transport
        self.producer = RecordingProducer()
        self.transport.registerProducer(self.producer, True)
        self.transport.close(4000, "bye")

    def assertEnded(self, reason: type[Exception]) -> None:
        self.service.flush()
        self.assertEqual(([each.type for each in self.app.reasons], self.producer.calls), ([reason], ["stop"]))


class WaitingTests(ProducerCase):
    def test_it_waits_until_the_producer_is_unregistered(self) -> None:
        self.transport.write("1")
        self.assertEqual((self.client.messages, self.client.closed_with), (["1"], None))

        self.transport.unregisterProducer()
        self.transport.write("2")

        self.assertEqual((self.client.messages, self.client.closed_with), (["1", "2"], (4000, "bye")))

    def test_it_is_disconnecting_and_takes_nothing_from_the_client(self) -> None:
        self.client.send("x")

        self.assertEqual((self.app.messages, self.transport.disconnecting), ([], True))

    def test_the_first_close_counts(self) -> None:
        self.transport.loseConnection()
        self.transport.unregisterProducer()

        self.assertEqual(self.client.closed_with, (4000, "bye"))

    def test_another_producer_may_follow(self) -> None:
        self.transport.unregisterProducer()
        self.transport.registerProducer(RecordingProducer(), True)
        self.assertIsNone(self.client.closed_with)

        self.transport.unregisterProducer()

        self.assertEqual(self.client.closed_with, (4000, "bye"))

    def test_without_a_producer_nothing_waits(self) -> None:
        transport = RecordingTransport(App(Apps()))
        transport.loseConnection()
        transport.write("late")

        self.assertEqual((transport.messages, transport.closed_with), ([], GO_AWAY))


class EndingTests(ProducerCase):
    def test_an_abort_ends_it(self) -> None:
        self.transport.abortConnection()

        self.assertEnded(ConnectionAborted)

    def test_a_client_that_leaves_ends_it(self) -> None:
        self.client.disconnect()

        self.assertEnded(ConnectionLost)

    def test_a_client_that_is_silent_ends_it(self) -> None:
        self.client.socket.transport.fill()
        self.transport.write("x")
        self.service.clock.pump([1] * (HEARTBEAT + 15))
        self.assertTrue(self.client.socket.transport.is_aborted)
        self.client.disconnect()

        self.assertEqual((self.app.reasons[0].type, self.producer.calls), (ConnectionLost, ["pause", "stop"]))

    def test_a_client_that_does_not_come_back_ends_it(self) -> None:
        self.service.post("/0/s/xhr")
        app, producer = self.service.apps.last, RecordingProducer()
        app.transport.registerProducer(producer, True)
        app.transport.loseConnection()
        self.service.advance(6)

        self.assertEqual((app.reasons[0].type, producer.calls), (ConnectionLost, ["stop"]))

    def test_a_client_that_polls_again_and_again_does_not_make_it_wait_longer(self) -> None:
        client = XHRClient(self.service, "polls")
        app, producer = self.service.apps.last, RecordingProducer()
        app.transport.registerProducer(producer, True)
        app.transport.close(4000, "bye")
        for _ in range(3):
            self.assertEqual(client.messages, [])
            self.service.advance(HEARTBEAT)

        self.assertEqual(client.closed_with, (4000, "bye"))
        self.assertEqual(([each.type for each in app.reasons], producer.calls), ([ConnectionDone], ["stop"]))

    def test_a_producer_that_writes_nothing_for_two_heartbeats_is_not_waited_for(self) -> None:
        for _ in range(2):
            self.service.advance(HEARTBEAT + 1)
            self.transport.write("x")
            self.service.flush()
        self.assertIsNone(self.client.closed_with)
        self.service.advance(HEARTBEAT)
        self.assertIsNone(self.client.closed_with)
        self.service.advance(HEARTBEAT)

        self.assertEqual(self.client.closed_with, (4000, "bye"))
        self.assertEnded(ConnectionDone)


class TopicTests(TopicCase):
    def setUp(self) -> None:
        super().setUp()
        self.socket.send_text("sub,news")
        self.app = self.apps.last
        self.producer = RecordingProducer()
        self.app.transport.registerProducer(self.producer, True)
        self.app.transport.loseConnection()

    def test_a_topic_waits_for_its_producer_as_well(self) -> None:
        self.app.transport.write("1")
        self.socket.send_text("msg,news,late")
        self.assertEqual(self.got(), ["msg,news,1"])

        self.app.transport.unregisterProducer()
        self.app.transport.write("2")

        self.assertEqual(self.got(), ["msg,news,1", "msg,news,2", "uns,news"])
        self.assertEqual((self.app.messages, [each.type for each in self.app.reasons]), ([], [ConnectionDone]))

    def test_a_client_that_unsubscribes_ends_it(self) -> None:
        self.socket.send_text("uns,news")

        self.assertEqual((len(self.app.reasons), self.producer.calls, self.got()), (1, ["stop"], []))

    def test_it_ends_with_its_topic(self) -> None:
        self.resource.removeFactory("news")

        self.assertEqual((len(self.app.reasons), self.producer.calls, self.got()), (1, ["stop"], ["uns,news"]))

    def test_an_abort_ends_it(self) -> None:
        self.app.transport.abortConnection()

        self.assertEqual((self.app.reasons[0].type, self.producer.calls), (ConnectionAborted, ["stop"]))
