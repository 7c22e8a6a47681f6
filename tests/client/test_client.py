"""The whole client over a WebSocket in memory."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.client import (
    BadUrl,
    Banned,
    ChatClient,
    Connecting,
    Ended,
    Offline,
    Online,
    Options,
    Refused,
    State,
    Stopped,
)
from mixsvc.client.testing import TIME, ScriptedConnection, accept, refuse

OPTIONS = Options(random=lambda: 1.0, max_message=1000)


class ClientTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.reactor.advance(1000)
        self.client = ChatClient(self.reactor, "ws://127.0.0.1:8080/chat/websocket", "Ann", options=OPTIONS)
        self.states: list[State] = []
        self.client.on_state(self.states.append)
        self.heard: list[object] = []

    def started(self) -> ScriptedConnection:
        """Connected, and known to the server."""
        self.client.start()
        connection = accept(self.reactor)
        connection.welcome()
        return connection

    def inside(self) -> ScriptedConnection:
        """In the lobby, which is empty."""
        connection = self.started()
        self.client.join("lobby", self.heard.append)
        connection.requests()
        connection.send(type="joined", room="lobby", messages=[], first=1, last=0)
        return connection

    def again(self) -> ScriptedConnection:
        """The next connection; waits for the delay before it."""
        self.reactor.advance(30)
        connection = accept(self.reactor)
        connection.read()
        return connection

    def test_nothing_is_connected_before_start(self) -> None:
        self.assertEqual([], self.reactor.tcpClients)

    def test_it_connects_to_the_host_and_path_of_the_url(self) -> None:
        self.client.start()

        host, port, *_ = self.reactor.tcpClients[0]
        request = accept(self.reactor).sent_bytes()

        self.assertEqual(("127.0.0.1", 8080), (host, port))
        self.assertIn(b"GET /chat/websocket HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n", request)

    def test_start_fires_when_the_server_accepts_the_name(self) -> None:
        online = self.client.start()
        connection = accept(self.reactor)
        self.assertNoResult(online)

        connection.welcome()

        self.successResultOf(online)
        self.assertEqual([Connecting(), Online("Ann")], self.states)

    def test_a_refused_connection_is_tried_again_later_each_time(self) -> None:
        self.client.start()
        for _ in range(8):
            refuse(self.reactor)
            self.reactor.advance(30)

        delays = [state.seconds for state in self.states if isinstance(state, Offline)]
        self.assertEqual([0.5, 1, 2, 4, 8, 16, 30, 30], delays)
        self.assertIn("refused", self.client.trouble)

    def test_delays_differ_from_client_to_client(self) -> None:
        options = Options(random=lambda: 0.0)
        client = ChatClient(self.reactor, "ws://127.0.0.1/chat/websocket", "Ann", options=options)
        client.on_state(self.states.append)
        client.start()

        refuse(self.reactor)

        self.assertEqual(0.25, [state.seconds for state in self.states if isinstance(state, Offline)][0])

    def test_after_a_steady_connection_the_first_delay_is_short_again(self) -> None:
        self.client.start()
        refuse(self.reactor)
        self.reactor.advance(30)
        connection = accept(self.reactor)
        connection.welcome()
        self.reactor.advance(10)

        connection.lose()

        assert isinstance(self.states[-1], Offline)
        self.assertEqual(0.5, self.states[-1].seconds)

    def test_after_a_goodbye_it_comes_back_when_the_server_asks_for_it_this_once(self) -> None:
        connection = self.started()
        connection.send(type="goodbye", retry=7.5)
        connection.close(1001, "Server is stopping")
        connection.lose()

        assert isinstance(self.states[-1], Offline)
        self.assertEqual(7.5, self.states[-1].seconds)
        self.reactor.advance(7.5)
        refuse(self.reactor)
        self.assertEqual(0.5, self.states[-1].seconds)

    def test_a_goodbye_without_a_sound_time_changes_nothing(self) -> None:
        connection = self.started()
        connection.send(type="goodbye", retry="soon")
        connection.lose()

        assert isinstance(self.states[-1], Offline)
        self.assertEqual(0.5, self.states[-1].seconds)

    def test_a_connection_that_is_lost_at_once_counts_as_failed(self) -> None:
        self.started().lose()
        self.reactor.advance(30)
        accept(self.reactor).lose()

        assert isinstance(self.states[-1], Offline)
        self.assertEqual(1, self.states[-1].seconds)

    def test_it_reconnects_with_the_same_token_since_and_keys(self) -> None:
        connection = self.inside()
        connection.send(type="message", room="lobby", number=1, name="Bob", text="hello", time=TIME)
        said = self.client.say("lobby", "hi")
        (first,) = connection.requests()
        connection.lose()

        connection = self.again()
        (hello,) = connection.requests()
        connection.send(type="welcome", name="Ann", max_text=2000)
        (join,) = connection.requests()
        connection.send(type="joined", room="lobby", messages=[], first=1, last=1)
        (again,) = connection.requests()
        connection.send(type="said", room="lobby", number=2, key=again["key"])

        self.assertTrue(16 <= len(hello["token"]) <= 64)
        self.assertEqual({"type": "join", "room": "lobby", "since": 1}, join)
        self.assertEqual(first, again)
        self.assertEqual(2, self.successResultOf(said))

    def test_a_silent_server_is_dropped(self) -> None:
        connection = self.started()
        self.reactor.advance(OPTIONS.ping_seconds)
        connection.read()
        self.reactor.advance(OPTIONS.ping_seconds)

        self.assertFalse(connection.is_lost)
        self.reactor.advance(OPTIONS.pong_seconds)

        self.assertTrue(connection.is_lost)
        self.assertEqual("the server is silent", self.client.trouble)

    def test_a_server_that_pongs_and_does_not_answer_is_dropped(self) -> None:
        connection = self.inside()
        self.client.say("lobby", "hi")
        connection.requests()
        for _ in range(2):
            self.assertFalse(connection.is_lost)
            self.reactor.advance(OPTIONS.ping_seconds)
            if not connection.is_lost:
                connection.read()

        self.assertTrue(connection.is_lost)
        self.assertEqual("the server does not answer", self.client.trouble)

    def test_a_server_that_does_not_upgrade_is_dropped(self) -> None:
        self.client.start()
        connection = accept(self.reactor)

        self.reactor.advance(OPTIONS.open_seconds)

        self.assertTrue(connection.is_lost)
        self.assertIn("handshake", self.client.trouble)

    def test_an_http_error_is_reported(self) -> None:
        self.client.start()
        connection = accept(self.reactor)

        connection.send_bytes(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        self.assertTrue(connection.is_over)
        connection.lose()

        self.assertEqual("the server answered the WebSocket handshake with HTTP status 404", self.client.trouble)

    def test_a_server_that_has_no_such_host_is_told_of_with_its_setting(self) -> None:
        self.client.start()
        connection = accept(self.reactor)

        connection.send_bytes(b"HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n")
        connection.lose()

        self.assertIn("HTTP status 421; [server] hosts there has to name this host", self.client.trouble)

    def test_a_message_of_max_message_bytes_is_accepted_and_a_longer_one_ends_the_connection(self) -> None:
        connection = self.started()
        connection.send_text('{"type":"x"}'.ljust(1000))
        self.assertIsNone(connection.close_code)

        connection.send_text('{"type":"x"}'.ljust(1001))
        connection.read()

        self.assertEqual(1009, connection.close_code)

    def test_our_own_close_for_a_long_message_fails_nothing_that_is_under_way(self) -> None:
        connection = self.inside()
        said = self.client.say("lobby", "hi")
        connection.requests()
        connection.send_text("x" * 1001)
        connection.read()
        connection.lose()

        self.assertNoResult(said)

    def test_an_invalid_message_ends_the_connection(self) -> None:
        connection = self.started()

        connection.send_text("[]")

        self.assertTrue(connection.is_lost)
        self.assertEqual("the server sent a message without a type", self.client.trouble)

    def test_a_ban_ends_the_client(self) -> None:
        connection = self.inside()
        said = self.client.say("lobby", "hi")
        connection.requests()

        connection.close(4003, "Banned until tomorrow")

        self.assertEqual("Banned until tomorrow", str(self.failureResultOf(said, Banned).value))
        assert isinstance(self.states[-1], Ended)
        self.assertIsInstance(self.states[-1].error, Banned)
        self.reactor.advance(100)
        self.assertEqual([], self.reactor.tcpClients)
        self.failureResultOf(self.client.say("lobby", "more"), Banned)
        self.successResultOf(self.client.stop())

    def test_a_refused_name_ends_the_client(self) -> None:
        online = self.client.start()
        joined = self.client.join("lobby", self.heard.append)
        connection = accept(self.reactor)
        connection.read()
        connection.send(type="error", of="hello", code="name_taken", text="Somebody else is Ann.", suggestion="Ann2")

        refused = self.failureResultOf(online, Refused).value
        self.assertEqual(("name_taken", "Ann2"), (refused.code, refused.suggestion))
        self.failureResultOf(joined, Refused)
        connection.close(1000, "")
        assert isinstance(self.states[-1], Ended)

    def stopped(self, connection: ScriptedConnection, gone: "Deferred[Any]") -> None:
        connection.read()
        self.assertEqual(1000, connection.close_code)
        self.assertNoResult(gone)
        connection.lose()
        self.successResultOf(gone)

    def test_stop_sends_a_close_frame(self) -> None:
        connection = self.started()

        gone = self.client.stop()

        self.stopped(connection, gone)
        self.assertEqual(Ended(None), self.states[-1])
        self.assertEqual([], self.reactor.getDelayedCalls())

    def test_stop_sends_the_outbox_first(self) -> None:
        connection = self.inside()
        said = self.client.say("lobby", "hi")
        gone = self.client.stop()
        (asked,) = connection.requests()
        self.assertIsNone(connection.close_code)

        connection.send(type="said", room="lobby", number=1, key=asked["key"])

        self.assertEqual(1, self.successResultOf(said))
        self.stopped(connection, gone)

    def test_stop_sends_edits_and_deletions_first(self) -> None:
        connection = self.inside()
        edited, deleted = self.client.edit("lobby", 1, "hi"), self.client.delete("lobby", 2)
        gone = self.client.stop()

        for type in ("edit", "delete"):
            self.assertEqual([type], [each["type"] for each in connection.requests()])
            self.assertIsNone(connection.close_code)
            connection.send(type="done", of=type)

        self.successResultOf(edited)
        self.successResultOf(deleted)
        self.stopped(connection, gone)

    def test_stop_waits_for_the_outbox_only_so_long(self) -> None:
        connection = self.inside()
        said = self.client.say("lobby", "hi")
        gone = self.client.stop(5)

        self.reactor.advance(5)

        self.failureResultOf(said, Stopped)
        self.stopped(connection, gone)

    def test_stop_does_not_wait_for_a_server_that_does_not_close(self) -> None:
        self.started()
        gone = self.client.stop()

        self.reactor.advance(OPTIONS.close_seconds)

        self.successResultOf(gone)

    def test_stop_while_offline_or_connecting_or_before_start_ends_at_once(self) -> None:
        self.successResultOf(self.client.stop())
        for step in (refuse, lambda reactor: None):
            client = ChatClient(self.reactor, "ws://127.0.0.1/x", "Ann")
            online = client.start()
            step(self.reactor)

            self.successResultOf(client.stop())

            self.failureResultOf(online, Stopped)
        self.assertEqual([], self.reactor.getDelayedCalls())

    def test_after_stop_every_request_fails(self) -> None:
        self.client.stop()

        self.failureResultOf(self.client.say("lobby", "hi"), Stopped)
        self.failureResultOf(self.client.join("lobby", self.heard.append), Stopped)
        self.failureResultOf(self.client.history("lobby"), Stopped)
        self.successResultOf(self.client.stop())

    def test_start_after_the_end_fails_with_what_ended_the_client(self) -> None:
        self.inside().close(4003, "Banned until May")
        self.failureResultOf(self.client.start(), Banned)

        stopped = ChatClient(self.reactor, "ws://127.0.0.1:8080/chat/websocket", "Ann")
        stopped.stop()
        self.failureResultOf(stopped.start(), Stopped)
        self.assertEqual([], self.reactor.tcpClients)

    def test_start_while_the_outbox_is_sent_fails(self) -> None:
        self.inside()
        self.client.say("lobby", "last").addErrback(lambda failure: failure.trap(Stopped))
        self.client.stop()

        self.failureResultOf(self.client.start(), Stopped)

    def test_a_listener_that_fails_does_not_keep_others_from_being_called(self) -> None:
        def fail(state: State) -> None:
            raise ZeroDivisionError

        self.client.on_state(fail)
        self.client.on_state(self.heard.append)

        self.client.start()

        self.assertEqual([Connecting()], self.heard)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_the_client_does_not_read_while_the_server_does_not(self) -> None:
        connection = self.started()

        connection.set_writable(False)
        self.assertTrue(connection.is_paused)

        connection.set_writable(True)
        self.assertFalse(connection.is_paused)

    def test_a_url_of_something_else_is_refused(self) -> None:
        for url in ("http://127.0.0.1/chat", "ws://", "ws://host:99999/", "ws://a b/", "127.0.0.1:8080", "ws://[::1/"):
            self.assertRaises(BadUrl, ChatClient, self.reactor, url, "Ann")
