"""Several nodes are one chat: what is promised of one process holds with clients on different nodes."""

from dataclasses import replace
from typing import Any

from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.dispatch import REREAD_SECONDS
from mixsvc.chat.handlers.retention import INTERVAL, LOOK_SECONDS
from mixsvc.chat.protocol.events import BANNED
from mixsvc.common.clocks import TRUST_SECONDS
from mixsvc.config.parsers import Moderator
from mixsvc.interfaces import Identity, RoomMessage
from tests.chat.fakes import NOW, FakeClient
from tests.chat.joined import Cluster, NodeHarness
from tests.database_troubles import database_troubles

ALL: dict[str, Any] = {"room": "lobby"}


class JoinedTestCase(SynchronousTestCase):
    settings: dict[str, Any] = {}

    def setUp(self) -> None:
        self.cluster = Cluster(3, **self.settings)
        self.addCleanup(self.cluster.database.connection.close)
        self.a, self.b, self.c = self.cluster.nodes

    def ask(self, client: FakeClient, type: str, **fields: object) -> list[dict[str, Any]]:
        """Send a request; returns what the client gets until nothing is left to do."""
        client.clear()
        client.send(type, **fields)
        self.cluster.settle()
        return client.got()

    def texts(self, client: FakeClient) -> list[tuple[int, str]]:
        return [(each["number"], each["text"]) for each in client.got("message")]


class RoomTests(JoinedTestCase):
    def test_rooms_that_two_nodes_make_at_once_and_call_almost_the_same_are_there_on_all_nodes(self) -> None:
        ann, bob, cid = self.a.named("Ann"), self.b.named("Bob"), self.c.named("Cid")
        ann.send("join", room="Attic")
        bob.send("join", room="attic")
        for node in (self.a, self.b):
            node.database.settle()
        self.cluster.settle()
        for client, room in ((ann, "Attic"), (bob, "attic")):
            self.ask(client, "say", room=room, text=f"in {room}")

        for room in ("Attic", "attic"):
            for client in {ann, bob, cid} - {ann if room == "Attic" else bob}:
                (joined,) = [each for each in self.ask(client, "join", room=room) if each["type"] == "joined"]
                self.assertEqual([f"in {room}"], [each["text"] for each in joined["messages"]])
        refused = self.ask(cid, "join", room="ATTIC")
        self.assertEqual([("bad_room", "Attic")], [(each["code"], each["suggestion"]) for each in refused])

    def test_who_is_about_to_make_a_room_that_another_node_has_made_is_told_its_name(self) -> None:
        ann, bob = self.a.named("Ann"), self.b.named("Bob")
        ann.send("join", room="Attic")
        self.ask_only(self.b, bob, "join", room="attic")
        while self.a.inbox:
            self.a.inbox.popleft()()
        self.cluster.settle()

        (refused,) = ann.got("error")
        self.assertEqual(("bad_room", "attic"), (refused["code"], refused["suggestion"]))

    def ask_only(self, node: NodeHarness, client: FakeClient, type: str, **fields: object) -> None:
        """Send a request; one node does what waits."""
        client.send(type, **fields)
        node.database.settle()


