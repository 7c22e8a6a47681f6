"""Mutes and bans as the muted and banned persons see them."""

from twisted.internet.defer import Deferred

from mixsvc.chat.handlers.access import RoomAccess
from mixsvc.chat.model.people import MOST_LEFT
from mixsvc.chat.protocol.events import BANNED
from mixsvc.interfaces import Identity
from mixsvc.interfaces.topics import TopicEnd
from tests.chat.cases import ChatTestCase
from tests.chat.fakes import ChatHarness, FakeClient
from tests.chat.handlers.test_room_events import follow

TOKEN = "0123456789abcdef"

DAY = 86_400.0

# A day after the beginning of the test.
TOMORROW = "2026-11-23T15:43:00Z"


def is_banned(client: FakeClient) -> bool:
    return client.transport.closed == (BANNED, f"Banned until {TOMORROW}")


class SanctionTestCase(ChatTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.bob = self.chat.inside("Bob", address="192.0.2.7", token=TOKEN)
        self.cid = self.chat.inside("Cid")
        self.mia = self.chat.moderator()
        for client in (self.bob, self.cid, self.mia):
            client.clear()

    def listed(self, chat: ChatHarness) -> list[dict[str, object]]:
        (answer,) = self.answer(chat.moderator("Mara"), "sanctions")
        found: list[dict[str, object]] = answer["sanctions"]
        return found


class MuteTests(SanctionTestCase):
    def test_a_muted_person_can_read_but_not_write(self) -> None:
        self.done(self.mia, "mute", name="bob", seconds=90, reason="loud")
        self.say(self.cid, "hi")

        muted = {"type": "muted", "name": "Bob", "by": "Mia", "until": "2026-11-22T15:44:30Z", "reason": "loud"}
        self.assertEqual(["muted", "message"], [each["type"] for each in self.bob.got()])
        self.assertEqual([muted], self.cid.got("muted"))
        error = self.refused(self.bob, "say", room="lobby", text="hey", key="k")
        self.assertEqual(("muted", 90, "k"), (error["code"], error["wait"], error["key"]))

    def test_a_mute_applies_to_the_name_and_to_the_person_in_every_window(self) -> None:
        self.done(self.mia, "mute", name="Bob")
        self.bob.lose()

        for name, token in (("Bob", "x" * 16), ("Robert", TOKEN)):
            client = self.chat.inside(name, token=token)
            self.assertEqual("muted", self.code(client, "say", room="lobby", text="hey"))
            client.lose()

    def test_a_mute_ends_with_its_time(self) -> None:
        self.done(self.mia, "mute", name="Bob", seconds=60)
        self.chat.clock.advance(0.4)
        wait = self.refused(self.bob, "say", room="lobby", text="hey")["wait"]
        self.assertEqual(60, wait)

        self.chat.clock.advance(wait)
        self.say(self.bob, "hey")

        self.assertEqual(1, len(self.bob.got("said")))
        self.assertEqual([], self.listed(self.chat))

    def test_a_time_that_is_wrong_for_a_moment_ends_no_mute(self) -> None:
        self.done(self.mia, "mute", name="Bob")
        self.chat.ahead = 400 * DAY
        self.say(self.bob, "hey")
        self.done(self.mia, "mute", name="Cid")
        self.chat.clock.advance(4)
        self.chat.ahead = 0.0

        self.assertEqual("muted", self.code(self.bob, "say", room="lobby", text="hey"))
        self.chat.restart()
        self.assertEqual("muted", self.code(self.chat.inside("Bob"), "say", room="lobby", text="hey"))

    def test_a_mute_of_a_wrong_time_keeps_its_length_when_the_time_is_put_right(self) -> None:
        for wrong in (-3600.0, 400 * DAY):
            self.chat.ahead = wrong
            self.done(self.mia, "mute", name="Bob", seconds=600)
            self.chat.ahead = 0.0
            self.assertEqual(600, self.refused(self.bob, "say", room="lobby", text="hey")["wait"])
            self.database.settle()
            self.chat.restart()
            self.bob, self.mia = self.chat.inside("Bob"), self.chat.moderator()
            self.assertEqual(600, self.refused(self.bob, "say", room="lobby", text="hey")["wait"])

    def test_a_mute_of_a_time_that_was_trusted_ends_at_its_time(self) -> None:
        self.chat.dispatcher.start()
        self.chat.clock.pump([60.0] * 60)
        self.done(self.mia, "mute", name="Bob", seconds=7200)
        self.chat.ahead = 3600.0
        self.assertEqual(3600, self.refused(self.bob, "say", room="lobby", text="hey")["wait"])

        self.chat.ahead = 0.0

        self.assertEqual(7200, self.refused(self.bob, "say", room="lobby", text="hey")["wait"])

    def test_a_start_with_a_wrong_time_ends_no_mute(self) -> None:
        self.done(self.mia, "mute", name="Bob")
        self.chat.ahead = 400 * DAY
        self.chat.restart()
        self.done(self.chat.moderator(), "mute", name="Cid")
        self.chat.ahead = 0.0

        self.assertEqual("muted", self.code(self.chat.inside("Bob"), "say", room="lobby", text="hey"))

    def test_a_mute_that_has_ended_is_deleted_once_the_time_is_trusted(self) -> None:
        self.done(self.mia, "mute", name="Bob", seconds=60)
        self.chat.clock.advance(DAY)
        self.done(self.mia, "mute", name="Cid")

        rows = self.database.connection.execute("SELECT name FROM sanction").fetchall()
        self.assertEqual([("Cid",)], rows)

    def test_an_unmuted_person_may_write_again(self) -> None:
        self.done(self.mia, "mute", name="Bob")
        self.done(self.mia, "unmute", name="ＢOB")
        self.say(self.bob, "hey")

        self.assertEqual([{"type": "unmuted", "name": "Bob", "by": "Mia"}], self.bob.got("unmuted"))
        self.assertEqual(1, len(self.cid.got("unmuted")))
        self.assertEqual(1, len(self.bob.got("said")))

    def test_a_mute_survives_a_restart_and_so_does_its_end(self) -> None:
        self.done(self.mia, "mute", name="Bob")
        self.chat.restart()
        self.assertEqual("muted", self.code(self.chat.inside("Bob"), "say", room="lobby", text="hey"))

        self.done(self.chat.moderator(), "unmute", name="Bob")
        self.chat.restart()

        self.assertEqual(["said", "message"], [each["type"] for each in self.answers_to_hey()])

    def answers_to_hey(self) -> list[dict[str, object]]:
        return self.answer(self.chat.inside("Bob"), "say", room="lobby", text="hey")

    def test_an_absent_person_can_be_muted_by_name(self) -> None:
        self.done(self.mia, "mute", name="Zoe")

        self.assertEqual("muted", self.code(self.chat.inside("Zoe"), "say", room="lobby", text="hey"))

    def test_a_later_mute_replaces_the_earlier_one(self) -> None:
        self.done(self.mia, "mute", name="Bob", seconds=900)
        self.done(self.mia, "mute", name="Bob", seconds=60)

        self.assertEqual(["2026-11-22T15:44:00Z"], [each["until"] for each in self.listed(self.chat)])
        self.assertEqual(60, self.refused(self.bob, "say", room="lobby", text="hey")["wait"])

    def test_everybody_who_shares_a_room_with_a_muted_person_is_told_once(self) -> None:
        for client in (self.bob, self.cid):
            self.join(client, "den")
        zoe = self.chat.inside("Zoe", "attic")
        self.done(self.mia, "mute", name="Bob")

        self.assertEqual([1, 1, 0], [len(each.got("muted")) for each in (self.bob, self.cid, zoe)])


class BanTests(SanctionTestCase):
    def test_a_banned_person_is_told_and_closed_in_every_window(self) -> None:
        windows = [self.bob, self.chat.named("Bob", token=TOKEN), self.chat.named("Robert", token=TOKEN)]
        self.done(self.mia, "ban", name="Bob", reason="spam")

        banned = {"type": "banned", "name": "Bob", "by": "Mia", "until": TOMORROW, "reason": "spam"}
        self.assertEqual([[banned], [banned]], [self.bob.got(), self.cid.got()])
        self.assertEqual([True] * 3, [is_banned(each) for each in windows])
        self.assertIsNone(self.cid.transport.closed)

    def test_a_banned_person_may_do_nothing_for_who_asks_and_follows_no_room_any_more(self) -> None:
        ann, eve = Identity("a", "Ann"), Identity("e", "Eve")
        self.chat.inside("Ann", identity=ann, address="198.51.100.7")
        followers = [follow(self.chat, identity=each) for each in (ann, eve, None)]
        before = self.chat.clock.seconds()
        self.chat.clock.advance(1)

        self.done(self.mia, "ban", name="Ann")
        followers.append(follow(self.chat, identity=ann, decided=before))

        self.assertEqual([[TopicEnd.AGAIN], [], [], [TopicEnd.AGAIN]], [each.heard for each in followers])
        allows = self.chat.dispatcher.allows
        answers = [self.successResultOf(allows(person, "history", "lobby")) for person in ("a", "e", None)]
        self.assertEqual([False, True, True], answers)

    def test_a_person_who_is_banned_while_the_application_is_asked_may_do_nothing_either(self) -> None:
        self.chat.inside("Ann", identity=Identity("a", "Ann"))
        asked: Deferred[bool] = Deferred()
        self.patch(RoomAccess, "ask", lambda *_: asked)
        allowing = self.chat.dispatcher.allows("a", "history", "lobby")
        self.done(self.mia, "ban", name="Ann")

        asked.callback(True)

        self.assertFalse(self.successResultOf(allowing))

    def test_a_ban_by_name_applies_to_the_name_the_person_and_the_address(self) -> None:
        self.done(self.mia, "ban", name="Bob")
        self.bob.lose()

        self.assertTrue(is_banned(self.chat.named("bob")))
        self.assertTrue(is_banned(self.chat.named("Robert", token=TOKEN)))
        self.assertTrue(is_banned(self.chat.client(address="192.0.2.7")))
        self.assertEqual("welcome", self.chat.named("Robert").got()[0]["type"])

    def test_a_person_who_has_just_left_can_be_banned_and_muted(self) -> None:
        zoe = self.chat.inside("Zoe", address="192.0.2.8", token="fedcba9876543210")
        zoe.lose()
        self.bob.lose()
        self.done(self.mia, "ban", name="bob")
        self.done(self.mia, "mute", name="Zoe")

        self.assertTrue(is_banned(self.chat.named("Robert", token=TOKEN)))
        self.assertTrue(is_banned(self.chat.client(address="192.0.2.7")))
        again = self.chat.inside("Zora", token="fedcba9876543210")
        self.assertEqual("muted", self.code(again, "say", room="lobby", text="hey"))

    def test_so_many_who_left_are_remembered(self) -> None:
        self.bob.lose()
        for number in range(MOST_LEFT):
            self.chat.named(f"Client {number}").lose()
        self.done(self.mia, "ban", name="Bob")

        self.assertFalse(is_banned(self.chat.client(address="192.0.2.7")))

    def test_a_banned_connection_gets_nothing_but_the_close(self) -> None:
        self.done(self.mia, "ban", name="Bob")
        client = self.chat.named("Zoe", address="192.0.2.7")

        self.assertEqual([], client.got())

    def test_a_banned_session_is_closed_when_it_connects(self) -> None:
        self.chat.inside("Zoe", identity=Identity("z", "Zoe"))
        self.done(self.mia, "ban", name="Zoe")

        self.assertTrue(is_banned(self.chat.client(Identity("z", "Other"))))

    def test_a_ban_by_address_ends_every_connection_from_there(self) -> None:
        self.done(self.mia, "ban", address="192.0.2.1")

        self.assertEqual([True, False], [is_banned(each) for each in (self.cid, self.bob)])
        self.assertIsNone(self.mia.transport.closed)
        self.assertTrue(is_banned(self.chat.client()))
        self.assertIsNone(self.chat.moderator().transport.closed)

    def test_a_ban_of_an_ipv6_address_applies_to_its_network(self) -> None:
        inside = self.chat.inside("Zoe", address="2001:db8:0:1::5")
        self.done(self.mia, "ban", address="2001:db8:0:1::7")

        self.assertEqual("2001:db8:0:1::/64", self.listed(self.chat)[0]["address"])
        self.assertTrue(is_banned(inside))
        self.assertTrue(is_banned(self.chat.client(address="2001:db8:0:1:ffff::1")))
        self.assertFalse(is_banned(self.chat.client(address="2001:db8:0:2::5")))
        self.done(self.mia, "unban", address="2001:db8:0:1::9")
        self.assertFalse(is_banned(self.chat.client(address="2001:db8:0:1::5")))

    def test_the_address_of_a_person_on_an_ipv6_network_is_that_network(self) -> None:
        self.chat.inside("Zoe", address="2001:db8:0:1::5")
        self.done(self.mia, "ban", name="Zoe")

        self.assertTrue(is_banned(self.chat.client(address="2001:db8:0:1::6")))

    def test_a_proxy_on_this_machine_is_not_banned_with_the_person(self) -> None:
        for name, address in (("Zoe", "127.0.0.1"), ("Yan", "::1"), ("Uma", ""), ("Tom", "unknown")):
            self.chat.inside(name, address=address)
            self.done(self.mia, "ban", name=name)
            self.assertFalse(is_banned(self.chat.client(address=address)), address)

    def test_a_ban_ends_with_its_time(self) -> None:
        self.done(self.mia, "ban", name="Bob", seconds=60)
        self.bob.lose()
        self.chat.clock.advance(60)

        self.assertEqual("welcome", self.chat.named("Bob", address="192.0.2.7").got()[0]["type"])

    def test_a_ban_survives_a_restart(self) -> None:
        self.done(self.mia, "ban", name="Bob", reason="spam")
        self.chat.restart()

        self.assertTrue(is_banned(self.chat.named("Bob")))
        self.assertTrue(is_banned(self.chat.client(address="192.0.2.7")))
        seen = {"kind": "ban", "name": "Bob", "address": "192.0.2.7", "by": "Mia", "until": TOMORROW, "reason": "spam"}
        self.assertEqual([seen], self.listed(self.chat))

    def test_an_unbanned_person_may_come_back_at_once_and_after_a_restart(self) -> None:
        self.done(self.mia, "ban", name="Bob")
        self.bob.lose()
        self.done(self.mia, "unban", name="Bob")
        self.chat.named("Bob", address="192.0.2.7", token=TOKEN).lose()
        self.chat.restart()

        self.assertEqual("welcome", self.chat.named("Bob", address="192.0.2.7").got()[0]["type"])

    def test_what_is_imposed_while_a_ban_is_about_to_end_ends_with_it(self) -> None:
        mara = self.chat.moderator("Mara")
        self.done(self.mia, "ban", name="Bob")
        self.done(self.mia, "ban", name="Cid")

        self.mia.send("ban", name="Bob", reason="again")
        self.done(mara, "unban", name="Bob")
        self.chat.restart()

        self.assertEqual(["Cid"], [each["name"] for each in self.listed(self.chat)])

    def test_a_ban_that_is_ended_twice_ends_no_other_one_with_it(self) -> None:
        mara = self.chat.moderator("Mara")
        self.done(self.mia, "ban", name="Bob")

        self.mia.send("unban", name="Bob")
        self.mia.send("ban", name="Cid")
        self.done(mara, "unban", name="Bob")
        self.chat.restart()

        self.assertEqual(["Cid"], [each["name"] for each in self.listed(self.chat)])

    def test_a_ban_by_name_is_also_lifted_by_the_address(self) -> None:
        self.done(self.mia, "ban", name="Bob")
        self.done(self.mia, "unban", address="192.0.2.7")

        self.assertEqual([], self.listed(self.chat))
