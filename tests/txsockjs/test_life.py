"""The life of a session over HTTP."""

from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs.fakes import App, Apps, Service


class RefusedTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service(options={"max_sessions": 2})

    def test_a_session_above_the_limit_is_refused(self) -> None:
        self.assertEqual(self.service.post("/0/1/xhr").status, 200)
        self.assertEqual(self.service.post("/0/2/xhr").status, 200)

        answer = self.service.post("/0/3/xhr", Origin="test")

        self.assertEqual((answer.status, answer.headers["access-control-allow-origin"]), (503, "test"))

    def test_a_session_that_is_open_goes_on(self) -> None:
        for name in ("1", "2"):
            self.service.post(f"/0/{name}/xhr")
        self.service.apps.last.transport.write("x")
        self.service.flush()

        self.assertEqual(self.service.post("/0/2/xhr").body, b'a["x"]\n')

    def test_a_websocket_above_the_limit_is_refused(self) -> None:
        for name in ("1", "2"):
            self.service.post(f"/0/{name}/xhr")

        answer = self.service.get(
            "/websocket",
            Upgrade="websocket",
            Connection="Upgrade",
            Sec_WebSocket_Version="13",
            Sec_WebSocket_Key="x3JJHMbDL1EzLkh9GBhXDw==",
        )

        self.assertEqual(answer.status, 503)

    def test_clients_behind_a_trusted_proxy_have_addresses_of_their_own(self) -> None:
        service = Service(options={"max_sessions_per_address": 1, "proxy_header": "X-Forwarded-For"})

        statuses = [
            service.post(f"/0/{name}/xhr", X_Forwarded_For=address).status
            for name, address in (("1", "192.0.2.1"), ("2", "192.0.2.2"), ("3", "192.0.2.1"))
        ]

        self.assertEqual(statuses, [200, 200, 503])

    def test_the_addresses_of_one_ipv6_subscriber_are_one(self) -> None:
        service = Service(options={"max_sessions_per_address": 1, "proxy_header": "X-Forwarded-For"})
        addresses = ["2001:db8::1", "2001:db8::2:3", "2001:db8:0:1::1", "::ffff:192.0.2.1", "192.0.2.1"]

        statuses = [
            service.post(f"/0/{number}/xhr", X_Forwarded_For=address).status for number, address in enumerate(addresses)
        ]

        self.assertEqual(statuses, [200, 503, 200, 200, 503])

    def test_a_server_that_stops_takes_none(self) -> None:
        self.service.resource.stop()

        self.assertEqual(self.service.post("/0/1/xhr").status, 503)


class SecondReceiverTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service()
        self.first = self.service.post("/0/s/xhr_streaming")

    def test_a_second_stream_gets_its_prelude_and_a_close_and_is_ended(self) -> None:
        second = self.service.post("/0/s/xhr_streaming")

        self.assertEqual(second.status, 200)
        self.assertEqual(second.chunks, [b"h" * 2048 + b"\n", b'c[2010,"Another connection still open"]\n', b""])

    def test_a_second_poll_gets_a_close(self) -> None:
        self.assertEqual(self.service.post("/0/s/xhr").body, b'c[2010,"Another connection still open"]\n')

    def test_the_first_goes_on(self) -> None:
        self.service.post("/0/s/xhr")
        self.service.apps.last.transport.write("x")
        self.service.flush()

        self.assertEqual(self.first.chunks[-1], b'a["x"]\n')

    def test_when_the_second_hangs_up_the_first_goes_on(self) -> None:
        self.service.post("/0/s/xhr").transport.lose()

        self.assertEqual(self.service.apps.last.reasons, [])


class AbortTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service()

    def test_the_application_is_told_at_once_and_once_with_a_failure(self) -> None:
        stream = self.service.post("/0/s/xhr_streaming")

        stream.transport.lose()
        self.assertEqual(len(self.service.apps.last.reasons), 1)
        self.service.clock.advance(100)

        (reason,) = self.service.apps.last.reasons
        self.assertIsInstance(reason, Failure)
        self.assertTrue(reason.check(ConnectionLost))

    def test_a_poll_that_hangs_up_is_the_same(self) -> None:
        self.service.post("/0/s/xhr")
        self.service.post("/0/s/xhr").transport.lose()

        self.assertEqual(len(self.service.apps.last.reasons), 1)

    def test_the_next_request_opens_a_new_session(self) -> None:
        self.service.post("/0/s/xhr_streaming").transport.lose()

        self.assertEqual(self.service.post("/0/s/xhr").body, b"o\n")
        self.assertEqual(len(self.service.apps.all), 2)

    def test_messages_are_refused(self) -> None:
        self.service.post("/0/s/xhr_streaming").transport.lose()

        self.assertEqual(self.service.post("/0/s/xhr_send", b'["x"]').status, 404)

    def test_a_poll_that_was_answered_is_no_abort(self) -> None:
        self.service.post("/0/s/xhr").transport.lose()

        self.assertEqual(self.service.apps.last.reasons, [])


class TimeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service(options={"timeout": 7, "heartbeat": 3})

    def test_a_session_waits_so_long_for_its_next_receiver(self) -> None:
        self.service.post("/0/s/xhr")
        self.service.clock.advance(6.9)
        self.assertEqual(self.service.apps.last.reasons, [])

        self.service.clock.advance(0.1)

        self.assertEqual(len(self.service.apps.last.reasons), 1)
        self.assertEqual(self.service.post("/0/s/xhr").body, b"o\n")

    def test_a_stream_gets_heartbeats(self) -> None:
        stream = self.service.get("/0/s/eventsource")

        self.service.clock.pump([3, 3])

        self.assertEqual(stream.chunks[2:], [b"data: h\r\n\r\n"] * 2)

    def test_a_poll_is_answered_by_one(self) -> None:
        self.service.get("/0/s/jsonp?c=x")
        poll = self.service.get("/0/s/jsonp?c=x")

        self.service.clock.advance(3)

        self.assertEqual(poll.chunks, [b'/**/x("h");\r\n', b""])

    def test_no_timer_is_left_when_all_is_over(self) -> None:
        self.service.post("/0/s/xhr_streaming").transport.lose()
        self.service.clock.advance(100)

        self.assertEqual(self.service.clock.getDelayedCalls(), [])


class Failing(Apps):
    """Applications that fail at a chosen place."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def _maybe(self, here: str) -> None:
        if here == self.where and len(self.all) == 1:
            raise RuntimeError(here)

    def made(self, app: App) -> None:
        self._maybe("made")

    def came(self, app: App, data: bytes) -> None:
        self._maybe("came")

    def gone(self, app: App) -> None:
        self._maybe("gone")


class FailingApplicationTests(SynchronousTestCase):
    def logged(self) -> int:
        return len(self.flushLoggedErrors(RuntimeError))

    def test_an_application_that_fails_when_it_opens_is_closed_and_logged_once(self) -> None:
        service = Service(Failing("made"))

        stream = service.post("/0/s/xhr_streaming")

        self.assertEqual(stream.chunks[1:], [b"o\n", b'c[1011,"Internal error"]\n', b""])
        self.assertEqual(self.logged(), 1)

    def test_an_application_that_fails_at_a_message_is_closed_and_logged_once(self) -> None:
        apps = Failing("came")
        service = Service(apps)
        stream = service.post("/0/s/xhr_streaming")

        answer = service.post("/0/s/xhr_send", b'["1","2"]')

        self.assertEqual((answer.status, apps.last.messages), (204, [b"1"]))
        self.assertEqual(stream.chunks[2:], [b'c[1011,"Internal error"]\n', b""])
        self.assertEqual((self.logged(), len(apps.last.reasons)), (1, 1))

    def test_an_application_that_fails_at_its_end_is_logged_once(self) -> None:
        service = Service(Failing("gone"))

        service.post("/0/s/xhr_streaming").transport.lose()

        self.assertEqual((self.logged(), service.resource.numbers().sessions), (1, {}))

    def test_a_failing_application_does_not_harm_the_others(self) -> None:
        for where in ("made", "came", "gone"):
            apps = Failing(where)
            service = Service(apps)
            first, second = (service.post(f"/0/{name}/xhr_streaming") for name in "12")
            service.post("/0/1/xhr_send", b'["x"]')
            service.post("/0/2/xhr_send", b'["x"]')
            first.transport.lose()

            apps.last.transport.write("fine")
            service.flush()

            self.assertEqual((second.chunks[-1], apps.last.messages), (b'a["fine"]\n', [b"x"]))
        self.logged()


class Leaving(Apps):
    """Applications that leave when something happens, and write all the same."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def leave(self, app: App, here: str) -> None:
        if here == self.where:
            app.transport.write("last")
            app.transport.loseConnection()
            app.transport.loseConnection()
            app.transport.write("late")

    def made(self, app: App) -> None:
        self.leave(app, "made")

    def came(self, app: App, data: bytes) -> None:
        self.leave(app, "came")

    def gone(self, app: App) -> None:
        self.leave(app, "gone")


class LeavingTests(SynchronousTestCase):
    END = [b'a["last"]\n', b'c[3000,"Go away!"]\n', b""]

    def test_an_application_may_close_when_it_opens(self) -> None:
        apps = Leaving("made")

        stream = Service(apps).post("/0/s/xhr_streaming")

        self.assertEqual((stream.chunks[2:], len(apps.last.reasons)), (self.END, 1))

    def test_an_application_may_close_at_a_message(self) -> None:
        apps = Leaving("came")
        service = Service(apps)
        stream = service.post("/0/s/xhr_streaming")

        service.post("/0/s/xhr_send", b'["1","2"]')

        self.assertEqual((stream.chunks[2:], apps.last.messages, len(apps.last.reasons)), (self.END, [b"1"], 1))

    def test_an_application_may_close_when_it_is_lost(self) -> None:
        apps = Leaving("gone")

        Service(apps).post("/0/s/xhr_streaming").transport.lose()

        self.assertEqual(len(apps.last.reasons), 1)

    def test_undelivered_messages_go_before_the_close(self) -> None:
        apps = Leaving("came")
        service = Service(apps)
        service.post("/0/s/xhr")
        service.post("/0/s/xhr_send", b'["1"]')

        self.assertEqual([service.post("/0/s/xhr").body for _ in range(3)], [*self.END[:2], self.END[1]])


class NobodyTests(SynchronousTestCase):
    def test_a_factory_that_builds_none_sends_the_client_away(self) -> None:
        class Nobody(Apps):
            def buildProtocol(self, addr: object) -> None:  # type: ignore[override]  # allowed by IProtocolFactory
                return None

        stream = Service(Nobody()).post("/0/s/xhr_streaming")

        self.assertEqual(stream.chunks[1:], [b"o\n", b'c[3000,"Go away!"]\n', b""])