class MessageTests(JoinedTestCase):
    def test_everybody_gets_the_messages_of_all_nodes_in_one_order(self) -> None:
        ann, bob = self.a.inside("Ann"), self.b.inside("Bob")
        for client, text in ((ann, "one"), (bob, "two"), (ann, "three"), (bob, "four")):
            client.send("say", **ALL, text=text)
        # Both are stored before either hears of the other.
        self.b.database.commit()
        self.a.database.commit()
        self.cluster.settle()

        self.assertEqual([1, 2, 3, 4], [number for number, _ in self.texts(ann)])
        self.assertEqual(self.texts(ann), self.texts(bob))
        self.assertEqual(2, len(ann.got("said")))

    def test_a_message_waits_for_those_of_other_nodes_before_it(self) -> None:
        ann, bob = self.a.inside("Ann"), self.b.inside("Bob")
        bob.send("say", **ALL, text="first")
        self.b.database.settle()
        # The hint is lost.
        self.a.inbox.clear()
        ann.clear()
        ann.send("say", **ALL, text="second")
        self.a.database.step()

        self.assertEqual([("said", 2)], [(each["type"], each["number"]) for each in ann.got()])
        self.a.database.settle()
        self.assertEqual([(1, "first"), (2, "second")], self.texts(ann))

    def test_a_lost_hint_is_repaired_and_doubled_ones_do_no_harm(self) -> None:
        ann, bob = self.a.inside("Ann"), self.b.inside("Bob")
        bob.send("say", **ALL, text="hello")
        self.b.database.settle()
        self.a.inbox.clear()
        for _ in range(3):
            self.a.bus.repair()
        self.cluster.settle()

        self.assertEqual([(1, "hello")], self.texts(ann))

    def test_who_joins_a_node_that_is_behind_gets_each_message_once(self) -> None:
        ann, bob = self.a.inside("Ann"), self.b.inside("Bob")
        for number in range(120):
            bob.send("say", **ALL, text=str(number))
            self.b.database.settle()
        self.a.inbox.clear()
        cid = self.a.named("Cid")
        self.a.inbox.clear()
        (joined,) = [each for each in self.ask(cid, "join", **ALL, since=100) if each["type"] == "joined"]
        bob.send("say", **ALL, text="more")
        self.cluster.settle()

        self.assertEqual(list(range(101, 121)), [each["number"] for each in joined["messages"]])
        self.assertEqual([(121, "more")], self.texts(cid))
        self.assertEqual(list(range(1, 122)), [number for number, _ in self.texts(ann)])

    def test_who_joins_gets_only_what_the_members_were_told_if_the_rest_cannot_be_read(self) -> None:
        ann, bob = self.a.inside("Ann"), self.b.inside("Bob")
        cid = self.a.named("Cid")
        bob.send("say", **ALL, text="hello")
        self.b.database.settle()
        self.a.inbox.clear()
        cid.clear()
        cid.send("join", **ALL)
        self.a.database.step()
        with capturedLogs() as events:
            self.a.database.fail()
        self.assertEqual(1, len(database_troubles(events)))
        (joined,) = cid.got("joined")
        self.assertEqual(([], 0), (joined["messages"], joined["last"]))
        self.ask(ann, "say", **ALL, text="you, too")

        self.assertEqual([(1, "hello"), (2, "you, too")], self.texts(cid))

    def test_a_client_goes_on_at_another_node_where_it_left_off(self) -> None:
        ann = self.a.inside("Ann", token="t" * 20)
        bob = self.b.inside("Bob")
        self.ask(bob, "say", **ALL, text="one")
        last = self.texts(ann)[-1][0]
        ann.lose()
        self.ask(bob, "say", **ALL, text="two")
        again = self.c.named("Ann", token="t" * 20)
        (joined,) = [each for each in self.ask(again, "join", **ALL, since=last) if each["type"] == "joined"]

        self.assertEqual([(2, "two")], [(each["number"], each["text"]) for each in joined["messages"]])

    def test_the_same_key_on_two_nodes_is_one_message(self) -> None:
        ann, bob = self.a.inside("Ann", token="t" * 20), self.b.inside("Bob")
        window = self.c.inside("Ann", token="t" * 20)
        self.ask(ann, "say", **ALL, text="once", key="k")
        said = self.ask(window, "say", **ALL, text="once", key="k")

        self.assertEqual([("said", 1)], [(each["type"], each["number"]) for each in said])
        self.assertEqual([(1, "once")], self.texts(bob))

    def test_a_topic_is_the_same_on_all_nodes(self) -> None:
        ann = self.a.inside("Ann")
        self.b.inside("Bob")
        self.ask(ann, "say", **ALL, text="/topic tea")

        self.assertEqual({"tea"}, {self.b.dispatcher.overview()[0].topic, self.a.dispatcher.overview()[0].topic})

    def test_functions_get_a_message_once_on_the_node_that_got_it(self) -> None:
        heard: list[tuple[str, str]] = []
        for name, node in zip("abc", self.cluster.nodes, strict=True):

            @node.hooks.registry.on_message
            def on_message(message: RoomMessage, name: str = name) -> None:
                heard.append((name, message.text))

        ann = self.a.inside("Ann")
        self.b.inside("Bob")
        self.ask(ann, "say", **ALL, text="hello")
        self.b.dispatcher.publish("lobby", "Shop", "open")
        self.cluster.settle()

        self.assertEqual([("a", "hello"), ("b", "open")], heard)
        self.assertEqual([(1, "hello"), (2, "open")], self.texts(ann))

    def test_a_room_that_one_node_makes_is_in_the_lists_of_all(self) -> None:
        ann = self.a.inside("Ann", room="attic")
        self.ask(ann, "say", room="attic", text="hello")

        self.assertEqual([("attic", 1, 1)], [(r.room, r.members, r.last) for r in self.c.dispatcher.overview()[2:]])
        self.assertEqual(["Ann"], self.c.dispatcher.members("attic"))


