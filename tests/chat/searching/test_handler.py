"""The request search: who finds what, where, and how much at once."""

from json import dumps
from typing import Any

from mixsvc.chat.searching.indexer import LOOK_SECONDS, SLICE_PAUSE, SOON
from mixsvc.errors import NoSuchRoom, TooFast
from mixsvc.interfaces import Identity, SearchPage
from mixsvc.nodes.alone import alone
from tests.chat.cases import ChatTestCase
from tests.chat.fakes import FakeClient


class SearchTests(ChatTestCase):
    def search(self, client: FakeClient, text: str, **fields: object) -> dict[str, Any]:
        (found,) = self.answer(client, "search", text=text, **fields)
        return found

    def numbers(self, client: FakeClient, text: str, **fields: object) -> list[tuple[str, int]]:
        return [(each["room"], each["number"]) for each in self.search(client, text, **fields)["messages"]]

    def test_the_answer_has_the_messages_the_words_and_where_it_goes_on(self) -> None:
        ann = self.chat.inside("Ann")
        self.say(ann, "one FOX", "two foxes", "three")

        found = self.search(ann, "fox  ", room="lobby", limit=1, key="k1")

        self.assertEqual(("found", ["lobby"], "fox  ", ["fox"], "k1"), tuple(found[each] for each in ORDER))
        (message,) = found["messages"]
        self.assertEqual(("lobby", 2, "Ann", "two foxes"), tuple(message[each] for each in MESSAGE))
        self.assertEqual({"lobby": 2}, found["before"])
        rest = self.search(ann, "fox", room="lobby", before=found["before"])
        self.assertEqual([1], [each["number"] for each in rest["messages"]])
        self.assertNotIn("before", rest)

    def test_without_a_room_those_are_searched_that_the_client_is_in(self) -> None:
        ann, bob = self.chat.inside("Ann"), self.chat.inside("Bob", "den")
        self.say(ann, "fox")
        self.say(bob, "fox", room="den")

        self.assertEqual([("lobby", 1)], self.numbers(ann, "fox"))
        self.assertEqual([("den", 1)], self.numbers(ann, "fox", room="den"))
        self.join(ann, "den")
        self.assertEqual({("den", 1), ("lobby", 1)}, {*self.numbers(ann, "fox")})
        # Nobody is searched for by naming more rooms.
        self.assertEqual([], self.numbers(bob, "fox", before={"lobby": 9}))
        self.assertEqual([], self.numbers(self.chat.named("Cem"), "fox"))

    def test_what_is_no_word_or_no_room_is_refused(self) -> None:
        ann = self.chat.inside("Ann")

        self.assertEqual("bad_text", self.code(ann, "search", text="  \n"))
        self.assertEqual("bad_text", self.code(ann, "search", text="a\0"))
        self.assertEqual("bad_field", self.code(ann, "search", text="x" * 201))
        self.assertEqual("bad_field", self.code(ann, "search", text="x", before=[1]))
        self.assertEqual("bad_field", self.code(ann, "search", text="x", before={"lobby": 0}))
        self.assertEqual("no_such_room", self.code(ann, "search", text="x", room="attic"))

    def test_a_person_who_searches_too_often_is_told_how_long_to_wait(self) -> None:
        self.chat.settings = self.chat.settings.__class__(rooms=("lobby",), searches=2)
        self.chat.restart()
        ann = self.chat.inside("Ann")
        for _ in range(2):
            self.search(ann, "fox")

        self.assertEqual(30, self.refused(ann, "search", text="fox")["wait"])

    def test_two_searches_of_a_client_may_wait(self) -> None:
        ann = self.chat.inside("Ann")
        for _ in range(2):
            ann.send("search", text="fox")

        self.assertEqual("busy", self.code(ann, "search", text="fox"))
        self.database.settle()
        self.assertEqual(2, len(ann.got("found")))

    def test_a_database_that_fails_is_busy(self) -> None:
        ann = self.chat.inside("Ann")
        ann.send("search", text="fox", key="k")

        self.failing()

        (error,) = ann.got("error")
        self.assertEqual(("busy", "search", "k"), (error["code"], error["of"], error["key"]))

    def long_history(self) -> FakeClient:
        """The needle is the first of 9001 messages that are not in the index."""
        ann = self.chat.inside("Ann")
        self.say(ann, "needle")
        rows = [(number, f"hay {number}") for number in range(2, 9002)]
        with self.database.connection as connection:
            connection.executemany(
                "INSERT INTO message (room, number, name, text, said_at) VALUES ('lobby', ?, 'Ann', ?, 1)", rows
            )
            connection.execute("UPDATE room SET last = 9001 WHERE name = 'lobby'")
        ann.clear()
        return ann

    def test_a_long_history_is_searched_in_steps_and_others_come_between_them(self) -> None:
        ann, bob = self.long_history(), self.chat.inside("Bob")
        ann.send("search", text="needle")
        bob.send("say", room="lobby", text="quick")

        while not bob.got("said"):
            self.database.step()
        self.assertEqual([], ann.got("found"))
        self.database.settle()
        self.assertEqual([1], [each["number"] for each in ann.got("found")[0]["messages"]])

    def test_a_search_that_takes_long_ends_with_what_it_has_and_goes_on_there(self) -> None:
        ann = self.long_history()
        ann.send("search", text="needle")
        self.database.commit()
        self.chat.clock.advance(2)
        self.database.deliver()

        (found,) = ann.got("found")
        self.assertEqual(([], True), (found["messages"], found["before"]["lobby"] > 5000))
        self.assertEqual([("lobby", 1)], self.numbers(ann, "needle", before=found["before"]))


