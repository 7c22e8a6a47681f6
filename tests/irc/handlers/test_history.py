from tests.irc.cases import IrcTestCase
from tests.irc.fakes import IrcHarness, LineClient

# The time of the first message; each one is a second after the one before.
START = "2026-11-22T15:43:"
CAPABILITIES = ("batch", "draft/chathistory", "message-tags", "server-time")


class LongHistoryTests(IrcTestCase):
    """Messages of many short lines, which together are far more than may wait for one client."""

    def setUp(self) -> None:
        super().setUp()
        self.chat = IrcHarness(history=50, rate=100, burst=100, max_outbox=200_000)
        ben = self.chat.inside("Ben")
        for number in range(1, 41):
            ben.send("say", room="lobby", text="\n".join([str(number)] * 100))
            self.chat.database.settle()

    def _client(self, *capabilities: str) -> LineClient:
        client = self.chat.irc().register("Ann", *capabilities)
        client.producer.pauseProducing()
        client.send("JOIN #lobby")
        self.chat.database.settle()
        return client

    def _read(self, client: LineClient) -> list[int]:
        client.producer.resumeProducing()
        assert not client.is_closed
        return sorted({int(each.rpartition(":")[2]) for each in client.take("PRIVMSG")})

    def test_whoever_joins_gets_the_newest_that_fit(self) -> None:
        read = self._read(self._client("server-time", "message-tags"))
        assert read == list(range(read[0], 41)) and 1 < len(read) < 20

    def test_a_page_has_those_that_are_nearest_to_what_was_asked_for(self) -> None:
        client = self._client(*CAPABILITIES)
        client.producer.resumeProducing()
        client.send("CHATHISTORY LATEST #lobby * 40")
        self.chat.database.settle()
        line = next(each for each in client.got("PRIVMSG") if each.endswith(":38"))
        newest = self._read(client)
        assert newest == list(range(newest[0], 41)) and 1 < len(newest) < 20
        id = "msgid=" + line.partition("msgid=")[2].partition(" ")[0].replace("38-", "20-", 1)
        for words, nearest in (("BEFORE", 19), ("AFTER", 21), ("AROUND", 20)):
            client.producer.pauseProducing()
            client.send(f"CHATHISTORY {words} #lobby {id} 40")
            for _ in range(5):
                self.chat.database.settle()
            read = self._read(client)
            assert nearest in read and 1 < len(read) < 20 and read == list(range(read[0], read[-1] + 1)), words

    def test_the_first_ones_come_even_if_the_page_cannot_have_all(self) -> None:
        self.chat = IrcHarness(history=50, rate=100, burst=100, max_outbox=8192)
        ben = self.chat.inside("Ben")
        for number in range(1, 21):
            ben.send("say", room="lobby", text=str(number).rjust(300, "0"))
            self.chat.database.settle()
        client = self._client(*CAPABILITIES)
        client.producer.resumeProducing()
        client.send("CHATHISTORY AFTER #lobby timestamp=2000-01-01T00:00:00Z 15")
        for _ in range(20):
            self.chat.database.settle()
        assert self._read(client)[:2] == [1, 2]

    def test_many_pages_at_once_do_not_end_the_connection(self) -> None:
        client = self._client(*CAPABILITIES)
        client.send(*["CHATHISTORY LATEST #lobby * 40"] * 10)
        for _ in range(30):
            self.chat.database.settle()
        assert 40 in self._read(client)


