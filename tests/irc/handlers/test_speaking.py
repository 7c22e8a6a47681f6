from tests.irc.cases import IrcTestCase
from tests.irc.fakes import IrcHarness


class SpeakingTests(IrcTestCase):
    def _texts(self) -> list[str]:
        return [text for _, text in self.chat.database.rows()]

    def _settle(self) -> None:
        self.chat.database.settle()

    def test_a_line_is_said_in_the_room_and_not_repeated_to_its_author(self) -> None:
        client, ben = self.chat.irc_inside("Ann"), self.chat.inside("Ben Lee")
        client.take()
        client.send("PRIVMSG #lobby :hello there")
        self._settle()
        (event,) = ben.got("message")
        assert (event["name"], event["text"]) == ("Ann", "hello there") and client.got() == []

    def test_the_author_gets_it_back_with_echo_message(self) -> None:
        client = self.chat.irc_inside("Ann", "echo-message", "message-tags", "server-time")
        client.send("PRIVMSG #lobby :hello")
        self._settle()
        (line,) = client.got()
        assert line.startswith("@time=2026-11-22T15:43:00.000Z;msgid=1-0-")
        assert line.endswith(" :Ann!u49915e0d7@mixsvc.irc PRIVMSG #lobby :hello")

    def test_what_the_same_person_says_elsewhere_comes(self) -> None:
        token = "t" * 16
        web = self.chat.inside("Ann", token=token)
        client = self.chat.irc(is_secure=True)
        client.send(f"PASS {self.chat.tokens.sign('p')}", "NICK Bo", "USER u 0 * :R", "JOIN #lobby")
        self._settle()
        client.take()
        web.send("say", room="lobby", text="from the page")
        self._settle()
        assert client.got("PRIVMSG") == [":Ann!u49915e0d7@mixsvc.irc PRIVMSG #lobby :from the page"]

    def test_an_action_is_an_action(self) -> None:
        client, ben = self.chat.irc_inside("Ann"), self.chat.irc_inside("Ben")
        client.send("PRIVMSG #lobby :\x01ACTION waves\x01")
        self._settle()
        assert ben.got("PRIVMSG") == [":Ann!u49915e0d7@mixsvc.irc PRIVMSG #lobby :\x01ACTION waves\x01"]

    def test_requests_to_other_clients_are_refused(self) -> None:
        client = self.chat.irc_inside("Ann")
        client.send("PRIVMSG #lobby :\x01VERSION\x01", "NOTICE #lobby :\x01VERSION x\x01")
        assert [each.split()[1] for each in client.got()] == ["404"]

    def test_formatting_codes_are_left_out(self) -> None:
        client = self.chat.irc_inside("Ann")
        client.send("PRIVMSG #lobby :\x02bold\x02 \x0304red")
        self._settle()
        assert self._texts() == ["bold red"]

    def test_a_notice_is_a_message(self) -> None:
        client = self.chat.irc_inside("Ann")
        client.send("NOTICE #lobby :beware")
        self._settle()
        assert self._texts() == ["beware"]

    def test_a_channel_that_is_named_twice_gets_a_message_once(self) -> None:
        client = self.chat.irc_inside("Ann")
        client.send("PRIVMSG #lobby,#lobby :twins")
        self._settle()
        assert self._texts() == ["twins"]

    def test_commands_of_the_chat_work(self) -> None:
        client = self.chat.irc_inside("Ann")
        client.send("PRIVMSG #lobby :/rate EUR/USD", "PRIVMSG #lobby ://text", "PRIVMSG #lobby :/nonsense")
        client.send("PRIVMSG #lobby :/help")
        self._settle()
        assert self._texts()[0] == "/rate EUR/USD" and "/text" in self._texts()
        assert client.got("404") and client.got("NOTICE")
        assert [each for each in client.got("PRIVMSG") if "1 EUR = 1.1172 USD" in each]

    def test_there_are_no_private_messages(self) -> None:
        client = self.chat.irc_inside("Ann")
        client.send("PRIVMSG Ben :psst", "NOTICE Ben :psst")
        (line,) = client.got()
        assert line.startswith(":mixsvc.irc 401 Ann Ben :There are no private messages")

    def test_a_target_and_a_text_are_needed(self) -> None:
        client = self.chat.irc_inside("Ann")
        client.send("PRIVMSG", "PRIVMSG #lobby", "PRIVMSG #lobby :", "PRIVMSG #a,#b,#c,#d,#e :x")
        assert [each.split()[1] for each in client.got()] == ["411", "412", "412", *["403"] * 4, "407"]

    def test_what_is_refused_is_told_with_the_channel(self) -> None:
        client, mia = self.chat.irc_inside("Ann"), self.chat.moderator()
        client.send("PRIVMSG #den :not inside", "PRIVMSG #lobby :\x02")
        mia.send("mute", name="Ann")
        self._settle()
        client.send("PRIVMSG #lobby :muted")
        found = client.got("404")
        assert [each.split()[3] for each in found] == ["#den", "#lobby", "#lobby"]
        assert "muted you" in found[2]

    def test_a_message_that_is_not_stored_is_told(self) -> None:
        client = self.chat.irc_inside("Ann")
        client.send("PRIVMSG #lobby :x")
        self.chat.database.fail()
        assert client.got("404") == [":mixsvc.irc 404 Ann #lobby :The message could not be stored; say it again"]

    def test_joining_shows_the_topic_the_names_and_what_was_said(self) -> None:
        mia = self.chat.moderator()
        for text in ("/topic Plans", "one\ntwo", "/me waves"):
            mia.send("say", room="lobby", text=text)
            self._settle()
        client = self.chat.irc().register("Ann", "server-time")
        client.take()
        client.send("JOIN #lobby")
        self._settle()
        assert client.got() == [
            ":Ann!u49915e0d7@mixsvc.irc JOIN #lobby",
            ":mixsvc.irc 332 Ann #lobby :Plans",
            ":mixsvc.irc 353 Ann = #lobby :Ann @Mia",
            ":mixsvc.irc 366 Ann #lobby :End of /NAMES list",
            "@time=2026-11-22T15:43:00.000Z :Mia!ua6ae07ad5@mixsvc.irc PRIVMSG #lobby :one",
            "@time=2026-11-22T15:43:00.000Z :Mia!ua6ae07ad5@mixsvc.irc PRIVMSG #lobby :two",
            "@time=2026-11-22T15:43:00.000Z :Mia!ua6ae07ad5@mixsvc.irc PRIVMSG #lobby :\x01ACTION waves\x01",
        ]

    def test_a_client_without_times_reads_them_in_the_text(self) -> None:
        self.chat.inside("Ben").send("say", room="lobby", text="early")
        self._settle()
        client = self.chat.irc().register("Ann")
        client.send("JOIN #lobby")
        self._settle()
        assert client.got("PRIVMSG")[0].endswith(" PRIVMSG #lobby :[2026-11-22 15:43] early")

    def test_a_channel_in_other_case_is_the_same_room(self) -> None:
        client = self.chat.irc().register("Ann")
        client.send("JOIN #LOBBY")
        self._settle()
        assert client.take("JOIN") == [":Ann!u49915e0d7@mixsvc.irc JOIN #lobby"]
        client.send("JOIN #Lobby", "PRIVMSG #LoBBy :x", "JOIN #lobby")
        self._settle()
        assert client.got() == [] and self._texts() == ["x"]

    def test_of_two_rooms_that_are_the_same_channel_to_irc_one_is_left_before_the_other_is_joined(self) -> None:
        rooms = [("Attic", 1), ("attic", 1)]
        self.chat.database.connection.executemany("INSERT INTO room (name, last) VALUES (?, ?)", rooms)
        self.chat.database.connection.commit()
        self.chat.restart()
        self.chat.service = self.chat.make_service()
        client = self.chat.irc_inside("Ann", room="Attic")
        client.send("JOIN #attic", "JOIN #ATTIC", "PART #Attic", "JOIN #attic")
        self._settle()
        assert [line.partition(" ")[2] for line in client.got("403") + client.got("JOIN")] == [
            "403 Ann #attic :You are in #Attic, the same channel to IRC; leave that one first",
            "JOIN #attic",
        ]

    def test_several_channels_and_what_is_none(self) -> None:
        client = self.chat.irc().register("Ann")
        client.take()
        client.send("JOIN #lobby,#den,x,#,#a!b", "JOIN")
        self._settle()
        assert len(client.got("JOIN")) == 3 and len(client.got("403")) == 3 and len(client.got("461")) == 1
        client.take()
        client.send("PART #lobby,#den :bye", "PART #lobby")
        assert [each.split()[1] for each in client.got()] == ["PART", "PART", "442"]

    def test_too_many_rooms_are_refused(self) -> None:
        self.chat = IrcHarness(max_joined=1)
        client = self.chat.irc().register("Ann")
        client.send("JOIN #lobby,#den")
        assert ":mixsvc.irc 405 Ann #den :" in client.got("405")[0]

    def test_topics_are_read_and_set(self) -> None:
        client = self.chat.irc_inside("Ann")
        client.send("TOPIC #lobby", "TOPIC #lobby :Plans", "TOPIC #den")
        self._settle()
        client.send("TOPIC #lobby", "TOPIC #lobby :")
        self._settle()
        assert [each.split()[1] for each in client.got()] == ["331", "442", "TOPIC", "332", "TOPIC"]
        assert client.got("TOPIC")[1].endswith(" TOPIC #lobby :")

    def test_a_message_is_deleted_by_its_id(self) -> None:
        client = self.chat.irc_inside("Ann", "echo-message", "message-tags", "draft/message-redaction")
        ben = self.chat.irc_inside("Ben")
        client.send("PRIVMSG #lobby :oops")
        self._settle()
        id = client.take("PRIVMSG")[0].partition("msgid=")[2].partition(" ")[0]
        client.send(f"REDACT #lobby {id}", f"REDACT #den {id}", "REDACT #lobby 1-0-x-y")
        self._settle()
        assert client.got() == [
            ":mixsvc.irc FAIL REDACT INVALID_TARGET #den :You are not on that channel",
            ":mixsvc.irc FAIL REDACT UNKNOWN_MSGID #lobby 1-0-x-y :There is no such message",
            f":Ann!u49915e0d7@mixsvc.irc REDACT #lobby {id}",
        ]
        assert ben.got("NOTICE") == [":Ann!u49915e0d7@mixsvc.irc NOTICE #lobby :* deleted a message of Ann"]
        client.take()
        client.send(f"REDACT #lobby {id}")
        self._settle()
        assert client.got("FAIL")[0].startswith(f":mixsvc.irc FAIL REDACT UNKNOWN_MSGID #lobby {id} :")

    def test_who_may_not_delete_a_message_is_told_by_the_id_that_was_given(self) -> None:
        client = self.chat.irc_inside("Ann", "message-tags")
        self.chat.inside("Ben").send("say", room="lobby", text="one\ntwo")
        self._settle()
        ids = [each.partition("msgid=")[2].partition(" ")[0] for each in client.take("PRIVMSG")]
        client.send(f"REDACT #lobby {ids[0]}", f"REDACT #lobby {ids[1]}")
        self._settle()
        assert [each.split()[1:6] for each in client.got()] == [
            ["FAIL", "REDACT", "REDACT_FORBIDDEN", "#lobby", id] for id in ids
        ]
