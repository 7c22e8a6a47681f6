from mixsvc.interfaces import Identity
from mixsvc.irc.connection import CLOSE_SECONDS
from tests.irc.cases import IrcTestCase
from tests.irc.fakes import IrcHarness


class LimitTests(IrcTestCase):
    def test_connections_of_one_address_are_limited(self) -> None:
        chat = IrcHarness({"max_per_address": 2})
        first, _ = chat.irc(), chat.irc()
        third = chat.irc()
        assert third.got() == ["ERROR :Closing link: Too many connections come from your address"]
        assert third.is_closed and not chat.irc("198.51.100.1").is_closed
        first.lose()
        assert not chat.irc().is_closed

    def test_addresses_of_one_subscriber_are_one(self) -> None:
        chat = IrcHarness({"max_per_address": 1})
        chat.irc("2001:db8::1")
        assert chat.irc("2001:db8::2").is_closed and not chat.irc("2001:db8:0:1::2").is_closed

    def test_a_connection_is_forgotten_and_its_person_gone_even_if_its_end_fails(self) -> None:
        def fail(identity: Identity | None, /) -> None:
            raise ArithmeticError

        chat = IrcHarness({"max_per_address": 1})
        client = chat.irc_inside("Ann")
        self.patch(chat.passwords, "forget", fail)
        with self.assertRaises(ArithmeticError):
            client.lose()
        assert chat.service.numbers()[0] == 0 and not chat.irc().is_closed
        assert chat.dispatcher.members("lobby") == []

    def test_all_connections_are_limited(self) -> None:
        chat = IrcHarness({"max_connections": 1})
        chat.irc()
        other = chat.irc("198.51.100.1")
        assert other.got() == ["ERROR :Closing link: This server has too many connections; try again later"]
        assert chat.service.numbers()[1].refused == {"connections": 1}

    def test_a_refused_connection_that_does_not_close_is_closed(self) -> None:
        chat = IrcHarness({"max_connections": 1})
        chat.irc()
        # Over TLS nothing is sent or closed before the client has shaken hands.
        silent, good = chat.irc("198.51.100.1"), chat.irc("198.51.100.1")
        good.lose()
        chat.clock.advance(CLOSE_SECONDS)
        assert silent.transport.aborted and not good.transport.aborted

    def test_a_thousand_connections_that_say_nothing_are_gone_in_time(self) -> None:
        chat = IrcHarness({"max_per_address": 1000})
        silent = [chat.irc() for _ in range(1000)]
        chat.clock.advance(20)
        assert all(each.is_closed for each in silent)
        for each in silent:
            each.lose()
        assert chat.service.numbers()[0] == 0 and not chat.irc().is_closed

    def test_the_stop_says_goodbye_and_waits_for_the_clients(self) -> None:
        chat = IrcHarness()
        client, silent = chat.irc_inside("Ann"), chat.irc()
        stopped = chat.service.stop()
        # Each as told, within the time in which all come back.
        assert client.got() == silent.got() == ["ERROR :Closing link: Server is stopping, come back in 1 s"]
        assert chat.irc().got() == ["ERROR :Closing link: Server is stopping"]
        self.assertNoResult(stopped)
        client.lose()
        silent.lose()
        self.successResultOf(stopped)

    def test_the_stop_can_be_hurried(self) -> None:
        chat = IrcHarness()
        client = chat.irc()
        stopped = chat.service.stop()
        stopped.addErrback(lambda failure: None)
        stopped.cancel()
        assert client.transport.aborted

    def test_the_stop_without_clients_is_done_at_once(self) -> None:
        self.successResultOf(IrcHarness().service.stop())
