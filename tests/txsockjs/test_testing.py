"""The test doubles behave like the real objects."""

import subprocess
import sys

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, ITCPTransport, ITransport
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.wire import Chargen
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.builds import PROJECT
from tests.txsockjs.fakes import App, Apps
from txsockjs.testing import (
    MemoryService,
    MemoryTransport,
    MemoryWebSocket,
    RawWebSocketClient,
    RecordingProducer,
    RecordingTransport,
    WebSocketClient,
    XHRClient,
    _clients,
)
from txsockjs.testing._clock import MOST_TURNS, TurnClock
from txsockjs.utils import broadcast


class Answering(Apps):
    """Greets, repeats, and closes when it is asked to."""

    def made(self, app: App) -> None:
        app.transport.write("hello")

    def came(self, app: App, data: bytes) -> None:
        if data == b"close":
            app.transport.close(3001, "as you wish")
        else:
            app.transport.write(data)


class ClientTests(SynchronousTestCase):
    """What holds for the client of every transport."""

    def setUp(self) -> None:
        self.apps = Answering()
        self.service = MemoryService(self.apps)
        self.clients = (
            WebSocketClient(self.service),
            RawWebSocketClient(self.service),
            XHRClient(self.service, "another"),
        )

    def test_a_client_reads_what_it_is_sent_when_it_connects(self) -> None:
        self.assertEqual([client.messages for client in self.clients], [["hello"]] * 3)

    def test_a_client_sends_several_messages_and_reads_the_answers_in_order(self) -> None:
        for client in self.clients:
            client.send("a", "é\N{SNOWMAN}", 'with "quotes"')

        expected = ["hello", "a", "é\N{SNOWMAN}", 'with "quotes"']
        self.assertEqual([client.messages for client in self.clients], [expected] * 3)

    def test_a_client_reads_what_is_sent_between_two_looks(self) -> None:
        before = [client.messages for client in self.clients]

        broadcast("news", [app.transport for app in self.apps.all])

        self.assertEqual([client.messages for client in self.clients], [[*each, "news"] for each in before])

    def test_a_client_knows_with_what_it_was_closed(self) -> None:
        before = [client.closed_with for client in self.clients]
        for client in self.clients:
            client.send("close")

        self.assertEqual(before, [None, None, None])
        self.assertEqual([client.closed_with for client in self.clients], [(3001, "as you wish")] * 3)

    def test_a_client_that_disconnects_ends_its_session(self) -> None:
        for client in self.clients:
            client.disconnect()

        self.assertEqual([len(app.reasons) for app in self.apps.all], [1, 1, 1])
        self.assertEqual(self.service.resource.numbers().sessions, {})

    def test_heartbeats_come_when_time_passes(self) -> None:
        socket, _, xhr = self.clients

        self.service.advance(30)

        self.assertEqual((socket.frames[-1], xhr.frames[-1]), ("h", "h"))


class XHRClientTests(SynchronousTestCase):
    def test_sending_to_a_session_that_is_over_fails_and_says_so(self) -> None:
        service = MemoryService(Answering())
        client = XHRClient(service)
        client.disconnect()

        error = self.assertRaises(AssertionError, client.send, "x")

        self.assertIn("404", str(error))

    def test_a_client_that_is_refused_says_so(self) -> None:
        service = MemoryService(Answering(), {"max_sessions": 1})
        XHRClient(service)

        error = self.assertRaises(AssertionError, XHRClient, service, "second")

        self.assertIn("503", str(error))


class RawWebSocketClientTests(SynchronousTestCase):
    def test_binary_messages_stay_bytes(self) -> None:
        client = RawWebSocketClient(MemoryService(Answering()))

        client.send(b"\x00\xff", "text")

        self.assertEqual(client.messages, ["hello", b"\x00\xff", "text"])


class MemoryServiceTests(SynchronousTestCase):
    def test_a_request_is_answered(self) -> None:
        response = MemoryService(Answering(), prefix="chat").get("/info", Origin="http://example.org")

        self.assertEqual((response.status, response.headers["content-type"]), (200, "application/json; charset=UTF-8"))
        self.assertEqual(response.headers["access-control-allow-origin"], "http://example.org")
        self.assertIn(b'"websocket": true', response.body)

    def test_a_stream_grows_while_it_is_looked_at(self) -> None:
        apps = Answering()
        service = MemoryService(apps)
        response = service.post("/0/s/xhr_streaming")
        before = response.chunks[-1]

        apps.last.transport.write("more")
        service.flush()

        self.assertEqual((before, response.chunks[-1], response.is_ended), (b'a["hello"]\n', b'a["more"]\n', False))

    def test_a_connection_that_is_full_pauses_the_producer_until_it_drains(self) -> None:
        apps, producer = Answering(), RecordingProducer()
        socket = MemoryWebSocket(MemoryService(apps))
        apps.last.transport.registerProducer(producer, True)

        socket.transport.fill()
        apps.last.transport.write("waits")
        socket.service.flush()
        socket.transport.drain()

        self.assertEqual(producer.calls, ["pause", "resume"])

    def test_the_transport_is_a_tcp_transport(self) -> None:
        verifyObject(ITCPTransport, MemoryTransport(MemoryService(Answering()).site))


