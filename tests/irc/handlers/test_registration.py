from base64 import b64encode

from twisted.internet.defer import Deferred

from mixsvc.errors import MixError
from mixsvc.interfaces import Identity
from mixsvc.interfaces.doors import LoginRefused
from mixsvc.irc.connection import REGISTER_SECONDS
from tests.irc.cases import IrcTestCase
from tests.irc.fakes import IrcHarness, LineClient

MIA = Identity("id of Mia", "Mia Moor", moderator=True)


def _plain(name: str, password: str, authorization: str = "") -> str:
    return b64encode(f"{authorization}\0{name}\0{password}".encode()).decode()


def _with_sasl(client: LineClient) -> LineClient:
    client.send("CAP LS 302", "CAP REQ :sasl", "NICK somebody", "USER u 0 * :Real", "AUTHENTICATE PLAIN")
    client.take()
    return client


class RegistrationTests(IrcTestCase):
    def test_nick_and_user_in_any_order_register(self) -> None:
        chat = IrcHarness()
        for lines in (["NICK Ann", "USER u 0 * :R"], ["USER u 0 * :R", "NICK Ben"]):
            client = chat.irc()
            client.send(*lines)
            assert len(client.got("001")) == 1 and len(client.got("005")) == 2
            assert client.got("422")

    def test_everything_else_is_refused_before(self) -> None:
        client = IrcHarness().irc()
        client.send("JOIN #lobby")
        assert client.take() == [":mixsvc.irc 451 * :Give NICK and USER first"]
        client.send("PING x")
        assert client.take("PONG")

    def test_a_client_that_negotiates_is_registered_at_the_end_of_that(self) -> None:
        client = IrcHarness().irc()
        client.send("CAP LS 302", "NICK Ann", "USER u 0 * :R", "CAP REQ :multi-prefix server-time")
        assert client.take("CAP")[1] == ":mixsvc.irc CAP Ann ACK :multi-prefix server-time"
        assert not client.got("001")
        client.send("CAP END")
        assert client.got("001")

    def test_a_capability_that_is_not_there_is_refused_with_all_others(self) -> None:
        client = IrcHarness().irc()
        client.send("CAP REQ :multi-prefix nonsense", "CAP LIST", "CAP NONSENSE")
        assert client.got() == [
            ":mixsvc.irc CAP * NAK :multi-prefix nonsense",
            ":mixsvc.irc CAP * LIST :",
            ":mixsvc.irc 410 * NONSENSE :There is no such subcommand of CAP",
        ]

    def test_a_capability_is_given_back(self) -> None:
        client = IrcHarness().irc()
        client.send("CAP REQ :setname batch", "CAP REQ :-setname", "CAP LIST")
        assert client.got()[-1] == ":mixsvc.irc CAP * LIST :batch"

    def test_a_name_that_somebody_has_is_refused_and_another_one_can_be_given(self) -> None:
        chat = IrcHarness()
        chat.named("Ann")
        client = chat.irc().register("ann")
        assert ":mixsvc.irc 433 * ann :" in client.take("433")[0]
        client.send("NICK ann_")
        assert ":mixsvc.irc 001 ann_ " in client.got("001")[0]

    def test_a_name_that_nobody_can_have_is_refused(self) -> None:
        client = IrcHarness().irc()
        client.send("NICK", "NICK :", "NICK " + "x" * 33, "NICK \u200b")
        assert [each.split()[1] for each in client.got()] == ["431", "431", "432", "432"]

    def test_the_nickname_is_the_one_of_the_name_in_the_chat(self) -> None:
        chat = IrcHarness()
        client = chat.irc().register("Ｂｅｎ.L")
        assert client.got("001")[0].startswith(":mixsvc.irc 001 Ben{2e}L ")
        assert chat.dispatcher.facts("Ben.L") is not None

    def test_a_second_registration_and_another_nickname_are_refused(self) -> None:
        client = IrcHarness().irc_inside("Ann")
        client.send("USER u 0 * :R", "PASS x", "NICK Ben", "NICK Ann", "AUTHENTICATE PLAIN")
        assert [each.split()[1] for each in client.got()] == ["462", "462", "447", "907"]

    def test_too_few_parameters_are_refused(self) -> None:
        client = IrcHarness().irc()
        client.send("USER u", "CAP", "PASS")
        assert [each.split()[1] for each in client.got()] == ["461"] * 3

    def test_lines_wait_while_the_chat_finds_out_who_has_the_name(self) -> None:
        chat = IrcHarness()
        chat.passwords.answer = Deferred()
        client = chat.irc("127.0.0.1")
        client.send("PASS Mia:secret", "NICK x", "USER u 0 * :R", "JOIN #lobby")
        assert client.got() == [] and client.transport.producerState == "paused"
        chat.passwords.answer.callback(MIA)
        chat.database.settle()
        assert client.got("001") and client.got("JOIN") and client.transport.producerState == "producing"