class PresenceTests(JoinedTestCase):
    def test_members_are_those_of_all_nodes(self) -> None:
        ann = self.a.inside("Ann")
        bob = self.b.inside("Bob")
        (joined,) = bob.got("joined")

        self.assertEqual((["Ann", "Bob"], 2), (joined["members"], joined["count"]))
        self.assertEqual(["Bob"], [each["name"] for each in ann.got("came")])
        (who,) = self.ask(ann, "who", **ALL)
        self.assertEqual((["Ann", "Bob"], 2), (who["members"], who["count"]))

    def test_a_person_comes_with_the_first_window_and_goes_with_the_last(self) -> None:
        cid = self.c.inside("Cid")
        first, second = self.a.inside("Ann", token="t" * 20), self.b.inside("Ann", token="t" * 20)
        first.lose()
        self.cluster.settle()
        self.assertEqual(["came"], [each["type"] for each in cid.got() if each.get("name") == "Ann"])
        second.send("leave", **ALL)
        self.cluster.settle()

        self.assertEqual(["came", "went"], [each["type"] for each in cid.got() if each.get("name") == "Ann"])

    def test_members_of_a_room_that_is_large_on_all_nodes_together_get_the_number(self) -> None:
        self.cluster = Cluster(3, large_room=2)
        self.addCleanup(self.cluster.database.connection.close)
        self.a, self.b, self.c = self.cluster.nodes
        ann = self.a.inside("Ann")
        self.b.inside("Bob")
        self.c.inside("Cid")
        self.a.clock.advance(1)

        self.assertEqual(["Bob"], [each["name"] for each in ann.got("came")])
        self.assertEqual([3], [each["count"] for each in ann.got("presence")])


