from mixsvc.interfaces import Identity
from tests.irc.cases import IrcTestCase
from tests.irc.fakes import IrcHarness, LineClient


def _answer(client: LineClient, *lines: str) -> list[str]:
    client.take()
    client.send(*lines)
    return [each.removeprefix(":mixsvc.irc ") for each in client.got()]


class PeopleTests(IrcTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.chat.moderator("Mia Moor")
        self.client = self.chat.irc_inside("Ann")

    def test_names_lists_a_channel(self) -> None:
        assert _answer(self.client, "NAMES #lobby", "NAMES #nix", "NAMES") == [
            "353 Ann = #lobby :Ann @Mia|Moor",
            "366 Ann #lobby :End of /NAMES list",
            "366 Ann #nix :End of /NAMES list",
            "366 Ann * :End of /NAMES list",
        ]

    def test_a_channel_in_another_case_is_the_same_from_within_and_from_outside(self) -> None:
        outside = self.chat.irc().register("Eve")
        for nick, client in (("Ann", self.client), ("Eve", outside)):
            names, who = _answer(client, "NAMES #LOBBY"), _answer(client, "WHO #Lobby")
            assert names[0] == f"353 {nick} = #lobby :Ann @Mia|Moor"
            assert [each.split()[1:3] for each in who] == [[nick, "#lobby"]] * 2 + [[nick, "#Lobby"]]
        outside.send("CHATHISTORY LATEST #LOBBY * 5")
        self.chat.database.settle()
        assert not outside.got("FAIL")

    def test_whoever_may_not_see_a_room_is_not_told_how_it_is_spelled(self) -> None:
        self.chat = IrcHarness(private_rooms=("den",))
        client = self.chat.irc_inside("Ann")
        asked = "NAMES #DEN", "WHO #DEN", "MODE #DEN", "CHATHISTORY LATEST #DEN * 5", "KICK #DEN Eve"
        told = _answer(client, *asked)
        assert len(told) == 5 and not [each for each in told if "den" in each]

    def test_a_private_room_has_the_channel_of_the_name_by_which_it_was_made(self) -> None:
        self.chat = IrcHarness(private_rooms=("Attic",))
        self.chat.hooks.registry.may(lambda person, action, room: True)
        client = self.chat.irc_inside("Ann", room="attic")
        assert _answer(client, "NAMES #Attic")[0] == "353 Ann = #attic :Ann"

    def test_names_have_user_and_host_for_those_who_ask(self) -> None:
        client = self.chat.irc_inside("Ben", "userhost-in-names")
        assert "@Mia|Moor!u06a92fc02@mixsvc.irc" in _answer(client, "NAMES #lobby")[0]

    def test_many_names_take_several_lines_that_fit_and_several_pages(self) -> None:
        for number in range(510):
            self.chat.inside(f"Nobody in particular {number:03}")
        found = _answer(self.client, "NAMES #lobby")
        listed = [name for each in found[:-1] for name in each.partition(":")[2].split()]
        assert len(set(listed)) == 512 and len(found) > 20
        assert all(len(each.encode()) <= 510 for each in self.client.got())

    def test_list_shows_rooms_with_members_and_topic(self) -> None:
        self.client.send("TOPIC #lobby :Plans")
        self.chat.database.settle()
        assert _answer(self.client, "LIST", "LIST #DEN,#nix") == [
            "321 Ann Channel :Users  Name",
            "322 Ann #lobby 2 Plans",
            "322 Ann #den 0 :",
            "323 Ann :End of /LIST",
            "321 Ann Channel :Users  Name",
            "322 Ann #den 0 :",
            "323 Ann :End of /LIST",
        ]

    def test_list_goes_through_all_pages(self) -> None:
        self.chat = IrcHarness(rooms=tuple(f"room{number:03}" for number in range(250)))
        assert len(_answer(self.chat.irc().register("Ann"), "LIST")) == 252

    def test_who_shows_a_channel_or_a_person(self) -> None:
        assert _answer(self.client, "WHO #lobby", "WHO Mia|Moor", "WHO #lobby o", "WHO #nix", "WHO Nobody")[:4] == [
            "352 Ann #lobby u49915e0d7 mixsvc.irc mixsvc.irc Ann H :0 Real Name",
            "352 Ann #lobby u06a92fc02 mixsvc.irc mixsvc.irc Mia|Moor H@ :0 Mia Moor",
            "315 Ann #lobby :End of /WHO list",
            "352 Ann #lobby u06a92fc02 mixsvc.irc mixsvc.irc Mia|Moor H@ :0 Mia Moor",
        ]
        assert len(self.client.got("352")) == 4 and len(self.client.got("315")) == 5

    def test_whox_has_the_fields_that_are_asked_for(self) -> None:
        assert _answer(self.client, "WHO #lobby %tcuihsnfdlaor,42", "WHO Ann %an")[1:] == [
            "354 Ann 42 #lobby u06a92fc02 255.255.255.255 mixsvc.irc mixsvc.irc Mia|Moor H@ 0 0 Mia|Moor n/a :Mia Moor",
            "315 Ann #lobby :End of /WHO list",
            "354 Ann Ann 0",
            "315 Ann Ann :End of /WHO list",
        ]

    def test_answers_repeat_what_was_asked_as_one_word(self) -> None:
        assert _answer(self.client, "WHOIS :x y", "WHO :", "WHO Ann :%tn,: a") == [
            "401 Ann x_y :There is no such nickname",
            "318 Ann x_y :End of /WHOIS list",
            "315 Ann * :End of /WHO list",
            "354 Ann _a Ann",
            "315 Ann Ann :End of /WHO list",
        ]

    def test_whois_says_what_is_known(self) -> None:
        assert _answer(self.client, "WHOIS mia|moor", "WHOIS mixsvc.irc Nobody") == [
            "311 Ann Mia|Moor u06a92fc02 mixsvc.irc * :Mia Moor",
            "319 Ann Mia|Moor @#lobby",
            "312 Ann Mia|Moor mixsvc.irc mixsvc",
            "313 Ann Mia|Moor :is a moderator",
            "330 Ann Mia|Moor Mia|Moor :is logged in as",
            "318 Ann Mia|Moor :End of /WHOIS list",
            "401 Ann Nobody :There is no such nickname",
            "318 Ann Nobody :End of /WHOIS list",
        ]

    def test_a_room_that_one_may_not_enter_is_not_shown(self) -> None:
        self.chat = IrcHarness(private_rooms=("den",))
        self.chat.hooks.registry.may(lambda person, action, room: person == "id of Mia")
        self.chat.moderator(room="den")
        client = self.chat.irc().register("Ann")
        assert "322 Ann #den 1 :" not in _answer(client, "LIST")
        assert _answer(client, "NAMES #den", "WHO #den") == [
            "366 Ann #den :End of /NAMES list",
            "315 Ann #den :End of /WHO list",
        ]
        client.send("JOIN #den")
        assert client.got("473")

    def test_who_is_online_and_where(self) -> None:
        assert _answer(self.client, "ISON Ann Nobody :mia|moor x", "USERHOST Ann Mia|Moor x", "WHOWAS x") == [
            "303 Ann :Ann Mia|Moor",
            "302 Ann :Ann=+u49915e0d7@mixsvc.irc Mia|Moor*=+u06a92fc02@mixsvc.irc",
            "406 Ann x :Nobody is remembered",
            "369 Ann x :End of WHOWAS",
        ]

    def test_somebody_is_found_by_any_spelling_and_each_once(self) -> None:
        self.chat.inside("Jörg É")
        words = "JÖRG|é", "Jo\u0308rg|E\u0301", "mia|MOOR", "mia|MOOR"
        assert _answer(self.client, f"ISON :{' '.join(words)}") == ["303 Ann :Jörg|É Jörg|É Mia|Moor"]

    def test_a_room_does_not_look_empty_to_somebody_who_asks_too_often(self) -> None:
        client = IrcHarness(joins=2).irc_inside("Ann")
        answer = _answer(client, "NAMES #lobby", "NAMES #lobby", "WHO #lobby")
        assert [each.split()[0] for each in answer] == ["353", "366", "263", "366", "263", "315"]
        assert "263 Ann NAMES" in answer[2] and "263 Ann WHO" in answer[4]

    def test_more_questions_than_may_wait_are_refused(self) -> None:
        self.chat = IrcHarness()
        self.chat.hooks.registry.may(lambda person, action, room: True)
        client = self.chat.irc_inside("Ann")
        self.chat.clock.advance(20)
        self.chat.hooks.is_slow = True
        client.send("NAMES " + ",".join(["#lobby"] * 40))
        assert len(client.got("263")) == 7

    def test_a_question_that_nobody_answers_ends(self) -> None:
        self.chat = IrcHarness()
        self.chat.hooks.registry.may(lambda person, action, room: True)
        client = self.chat.irc_inside("Ann")
        self.chat.clock.advance(20)
        self.chat.hooks.is_slow = True
        client.send("NAMES #lobby")
        self.chat.clock.pump([1.0] * 31)
        assert client.got("366")

    def test_an_account_is_named_only_if_there_is_one(self) -> None:
        assert self.chat.dispatcher.facts("Mia Moor") is not None
        client = self.chat.irc_inside("Ben", "extended-join")
        self.chat.inside("Cy", identity=Identity("c", "Cy"))
        assert client.got("JOIN")[0].endswith(" JOIN #lobby Cy Cy")