class HistoryTests(IrcTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.chat = IrcHarness(history=5)
        self.ben = self.chat.inside("Ben")
        for number in range(1, 21):
            self.ben.send("say", room="lobby", text=str(number))
            self.chat.database.settle()
            self.chat.clock.advance(1)
        self.client = self._client("Ann", *CAPABILITIES)

    def _client(self, nick: str, *capabilities: str) -> LineClient:
        client = self.chat.irc().register(nick, *capabilities)
        client.send("JOIN #lobby")
        self.chat.database.settle()
        return client

    def _ask(self, *words: str) -> list[int]:
        """The texts of the messages that an answer has."""
        self.client.take()
        self.client.send("CHATHISTORY " + " ".join(words))
        for _ in range(40):
            self.chat.database.settle()
        return [int(each.rpartition(":")[2]) for each in self.client.got("PRIVMSG")]

    def _id(self, number: int) -> str:
        self.client.take()
        self.client.send("CHATHISTORY LATEST #lobby * 30")
        self.chat.database.settle()
        line = next(each for each in self.client.got("PRIVMSG") if each.endswith(f":{number}"))
        return "msgid=" + line.partition("msgid=")[2].partition(" ")[0]

    def test_who_asks_for_the_history_does_not_get_it_on_joining(self) -> None:
        assert self.client.got("PRIVMSG") == []
        assert len(self._client("Bo", "server-time").got("PRIVMSG")) == 5

    def test_an_answer_is_a_batch_with_times_and_ids(self) -> None:
        assert self._ask("LATEST", "#lobby", "*", "2") == [19, 20]
        begin, first, _, end = self.client.got()
        assert begin == ":mixsvc.irc BATCH +1 chathistory #lobby" and end == ":mixsvc.irc BATCH -1"
        assert first.startswith(f"@batch=1;time={START}18.000Z;msgid=19-0-")

    def test_pages_by_id(self) -> None:
        id = self._id(10)
        assert self._ask("BEFORE", "#lobby", id, "3") == [7, 8, 9]
        assert self._ask("AFTER", "#lobby", id, "3") == [11, 12, 13]
        assert self._ask("LATEST", "#lobby", id, "3") == [18, 19, 20]
        assert self._ask("LATEST", "#lobby", id, "50") == list(range(11, 21))
        assert self._ask("AROUND", "#lobby", id, "4") == [8, 9, 10, 11]

    def test_pages_by_time(self) -> None:
        at = f"timestamp={START}09.000Z"
        assert self._ask("BEFORE", "#lobby", at, "3") == [7, 8, 9]
        assert self._ask("AFTER", "#lobby", at, "3") == [11, 12, 13]
        assert self._ask("AFTER", "#lobby", f"timestamp={START}09.5Z", "2") == [11, 12]
        assert self._ask("AFTER", "#lobby", "timestamp=2030-01-01T00:00:00Z", "3") == []
        assert self._ask("AFTER", "#lobby", "timestamp=2000-01-01T00:00:00Z", "3") == [1, 2, 3]
        assert self._ask("BEFORE", "#lobby", "timestamp=2000-01-01T00:00:00Z", "3") == []

    def test_between_two_places_in_either_order(self) -> None:
        early, late = f"timestamp={START}04.000Z", self._id(12)
        assert self._ask("BETWEEN", "#lobby", early, late, "3") == [6, 7, 8]
        assert self._ask("BETWEEN", "#lobby", late, early, "3") == [9, 10, 11]
        assert self._ask("BETWEEN", "#lobby", early, late, "50") == [6, 7, 8, 9, 10, 11]

    def test_a_time_is_found_among_many_messages(self) -> None:
        for number in range(21, 451):
            self.ben.send("say", room="lobby", text=str(number))
            self.chat.database.settle()
            self.chat.clock.advance(0.1)
        assert self._ask("AFTER", "#lobby", f"timestamp={START}04.000Z", "2") == [6, 7]
        assert self._ask("BEFORE", "#lobby", f"timestamp={START}20.250Z", "2") == [22, 23]

    def test_what_is_not_kept_any_more_is_left_out(self) -> None:
        with self.chat.database.connection as connection:
            connection.execute("DELETE FROM message WHERE number < 5")
        assert self._ask("AFTER", "#lobby", "timestamp=2000-01-01T00:00:00Z", "2") == [5, 6]

    def test_deleted_messages_are_left_out(self) -> None:
        self.ben.send("delete", room="lobby", number=20)
        self.chat.database.settle()
        assert self._ask("LATEST", "#lobby", "*", "2") == [18, 19]

    def test_a_message_of_several_lines_from_a_page_is_redacted_as_a_whole(self) -> None:
        self.ben.send("say", room="lobby", text="21\n21\n21")
        self.chat.database.settle()
        for number in range(22, 28):
            self.ben.send("say", room="lobby", text=str(number))
            self.chat.database.settle()
        # The service was started again.
        self.chat.service = self.chat.make_service()
        self.client = self._client("Cy", *CAPABILITIES, "draft/message-redaction")
        self.client.take()
        self.client.send("CHATHISTORY AFTER #lobby timestamp=2026-11-22T15:43:19.500Z 1")
        for _ in range(10):
            self.chat.database.settle()
        ids = [each.partition("msgid=")[2].partition(" ")[0] for each in self.client.take("PRIVMSG")]

        self.ben.send("delete", room="lobby", number=21)
        self.chat.database.settle()

        assert len(ids) == 3 and [each.split()[-1] for each in self.client.got("REDACT")] == ids

    def test_as_many_as_are_asked_for_come_past_those_that_are_left_out(self) -> None:
        ids = {number: self._id(number) for number in (4, 9, 10, 16, 20)}
        for number in range(10, 16):
            self.ben.send("delete", room="lobby", number=number)
            self.chat.database.settle()
        assert self._ask("BEFORE", "#lobby", ids[16], "3") == [7, 8, 9]
        assert self._ask("AFTER", "#lobby", ids[9], "3") == [16, 17, 18]
        assert self._ask("AROUND", "#lobby", ids[10], "4") == [8, 9, 16, 17]
        assert self._ask("AROUND", "#lobby", ids[10], "1") == [16]
        assert self._ask("BETWEEN", "#lobby", ids[4], ids[20], "6") == [5, 6, 7, 8, 9, 16]
        assert self._ask("BETWEEN", "#lobby", ids[20], ids[4], "6") == [8, 9, 16, 17, 18, 19]
        assert self._ask("LATEST", "#lobby", ids[9], "30") == [16, 17, 18, 19, 20]

    def test_topics_do_not_look_like_the_end_of_the_history(self) -> None:
        for number in range(5):
            self.ben.send("say", room="lobby", text=f"/topic {number}")
            self.chat.database.settle()
        assert self._ask("LATEST", "#lobby", "*", "3") == [18, 19, 20]

    def _delete_very_many(self) -> None:
        """All behind the messages of setUp, up to 4999."""
        with self.chat.database.connection as connection:
            connection.executemany(
                "INSERT INTO message (room, number, name, text, said_at, deleted_by)"
                " VALUES ('lobby', ?, '', '', 0, '')",
                ((number,) for number in range(21, 5000)),
            )
            connection.execute("UPDATE room SET last = 4999")

    def test_around_a_place_with_something_on_one_side_very_many_are_left_out_on_the_other(self) -> None:
        id = self._id(20)
        self._delete_very_many()
        with self.chat.database.connection as connection:
            connection.execute("UPDATE message SET text = '4999', deleted_by = NULL WHERE number = 4999")
        assert self._ask("AROUND", "#lobby", id.replace("20-", "4999-", 1), "4") == [4999]
        assert self._ask("AROUND", "#lobby", id.replace("20-", "21-", 1), "4") == [19, 20]
        assert self._ask("AROUND", "#lobby", id.replace("20-", "2500-", 1), "4") == []
        assert " FAIL CHATHISTORY MESSAGE_ERROR AROUND #lobby " in self.client.got()[-1]

    def test_very_many_that_are_left_out_are_no_end_of_the_history(self) -> None:
        self._delete_very_many()
        assert self._ask("LATEST", "#lobby", "*", "3") == []
        (line,) = self.client.got()
        assert " FAIL CHATHISTORY MESSAGE_ERROR LATEST #lobby :Too many deleted messages are there" in line

    def test_the_channels_with_something_new(self) -> None:
        self.client.take()
        self.client.send(
            f"CHATHISTORY TARGETS timestamp={START}00Z timestamp=2030-01-01T00:00:00Z 10",
            "CHATHISTORY TARGETS timestamp=2029-01-01T00:00:00Z timestamp=2030-01-01T00:00:00Z 10",
        )
        assert self.client.got() == [
            ":mixsvc.irc BATCH +1 draft/chathistory-targets",
            f"@batch=1 :mixsvc.irc CHATHISTORY TARGETS #lobby {START}19.000Z",
            ":mixsvc.irc BATCH -1",
            ":mixsvc.irc BATCH +2 draft/chathistory-targets",
            ":mixsvc.irc BATCH -2",
        ]

    def test_a_client_without_batches_gets_lines(self) -> None:
        self.client = self._client("Bo", "server-time")
        assert self._ask("LATEST", "#lobby", "*", "1") == [20]
        assert self.client.got() == [f"@time={START}19.000Z :Ben!u6700869c8@mixsvc.irc PRIVMSG #lobby :20"]

    def test_nonsense_is_refused(self) -> None:
        for words in (
            "",
            "NONSENSE #lobby * 1",
            "LATEST #lobby *",
            "LATEST #lobby * x",
            "LATEST #lobby * 0",
            "LATEST #lobby * -1",
            "BEFORE #lobby * 1",
            "BEFORE #lobby timestamp=now 1",
            "BEFORE #lobby msgid=1-0-x 1",
            "LATEST Ben * 1",
            "TARGETS a b 1",
        ):
            self.client.take()
            self.client.send(f"CHATHISTORY {words}")
            (line,) = self.client.got()
            assert line.startswith(":mixsvc.irc FAIL CHATHISTORY INVALID_PARAMS "), words

    def test_a_room_that_one_may_not_read_is_refused(self) -> None:
        self.chat.hooks.registry.may(lambda person, action, room: action != "history")
        self.client.take()
        self.client.send("CHATHISTORY LATEST #lobby * 1", "CHATHISTORY LATEST #nix * 1")
        assert [each.split()[1:5] for each in self.client.got()] == [
            ["FAIL", "CHATHISTORY", "INVALID_TARGET", "LATEST"]
        ] * 2

    def test_a_limit_above_the_largest_page_is_that(self) -> None:
        assert len(self._ask("LATEST", "#lobby", "*", "100000000000000000000")) == 20
