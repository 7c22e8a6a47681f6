"""What may wait for a client, and when a session is closed for it."""

import json

from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs._websocket.test_raw import EchoApps
from tests.txsockjs.fake_session import SessionCase
from tests.txsockjs.fakes import App, Apps, Service
from txsockjs._protocol.frames import Message
from txsockjs._session.batch import Batch
from txsockjs._session.outbox import MESSAGE_BYTES, Outbox
from txsockjs._session.states import OPEN

# What the shortest text takes.
LEAST = MESSAGE_BYTES + 2


class OutboxTests(SessionCase):
    """A limit of 1000 bytes."""

    def setUp(self) -> None:
        super().setUp()
        self.session.outbox_limit = 1000

    def wait(self, *sizes: int) -> None:
        """One turn has messages of these sizes, as the outbox counts them."""
        self.say(*["x" * (size - LEAST) for size in sizes])

    def assert_open(self) -> None:
        self.assertEqual((self.session.state, "overflowed" in self.scheduler.calls), (OPEN, False))

    def assert_closed(self) -> None:
        self.assertEqual(self.scheduler.calls.count("overflowed"), 1)
        self.assertEqual(self.session.is_closing, True)

    def test_any_one_message_fits(self) -> None:
        self.attach(1)
        self.wait(1_000_000)

        self.assertEqual(len(self.attach().sent[0]), 1_000_000 - MESSAGE_BYTES + len("a[]"))

    def test_four_times_the_limit_fits_for_a_while(self) -> None:
        self.attach(1)
        self.wait(500, 4000)

        self.assert_open()
        self.assertEqual(self.attach().sent[0][:2], b"a[")

    def test_a_byte_more_closes_the_session_at_once(self) -> None:
        self.attach(1)
        self.wait(500, 4001)

        self.assert_closed()
        self.assertEqual(self.attach().sent, [b'c[1008,"Reads too slowly"]'])

    def test_over_the_limit_a_client_that_takes_nothing_is_closed_when_more_comes(self) -> None:
        self.attach().ready = False
        self.wait(500, 1001)
        self.scheduler.now = 5.0
        self.wait(LEAST)
        self.assert_open()

        self.scheduler.now = 5.1
        self.wait(LEAST)

        self.assert_closed()

    def test_a_client_that_does_not_come_back_is_closed_when_more_comes(self) -> None:
        self.attach(1)
        self.wait(500, 1001)
        self.scheduler.now = 5.1
        self.wait(LEAST)

        self.assert_closed()

    def test_at_the_limit_it_stays(self) -> None:
        self.attach().ready = False
        self.wait(500, 1000 - LEAST)
        self.scheduler.now = 100.0
        self.wait(LEAST)

        self.assert_open()

    def test_over_the_limit_one_that_takes_a_byte_now_and_then_stays(self) -> None:
        receiver = self.attach()
        receiver.ready = False
        self.wait(500, 1001)

        for _ in range(10):
            receiver.acknowledged += 1
            self.scheduler.now += 4.0
            self.wait(LEAST)

        self.assert_open()

    def test_a_client_that_polls_stays(self) -> None:
        self.scheduler.frame_messages = 1
        self.attach(1)
        self.wait(500, 900, 900, 900)

        for _ in range(10):
            self.scheduler.now += 4.0
            self.attach(1)
            self.wait(900)

        self.assert_open()

    def test_messages_without_a_text_count_too(self) -> None:
        self.attach(1)
        self.wait(*[LEAST] * (4000 // LEAST + 1))
        self.assert_open()

        self.wait(LEAST)

        self.assert_closed()

    def test_messages_that_were_taken_do_not_count(self) -> None:
        outbox = Outbox()
        messages = [Message("x" * length) for length in (0, 1, 300_000, 5)]
        outbox.add(Batch(messages, sum(message.size for message in messages)))
        self.assertEqual(outbox.size, sum(message.size for message in messages) + 4 * MESSAGE_BYTES)

        taken = [outbox.take(512), outbox.take(512), outbox.take(512)]

        self.assertEqual(taken, [messages[:2], messages[2:3], messages[3:]])
        self.assertEqual((outbox.size, len(outbox)), (0, 0))


class BurstApps(Apps):
    """Each writes 1.5 MB at once when it is connected."""

    def made(self, app: App) -> None:
        app.transport.writeSequence([f"{number:02}" + "x" * 100_000 for number in range(15)])


class BurstTests(SynchronousTestCase):
    """Default options: a client that reads gets what one turn has written."""

    def frames(self, service: Service, transport: str) -> bytes:
        """What a client gets that polls until nothing more waits."""
        body = b""
        for _ in range(15):
            body += service.post(f"/0/s/{transport}").body
        return body

    def test_a_stream_and_a_poll_get_all_that_is_written_when_they_open(self) -> None:
        for transport in ("xhr", "xhr_streaming"):
            body = self.frames(Service(BurstApps()), transport)

            lines = [line for line in body.splitlines() if line.startswith(b"a[")]
            self.assertEqual(
                [text[:2] for line in lines for text in json.loads(line[1:])], [f"{n:02}" for n in range(15)]
            )

    def test_the_largest_message_that_may_come_may_go(self) -> None:
        for text in ("x" * 2**20, "é" * 2**19, "\x01" * 2**20):
            service = Service(EchoApps())
            service.post("/0/s/xhr")
            self.assertEqual(service.post("/0/s/xhr_send", json.dumps([text], ensure_ascii=False).encode()).status, 204)

            self.assertEqual(json.loads(service.post("/0/s/xhr").body[1:]), [text])