ORDER = ("type", "rooms", "text", "words", "key")
MESSAGE = ("room", "number", "name", "text")


class PermissionTests(ChatTestCase):
    settings = {"rooms": ("lobby", "den", "staff"), "private_rooms": ("staff",)}

    def setUp(self) -> None:
        super().setUp()
        self.refusals: set[tuple[str, str | None]] = set()
        self.chat.hooks.registry.may(lambda person, action, room: (action, room) not in self.refusals)
        self.ann = self.chat.inside("Ann", "staff", identity=Identity("ann", "Ann"))
        for room in ("lobby", "den"):
            self.join(self.ann, room)
        for room in ("staff", "lobby", "den"):
            self.say(self.ann, "fox", room=room)
        self.bob = self.chat.named("Bob", identity=Identity("bob", "Bob"))

    def found_in(self, client: FakeClient, **fields: object) -> Any:
        found = self.answer(client, "search", text="fox", **fields)[0]
        return found.get("code") or sorted(each["room"] for each in found["messages"])

    def test_in_a_room_one_needs_search_history_and_where_it_is_private_join(self) -> None:
        for action in ("search", "history", "join"):
            self.assertEqual(["staff"], self.found_in(self.bob, room="staff"))
            self.refusals = {(action, "staff")}
            self.chat.clock.advance(60)
            self.assertEqual("not_allowed", self.found_in(self.bob, room="staff"))
            self.refusals = set()
            self.chat.clock.advance(60)
        self.refusals = {("join", "lobby")}
        self.assertEqual(["lobby"], self.found_in(self.bob, room="lobby"))

    def test_without_a_room_those_are_left_out_that_one_may_not_search(self) -> None:
        self.assertEqual(["den", "lobby", "staff"], self.found_in(self.ann))
        self.refusals = {("search", "den"), ("history", "staff")}
        self.chat.clock.advance(60)

        self.assertEqual(["lobby"], self.found_in(self.ann))

    def test_a_permission_that_is_revoked_meanwhile_takes_the_answer_away(self) -> None:
        for fields in ({"room": "lobby"}, {}):
            self.ann.clear()
            self.ann.send("search", text="fox", **fields)
            self.refusals = {("search", "lobby")}
            self.chat.dispatcher.revoke("ann", "lobby")
            self.database.settle()

            self.assertEqual(["busy"], [each["code"] for each in self.ann.got("error")])
            self.assertEqual([], self.ann.got("found"))
            self.refusals = set()
            self.chat.dispatcher.revoke("ann", "lobby")

    def test_an_answer_that_waits_in_the_outbox_is_taken_away_with_the_room(self) -> None:
        self.answer(self.ann, "search", text="fox")
        (found,) = self.ann.got("found")
        self.ann.transport.unsent = [dumps(found, separators=(",", ":"))]
        self.refusals = {("join", "den")}

        self.ann.clear()
        self.chat.dispatcher.revoke("ann", "den")

        self.assertEqual([], self.ann.transport.unsent)
        self.assertIn("search", [each["of"] for each in self.ann.got("error")])


