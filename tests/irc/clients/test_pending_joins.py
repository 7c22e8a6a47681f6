from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.irc.clients.pending_joins import WAIT_SECONDS, PendingJoins
from tests.irc.cases import IrcTestCase


class PendingJoinsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.holds: list[bool] = []
        self.joins = PendingJoins(self.clock, self.holds.append)

    def test_lines_wait_until_the_last_channel_is_answered(self) -> None:
        self.joins.begin("lobby")
        self.joins.begin("den")
        self.joins.heard({"type": "joined", "room": "lobby"})
        self.assertEqual(self.holds, [True])

        self.joins.heard({"type": "error", "of": "join", "room": "den"})

        self.assertEqual((self.holds, self.clock.getDelayedCalls()), ([True, False], []))

    def test_what_is_about_something_else_changes_nothing(self) -> None:
        self.joins.begin("lobby")
        for event in (
            {"type": "joined", "room": "den"},
            {"type": "message", "room": "lobby"},
            {"type": "error", "of": "say", "room": "lobby"},
        ):
            self.joins.heard(event)

        self.assertEqual(self.holds, [True])

    def test_a_refusal_that_names_no_room_ends_all(self) -> None:
        self.joins.begin("lobby")
        self.joins.heard({"type": "error", "of": "join"})

        self.assertEqual(self.holds, [True, False])

    def test_without_an_answer_lines_go_on_after_a_while(self) -> None:
        self.joins.begin("lobby")
        self.clock.advance(WAIT_SECONDS)
        self.assertEqual(self.holds, [True, False])

        self.joins.heard({"type": "joined", "room": "lobby"})
        self.joins.stop()

        self.assertEqual(self.holds, [True, False])


class LinesBehindAJoinTests(IrcTestCase):
    def commands(self, *lines: str) -> list[str]:
        """What somebody is answered who sends these in one piece."""
        client = self.chat.irc().register("Ann")
        client.take()
        client.send(*lines)
        self.chat.database.settle()
        return [line.split()[1] for line in client.got()]

    def test_what_comes_behind_a_join_is_answered_from_inside(self) -> None:
        self.chat.inside("Ben", room="den")
        answers = self.commands("JOIN #den", "WHO #den", "LIST #den", "NAMES #den")

        self.assertEqual(answers, ["JOIN", "353", "366", "352", "352", "315", "321", "322", "323", "353", "366"])

    def test_one_channel_twice_is_waited_for_once(self) -> None:
        answers = self.commands("JOIN #den,#den", "WHO #den")

        self.assertEqual(answers, ["JOIN", "353", "366", "352", "315"])

    def test_a_name_that_no_room_can_have_does_not_end_the_wait_for_others(self) -> None:
        answers = self.commands(f"JOIN #den,#{'x' * 70}", "WHO #den")

        self.assertEqual(sorted(answers[:1]) + answers[1:], ["403", "JOIN", "353", "366", "352", "315"])

    def test_a_refused_join_holds_nothing_up(self) -> None:
        answers = self.commands("JOIN #a!b", "PING x")

        self.assertEqual(answers, ["403", "PONG"])

    def test_a_channel_in_another_spelling_is_waited_for(self) -> None:
        self.chat.inside("Ben", room="Den")
        answers = self.commands("JOIN #DEN", "PING x")

        self.assertEqual(answers, ["JOIN", "353", "366", "PONG"])

    def test_whoever_leaves_meanwhile_leaves_nothing_behind(self) -> None:
        client = self.chat.irc().register("Ann")
        before = len(self.chat.clock.getDelayedCalls())
        client.send("JOIN #den", "WHO #den")
        self.assertGreater(len(self.chat.clock.getDelayedCalls()), before)

        client.lose()

        self.chat.database.settle()
        self.assertLessEqual(len(self.chat.clock.getDelayedCalls()), before)


class LinesBehindAPartTests(IrcTestCase):
    """A function of the application is asked about a message meanwhile."""

    def setUp(self) -> None:
        super().setUp()
        self.chat.hooks.registry.may(lambda person, action, room: True)
        self.client, self.ben = self.chat.irc_inside("Ann"), self.chat.irc_inside("Ben")
        self.chat.clock.advance(60)
        self.client.take()
        self.chat.hooks.is_slow = True

    def answers(self) -> list[str]:
        while self.chat.hooks.waiting:
            self.chat.hooks.run_next()
            self.chat.database.settle()
        return [line.split()[1] for line in self.client.take()]

    def test_who_leaves_a_channel_and_joins_it_again_is_in_it(self) -> None:
        self.client.send("PRIVMSG #lobby :x", "PART #lobby", "JOIN #lobby")

        self.assertEqual(self.answers(), ["PART", "JOIN", "353", "366", "PRIVMSG"])
        self.assertIn("Ann", self.chat.dispatcher.members("lobby"))

    def test_somebody_else_who_is_removed_meanwhile_changes_nothing(self) -> None:
        self.chat.hooks.is_slow = False
        mia = self.chat.moderator()
        self.client.take()
        self.chat.hooks.is_slow = True
        self.client.send("PRIVMSG #lobby :x", "PART #lobby", "JOIN #lobby")
        mia.send("kick", room="lobby", name="Ben")
        # That is answered first.
        self.chat.hooks.waiting.reverse()

        self.assertEqual(self.answers(), ["KICK", "PART", "JOIN", "353", "366", "PRIVMSG"])

    def test_who_is_not_in_the_channel_any_more_goes_on(self) -> None:
        self.chat.hooks.is_slow = False
        self.client.send("PART #lobby,#lobby", "PING x")

        self.assertEqual(self.answers(), ["PART", "442", "PONG"])
