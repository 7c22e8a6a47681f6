from dataclasses import replace

from mixsvc.interfaces import Identity
from tests.irc.cases import IrcTestCase
from tests.irc.fakes import IrcHarness

ANN = "Ann!u49915e0d7@mixsvc.irc"


class EventTests(IrcTestCase):
    def test_who_comes_and_goes_through_any_door_is_told(self) -> None:
        client = self.chat.irc_inside("Ann", "extended-join")
        ben = self.chat.inside("Ben Lee", identity=Identity("b", "Ben Lee"))
        other = self.chat.irc_inside("Cy")
        ben.lose()
        other.send("QUIT")
        other.lose()
        assert [each.partition("!")[0] + each.partition("irc")[2] for each in client.got()] == [
            ":Ben|Lee JOIN #lobby Ben|Lee :Ben Lee",
            ":Cy JOIN #lobby * :Real Name",
            ":Ben|Lee PART #lobby",
            ":Cy PART #lobby",
        ]

    def test_a_moderator_who_comes_is_an_operator(self) -> None:
        client = self.chat.irc_inside("Ann")
        self.chat.moderator()
        assert client.got("MODE") == [":mixsvc.irc MODE #lobby +o Mia"]

    def test_a_kick_is_told_to_all_and_ends_the_channel(self) -> None:
        client, other, mia = self.chat.irc_inside("Ann"), self.chat.irc_inside("Ben"), self.chat.moderator()
        client.take()
        mia.send("kick", room="lobby", name="Ann", reason="flood")
        self.chat.database.settle()
        assert client.take()[-1].endswith(" KICK #lobby Ann :flood")
        assert other.got("KICK")
        client.send("PRIVMSG #lobby :x")
        assert client.got("404")
        client.send("JOIN #lobby")
        self.chat.database.settle()
        assert client.got("JOIN")

    def test_a_ban_is_a_mode_and_ends_the_connection(self) -> None:
        client, other, mia = self.chat.irc_inside("Ann"), self.chat.irc_inside("Ben"), self.chat.moderator()
        mia.send("ban", name="Ann", reason="x")
        self.chat.database.settle()
        assert client.got("465") and client.is_closed
        client.lose()
        assert [each.split()[1] for each in other.got()] == ["JOIN", "MODE", "MODE", "PART"]
        assert other.got("MODE")[1].endswith(" MODE #lobby +b :Ann!*@*") or other.got("MODE")[1].endswith("+b Ann!*@*")

    def test_a_mute_is_a_mode_and_the_muted_one_reads_until_when(self) -> None:
        client, mia = self.chat.irc_inside("Ann"), self.chat.moderator()
        mia.send("mute", name="Ann", reason="loud", seconds=60)
        self.chat.database.settle()
        assert client.got("MODE")[-1].endswith(" MODE #lobby +q Ann!*@*")
        assert client.got("NOTICE")[0].endswith(":Mia has muted you until 2026-11-22T15:44:00Z: loud")
        mia.send("unmute", name="Ann")
        self.chat.database.settle()
        assert client.got("MODE")[-1].endswith(" MODE #lobby -q Ann!*@*")

    def test_an_edit_is_a_notice_of_the_author(self) -> None:
        client, ben = self.chat.irc_inside("Ann", "message-tags"), self.chat.inside("Ben")
        ben.send("say", room="lobby", text="teh")
        self.chat.database.settle()
        id = client.take("PRIVMSG")[0].partition("msgid=")[2].partition(" ")[0]
        ben.send("edit", room="lobby", number=1, text="the\nend")
        self.chat.database.settle()
        assert [each.partition("mixsvc.irc")[2] for each in client.got()] == [
            " NOTICE #lobby :* the",
            " NOTICE #lobby :* end",
        ]
        assert client.got()[0].startswith(f"@+draft/reply={id} :Ben!")

    def test_an_edit_of_a_message_that_nobody_remembers_is_told_by_the_server(self) -> None:
        ben = self.chat.inside("Ben")
        ben.send("say", room="lobby", text="teh")
        self.chat.database.settle()
        self.chat.settings = replace(self.chat.settings, history=0)
        self.chat.restart()
        self.chat.service = self.chat.make_service()
        client = self.chat.irc_inside("Ann")
        ben = self.chat.inside("Mia", identity=Identity("m", "Mia", moderator=True))
        ben.send("delete", room="lobby", number=1)
        self.chat.database.settle()
        assert client.got("NOTICE")[0].endswith(" NOTICE #lobby :* deleted message 1")

    def test_all_lines_of_a_deleted_message_are_redacted(self) -> None:
        client = self.chat.irc_inside("Ann", "message-tags", "draft/message-redaction")
        ben = self.chat.inside("Ben")
        for number, text in enumerate(("one\ntwo\n" + "x" * 600, "/me waves\nlong"), 1):
            client.take()
            ben.send("say", room="lobby", text=text)
            self.chat.database.settle()
            ids = [each.partition("msgid=")[2].partition(" ")[0] for each in client.got("PRIVMSG")]
            assert len(ids) == (4, 2)[number - 1]
            if number == 1:
                ben.send("edit", room="lobby", number=1, text="short")
                self.chat.database.settle()
                self.chat.irc_inside("Cy")
            ben.send("delete", room="lobby", number=number)
            self.chat.database.settle()
            assert [each.split()[-1] for each in client.got("REDACT")] == ids

    def test_a_deleted_topic_is_told(self) -> None:
        client, ben = self.chat.irc_inside("Ann"), self.chat.inside("Ben")
        ben.send("say", room="lobby", text="/topic Plans")
        self.chat.database.settle()
        ben.send("delete", room="lobby", number=1)
        self.chat.database.settle()
        assert [each.partition("TOPIC")[2] for each in client.got("TOPIC")] == [" #lobby :Plans", " #lobby :"]

    def test_who_came_while_the_room_was_large_is_told_when_it_is_small(self) -> None:
        self.chat = IrcHarness(large_room=2)
        client = self.chat.irc_inside("Ann")
        ben = self.chat.inside("Ben")
        for each in (self.chat.inside("Cy"), self.chat.inside("Di")):
            each.lose()
        ben.lose()
        self.chat.inside("Ed")
        self.chat.clock.pump([1.0, 1.0])
        names = [each.partition("!")[0].strip(":") + each.partition("irc")[2] for each in client.got()]
        assert names == ["Ben JOIN #lobby", "Ben PART #lobby", "Ed JOIN #lobby"]

    def test_a_log_out_ends_the_connection(self) -> None:
        client = self.chat.irc(is_secure=True)
        client.send(f"PASS {self.chat.tokens.sign('p')}", "NICK Bo", "USER u 0 * :R")
        self.chat.clock.advance(1)
        self.chat.dispatcher.log_out("p")
        self.chat.database.settle()
        assert client.got()[-1] == "ERROR :Closing link: Logged out" and client.is_closed

    def test_one_text_can_not_become_two_lines(self) -> None:
        client, ben = self.chat.irc_inside("Ann"), self.chat.inside("Ben")
        ben.send("say", room="lobby", text="/topic x")
        ben.send("say", room="lobby", text="a\rQUIT :b\x85NICK c")
        self.chat.database.settle()
        assert [each.partition(" PRIVMSG ")[2] for each in client.got("PRIVMSG")] == [
            "#lobby :a",
            "#lobby :QUIT :b",
            "#lobby :NICK c",
        ]

    def test_every_line_has_at_most_512_bytes_as_others_get_it(self) -> None:
        self.chat = IrcHarness(rooms=("語" * 32,))
        client = self.chat.irc_inside("Ann", "server-time", "message-tags", room="語" * 32)
        ben = self.chat.inside("語" * 32, "語" * 32)
        ben.send("say", room="語" * 32, text="/me " + "ü" * 1500)
        self.chat.database.settle()
        lines = client.got("PRIVMSG")
        assert len(lines) > 4 and "".join(each.partition("ACTION ")[2].rstrip("\x01") for each in lines) == "ü" * 1500
        assert all(len(each.partition(" ")[2].encode()) + 2 <= 512 for each in lines)