class LoginTests(IrcTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.chat.passwords.known["Mia", "secret"] = MIA

    def test_who_logs_in_has_the_name_of_the_account(self) -> None:
        client = _with_sasl(self.chat.irc(is_secure=True))
        client.send(f"AUTHENTICATE {_plain('Mia', 'secret')}")
        assert [each.split()[1] for each in client.take()] == ["900", "903"]
        client.send("CAP END", "JOIN #lobby")
        self.chat.database.settle()
        assert ":mixsvc.irc 001 Mia|Moor " in client.got("001")[0]
        assert client.got("353") == [":mixsvc.irc 353 Mia|Moor = #lobby :@Mia|Moor"]

    def test_a_password_comes_in_pieces(self) -> None:
        self.chat.passwords.known["Mia", "x" * 600] = MIA
        client = _with_sasl(self.chat.irc(is_secure=True))
        whole = _plain("Mia", "x" * 600)
        client.send(*(f"AUTHENTICATE {whole[start : start + 400] or '+'}" for start in range(0, len(whole) + 1, 400)))
        assert client.got("903")

    def test_a_message_of_exactly_one_piece_ends_with_a_plus(self) -> None:
        password = "x" * (300 - len("\0Mia\0"))
        self.chat.passwords.known["Mia", password] = MIA
        client = _with_sasl(self.chat.irc(is_secure=True))
        client.send(f"AUTHENTICATE {_plain('Mia', password)}")
        assert client.got() == []
        client.send("AUTHENTICATE +")
        assert client.got("903")

    def test_a_wrong_password_is_refused_and_the_third_one_ends_the_connection(self) -> None:
        client = _with_sasl(self.chat.irc(is_secure=True))
        client.send(f"AUTHENTICATE {_plain('Mia', 'wrong')}")
        assert client.take() == [":mixsvc.irc 904 somebody :The name or the password is wrong."]
        for _ in range(2):
            client.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {_plain('Mia', 'wrong')}")
        assert client.got()[-1] == "ERROR :Closing link: Too many wrong passwords" and client.is_closed

    def test_nonsense_is_refused(self) -> None:
        client = _with_sasl(self.chat.irc(is_secure=True))
        other = _plain("Mia", "secret", "Ann")
        for each in ("%%", b64encode(b"\xff\0a\0b").decode(), b64encode(b"only").decode(), "+", other):
            client.send(f"AUTHENTICATE {each}", "AUTHENTICATE PLAIN")
        assert len(client.take("904")) == 5
        client.send(*["AUTHENTICATE " + "x" * 400] * 30)
        assert client.got("905")
        assert self.chat.passwords.sent == []

    def test_other_mechanisms_are_refused_and_an_attempt_can_be_given_up(self) -> None:
        client = self.chat.irc(is_secure=True)
        client.send("CAP REQ :sasl", "AUTHENTICATE EXTERNAL", "AUTHENTICATE PLAIN", "AUTHENTICATE *")
        assert [each.split()[1] for each in client.got()] == ["CAP", "908", "904", "AUTHENTICATE", "906"]

    def test_passwords_are_taken_over_tls_and_from_this_machine_only(self) -> None:
        for address, is_secure, is_private in (
            ("192.0.2.1", True, True),
            ("127.0.0.1", False, True),
            ("192.0.2.1", False, False),
        ):
            client = self.chat.irc(address, is_secure)
            client.send("CAP LS 302")
            assert ("sasl=PLAIN" in client.take()[0]) is is_private
        client.send("CAP REQ :sasl", "AUTHENTICATE PLAIN")
        assert client.take()[1] == ":mixsvc.irc 904 * :Passwords are taken over TLS only"
        client.send("PASS Mia:secret")
        assert client.is_closed and self.chat.passwords.sent == []

    def test_a_password_can_come_by_pass(self) -> None:
        client = self.chat.irc(is_secure=True)
        client.send("PASS Mia:secret", "NICK x", "USER u 0 * :R")
        assert ":mixsvc.irc 001 Mia|Moor " in client.got("001")[0]

    def test_a_wrong_one_ends_the_connection(self) -> None:
        client = self.chat.irc(is_secure=True)
        client.send("PASS Mia:wrong", "NICK x", "USER u 0 * :R")
        assert client.got("464") and client.is_closed

    def test_a_token_is_a_password(self) -> None:
        token = self.chat.tokens.sign("p1", "Tom", rooms=["den"])
        client = self.chat.irc(is_secure=True)
        client.send(f"PASS {token}", "NICK x", "USER u 0 * :R", "JOIN #den", "JOIN #lobby")
        self.chat.database.settle()
        assert ":mixsvc.irc 001 Tom " in client.got("001")[0]
        assert client.got("353") and ":mixsvc.irc 473 Tom #lobby " in client.got("473")[0]

    def test_a_token_without_a_name_lets_the_client_choose_one(self) -> None:
        client = _with_sasl(self.chat.irc(is_secure=True))
        client.send(f"AUTHENTICATE {_plain('any', self.chat.tokens.sign('p1'))}", "CAP END")
        assert ":mixsvc.irc 001 somebody " in client.got("001")[0]

    def test_a_check_that_fails_or_takes_too_long_is_told(self) -> None:
        client = _with_sasl(self.chat.irc(is_secure=True))
        for error in (LoginRefused("Too many logins: try again in 5 s."), MixError("broken")):
            self.chat.passwords.answer = Deferred()
            client.send(f"AUTHENTICATE {_plain('Mia', 'secret')}", "AUTHENTICATE PLAIN")
            self.chat.passwords.answer.errback(error)
        assert len(self.flushLoggedErrors(MixError)) == 1
        self.chat.passwords.answer = Deferred()
        client.send(f"AUTHENTICATE {_plain('Mia', 'secret')}")
        self.chat.clock.advance(10)
        assert [each.split(" :")[1] for each in client.got("904")] == [
            "Too many logins: try again in 5 s.",
            *["The password cannot be checked now; try again a little later."] * 2,
        ]

    def test_strangers_are_told_to_log_in_where_there_are_no_guests(self) -> None:
        client = IrcHarness(guests=False).irc().register("Ann")
        assert client.got("464") and client.is_closed

    def test_who_logs_in_is_forgotten_at_the_end(self) -> None:
        client = _with_sasl(self.chat.irc(is_secure=True))
        client.send(f"AUTHENTICATE {_plain('Mia', 'secret')}")
        client.lose()
        assert self.chat.passwords.forgotten == [MIA]

    def test_who_is_found_after_the_client_is_gone_is_forgotten(self) -> None:
        self.chat.passwords.answer = answer = Deferred[Identity | None]()
        client = _with_sasl(self.chat.irc(is_secure=True))
        client.send(f"AUTHENTICATE {_plain('Mia', 'secret')}")
        client.lose()
        self.chat.passwords.forgotten.clear()
        answer.callback(MIA)
        assert self.chat.passwords.forgotten == [MIA]

    def test_who_logs_in_as_somebody_else_is_forgotten_as_the_one_before(self) -> None:
        ben = Identity("ben", "Ben")
        self.chat.passwords.known["Ben", "other"] = ben
        client = _with_sasl(self.chat.irc(is_secure=True))
        client.send(f"AUTHENTICATE {_plain('Mia', 'secret')}", "AUTHENTICATE PLAIN")
        self.chat.passwords.forgotten.clear()
        client.send(f"AUTHENTICATE {_plain('Ben', 'other')}", "CAP END")
        assert self.chat.passwords.forgotten == [MIA] and client.got("001")[0].split()[2] == "Ben"

    def test_of_a_token_and_a_password_the_later_one_counts(self) -> None:
        token, password = _plain("any", self.chat.tokens.sign("p1", "Tom")), _plain("Mia", "secret")
        for first, second, name in ((token, password, "Mia|Moor"), (password, token, "Tom")):
            client = _with_sasl(self.chat.irc(is_secure=True))
            client.send(f"AUTHENTICATE {first}", "AUTHENTICATE PLAIN", f"AUTHENTICATE {second}", "CAP END")
            assert client.got("001")[0].split()[2] == name
            client.lose()
        assert self.chat.passwords.forgotten == [MIA, MIA, None]

    def test_who_logs_in_after_a_name_was_taken_is_who_has_logged_in(self) -> None:
        self.chat.inside("Ben")
        for early in ("PING x", f"PASS {self.chat.tokens.sign('p1')}"):
            client = self.chat.irc(is_secure=True)
            client.send(early, "NICK Ben", "USER u 0 * :R")
            assert client.got("433")
            client.send("CAP REQ :sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {_plain('Mia', 'secret')}")
            client.send("NICK Bo", "CAP END")
            assert client.got("001")[0].split()[2] == "Mia|Moor"
            client.lose()

    def test_nobody_comes_into_the_chat_who_leaves_while_the_password_is_checked(self) -> None:
        self.chat.passwords.answer = answer = Deferred[Identity | None]()
        client = self.chat.irc(is_secure=True)
        client.send("PASS Mia:secret", "NICK Mia", "USER u 0 * :R")
        client.lose()
        answer.callback(MIA)
        assert self.chat.dispatcher.facts("Mia Moor") is None

    def test_nobody_comes_into_the_chat_whose_password_is_checked_after_the_registration_has_timed_out(self) -> None:
        self.chat.passwords.answer = answer = Deferred[Identity | None]()
        client = self.chat.irc(is_secure=True)
        self.chat.clock.advance(REGISTER_SECONDS - 1)
        client.send("PASS Mia:secret", "NICK Mia", "USER u 0 * :R")
        self.chat.clock.advance(1)
        assert client.is_closed
        answer.callback(MIA)
        assert self.chat.dispatcher.facts("Mia Moor") is None and self.chat.passwords.forgotten == [MIA]

    def test_who_has_logged_out_between_the_password_and_the_registration_is_out(self) -> None:
        client = _with_sasl(self.chat.irc(is_secure=True))
        client.send(f"AUTHENTICATE {_plain('Mia', 'secret')}")
        assert client.got("903")
        self.chat.clock.advance(1)
        self.chat.dispatcher.log_out(MIA.person)
        self.chat.clock.advance(1)
        client.send("NICK x", "USER u 0 * :R", "CAP END")
        assert client.got("001") == [] and client.is_closed

    def test_somebody_who_is_banned_is_told_and_disconnected(self) -> None:
        mia = self.chat.moderator()
        self.chat.inside("Eve")
        mia.send("ban", name="Eve")
        self.chat.database.settle()
        client = self.chat.irc("198.51.100.1").register("Eve")
        assert client.got("465") and client.got()[-1].startswith("ERROR :Closing link: Banned until")
