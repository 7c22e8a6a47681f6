"""How a connection bears what no good client sends, and what it does in the course of time."""

from collections.abc import Callable
from itertools import pairwise

from mixsvc.irc.clients.turns import CLIENT_SECONDS, TURN_SECONDS
from mixsvc.irc.connection import CLOSE_SECONDS, REGISTER_SECONDS
from tests.irc.cases import IrcTestCase
from tests.irc.fakes import IrcHarness, LineClient


class BadInputTests(IrcTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client = self.chat.irc_inside("Ann")

    def test_what_is_not_utf_8_is_refused(self) -> None:
        self.client.send_bytes(b"PRIVMSG #lobby :\xff\xfe\r\nPING x\r\n")
        assert self.client.got() == [
            ":mixsvc.irc FAIL * INVALID_UTF8 :The line is not UTF-8 and was ignored.",
            ":mixsvc.irc PONG mixsvc.irc x",
        ]

    def test_binary_is_refused(self) -> None:
        client = self.chat.irc()
        client.send_bytes(bytes(range(256)) * 8)
        assert client.got() and all(" FAIL * INVALID_" in each or " 417 " in each for each in client.got())

    def test_a_line_that_is_too_long_is_refused(self) -> None:
        self.client.send("PRIVMSG #lobby :" + "x" * 500, "PING x")
        assert [each.split()[1] for each in self.client.got()] == ["417", "PONG"]
        assert self.chat.database.rows() == []

    def test_a_line_without_an_end_is_refused_once(self) -> None:
        for _ in range(100):
            self.client.send_bytes(b"x" * 65536)
        assert [each.split()[1] for each in self.client.got()] == ["417"]

    def test_a_request_over_http_is_refused(self) -> None:
        client = self.chat.irc()
        client.send("GET / HTTP/1.1", "Host: x", "")
        assert client.got() == ["ERROR :Closing link: This is IRC, and no web server"]

    def test_no_page_lets_a_browser_speak_irc_in_the_body_of_a_request(self) -> None:
        for path in ("/", "/" + "x" * 600):
            client = self.chat.irc()
            client.send(f"POST {path} HTTP/1.1", "Host: irc.example", "Content-Type: text/plain", "")
            client.send("NICK Ann", "USER u 0 * :R", "JOIN #lobby", "PRIVMSG #lobby :Hi")
            assert client.got()[-1] == "ERROR :Closing link: This is IRC, and no web server"
        assert self.chat.service.numbers()[1].refused == {"http": 2}
        assert self.chat.database.rows() == []

    def test_empty_lines_are_nothing(self) -> None:
        self.client.send("", "  ", "\n")
        assert self.client.got() == []


class PaceTests(IrcTestCase):
    def test_a_flood_is_read_slowly_and_nothing_of_it_is_lost(self) -> None:
        chat = IrcHarness()
        client = chat.irc_inside("Ann")
        client.send(*(f"PING {number}" for number in range(150)))
        assert 90 <= len(client.got("PONG")) <= 100 and client.transport.producerState == "paused"
        chat.clock.pump([0.05] * 80)
        assert len(client.got("PONG")) == 150 and client.transport.producerState == "producing"

    def slow(self, chat: IrcHarness, name: str) -> LineClient:
        """A client inside, each answer to which takes as long as the lines of one client may."""
        client = chat.irc_inside(name)
        write: Callable[[bytes], None] = client.transport.write

        def written(data: bytes) -> None:
            chat.clock.rightNow += CLIENT_SECONDS
            write(data)

        client.transport.write = written  # type: ignore[method-assign]
        return client

    def test_lines_that_take_long_let_the_others_have_their_turns(self) -> None:
        chat = IrcHarness()
        client = self.slow(chat, "Ann")
        client.send(*(f"PING {number}" for number in range(4)))
        assert len(client.got("PONG")) == 1 and client.transport.producerState == "paused"
        chat.clock.advance(0)
        assert len(client.got("PONG")) == 4 and client.transport.producerState == "producing"

    def test_what_the_lines_of_all_clients_take_in_one_turn_does_not_grow_with_their_number(self) -> None:
        chat = IrcHarness()
        clients = [self.slow(chat, f"Ann{number}") for number in range(6)]
        turns = [chat.clock.seconds()]

        def turn() -> None:
            turns.append(chat.clock.seconds())
            if len(turns) < 30:
                chat.clock.callLater(0, turn)

        for client in clients:
            client.send("PING 1", "PING 2", "PING 3", "PING 4")
        turn()
        chat.clock.advance(0)

        assert [len(client.got("PONG")) for client in clients] == [4] * 6
        # All that wait would take longer.
        assert len(clients) * CLIENT_SECONDS > TURN_SECONDS + CLIENT_SECONDS / 2
        assert max(after - before for before, after in pairwise(turns)) < TURN_SECONDS + CLIENT_SECONDS / 2

    def test_who_leaves_while_others_have_their_turns_is_not_waited_for(self) -> None:
        chat = IrcHarness()
        ann, bob = self.slow(chat, "Ann"), self.slow(chat, "Bob")
        for client in (ann, bob):
            client.send(*(f"PING {number}" for number in range(10)))

        ann.lose()
        chat.clock.pump([0.0] * 20)

        assert len(bob.got("PONG")) == 10

    def test_what_is_no_line_has_its_turn_as_lines_have(self) -> None:
        for data, answer in ((b"\n", None), (b"\xff\n", "FAIL"), (b"x" * 600 + b"\n", "417")):
            chat = IrcHarness()
            client = chat.irc()
            client.send_bytes(data * 1000 + b"PING last\n")
            assert client.transport.producerState == "paused", data
            assert answer is None or 90 <= len(client.got(answer)) <= 100
            chat.clock.pump([0.5] * 38)
            assert client.got("PONG") == [], data
            chat.clock.pump([0.5] * 60)
            assert len(client.got("PONG")) == 1 or client.is_closed

    def test_what_others_hear_of_somebody_comes_no_faster_than_messages(self) -> None:
        chat = IrcHarness(rate=5, burst=20)
        client, other = chat.irc_inside("Ann"), chat.irc_inside("Ben", "away-notify", "setname")
        client.send(*(f"{command} :{number}" for number in range(50) for command in ("AWAY", "SETNAME")))
        assert len(other.got()) <= 20

    def test_a_paste_is_slowed_down_to_what_the_chat_takes(self) -> None:
        chat = IrcHarness(rate=5, burst=20)
        client = chat.irc_inside("Ann")
        client.send(*(f"PRIVMSG #lobby :{number}" for number in range(60)))
        chat.clock.pump([0.1] * 120)
        chat.database.settle()
        assert [text for _, text in chat.database.rows()] == [str(number) for number in range(60)]
        assert client.got("404") == []

    def test_somebody_who_is_read_slowly_is_not_taken_for_silent(self) -> None:
        chat = IrcHarness(rate=0.01, burst=2)
        client = chat.irc_inside("Ann")
        client.send(*["PRIVMSG #lobby :x"] * 5)
        chat.clock.pump([10.0] * 40)
        assert not client.is_closed

    def test_others_do_not_wait_for_a_flood(self) -> None:
        chat = IrcHarness(rate=5, burst=20)
        flood, ben = chat.irc_inside("Ann"), chat.irc_inside("Ben")
        flood.send(*["PRIVMSG #lobby :x"] * 500)
        ben.send("PRIVMSG #lobby :hello")
        chat.database.settle()
        assert "hello" in [text for _, text in chat.database.rows()]

    def test_after_many_refusals_the_chat_reads_nothing_for_a_while(self) -> None:
        chat = IrcHarness(joins=1)
        client = chat.irc().register("Ann")
        client.send(*(f"JOIN #nix{number}" for number in range(25)))
        chat.database.settle()
        assert len(client.got("437")) == 20 and client.transport.producerState == "paused"
        chat.clock.advance(1)
        assert len(client.got("437")) == 24 and client.transport.producerState == "producing"


class DeadlineTests(IrcTestCase):
    def test_a_client_that_does_not_register_is_disconnected(self) -> None:
        chat = IrcHarness()
        client = chat.irc()
        client.send("NICK Ann")
        chat.clock.advance(REGISTER_SECONDS - 1)
        assert not client.is_closed
        client.send("PING x")
        chat.clock.advance(1)
        assert client.got()[-1] == "ERROR :Closing link: Registration timed out" and client.is_closed
        chat.clock.advance(5)
        assert client.transport.aborted
        assert chat.service.numbers()[1].refused == {"unregistered": 1}

    def test_a_silent_client_is_asked_and_disconnected_if_it_does_not_answer(self) -> None:
        chat = IrcHarness()
        client = chat.irc_inside("Ann")
        chat.clock.pump([20.0] * 6)
        assert client.take() == [":mixsvc.irc PING mixsvc.irc"]
        client.send("PONG mixsvc.irc")
        chat.clock.pump([20.0] * 7)
        assert client.take() == [":mixsvc.irc PING mixsvc.irc"]
        chat.clock.pump([20.0] * 3)
        assert client.got() == ["ERROR :Closing link: Ping timeout"] and client.is_closed

    def test_a_client_that_ends_while_it_is_read_slowly_is_read_to_its_end(self) -> None:
        """TLS closes when it has read the client's close_notify."""
        chat = IrcHarness()
        client = chat.irc(is_secure=True).register("Ann")
        client.send("JOIN #lobby", "QUIT")
        assert client.transport.producerState == "paused"
        chat.database.settle()
        assert client.is_closed and client.transport.producerState == "producing"

        client.send(*["PRIVMSG #lobby :late"] * 200)
        assert client.transport.producerState == "producing" and chat.database.rows() == []
        chat.clock.advance(CLOSE_SECONDS)
        assert client.transport.aborted

    def test_what_a_client_has_sent_that_sends_no_more_is_told_before_it_goes(self) -> None:
        chat = IrcHarness()
        client, ben = chat.irc_inside("Ann"), chat.irc_inside("Ben")
        client.send("PRIVMSG #lobby :last")
        client.protocol.readConnectionLost()
        assert not client.is_closed
        chat.database.settle()
        assert client.is_closed
        client.lose()
        assert [each.split()[1] for each in ben.got()] == ["PRIVMSG", "PART"]

    def test_nothing_is_left_of_a_connection_that_is_lost(self) -> None:
        chat = IrcHarness()
        before = len(chat.clock.getDelayedCalls())
        client = chat.irc_inside("Ann")
        client.send(*["PING x"] * 200, "NAMES #lobby")
        client.lose()
        assert len(chat.clock.getDelayedCalls()) == before
        assert chat.service.numbers()[0] == 0 and not chat.dispatcher.members("lobby")


class OutboxTests(IrcTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.chat = IrcHarness(max_outbox=4096)
        self.client, self.ben = self.chat.irc_inside("Ann"), self.chat.inside("Ben")
        self.client.take()

    def _say(self, text: str) -> None:
        self.ben.send("say", room="lobby", text=text)
        self.chat.database.settle()

    def test_what_a_client_does_not_read_waits(self) -> None:
        self.client.producer.pauseProducing()
        self._say("one")
        self._say("two")
        assert self.client.got() == []
        self.client.producer.resumeProducing()
        assert [each.rpartition(":")[2] for each in self.client.got()] == ["one", "two"]

    def test_a_client_that_reads_too_slowly_is_disconnected(self) -> None:
        self.client.producer.pauseProducing()
        for _ in range(5):
            self._say("x" * 1000)
        assert self.client.got() == ["ERROR :Closing link: You read too slowly"] and self.client.is_closed
        assert self.chat.service.numbers()[1].slow == 1
        self._say("later")

    def test_what_waits_is_sent_before_the_end_that_a_client_asks_for(self) -> None:
        self.client.producer.pauseProducing()
        self._say("one")
        self.client.send("PING x", "QUIT :bye")
        self._say("late")
        assert self.client.got() == [] and not self.client.is_closed
        self.client.producer.resumeProducing()
        assert [each.rpartition(" ")[2] for each in self.client.got()] == [":one", "x", "bye"]
        assert self.client.is_closed and self.client.producer is None

    def test_who_does_not_read_what_waits_at_the_end_is_disconnected(self) -> None:
        producer = self.client.producer
        self.client.transport.write = lambda data: producer.pauseProducing()  # type: ignore[method-assign]
        producer.pauseProducing()
        self.client.send("PING x", "PING y", "QUIT")
        for _ in range(3):
            self.chat.clock.advance(CLOSE_SECONDS - 1)
            # It reads a line each time.
            producer.resumeProducing()
            self.chat.clock.advance(1)
            assert not self.client.transport.aborted
        assert self.client.is_closed
        self.chat.clock.advance(CLOSE_SECONDS)
        assert self.client.transport.aborted

    def test_what_waits_of_a_room_is_taken_back_when_the_permission_is(self) -> None:
        allowed = {"join": True}
        self.chat.hooks.registry.may(lambda person, action, room: allowed["join"])
        self.client.producer.pauseProducing()
        self._say("secret")
        allowed["join"] = False
        self.chat.dispatcher.revoke(None, "lobby")
        self.chat.database.settle()
        self.client.producer.resumeProducing()
        assert [each.split()[1] for each in self.client.got()] == ["KICK"]


class FaultTests(IrcTestCase):
    def test_an_event_that_cannot_be_told_ends_one_connection_only(self) -> None:
        chat = IrcHarness()
        client, other = chat.irc_inside("Ann"), chat.irc_inside("Ben")
        client.producer.write = None
        chat.inside("Cy")
        assert client.is_closed and not other.is_closed and other.got("JOIN")
        assert len(self.flushLoggedErrors(TypeError)) == 1