class ViewTests(ChatTestCase):
    def page(self, *args: Any) -> SearchPage:
        searching = self.chat.dispatcher.search(*args)
        self.database.settle()
        return self.successResultOf(searching)

    def test_a_view_searches_one_room(self) -> None:
        self.say(self.chat.inside("Ann"), "fox", "fox")

        self.assertEqual([2], [each.message.number for each in self.page("lobby", "FOX", None, 1, "").messages])
        self.assertEqual([1], [each.message.number for each in self.page("lobby", "fox", 2, 1, "").messages])
        self.assertRaises(NoSuchRoom, self.chat.dispatcher.search, "attic", "x", None, 1, "")
        self.assertRaises(ValueError, self.chat.dispatcher.search, "lobby", " ", None, 1, "")

    def test_its_searches_are_counted_for_a_person(self) -> None:
        self.chat.settings = self.chat.settings.__class__(rooms=("lobby",), searches=1)
        self.chat.restart()
        self.page("lobby", "x", None, 1, "ann")

        with self.assertRaises(TooFast) as slow:
            self.chat.dispatcher.search("lobby", "x", None, 1, "ann")
        self.assertEqual(60, slow.exception.seconds)
        self.page("lobby", "x", None, 1, "bob")
        self.page("lobby", "x", None, 1, "")


class IndexerTests(ChatTestCase):
    def indexed(self) -> int:
        return int(self.database.connection.execute("SELECT count(*) FROM search_text").fetchone()[0])

    def look(self) -> None:
        """Let the indexer do all that there is."""
        for _ in range(100):
            self.chat.clock.advance(LOOK_SECONDS / 10)
            self.database.settle()

    def test_it_indexes_what_is_there_and_what_comes_and_rests_if_nothing_does(self) -> None:
        ann = self.chat.inside("Ann")
        self.say(ann, *["fox"] * 250)
        self.chat.dispatcher.start()
        self.look()
        self.assertEqual(250, self.indexed())
        transactions = self.database.transactions
        self.look()
        self.assertEqual(transactions, self.database.transactions)

        self.say(ann, "fox")
        self.look()
        self.assertEqual(251, self.indexed())

    def test_a_deleted_text_leaves_the_index_and_its_files_while_messages_come_without_a_pause(self) -> None:
        ann = self.chat.inside("Ann")
        self.say(ann, "secret")
        self.chat.dispatcher.start()
        self.look()
        self.answer(ann, "delete", room="lobby", number=1)
        purge = "SELECT due, is_running FROM search_purge"

        for number in range(int(3 * SOON / SLICE_PAUSE)):
            self.chat.dispatcher.publish("lobby", "Bob", f"fox {number}")
            self.chat.clock.advance(SLICE_PAUSE)
            self.database.settle()

        self.assertEqual((0, 0), self.database.connection.execute(purge).fetchone())
        self.look()
        self.assertEqual(number + 1, self.indexed())

    def test_it_goes_on_after_a_failure_and_ends_with_the_chat(self) -> None:
        ann = self.chat.inside("Ann")
        self.say(ann, "fox")
        self.chat.dispatcher.start()
        self.chat.clock.advance(LOOK_SECONDS)
        self.failing()
        self.say(ann, "fox")
        self.look()
        self.assertEqual(2, self.indexed())

        self.chat.dispatcher.close()
        self.say(ann, "fox")
        self.look()
        self.assertEqual(2, self.indexed())

    def test_only_the_node_that_leads_does_it(self) -> None:
        nodes: Any = alone()
        nodes.heart.is_leader = False
        self.patch(self.chat, "make_nodes", lambda: nodes)
        self.chat.restart()
        self.say(self.chat.inside("Ann"), "fox")
        self.chat.dispatcher.start()
        self.look()

        self.assertEqual(0, self.indexed())
