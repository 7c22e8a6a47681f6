"""Producers, and back-pressure."""

from tests.txsockjs._session.test_transport import Case
from tests.txsockjs.fakes import Service
from txsockjs._session.outbox import MESSAGE_BYTES
from txsockjs._session.transport import SockJSTransport
from txsockjs.testing import RecordingProducer


class PullProducer(RecordingProducer):
    """Writes when it is asked, so many times at most."""

    def __init__(self, transport: SockJSTransport, most: int = 1_000_000) -> None:
        super().__init__()
        self._transport = transport
        self._left = most

    def resumeProducing(self) -> None:
        self._left -= 1
        self._transport.write("x" * 8)
        if not self._left:
            self._transport.unregisterProducer()


class PushTests(Case):
    options = {"max_outbox": 100}

    def setUp(self) -> None:
        super().setUp()
        self.producer = RecordingProducer()
        self.transport.registerProducer(self.producer, True)
        self.service.flush()

    def write(self, size: int) -> None:
        self.transport.write("x" * size)
        self.service.flush()

    def test_the_producer_hears_nothing_while_the_client_keeps_up(self) -> None:
        self.write(10)

        self.assertEqual(self.producer.calls, [])

    def test_a_client_that_lags_pauses_it_once(self) -> None:
        self.stream.transport.fill()
        self.write(1)
        self.write(1)

        self.assertEqual(self.producer.calls, ["pause"])

    def test_a_client_that_has_caught_up_resumes_the_producer_once(self) -> None:
        self.stream.transport.fill()
        self.write(1)
        self.stream.transport.drain()
        self.write(1)

        self.assertEqual(self.producer.calls, ["pause", "resume"])

    def test_half_an_outbox_between_two_receivers_is_fine_and_more_pauses_it(self) -> None:
        service = Service(options={"max_outbox": 2 * (50 + MESSAGE_BYTES)})
        service.post("/0/s/xhr")
        transport = service.apps.last.transport
        producer = RecordingProducer()
        transport.registerProducer(producer, True)
        for size, calls in ((48, []), (1, ["pause"])):
            transport.write("x" * size)
            service.flush()
            self.assertEqual(producer.calls, calls)

        service.post("/0/s/xhr")

        self.assertEqual(producer.calls, ["pause", "resume"])

    def test_it_is_stopped_when_the_session_ends(self) -> None:
        self.stream.transport.lose()

        self.assertEqual((self.producer.calls, len(self.app.reasons)), (["stop"], 1))

    def test_unregistered_it_hears_nothing_more(self) -> None:
        self.transport.unregisterProducer()
        self.transport.unregisterProducer()
        self.stream.transport.fill()
        self.write(1)
        self.stream.transport.lose()

        self.assertEqual(self.producer.calls, [])

    def test_a_second_is_a_mistake(self) -> None:
        self.assertRaises(RuntimeError, self.transport.registerProducer, RecordingProducer(), True)

    def test_a_producer_of_a_session_that_has_ended_is_stopped_at_once(self) -> None:
        self.stream.transport.lose()
        late = RecordingProducer()

        self.transport.registerProducer(late, True)

        self.assertEqual(late.calls, ["stop"])


class PullTests(Case):
    options = {"max_outbox": 100}

    def test_it_is_asked_once_a_turn_while_the_client_keeps_up(self) -> None:
        self.transport.registerProducer(PullProducer(self.transport, 3), False)

        for _ in range(10):
            self.service.flush()

        self.assertEqual(self.frames, [b'a["xxxxxxxx"]\n'] * 3)

    def test_it_is_not_asked_while_the_client_lags(self) -> None:
        self.stream.transport.fill()
        self.transport.registerProducer(PullProducer(self.transport, 1), False)
        self.service.flush()
        self.assertEqual(self.frames, [])

        self.stream.transport.drain()

        self.assertEqual(self.frames, [b'a["xxxxxxxx"]\n'])

    def test_without_a_receiver_it_fills_half_the_outbox(self) -> None:
        service = Service(options={"max_outbox": 11 * (10 + MESSAGE_BYTES)})
        service.post("/0/s/xhr")
        transport = service.apps.last.transport
        transport.registerProducer(PullProducer(transport), False)
        for _ in range(20):
            service.flush()

        self.assertEqual(service.post("/0/s/xhr").body, b"a[" + b",".join([b'"xxxxxxxx"'] * 6) + b"]\n")

    def test_it_is_not_asked_after_the_close_of_the_service(self) -> None:
        self.transport.registerProducer(PullProducer(self.transport), False)
        self.transport.loseConnection()
        self.service.resource.stop(1001, "Bye")

        self.assertEqual(self.frames, [b'c[1001,"Bye"]\n', b""])


class FailingProducerTests(Case):
    def test_a_producer_that_fails_ends_its_session_and_is_logged_once(self) -> None:
        class Failing(RecordingProducer):
            def resumeProducing(self) -> None:
                raise RuntimeError("failing")

        self.transport.registerProducer(Failing(), False)

        self.service.flush()
        self.assertEqual(self.frames, [b'c[1011,"Internal error"]\n', b""])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_a_producer_that_fails_when_it_is_stopped_does_not_hide_the_end_from_the_protocol(self) -> None:
        class Failing(RecordingProducer):
            def stopProducing(self) -> None:
                raise RuntimeError("failing")

        self.transport.registerProducer(Failing(), True)
        self.stream.transport.lose()

        self.assertEqual((len(self.app.reasons), len(self.flushLoggedErrors(RuntimeError))), (1, 1))
