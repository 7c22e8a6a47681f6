"""Tokens that an application has signed, and log-outs of an application."""

from twisted.internet.defer import Deferred

from mixsvc.common.person_tokens import PersonTokens
from mixsvc.interfaces import Identity
from tests.chat.cases import ChatTestCase
from tests.chat.fakes import FakeClient

OUT = (4001, "Logged out")


class TokenTests(ChatTestCase):
    def with_token(self, *args: object, identity: Identity | None = None, **more: object) -> FakeClient:
        """A client that has said hello with a token."""
        client = self.chat.client(identity)
        client.send("hello", identity=self.chat.tokens.sign(*args, **more))  # type: ignore[arg-type]  # of a test
        return client

    def test_it_says_person_and_name(self) -> None:
        ann = self.with_token("7", "Ann")
        other = self.with_token("7", "Ann")

        self.assertEqual(["Ann", "Ann"], [each.got("welcome")[0]["name"] for each in (ann, other)])
        self.assertEqual("name_taken", self.code(self.chat.client(), "hello", name="Ann"))

    def test_its_name_is_fixed_and_without_one_the_person_chooses(self) -> None:
        client = self.chat.client()

        fixed = self.chat.tokens.sign("7", "Ann")
        self.assertEqual("name_fixed", self.code(client, "hello", name="Bob", identity=fixed))
        self.assertEqual("no_name", self.code(client, "hello", identity=self.chat.tokens.sign("7")))
        client.send("hello", name="Bob", identity=self.chat.tokens.sign("7"))

        self.assertEqual("Bob", client.got("welcome")[0]["name"])

    def test_a_bad_one_is_refused_and_a_good_one_may_follow(self) -> None:
        client = self.chat.client()

        self.assertEqual("bad_token", self.code(client, "hello", name="Ann", identity="nonsense"))
        self.assertEqual("bad_field", self.code(client, "hello", name="Ann", identity="x" * 4097))
        self.assertEqual("bad_field", self.code(client, "hello", name="Ann", identity=7))
        client.send("hello", identity=self.chat.tokens.sign("7", "Ann"))

        self.assertEqual("Ann", client.got("welcome")[0]["name"])

    def test_it_lets_people_in_where_strangers_may_not_come(self) -> None:
        self.chat = type(self.chat)(guests=False)

        self.assertTrue(self.with_token("7", "Ann").got("welcome"))
        self.assertEqual("not_allowed", self.code(self.chat.client(), "hello", name="Bob"))

    def test_it_counts_and_not_the_cookie_and_nobody_moderates_by_it(self) -> None:
        client = self.with_token("7", "Ann", identity=Identity("m", "Mia", moderator=True, ended=lambda: False))

        (welcome,) = client.got("welcome")
        self.assertEqual(("Ann", False), (welcome["name"], welcome["moderator"]))
        self.assertEqual("not_allowed", self.code(client, "mute", name="Bob"))
        self.assertEqual((), self.chat.dispatcher.logged_in())

    def test_with_rooms_it_is_for_these_and_shows_no_others(self) -> None:
        client = self.with_token("7", "Ann", rooms=["DEN"])
        self.assertEqual(["den"], client.got("welcome")[0]["rooms"])

        for type, more in (("join", {}), ("say", {"text": "hi"}), ("history", {}), ("who", {})):
            self.assertEqual("not_allowed", self.code(client, type, room="lobby", **more))
        client.send("join", room="den")
        client.send("rooms")
        self.database.settle()

        self.assertEqual(["den"], [each["room"] for each in client.got("joined")])
        self.assertEqual(["den"], [each["room"] for each in client.got("rooms")[0]["rooms"]])

    def test_the_connection_ends_with_it(self) -> None:
        client = self.with_token("7", "Ann", seconds=60)

        self.chat.clock.advance(59)
        self.assertIsNone(client.transport.closed)
        self.chat.clock.advance(1)

        self.assertEqual(OUT, client.transport.closed)
        self.assertEqual([{"type": "logged_out"}], client.got("logged_out"))

    def test_whoever_has_gone_is_not_ended(self) -> None:
        client = self.with_token("7", "Ann", seconds=60)
        client.lose()

        self.chat.clock.advance(61)

        self.assertEqual([], client.got("logged_out"))

    def test_an_expired_one_is_refused(self) -> None:
        token = self.chat.tokens.sign("7", "Ann", seconds=60)
        self.chat.clock.advance(60)

        self.assertEqual("bad_token", self.code(self.chat.client(), "hello", identity=token))


class LogOutTests(ChatTestCase):
    def test_it_ends_every_connection_of_the_person_and_no_other(self) -> None:
        token = self.chat.tokens.sign("a", "Ann")
        ann = [self.chat.inside("Ann", identity=Identity("a", "Ann")), self.chat.client()]
        ann[1].send("hello", identity=token)
        bob = self.chat.inside("Bob", identity=Identity("b", "Bob"))

        self.successResultOf(self.chat.dispatcher.log_out("a"))

        self.assertEqual([OUT, OUT, None], [each.transport.closed for each in (*ann, bob)])
        self.assertEqual([1, 1, 0], [len(each.got("logged_out")) for each in (*ann, bob)])

    def test_a_log_out_ends_also_a_connection_by_a_token_of_a_clock_that_is_ahead(self) -> None:
        ahead = PersonTokens(lambda: b"a key of the service", lambda: self.chat.wall.seconds() + 1)
        client = self.chat.client()
        client.send("hello", identity=ahead.sign("a", "Ann"))
        self.assertTrue(client.got("welcome"))

        self.successResultOf(self.chat.dispatcher.log_out("a"))

        self.assertEqual(OUT, client.transport.closed)

    def test_tokens_of_before_are_refused_and_those_of_a_later_login_are_not(self) -> None:
        before = self.chat.tokens.sign("a", "Ann")
        self.successResultOf(self.chat.dispatcher.log_out("a"))
        self.chat.clock.advance(1)

        self.assertEqual("bad_token", self.code(self.chat.client(), "hello", identity=before))
        client = self.chat.client()
        client.send("hello", identity=self.chat.tokens.sign("a", "Ann"))

        self.assertTrue(client.got("welcome"))

    def test_whoever_was_identified_before_and_says_hello_after_it_is_out(self) -> None:
        client = self.chat.client(Identity("a", "Ann"))

        self.successResultOf(self.chat.dispatcher.log_out("a"))
        client.send("hello")

        self.assertEqual(OUT, client.transport.closed)
        self.assertEqual([], client.got("welcome"))

    def test_whoever_was_still_being_identified_is_out(self) -> None:
        finding: Deferred[Identity | None] = Deferred()
        client = self.chat.client(finding)
        self.chat.clock.advance(1)
        self.successResultOf(self.chat.dispatcher.log_out("a"))
        self.chat.clock.advance(1)
        finding.callback(Identity("a", "Ann"))
        client.send("hello")

        self.assertEqual(OUT, client.transport.closed)
        self.assertEqual([], client.got("welcome"))

    def test_a_new_connection_of_the_same_person_is_welcome(self) -> None:
        self.successResultOf(self.chat.dispatcher.log_out("a"))
        self.chat.clock.advance(1)

        self.assertTrue(self.chat.named("Ann", Identity("a", "Ann")).got("welcome"))

    def test_a_person_is_named(self) -> None:
        for person in ("", "a\0", "\ud800"):
            with self.assertRaises(ValueError):
                self.chat.dispatcher.log_out(person)