class NameTests(JoinedTestCase):
    def test_a_name_belongs_to_one_person_on_all_nodes(self) -> None:
        self.a.named("Ann")
        self.c.named("Ann2")
        (taken,) = self.b.named("ann").got()

        self.assertEqual(("name_taken", "ann3"), (taken["code"], taken["suggestion"]))
        self.assertIn("ann3 is free", taken["text"])

    def test_a_window_on_another_node_has_the_spelling_of_the_first(self) -> None:
        self.a.named("Ann", token="t" * 20)
        (welcome,) = self.b.named("ANN", token="t" * 20).got()

        self.assertEqual(("welcome", "Ann"), (welcome["type"], welcome["name"]))

    def test_of_two_at_the_same_time_one_gets_the_name(self) -> None:
        clients = [node.client() for node in self.cluster.nodes]
        for client in clients:
            client.send("hello", name="Ann")
        self.cluster.settle()

        self.assertEqual(1, len([each for each in clients if each.got("welcome")]))

    def test_requests_behind_hello_wait_for_the_name(self) -> None:
        client = self.a.client()
        for type, more in (("hello", {"name": "Ann"}), ("join", ALL), ("say", {**ALL, "text": "hi"})):
            client.send(type, **more)
        self.assertEqual([], client.got())
        self.cluster.settle()

        self.assertEqual(["welcome", "joined"], [each["type"] for each in client.got()][:2])
        self.assertEqual([(1, "hi")], self.texts(client))

    def test_a_name_is_free_when_its_last_window_is_gone(self) -> None:
        first, second = self.a.named("Ann", token="t" * 20), self.b.named("Ann", token="t" * 20)
        first.lose()
        self.cluster.settle()
        self.assertEqual("error", self.c.named("Ann").got()[0]["type"])
        second.lose()
        self.cluster.settle()

        self.assertEqual("welcome", self.c.named("Ann").got()[0]["type"])

    def test_a_client_that_is_lost_while_it_waits_keeps_no_name(self) -> None:
        client = self.a.client()
        client.send("hello", name="Ann")
        client.lose()
        self.cluster.settle()

        self.assertEqual({}, self.cluster.claims)

    def test_whoever_is_logged_out_while_its_name_is_asked_for_is_out_and_keeps_no_name(self) -> None:
        by_cookie, by_token = self.a.client(Identity("ann", "Ann")), self.a.client()
        by_cookie.send("hello")
        by_token.send("hello", identity=self.a.tokens.sign("bob", "Bob"))
        for person in ("ann", "bob"):
            self.b.dispatcher.log_out(person)
        # Node a applies the log-outs first.
        self.b.inbox.popleft()()
        self.b.inbox.popleft()()
        self.a.inbox.rotate(2)
        self.cluster.settle()

        for client in (by_cookie, by_token):
            self.assertEqual((4001, "Logged out"), client.transport.closed)
            self.assertEqual([{"type": "logged_out"}], client.got())
        self.assertEqual({}, self.cluster.claims)

    def test_a_second_window_that_waits_keeps_the_name_of_the_first(self) -> None:
        first = self.a.named("Ann", token="t" * 20)
        second = self.a.client()
        second.send("hello", name="Ann", token="t" * 20)
        first.lose()
        self.cluster.settle()

        self.assertEqual("welcome", second.got()[0]["type"])
        self.assertEqual("error", self.b.named("Ann").got()[0]["type"])

    def test_a_second_window_that_waits_in_vain_keeps_no_name_once_the_first_is_gone(self) -> None:
        first = self.a.named("Ann", token="t" * 20)
        second = self.a.client()
        second.send("hello", name="Ann", token="t" * 20)
        first.lose()
        self.cluster.is_away = True
        self.cluster.settle()
        self.cluster.is_away = False

        self.assertEqual("busy", second.got()[0]["code"])
        self.assertEqual({}, self.cluster.claims)
        self.assertEqual("welcome", self.b.named("Ann").got()[0]["type"])

    def test_a_name_that_is_kept_for_a_moderator_meanwhile_is_free_for_the_moderator(self) -> None:
        client = self.a.client()
        client.send("hello", name="Ann")
        self.a.dispatcher.reload(replace(self.a.settings, moderators=(Moderator("Ann", "hash"),)))
        self.cluster.settle()

        self.assertEqual("name_taken", client.got()[0]["code"])
        self.assertEqual({}, self.cluster.claims)

    def test_while_the_engine_is_away_names_cannot_be_had(self) -> None:
        self.cluster.is_away = True
        (error,) = self.a.named("Ann").got()
        self.cluster.is_away = False
        client = self.a.named("Ann")

        self.assertEqual(("busy", "hello"), (error["code"], error["of"]))
        self.assertEqual("welcome", client.got()[0]["type"])

    def test_while_the_engine_is_away_whoever_wants_the_name_of_another_node_can_ask_again(self) -> None:
        self.b.named("Ann")
        client = self.a.client()
        client.send("hello", name="Ann")
        self.a.inbox.popleft()()
        self.cluster.is_away = True
        self.cluster.settle()
        (error,) = client.got()
        self.cluster.is_away = False
        (again,) = self.ask(client, "hello", name="Ann")

        self.assertEqual(["busy", "name_taken"], [error["code"], again["code"]])

    def test_a_name_for_an_account_is_asked_from_all_nodes(self) -> None:
        self.a.named("Ann", token="t" * 20)
        taken, own = self.b.dispatcher.claim("Ann", "somebody"), self.b.dispatcher.claim("ann", "token:" + "t" * 20)
        self.cluster.settle()

        self.assertEqual("Ann2", self.failureResultOf(taken).value.suggestion)
        self.assertEqual("ann", self.successResultOf(own))