class EndlessTests(SynchronousTestCase):
    """An application whose producer never ends does not hang its test."""

    def test_what_it_has_sent_so_far_can_be_read_and_then_more(self) -> None:
        for kind in (WebSocketClient, RawWebSocketClient, XHRClient):
            client = kind(MemoryService(Factory.forProtocol(Chargen), {"max_outbox": 50_000}))
            self.patch(_clients, "MOST_MESSAGES", 1000)

            first = len(client.messages)

            self.assertGreater(len(client.messages), first, kind)
            self.assertGreaterEqual(first, 1000, kind)

    def test_neither_does_one_protocol_alone(self) -> None:
        self.assertGreaterEqual(len(RecordingTransport(Chargen()).messages), 1000)

    def test_what_is_due_in_later_turns_comes_in_the_next(self) -> None:
        clock, calls = TurnClock(), list[float]()

        def call() -> None:
            calls.append(clock.seconds())
            clock.callLater(0, call)

        clock.callLater(1, call)
        clock.advance(0.5)
        self.assertEqual(calls, [])

        clock.advance(0.5)
        self.assertEqual(calls, [1.0] * MOST_TURNS)
        clock.advance(1)
        self.assertEqual(calls[MOST_TURNS:], [2.0] * MOST_TURNS)

    def test_a_call_may_cancel_another_of_its_turn_or_put_it_off(self) -> None:
        clock, calls = TurnClock(), list[str]()

        def change() -> None:
            first.cancel()
            second.reset(5)

        clock.callLater(1, change)
        first, second = (clock.callLater(1, calls.append, name) for name in ("first", "second"))
        clock.advance(1)
        self.assertEqual(calls, [])

        clock.advance(5)
        self.assertEqual(calls, ["second"])


class RecordingTransportTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.app = App(Answering())
        self.transport = RecordingTransport(self.app)

    def test_it_is_what_a_protocol_expects(self) -> None:
        verifyObject(ITransport, self.transport)
        verifyObject(IConsumer, self.transport)
        self.assertIs(self.app.transport, self.transport)

    def test_text_stays_text_and_bytes_answer_in_kind(self) -> None:
        self.transport.deliver("a", b"\xff", "b")

        self.assertEqual(self.transport.messages, ["hello", "a", b"\xff", "b"])
        self.assertEqual(self.app.messages, [b"a", b"\xff", b"b"])

    def test_every_way_to_write_is_recorded(self) -> None:
        self.transport.writeSequence(["1", b"2"])
        self.transport.writeRaw('a["3"]')
        self.transport.writeBinary(b"4")
        broadcast("5", [self.transport, RecordingTransport(Protocol())])

        self.assertEqual(self.transport.messages, ["hello", "1", "2", "3", b"4", "5"])

    def test_a_close_is_recorded_after_what_was_written(self) -> None:
        self.transport.deliver("a", "close")
        self.transport.write("dropped")

        self.assertEqual(self.transport.messages, ["hello", "a"])
        self.assertEqual(self.transport.closed_with, (3001, "as you wish"))
        self.assertEqual([reason.type for reason in self.app.reasons], [ConnectionDone])

    def test_the_application_learns_once_that_a_client_has_gone(self) -> None:
        self.transport.lose()
        self.transport.lose()

        self.assertEqual([reason.type for reason in self.app.reasons], [ConnectionLost])
        self.assertIsNone(self.transport.closed_with)

    def test_a_client_that_does_not_read_pauses_the_producer(self) -> None:
        producer = RecordingProducer()
        self.transport.registerProducer(producer, True)

        self.transport.stop_reading()
        self.transport.write("waits")
        paused = (self.transport.messages, list(producer.calls))
        self.transport.read_again()

        self.assertEqual(paused, (["hello"], ["pause"]))
        self.assertEqual((self.transport.messages, producer.calls), (["hello", "waits"], ["pause", "resume"]))

    def test_messages_wait_while_the_protocol_takes_none(self) -> None:
        self.transport.pauseProducing()
        self.transport.deliver("x")
        before = list(self.app.messages)
        self.transport.resumeProducing()

        self.assertEqual((self.transport.messages, before), (["hello", "x"], []))

    def test_the_limits_of_the_options_hold(self) -> None:
        transport = RecordingTransport(Protocol(), {"max_outbox": 100})
        transport.stop_reading()

        for _ in range(2):
            transport.write("x" * 500)

        transport.read_again()
        self.assertEqual((transport.messages, transport.closed_with), ([], (1008, "Reads too slowly")))


class ImportTests(SynchronousTestCase):
    def test_importing_installs_no_reactor_and_needs_no_test_framework(self) -> None:
        script = (
            "import sys, txsockjs.testing; "
            "unwanted = {'twisted.internet.reactor', 'pytest', '_pytest', 'mixsvc'}; print(unwanted & {*sys.modules})"
        )

        done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)

        self.assertEqual((done.stdout, done.stderr), ("set()\n", ""))
