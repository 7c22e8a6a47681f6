from mixsvc.interfaces import Identity
from mixsvc.irc.clients.inquiries import MOST_WAITING
from mixsvc.irc.clients.leaving import WAIT_SECONDS
from tests.irc.cases import IrcTestCase
from tests.irc.fakes import LineClient


class MannersTests(IrcTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client = self.chat.irc_inside("Ann", "away-notify", "setname")

    def test_a_ping_is_answered(self) -> None:
        self.client.send("PING abc", "PING", "PONG x", "ERROR x", "TAGMSG #lobby")
        assert self.client.got() == [
            ":mixsvc.irc PONG mixsvc.irc abc",
            ":mixsvc.irc 409 Ann :No origin specified",
        ]

    def test_others_in_the_room_are_told_who_is_away(self) -> None:
        ben, stranger = self.chat.irc_inside("Ben"), self.chat.irc().register("Cy", "away-notify")
        stranger.take()
        self.client.take()
        ben.send("AWAY :lunch")
        assert ben.take()[-1].startswith(":mixsvc.irc 306 Ben :")
        ben.send("WHOIS Ben", "WHO Ben")
        assert ben.got("301") == [":mixsvc.irc 301 Ben Ben :lunch"] and " Ben G " in ben.got("352")[0]
        ben.send("AWAY")
        assert self.client.got("AWAY") == [
            ":Ben!u6700869c8@mixsvc.irc AWAY :lunch",
            ":Ben!u6700869c8@mixsvc.irc AWAY",
        ]
        assert stranger.got() == []

    def _moderator(self) -> LineClient:
        """One of the connections of Mod, in the lobby."""
        client = self.chat.irc(is_secure=True)
        client.send("PASS Mod:secret", "NICK Mod", "USER u 0 * :The moderator", "JOIN #lobby")
        self.chat.database.settle()
        return client

    def test_a_person_is_away_when_every_connection_is(self) -> None:
        self.chat.passwords.known["Mod", "secret"] = Identity("mod", "Mod")
        first, second = self._moderator(), self._moderator()
        self.client.take()
        first.send("AWAY :lunch")
        assert self.client.take() == []
        second.send("AWAY :dinner")
        assert [each.split()[1:] for each in self.client.take()] == [["AWAY", ":lunch"]]
        first.send("AWAY")
        assert [each.split()[1:] for each in self.client.take()] == [["AWAY"]]
        first.lose()
        assert [each.split()[1:] for each in self.client.take()] == [["AWAY", ":dinner"]]
        third = self._moderator()
        assert [each.split()[1:] for each in self.client.take()] == [["AWAY"]]
        third.send("SETNAME :Third")
        assert self.client.take() == []

    def test_what_a_muted_person_says_of_itself_is_told_to_nobody(self) -> None:
        mia, ben = self.chat.moderator(), self.chat.irc_inside("Ben")
        mia.send("mute", name="Ben", seconds=60)
        self.chat.database.settle()
        self.client.take()
        ben.send("AWAY :buy this", "SETNAME :buy that", "WHOIS Ben")
        assert [each.split()[1:] for each in self.client.take()] == [["AWAY", ":Away"]]
        assert "CANNOT_CHANGE_REALNAME" in ben.got("FAIL")[0] and not [each for each in ben.got() if "buy" in each]
        ben.lose()
        again = self.chat.irc_inside("Ben")
        assert again.got() == [] and self.client.got("JOIN")
        again.send("WHOIS Ben")
        assert again.got("311")[0].endswith(" * Ben")
        self.chat.clock.advance(60)
        again.send("SETNAME :about me")
        assert self.client.got("SETNAME")[0].endswith(":about me")

    def test_who_comes_away_is_told(self) -> None:
        ben = self.chat.irc().register("Ben")
        ben.send("AWAY :lunch", "JOIN #lobby")
        self.chat.database.settle()
        assert self.client.got("AWAY") == [":Ben!u6700869c8@mixsvc.irc AWAY :lunch"]

    def test_others_in_the_room_are_told_a_new_real_name(self) -> None:
        ben = self.chat.irc_inside("Ben", "setname")
        self.client.send("SETNAME :Ann Other")
        assert ben.got() == self.client.got()[-1:] == [":Ann!u49915e0d7@mixsvc.irc SETNAME :Ann Other"]

    def test_the_server_tells_of_itself(self) -> None:
        self.client.send("VERSION", "TIME", "MOTD", "LUSERS")
        assert [each.split()[1] for each in self.client.got()] == [
            "351",
            "005",
            "005",
            "391",
            "422",
            "251",
            "255",
            "265",
        ]
        assert self.client.got("391") == [":mixsvc.irc 391 Ann mixsvc.irc 2026-11-22T15:43:00Z"]

    def test_what_it_says_of_itself_holds(self) -> None:
        words = set(" ".join(self.chat.irc().register("Eve").got("005")).split())
        assert {"CASEMAPPING=ascii", "UTF8ONLY", "NICKLEN=128", "CHANNELLEN=129", "WHOX", "CHATHISTORY=200"} <= words
        assert {"TOPICLEN=200", "CHANLIMIT=#:50", "PREFIX=(o)@", "CHANMODES=bq,,,n"} <= words

    def test_a_goodbye_is_answered(self) -> None:
        self.client.send("QUIT :bye", "PING x")
        assert self.client.got() == ["ERROR :Closing link: Quit: bye"] and self.client.is_closed

    def test_what_was_asked_before_a_goodbye_is_done_and_told_before_it(self) -> None:
        ben = self.chat.irc_inside("Ben", "draft/message-redaction", "message-tags")
        self.client.send("PRIVMSG #lobby :first")
        self.chat.database.settle()
        id = ben.take("PRIVMSG")[0].partition("msgid=")[2].partition(" ")[0]

        self.client.send("PRIVMSG #lobby :last", f"REDACT #lobby {id}", "CHATHISTORY LATEST #lobby * 1", "QUIT")
        assert not self.client.is_closed
        for _ in range(3):
            self.chat.database.settle()
        assert self.client.got("BATCH") == [] != self.client.got("PRIVMSG") and self.client.is_closed
        self.client.lose()

        assert [each.split()[each.startswith("@") + 1] for each in ben.got()] == ["PRIVMSG", "REDACT", "PART"]

    def test_a_goodbye_waits_for_as_many_questions_as_a_client_may_have(self) -> None:
        self.chat.irc_inside("Ben").send("PRIVMSG #lobby :x")
        self.chat.database.settle()
        self.client.take()
        self.client.send(*["CHATHISTORY LATEST #lobby * 1"] * (1 + MOST_WAITING), "QUIT")
        assert not self.client.is_closed
        for _ in range(1 + MOST_WAITING):
            self.chat.database.settle()
        assert len(self.client.got("PRIVMSG")) == 1 + MOST_WAITING and self.client.is_closed

    def test_a_goodbye_behind_what_is_refused_or_not_stored_waits_for_nothing(self) -> None:
        for line in ("PRIVMSG #lobby :/nosuch", "PRIVMSG #nix :x", "PRIVMSG #lobby :/help", "REDACT #lobby x"):
            client = self.chat.irc_inside("Cy")
            client.send(line, "QUIT")
            assert client.is_closed, line
            client.lose()

    def test_a_database_that_does_not_answer_keeps_nobody_here(self) -> None:
        before = len(self.chat.clock.getDelayedCalls())
        client = self.chat.irc_inside("Cy")
        client.send("PRIVMSG #lobby :x", "QUIT :bye", "PING x")
        self.chat.clock.advance(WAIT_SECONDS - 1)
        assert not client.is_closed
        self.chat.clock.advance(1)
        assert client.got() == ["ERROR :Closing link: Quit: bye"] and client.is_closed
        client.lose()
        assert len(self.chat.clock.getDelayedCalls()) == before

    def test_an_unknown_command_is_refused(self) -> None:
        self.client.send("NONSENSE x", "9" * 3)
        assert [each.split()[1:4] for each in self.client.got()] == [["421", "Ann", "NONSENSE"], ["421", "Ann", "999"]]
