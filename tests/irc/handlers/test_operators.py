from mixsvc.interfaces import Identity
from tests.irc.cases import IrcTestCase
from tests.irc.fakes import LineClient


class OperatorTests(IrcTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.chat.passwords.known["Mia", "secret"] = Identity("id of Mia", "Mia", moderator=True)
        self.mia = self._moderator()
        self.ann = self.chat.irc_inside("Ann")

    def _moderator(self) -> LineClient:
        """One of the connections of Mia, in the lobby."""
        client = self.chat.irc(is_secure=True)
        client.send("PASS Mia:secret", "NICK x", "USER u 0 * :R", "JOIN #lobby")
        self.chat.database.settle()
        return client

    def _do(self, client: LineClient, *lines: str) -> list[str]:
        client.take()
        client.send(*lines)
        self.chat.database.settle()
        return [each.replace(":mixsvc.irc ", "").replace("!ua6ae07ad5@mixsvc.irc", "") for each in client.got()]

    def test_a_moderator_kicks(self) -> None:
        assert self._do(self.mia, "KICK #lobby Ann,Nobody :flood") == [
            ":Mia KICK #lobby Ann :flood",
            "441 Mia Nobody #lobby :Nobody named Nobody is in lobby.",
        ]
        assert self.ann.got("KICK")

    def test_others_do_not(self) -> None:
        asked = "KICK #lobby Mia", "KICK #nix Mia", "MODE #lobby +b Mia!*@*", "MODE #lobby b", "MODE #lobby +o Ann"
        assert [each.split()[0] for each in self._do(self.ann, *asked)] == ["482"] * 5

    def test_nobody_kicks_a_moderator(self) -> None:
        assert self._do(self.mia, "KICK #lobby Mia")[0].startswith("482 Mia #lobby :Moderators cannot be")

    def test_a_ban_of_a_nickname_is_a_ban_of_the_person(self) -> None:
        assert self._do(self.mia, "MODE #lobby +b ann!*@*") == [":Mia MODE #lobby +b Ann!*@*"]
        assert self.ann.got("465") and self.ann.is_closed
        self.ann.lose()
        assert (
            self._do(self.mia, "MODE #lobby b", "MODE #lobby +b")
            == [
                "367 Mia #lobby Ann!*@*",
                "368 Mia #lobby :End of the list",
            ]
            * 2
        )
        assert self.chat.irc("198.51.100.9").register("ANN").is_closed
        assert self._do(self.mia, "MODE #lobby -b Ann!*@*", "MODE #lobby b") == [
            ":Mia MODE #lobby -b Ann!*@*",
            "368 Mia #lobby :End of the list",
        ]

    def test_the_mask_that_clients_make_is_of_the_person(self) -> None:
        assert self._do(self.mia, "MODE #lobby +b *!*u49915e0d7@*.irc") == [":Mia MODE #lobby +b Ann!*@*"]
        assert self._do(self.mia, "MODE #lobby +b *!u123@*")[0].startswith("401 Mia *!u123@* ")

    def test_only_moderators_find_out_whose_user_name_it_is(self) -> None:
        asked = "MODE #lobby +b *!u49915e0d7@*", "MODE #lobby +b *!u123@*"
        assert [each.split()[0] for each in self._do(self.ann, *asked)] == ["482"] * 2

    def test_a_ban_of_an_address(self) -> None:
        assert self._do(self.mia, "MODE #lobby +b *!*@198.51.100.9") == [":Mia MODE #lobby +b *!*@198.51.100.9"]
        assert self.chat.irc("198.51.100.9").register("Eve").is_closed
        assert self._do(self.mia, "MODE #lobby b")[0] == "367 Mia #lobby *!*@198.51.100.9"
        assert self._do(self.mia, "MODE #lobby -b *!*@198.51.100.9") == [":Mia MODE #lobby -b *!*@198.51.100.9"]

    def test_masks_of_many_and_unknown_targets_are_refused(self) -> None:
        asked = (
            "MODE #lobby +b *!*@*",
            "MODE #lobby +b *!*@nonsense",
            "MODE #lobby -b Eve!*@*",
            "MODE #lobby +q *!*@192.0.2.1",
        )
        assert [each.split()[0] for each in self._do(self.mia, *asked)] == ["696", "401", "401", "696"]
        assert not self.ann.is_closed

    def test_a_mute_is_a_mode(self) -> None:
        assert self._do(self.mia, "MODE #lobby +q Ann") == [":Mia MODE #lobby +q Ann!*@*"]
        assert self._do(self.ann, "PRIVMSG #lobby :x")[0].startswith("404 Ann #lobby :Mia muted you")
        assert self._do(self.mia, "MODE #lobby q") == ["728 Mia #lobby q Ann!*@*", "729 Mia #lobby q :End of the list"]
        assert self._do(self.mia, "MODE #lobby -q Ann!*@*") == [":Mia MODE #lobby -q Ann!*@*"]

    def test_the_other_connections_of_the_moderator_are_told(self) -> None:
        other = self._moderator()
        for change in ("+q", "-q", "+b"):
            other.take()
            told = [f":Mia MODE #lobby {change} Ann!*@*"]
            assert self._do(self.mia, f"MODE #lobby {change} ann!*@*") == told
            assert [each.replace("!ua6ae07ad5@mixsvc.irc", "") for each in other.got()] == told

    def test_several_modes_in_one_command(self) -> None:
        assert self._do(self.mia, "MODE #lobby +qb Ann *!*@192.0.2.200") == [
            ":Mia MODE #lobby +q Ann!*@*",
            ":Mia MODE #lobby +b *!*@192.0.2.200",
        ]

    def test_modes_that_there_are_not(self) -> None:
        assert self._do(self.mia, "MODE #lobby +k x", "MODE #lobby +n", "MODE #lobby -n", "MODE #lobby") == [
            "472 Mia k :There is no such mode, or it never changes",
            "472 Mia n :There is no such mode, or it never changes",
            "324 Mia #lobby +n",
        ]

    def test_nobody_becomes_an_operator_by_a_command(self) -> None:
        assert [each.split()[0] for each in self._do(self.mia, "MODE #lobby +o Ann", "MODE Mia +o", "OPER a b")] == [
            "482",
            "501",
            "491",
        ]

    def test_modes_of_oneself(self) -> None:
        assert self._do(self.ann, "MODE Ann", "MODE ann +i", "MODE Ann +x", "MODE Mia") == [
            "221 Ann +i",
            "501 Ann :There is no such mode",
            "502 Ann :Nobody changes the modes of others",
        ]

    def test_what_moderators_do_is_on_record(self) -> None:
        self._do(self.mia, "KICK #lobby Ann :flood", "MODE #lobby +b Ann!*@*")
        web = self.chat.moderator()
        web.send("audit")
        self.chat.database.settle()
        (event,) = web.got("audit")
        assert [(each["by"], each["action"], each["target"]) for each in event["entries"]] == [
            ("Mia", "ban", "Ann"),
            ("Mia", "kick", "Ann"),
        ]