class ModerationTests(JoinedTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.mia = self.a.moderator()
        self.bob = self.b.inside("Bob", address="192.0.2.7")
        self.cid = self.c.inside("Cid")
        self.everybody = (self.mia, self.bob, self.cid)
        self.ask(self.bob, "say", **ALL, text="hi")

    def done(self, type: str, **fields: object) -> None:
        for each in self.everybody:
            each.clear()
        about = {name: fields[name] for name in ("room", "number")} if type == "delete" else {}
        self.assertIn({"type": "done", "of": type, **about}, self.ask(self.mia, type, **fields))

    def test_a_kick_takes_the_person_out_on_its_node_and_all_are_told_once(self) -> None:
        self.done("kick", **ALL, name="bob", reason="why")

        for each in self.everybody:
            self.assertEqual(["Bob"], [event["name"] for event in each.got("kicked")])
            self.assertEqual([], each.got("went"))
        for node in self.cluster.nodes:
            self.assertEqual(["Cid", "Mia"], node.dispatcher.members("lobby"))
        self.ask(self.bob, "join", **ALL)
        self.assertEqual(["Bob"], [each["name"] for each in self.cid.got("came")])
        for node in self.cluster.nodes:
            self.assertEqual(["Bob", "Cid", "Mia"], node.dispatcher.members("lobby"))

    def test_a_kick_is_of_somebody_who_is_inside_on_any_node(self) -> None:
        self.b.inside("Dan", room="den")

        (error,) = self.ask(self.mia, "kick", **ALL, name="Dan")

        self.assertEqual("no_such_person", error["code"])

    def test_a_mute_of_a_wrong_time_keeps_its_length_on_all_nodes_and_is_put_right_once(self) -> None:
        nodes = self.cluster.nodes
        for node in nodes:
            node.ahead = -3600.0
        self.done("mute", name="Bob", seconds=60)

        for node in nodes:
            node.ahead = 0.0
        self.assertEqual("muted", self.ask(self.bob, "say", **ALL, text="no")[0]["code"])

        for client in (self.mia, self.cid):
            self.ask(client, "say", **ALL, text="what time is it?")
        (until,) = self.cluster.database.connection.execute("SELECT until FROM sanction").fetchone()
        self.assertEqual(NOW + 60, until)
        for node in nodes:
            node.clock.advance(61)
        self.assertEqual([], [each for each in self.ask(self.bob, "say", **ALL, text="yes") if each["type"] == "error"])

    def test_a_moderator_stays_one_for_the_other_nodes_when_another_window_has_come_by_a_token(self) -> None:
        box = self.a.client()
        box.send("hello", identity=self.a.tokens.sign("id of Mia", "Mia"))
        self.cluster.settle()
        self.assertEqual([False], [each["moderator"] for each in box.got("welcome")])
        other = self.b.moderator("Max")

        (error,) = self.ask(other, "ban", name="Mia")

        self.assertEqual(("not_allowed", None), (error["code"], box.transport.closed))

    def test_a_name_means_whoever_has_it_on_any_node_and_not_who_had_it_here(self) -> None:
        self.a.named("Dan", token="d" * 20).lose()
        self.cluster.settle()
        dan = self.b.inside("Dan", token="e" * 20)

        self.done("mute", name="dan", seconds=60)
        self.done("kick", **ALL, name="dan", reason="")

        self.assertEqual(["lobby"], [each["room"] for each in dan.got("kicked")])
        found = self.cluster.database.connection.execute("SELECT person FROM sanction").fetchall()
        self.assertEqual([("token:" + "e" * 20,)], found)

    def test_a_ban_that_a_node_has_missed_holds_there_also_if_it_cannot_be_read_at_once(self) -> None:
        missed = self.b.journal.missed
        self.b.journal.follow(lambda event: None, missed, lambda after: None)
        self.done("ban", name="Bob", seconds=60)
        missed()
        self.b.database.fail()
        self.assertIsNone(self.bob.transport.closed)

        self.b.clock.advance(REREAD_SECONDS)
        self.cluster.settle()

        self.assertEqual(1001, (self.bob.transport.closed or (0, ""))[0])
        self.assertEqual(BANNED, (self.b.named("Bob").transport.closed or (0, ""))[0])

    def test_a_mute_holds_on_all_nodes_until_it_is_lifted_on_any(self) -> None:
        self.done("mute", name="Bob", seconds=60)
        for each in self.everybody:
            self.assertEqual(["Bob"], [event["name"] for event in each.got("muted")])
        self.assertEqual("muted", self.ask(self.bob, "say", **ALL, text="no")[0]["code"])
        self.bob.lose()
        self.cluster.settle()
        again = self.c.inside("Bob", address="192.0.2.7")
        self.assertEqual("muted", self.ask(again, "say", **ALL, text="no")[0]["code"])

        max = self.b.moderator("Max")
        self.assertIn({"type": "done", "of": "unmute"}, self.ask(max, "unmute", name="Bob"))

        self.assertEqual("said", self.ask(again, "say", **ALL, text="yes")[0]["type"])

    def test_a_ban_closes_the_person_on_its_node_and_keeps_it_out_everywhere(self) -> None:
        self.done("ban", name="Bob", seconds=60)

        self.assertEqual(4003, (self.bob.transport.closed or (0, ""))[0])
        self.assertEqual(4003, (self.c.client(address="192.0.2.7").transport.closed or (0, ""))[0])
        (sanctions,) = self.ask(self.c.moderator("Max"), "sanctions")
        self.assertEqual([("Bob", "192.0.2.7")], [(s["name"], s["address"]) for s in sanctions["sanctions"]])

    def test_a_message_is_deleted_for_all(self) -> None:
        self.done("delete", **ALL, number=1)

        for each in self.everybody:
            self.assertEqual([1], [event["number"] for event in each.got("deleted")])

    def test_a_message_that_is_deleted_before_a_node_has_told_it_is_told_without_its_text(self) -> None:
        self.bob.send("say", **ALL, text="secret")
        self.b.database.settle()
        self.c.inbox.clear()
        self.cid.clear()
        self.mia.send("delete", **ALL, number=2)
        self.a.database.settle()
        self.cluster.settle()
        self.c.bus.repair()
        self.cluster.settle()

        self.assertEqual([(2, "")], self.texts(self.cid))

    def test_moderators_are_immune_on_other_nodes_too(self) -> None:
        self.b.moderator("Max")
        for type in ("kick", "mute", "ban"):
            (error,) = self.ask(self.mia, type, **ALL, name="Max")
            self.assertEqual("not_allowed", error["code"])

    def test_what_two_moderators_do_takes_effect_in_one_order_on_all_nodes(self) -> None:
        max = self.b.moderator("Max")
        self.done("mute", name="Bob", seconds=60)
        self.mia.send("mute", name="Cid", seconds=60)
        max.send("unmute", name="Bob")
        for node in (self.b, self.a):
            node.database.settle()
        self.cluster.settle()

        for node in self.cluster.nodes:
            (sanctions,) = self.ask(node.moderator(f"M{node.number}"), "sanctions")
            self.assertEqual(["Cid"], [each["name"] for each in sanctions["sanctions"]])


class RevocationTests(JoinedTestCase):
    def test_whoever_may_not_be_in_a_room_any_more_leaves_it_on_every_node(self) -> None:
        denied: set[object] = set()
        for node in self.cluster.nodes:
            node.hooks.registry.may(lambda person, action, room: person not in denied)
        identity = Identity("b", "Bob")
        windows = [node.inside("Bob", identity=identity) for node in (self.a, self.b)]
        ann = self.c.inside("Ann")
        denied.add("b")
        revoked = self.c.dispatcher.revoke("b", "lobby")
        self.cluster.settle()

        self.successResultOf(revoked)
        for window in windows:
            self.assertEqual(["lobby"], [each["room"] for each in window.got("kicked")])
        self.assertEqual(["Bob"], [each["name"] for each in ann.got("went")])


class PrivateRoomTests(JoinedTestCase):
    settings = {"private_rooms": ("Attic",)}

    def test_whoever_may_not_be_in_a_room_leaves_both_that_nodes_have_made_under_almost_its_name(self) -> None:
        denied: set[object] = set()
        for node in self.cluster.nodes:
            node.hooks.registry.may(lambda person, action, room: (person, room) not in denied)
        window, other = (node.named("Bob", Identity("b", "Bob")) for node in (self.a, self.b))
        window.send("join", room="Attic")
        other.send("join", room="attic")
        for node in (self.a, self.b):
            node.database.settle()
        self.cluster.settle()
        denied.add(("b", "Attic"))
        self.c.dispatcher.revoke("b", "attic")
        self.cluster.settle()

        self.assertEqual(
            [["Attic"], ["attic"]], [[each["room"] for each in client.got("kicked")] for client in (window, other)]
        )


class LifeTests(JoinedTestCase):
    def test_a_node_that_the_others_have_given_up_begins_anew(self) -> None:
        ann = self.a.inside("Ann")
        bob = self.b.inside("Bob")
        self.assertEqual(["lobby"], list(self.a.dispatcher.awake_rooms()))

        self.a.heart.host.begin_anew()
        ann.lose()
        self.cluster.settle()

        self.assertEqual(1001, (ann.transport.closed or (0, ""))[0])
        self.assertEqual([], list(self.a.dispatcher.awake_rooms()))
        self.assertEqual({"bob"}, set(self.cluster.claims))
        self.assertEqual(["Ann"], [each["name"] for each in bob.got("went")])

    def test_a_node_that_may_have_been_given_up_does_nothing(self) -> None:
        ann = self.a.inside("Ann")
        self.a.heart.is_trusted = False

        codes = [
            self.ask(ann, type, **fields)[0]["code"] for type, fields in (("say", {**ALL, "text": "x"}), ("who", ALL))
        ]

        self.assertEqual(["not_saved", "busy"], codes)

    def test_while_only_the_engine_is_away_a_node_answers_from_memory_and_nothing_else(self) -> None:
        ann = self.a.inside("Ann")
        self.ask(ann, "say", **ALL, text="before")
        self.a.heart.is_trusted, self.a.heart.may_recall = False, True

        told = [
            self.ask(ann, type, **fields)[0]
            for type, fields in (
                ("say", {**ALL, "text": "x"}),
                ("history", {"room": "den"}),
                ("history", ALL),
                ("who", ALL),
                ("rooms", {}),
                ("subscribe", {"pairs": []}),
                ("leave", ALL),
            )
        ]

        self.assertEqual(["not_saved", "busy"], [each["code"] for each in told[:2]])
        self.assertEqual(["before"], [each["text"] for each in told[2]["messages"]])
        self.assertEqual(["who", "rooms", "rates", "left"], [each["type"] for each in told[3:]])


class AwayTests(JoinedTestCase):
    """The engine is away: what the members of a room have been told can be read, and nothing is missed afterwards."""

    def setUp(self) -> None:
        super().setUp()
        self.ann, self.bob = self.a.inside("Ann"), self.b.inside("Bob")
        self.cid = self.a.named("Cid", token="c" * 20)
        for text in ("one", "two"):
            self.ask(self.ann, "say", **ALL, text=text)

    def go_away(self, is_noticed: bool = True) -> None:
        self.a.heart.is_trusted, self.a.heart.may_recall = not is_noticed, is_noticed
        self.cluster.is_away = True

    def come_back(self) -> None:
        self.a.heart.is_trusted, self.cluster.is_away = True, False

    def asked(self, client: FakeClient, type: str, **fields: object) -> list[dict[str, Any]]:
        """What a client gets while each transaction of its node fails."""
        client.clear()
        client.send(type, **fields)
        while self.a.database.asked:
            self.a.database.fail()
        while self.a.inbox:
            self.a.inbox.popleft()()
        return client.got()

    def test_who_joins_meanwhile_gets_each_message_once(self) -> None:
        for is_noticed in (True, False):
            self.go_away(is_noticed)
            (joined,) = self.asked(self.cid, "join", **ALL)
            self.assertEqual(["one", "two"], [each["text"] for each in joined["messages"]][:2])
            self.come_back()
            self.cid.clear()
            self.ask(self.bob, "say", **ALL, text="three")
            self.ask(self.ann, "say", **ALL, text="four")

            self.assertEqual(["three", "four"], [text for _, text in self.texts(self.cid)])
            # Members of the other nodes learn who is here.
            self.assertIn("Cid", self.ask(self.bob, "who", **ALL)[0]["members"])
            self.ask(self.cid, "leave", **ALL)

    def test_who_comes_back_meanwhile_gets_what_it_has_missed_and_what_was_deleted(self) -> None:
        mia = self.b.moderator()
        (page,) = self.ask(self.cid, "join", **ALL)
        self.ask(self.cid, "leave", **ALL)
        self.ask(self.ann, "say", **ALL, text="three")
        self.ask(mia, "delete", **ALL, number=1)
        self.go_away()
        known = {each: page[each] for each in ("token", "epoch")}

        (joined,) = self.asked(self.cid, "join", **ALL, since=2, **known)

        self.assertEqual((["three"], [1]), ([each["text"] for each in joined["messages"]], joined["deleted"]))
        (again,) = self.asked(self.a.named("Dan"), "join", **ALL)
        self.assertEqual("no_name", again["code"])

    def test_rooms_that_nobody_is_in_and_pages_that_are_not_remembered_are_busy(self) -> None:
        self.go_away()

        codes = [
            self.asked(self.cid, type, **fields)[0].get("code")
            for type, fields in (
                ("join", {"room": "den"}),
                ("join", {**ALL, "since": 1, "token": "1.ff", "epoch": "another"}),
                ("join", {**ALL, "since": 7}),
            )
        ]

        self.assertEqual(["busy"] * 3, codes)
        self.come_back()
        self.assertEqual(["joined"], [each["type"] for each in self.ask(self.cid, "join", room="den")])

    def test_another_window_of_somebody_who_is_here_keeps_the_name(self) -> None:
        self.go_away()
        window, other = self.a.client(), self.a.client()

        self.assertEqual(
            ["welcome"], [each["type"] for each in self.asked(window, "hello", name="cid", token="c" * 20)]
        )
        self.assertEqual("Cid", window.got("welcome")[0]["name"])
        self.assertEqual("name_taken", self.asked(other, "hello", name="Cid", token="x" * 20)[0]["code"])
        self.assertEqual("busy", self.asked(other, "hello", name="Dan")[0]["code"])
        self.go_away(is_noticed=False)
        window = self.a.client()
        self.assertEqual("welcome", self.asked(window, "hello", name="Cid", token="c" * 20)[0]["type"])

    def test_views_read_what_is_remembered(self) -> None:
        self.go_away()

        page = self.successResultOf(self.a.dispatcher.page("lobby", None, 1))
        self.assertEqual(["two"], [each.text for each in page.messages])
        self.failureResultOf(self.a.dispatcher.page("den", None, 1))

    def test_a_node_that_begins_anew_remembers_nothing(self) -> None:
        self.a.heart.host.begin_anew()
        self.go_away()

        self.failureResultOf(self.a.dispatcher.page("lobby", None, 1))


class RetentionTests(JoinedTestCase):
    settings = {"rooms": ("lobby",), "keep_days": 1}

    def clean(self, node: NodeHarness) -> None:
        """Let two hours pass on a node, after its start."""
        node.dispatcher.start()
        for _ in range(int(2 * INTERVAL / LOOK_SECONDS)):
            node.clock.advance(LOOK_SECONDS)
            self.cluster.settle()

    def test_the_leader_deletes_what_is_old_and_all_forget_the_room(self) -> None:
        ann = self.a.inside("Ann", room="attic")
        self.ask(ann, "say", room="attic", text="old")
        self.ask(ann, "leave", room="attic")
        for node in self.cluster.nodes:
            node.heart.is_leader = node is self.b
            node.clock.advance(3 * 86_400)
        self.clean(self.a)
        self.assertEqual([(1, "old")], self.a.database.rows("attic"))
        self.clean(self.b)

        self.assertEqual([], self.a.database.rows("attic"))
        self.assertEqual([["lobby"]] * 3, [list(node.dispatcher.rooms()) for node in self.cluster.nodes])

    def test_a_room_that_the_leader_has_no_space_for_stays_while_somebody_is_inside_elsewhere(self) -> None:
        self.a.dispatcher.reload(replace(self.a.settings, max_rooms=1))
        bob = self.b.inside("Bob", room="attic")
        self.ask(bob, "say", room="attic", text="/topic Plans")
        for node in self.cluster.nodes:
            node.heart.is_leader = node is self.a
            node.clock.advance(3 * 86_400)
        self.clean(self.a)
        self.assertEqual([], self.a.database.rows("attic"))

        (joined,) = [each for each in self.ask(self.c.named("Cid"), "join", room="attic") if each["type"] == "joined"]

        self.assertEqual((1, "Plans"), (joined["last"], joined["topic"]))

    def test_a_node_that_has_missed_it_forgets_the_room_as_well(self) -> None:
        ann = self.a.inside("Ann", room="attic")
        self.ask(ann, "say", room="attic", text="old")
        self.ask(ann, "leave", room="attic")
        for node in self.cluster.nodes:
            node.heart.is_leader = node is self.b
            node.clock.advance(3 * 86_400)
        missed = self.a.journal.missed
        self.a.journal.follow(lambda event: None, missed, lambda after: None)
        self.clean(self.b)
        self.assertEqual(["lobby", "attic"], list(self.a.dispatcher.rooms()))

        missed()
        self.cluster.settle()

        self.assertEqual(["lobby"], list(self.a.dispatcher.rooms()))

    def test_a_room_that_another_node_makes_while_the_state_is_read_is_not_forgotten(self) -> None:
        self.a.journal.missed()
        self.a.database.commit()
        deliver = self.a.database.done.pop()
        self.ask(self.b.inside("Bob", room="attic"), "say", room="attic", text="hi")

        deliver()
        self.cluster.settle()

        self.assertEqual([("attic", 1)], [(each.room, each.last) for each in self.a.dispatcher.overview()[1:]])


class DateTests(JoinedTestCase):
    settings = {"rooms": ("lobby",), "keep_days": 2}

    def test_the_dates_of_messages_of_a_wrong_time_are_put_right_once(self) -> None:
        nodes = self.cluster.nodes
        nodes[1].heart.is_leader = nodes[2].heart.is_leader = False
        for node in nodes:
            node.ahead = -60.0
        ann = self.a.inside("Ann")
        for node in nodes:
            node.dispatcher.start()
            # Longer than the clock is wrong: corrected twice, the date would be wrong the other way.
            node.clock.advance(600)
        self.cluster.settle()
        self.ask(ann, "say", **ALL, text="early")
        (early,) = self.cluster.database.connection.execute("SELECT said_at FROM message").fetchone()
        for node in nodes:
            node.clock.advance(600)
            node.ahead = 0.0
        for _ in range(int(TRUST_SECONDS / LOOK_SECONDS) + 2):
            for node in nodes:
                node.clock.advance(LOOK_SECONDS)
            self.cluster.settle()

        (dated,) = self.cluster.database.connection.execute("SELECT said_at FROM message").fetchone()
        self.assertEqual((NOW + 540, NOW + 600), (early, dated))
