"""Every transport that carries frames over HTTP."""

from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs._http.cases import ReceiveCase
from tests.txsockjs.fakes import App, Apps, Service
from txsockjs.testing import MemoryResponse


class CloseApps(Apps):
    def made(self, app: App) -> None:
        app.transport.loseConnection()


class ClosedAtOnceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service(CloseApps())

    def test_the_same_stream_carries_open_and_close_and_ends(self) -> None:
        answer = self.service.post("/0/s/xhr_streaming")

        self.assertEqual(answer.chunks[1:], [b"o\n", b'c[3000,"Go away!"]\n', b""])

    def test_a_poll_gets_open_and_each_later_one_the_close(self) -> None:
        bodies = [self.service.get("/0/s/jsonp?c=x").body for _ in range(3)]

        close = b'/**/x("c[3000,\\"Go away!\\"]");\r\n'
        self.assertEqual(bodies, [b'/**/x("o");\r\n', close, close])

    def test_a_later_stream_gets_its_prelude_and_the_close(self) -> None:
        self.service.post("/0/s/xhr_streaming")

        again = self.service.post("/0/s/xhr_streaming")

        self.assertEqual(again.chunks, [b"h" * 2048 + b"\n", b'c[3000,"Go away!"]\n', b""])

    def test_the_name_is_free_when_the_time_is_over(self) -> None:
        self.service.post("/0/s/xhr")
        self.service.post("/0/s/xhr")
        self.service.clock.advance(5)

        self.assertEqual(self.service.post("/0/s/xhr").body, b"o\n")


class SlowClientTests(ReceiveCase):
    options: dict[str, object] = {"max_outbox": 100}

    def lagging(self) -> MemoryResponse:
        answer = self.service.post("/0/s/xhr_streaming")
        answer.transport.fill()
        self.write("1")
        return answer

    def test_what_is_written_waits_until_the_client_has_caught_up(self) -> None:
        answer = self.lagging()
        self.assertEqual(len(answer.chunks), 2)

        answer.transport.drain()
        self.service.flush()

        self.assertEqual(answer.chunks[2:], [b'a["1"]\n'])

    def test_a_client_that_lags_too_far_behind_is_closed(self) -> None:
        answer = self.lagging()
        self.write("x" * 400)

        self.assertEqual(answer.chunks[2:], [b'c[1008,"Reads too slowly"]\n', b""])
        self.assertEqual(len(self.service.apps.last.reasons), 1)

    def test_a_client_that_acknowledges_nothing_between_two_heartbeats_is_dropped(self) -> None:
        answer = self.lagging()
        self.service.clock.advance(25)
        self.assertFalse(answer.transport.is_aborted)

        self.service.clock.advance(25)

        self.assertTrue(answer.transport.is_aborted)
        self.assertEqual(len(self.service.apps.last.reasons), 1)
        answer.transport.lose()
        self.assertEqual(len(self.service.apps.last.reasons), 1)
