"""Topics of one session that send more than their client takes, or take less than it sends."""

from io import BytesIO
from typing import Any

from twisted.protocols.basic import FileSender

from tests.txsockjs.fakes import Apps
from tests.txsockjs.test_multiplex import Case
from txsockjs.testing import RecordingProducer

TOPICS = ("msg,news,", "msg,other,")


class FlowTests(Case):
    def setUp(self) -> None:
        super().setUp()
        self.other = Apps()
        self.resource.addFactory("other", self.other)
        for text in ("sub,news", "sub,other"):
            self.socket.send_text(text)

    def test_a_file_is_sent_to_each_of_two_topics(self) -> None:
        sent = [
            FileSender().beginFileTransfer(BytesIO(b"x" * 100_000), apps.last.transport)
            for apps in (self.apps, self.other)
        ]
        for _ in range(20):
            self.service.flush()

        got = self.got()
        sizes = {topic: sum(len(text) - len(topic) for text in got if text.startswith(topic)) for topic in TOPICS}
        self.assertEqual([self.successResultOf(each) for each in sent], [b"x", b"x"])
        self.assertEqual(sizes, dict.fromkeys(TOPICS, 100_000))

    def test_a_producer_waits_for_a_client_that_lags(self) -> None:
        producer = RecordingProducer()
        self.apps.last.transport.registerProducer(producer, True)
        self.socket.transport.fill()
        self.apps.last.transport.write("x")
        self.service.flush()
        self.assertEqual(producer.calls, ["pause"])

        self.socket.transport.drain()

        self.assertEqual(producer.calls, ["pause", "resume"])

    def test_a_producer_that_was_unregistered_is_left_alone(self) -> None:
        producer = RecordingProducer()
        self.apps.last.transport.registerProducer(producer, True)
        self.apps.last.transport.unregisterProducer()
        self.socket.transport.fill()
        self.apps.last.transport.write("x")
        self.service.flush()

        self.assertEqual(producer.calls, [])

    def test_the_session_waits_for_none_whose_topic_has_ended(self) -> None:
        transport: Any = self.apps.last.transport
        transport.registerProducer(RecordingProducer(), True)
        transport.loseConnection()
        transport.unregisterProducer()
        self.service.flush()

        transport.session_transport.loseConnection()

        self.assertEqual(self.got(), ["uns,news"])
        self.assertIsNotNone(self.socket.closed_with)

    def test_there_is_one_at_a_time(self) -> None:
        self.apps.last.transport.registerProducer(RecordingProducer(), True)

        self.assertRaises(RuntimeError, self.apps.last.transport.registerProducer, RecordingProducer(), True)

    def test_it_is_stopped_with_its_subscription_or_the_session(self) -> None:
        producers = [RecordingProducer() for _ in range(3)]
        for apps, producer in zip((self.apps, self.other), producers, strict=False):
            apps.last.transport.registerProducer(producer, True)

        self.socket.send_text("uns,news")
        self.apps.last.transport.registerProducer(producers[2], True)
        self.assertEqual([each.calls for each in producers], [["stop"], [], ["stop"]])
        self.socket.transport.lose()

        self.assertEqual([each.calls for each in producers], [["stop"]] * 3)

    def test_a_producer_that_fails_ends_its_subscription_and_no_other(self) -> None:
        self.apps.last.transport.registerProducer(Broken(), False)

        self.assertEqual(self.got(), ["uns,news"])
        self.assertEqual((len(self.apps.last.reasons), self.other.last.reasons), (1, []))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)

    def test_a_topic_that_pauses_gets_nothing_until_it_goes_on(self) -> None:
        self.apps.last.transport.pauseProducing()
        self.socket.send_text("msg,news,x")
        self.assertEqual((self.apps.last.messages, self.socket.transport.producerState), ([], "paused"))

        self.apps.last.transport.resumeProducing()
        self.service.flush()

        self.assertEqual((self.apps.last.messages, self.socket.transport.producerState), ([b"x"], "producing"))

    def test_the_session_goes_on_when_no_topic_is_paused(self) -> None:
        for apps in (self.apps, self.other):
            apps.last.transport.pauseProducing()
        self.apps.last.transport.resumeProducing()
        self.assertEqual(self.socket.transport.producerState, "paused")

        self.other.last.transport.loseConnection()

        self.assertEqual(self.socket.transport.producerState, "producing")


class Broken(RecordingProducer):
    def resumeProducing(self) -> None:
        raise RuntimeError("broken")

    def stopProducing(self) -> None:
        raise RuntimeError("broken")
