"""Streams whose clients are slow, and those whose clients are gone."""

from tests.txsockjs._session.test_outbox import BurstApps
from tests.txsockjs._session.test_transport import Case
from tests.txsockjs._socket.test_tcp_info import Kernel, on_linux
from tests.txsockjs.clients import Client
from tests.txsockjs.fakes import Service
from tests.txsockjs.test_on_sockets import Case as SocketCase


@on_linux
class SlowStreamTests(Case):
    """heartbeat is 25 seconds."""

    def setUp(self) -> None:
        super().setUp()
        self.kernel = Kernel()
        self.stream.transport.socket = self.kernel  # type: ignore[attr-defined]  # as TCP transports have
        self.stream.transport.fill()

    def test_a_stream_whose_client_acknowledges_a_byte_between_two_heartbeats_stays(self) -> None:
        for _ in range(10):
            self.kernel.acked += 1
            self.service.clock.advance(25)

        self.assertFalse(self.stream.transport.is_aborted)

    def test_it_is_dropped_when_it_stops(self) -> None:
        self.kernel.acked += 1
        self.service.clock.pump([25, 25])

        self.assertTrue(self.stream.transport.is_aborted)
        self.assertEqual(len(self.app.reasons), 1)

    def test_what_is_written_to_a_client_that_is_gone_does_not_keep_it(self) -> None:
        self.stream.transport.drain()
        for _ in range(34):
            self.app.transport.write("x")
            self.kernel.unsent += 10
            self.service.clock.advance(1)
        self.assertFalse(self.stream.transport.is_aborted)

        self.service.clock.advance(1)

        self.assertTrue(self.stream.transport.is_aborted)
        self.assertEqual(len(self.app.reasons), 1)

    def test_a_stream_whose_client_has_caught_up_gets_a_heartbeat(self) -> None:
        self.service.clock.advance(25)
        self.stream.transport.drain()

        self.service.clock.advance(25)

        self.assertEqual(self.frames, [b"h\n"])

    def test_a_client_over_its_limit_stays_while_it_takes_something(self) -> None:
        service = Service(options={"max_outbox": 1000})
        stream = service.post("/0/s/xhr_streaming")
        stream.transport.socket = self.kernel  # type: ignore[attr-defined]
        stream.transport.fill()
        for text in ("x" * 1000, "x" * 1000, "", "", ""):
            service.apps.last.transport.write(text)
            service.clock.advance(4)
            self.kernel.acked += 1
        self.assertEqual(service.apps.last.reasons, [])

        for _ in range(2):
            service.apps.last.transport.write("")
            service.flush()
            service.clock.advance(6)

        self.assertEqual(len(service.apps.last.reasons), 1)


class BurstTests(SocketCase):
    async def test_a_stream_gets_all_that_is_written_when_it_opens(self) -> None:
        await self.serve(BurstApps(), streaming_limit=10**9)
        client = Client()
        await self.connect(client)
        client.write(b"GET /echo/0/s/eventsource HTTP/1.1\r\nHost: localhost\r\n\r\n")

        await client.until(lambda: client.received.count(b"x" * 100_000) == 15)

        self.assertNotIn(b"c[1008", client.received)
