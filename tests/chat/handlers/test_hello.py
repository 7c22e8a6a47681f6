"""Who comes in, under which name, and who is turned away."""

from twisted.internet.defer import Deferred, TimeoutError

from mixsvc.chat.connection import IDENTIFY_SECONDS
from mixsvc.config.parsers import Moderator
from mixsvc.interfaces import Identity
from tests.chat.cases import ChatTestCase

TOKEN = "0123456789abcdef"


class HelloTests(ChatTestCase):
    def test_a_good_name_is_welcome(self) -> None:
        ann = self.chat.named("  Ann ")

        expected = {"type": "welcome", "name": "Ann", "rooms": ["lobby", "den"], "max_text": 2000, "moderator": False}
        self.assertEqual([expected], ann.got())

    def test_everything_else_comes_after_hello(self) -> None:
        client = self.chat.client()

        self.assertEqual("no_name", self.code(client, "join", room="lobby"))
        self.assertEqual("no_name", self.code(client, "leave", room="lobby"))
        self.assertEqual("no_name", self.code(client, "say", room="attic", text="hi"))

    def test_hello_comes_once(self) -> None:
        self.assertEqual("already_named", self.code(self.chat.named("Ann"), "hello", name="Bob"))

    def test_a_bad_name_is_refused_and_another_may_follow(self) -> None:
        client = self.chat.client()

        self.assertEqual("bad_name", self.code(client, "hello", name="\u202eAnn"))
        client.send("hello", name="Ann")
        self.assertEqual("Ann", client.got("welcome")[0]["name"])

    def test_a_name_in_use_is_refused_with_a_free_one(self) -> None:
        self.chat.named("Ann")
        client = self.chat.client()

        error = self.refused(client, "hello", name="ＡNN")

        self.assertEqual(("name_taken", "ANN2"), (error["code"], error["suggestion"]))


class IdentityTests(ChatTestCase):
    def test_the_session_says_the_name(self) -> None:
        client = self.chat.client(Identity("a", "Ann"))
        client.send("hello")

        self.assertEqual("Ann", client.got("welcome")[0]["name"])

    def test_another_name_than_the_sessions_is_refused(self) -> None:
        client = self.chat.client(Identity("a", "Ann"))

        self.assertEqual("name_fixed", self.code(client, "hello", name="Bob"))
        self.assertEqual("bad_name", self.code(client, "hello", name="\u202e"))
        client.send("hello", name="ＡNN")
        self.assertEqual("Ann", client.got("welcome")[0]["name"])

    def test_who_has_no_name_yet_says_one(self) -> None:
        client = self.chat.client(Identity("a"))

        self.assertEqual("no_name", self.code(client, "hello"))
        client.send("hello", name="Ann")
        self.assertEqual("Ann", client.got("welcome")[0]["name"])

    def test_a_session_is_one_person_in_all_its_windows(self) -> None:
        self.chat.inside("Ann", identity=Identity("a", "Ann"))
        self.chat.inside("Ann", identity=Identity("a", "Ann"))

        self.assertEqual({"lobby": 1, "den": 0}, self.rooms())
        self.assertEqual("name_taken", self.code(self.chat.client(Identity("b", "Ann")), "hello"))

    def test_a_moderator_is_told_so(self) -> None:
        welcomed = [self.chat.named("Mia", Identity("m", "Mia", moderator=True)), self.chat.named("Bob")]

        self.assertEqual([True, False], [each.got("welcome")[0]["moderator"] for each in welcomed])

    def test_hello_needs_a_name_from_somewhere(self) -> None:
        self.assertEqual("no_name", self.code(self.chat.client(), "hello"))
        self.assertEqual("no_name", self.code(self.chat.client(), "hello", name=None, token=TOKEN))


class TokenTests(ChatTestCase):
    def test_who_comes_back_has_the_name_at_once_though_the_old_connection_is_not_known_to_be_dead(self) -> None:
        ghost = self.chat.inside("Ann", token=TOKEN)
        bob = self.chat.inside("Bob")
        back = self.chat.inside("Ann", token=TOKEN)
        ghost.lose()

        self.assertEqual("welcome", back.got()[0]["type"])
        self.assertEqual(["Ann", "Bob"], back.got("joined")[0]["members"])
        self.assertEqual([], bob.got("came") + bob.got("went"))

    def test_another_token_is_another_person(self) -> None:
        self.chat.named("Ann", token=TOKEN)

        for fields in ({"token": TOKEN.upper()}, {}):
            self.assertEqual("name_taken", self.code(self.chat.client(), "hello", name="Ann", **fields))

    def test_a_token_is_no_session(self) -> None:
        self.chat.named("Ann", Identity(f"token:{TOKEN}x", "Ann"))

        self.assertEqual("name_taken", self.code(self.chat.client(), "hello", name="Ann", token=TOKEN))


class ReservedNameTests(ChatTestCase):
    settings = {"moderators": (Moderator("Mia", "hash"),)}

    def test_a_moderators_name_is_kept_for_the_moderator(self) -> None:
        error = self.refused(self.chat.client(), "hello", name="mIA")
        self.assertEqual(("name_taken", "mIA2"), (error["code"], error["suggestion"]))
        self.assertEqual("name_taken", self.code(self.chat.client(Identity("x", "Mia")), "hello"))

        mia = self.chat.named("Mia", Identity("m", "Mia", moderator=True))

        self.assertEqual("Mia", mia.got("welcome")[0]["name"])

    def test_nobody_has_the_name_under_which_the_chat_answers(self) -> None:
        for identity in (None, Identity("m", "Rates", moderator=True)):
            error = self.refused(self.chat.client(identity), "hello", name="Rates")
            self.assertEqual(("name_taken", "Rates2"), (error["code"], error["suggestion"]))


class AuthenticatorTests(ChatTestCase):
    settings = {"moderators": (Moderator("Mia", ""),), "authenticator": "yours.auth:who", "guests": False}

    def test_a_name_alone_makes_a_moderator_of_whom_the_application_knows(self) -> None:
        self.assertTrue(self.chat.named("mia", Identity("m", "mia")).got("welcome")[0]["moderator"])

    def test_nobody_in_particular_is_turned_away(self) -> None:
        self.assertEqual("not_allowed", self.code(self.chat.client(), "hello", name="Ann"))
        self.assertEqual("not_allowed", self.code(self.chat.client(), "hello", name="Mia"))
        self.assertEqual("welcome", self.chat.named("Ann", Identity("a")).got()[0]["type"])


class PasswordTests(ChatTestCase):
    settings = {"moderators": (Moderator("Mia", "hash"),)}

    def test_a_name_alone_makes_no_moderator_of_who_needs_a_password(self) -> None:
        self.assertEqual("name_taken", self.code(self.chat.client(Identity("m", "Mia")), "hello"))


class IdentificationTests(ChatTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.identifying: Deferred[Identity | None] = Deferred()
        self.client = self.chat.client(self.identifying)

    def test_nothing_is_read_before_it_is_known_who_it_is(self) -> None:
        self.assertTrue(self.client.transport.is_paused)
        self.client.send("hello", name="Ann")
        self.assertEqual([], self.client.got())

        self.identifying.callback(Identity("a", "Ann"))

        self.assertFalse(self.client.transport.is_paused)
        self.client.send("hello")
        self.assertEqual("Ann", self.client.got("welcome")[0]["name"])
        self.assertEqual([], self.chat.clock.getDelayedCalls())

    def test_nobody_in_particular_may_stay(self) -> None:
        self.identifying.callback(None)
        self.client.send("hello", name="Ann")

        self.assertEqual("Ann", self.client.got("welcome")[0]["name"])

    def test_a_client_is_refused_if_the_authenticator_fails(self) -> None:
        self.identifying.errback(ZeroDivisionError())

        self.assertEqual((1011, "You could not be identified; try again later"), self.client.transport.closed)
        self.client.send("hello", name="Ann")
        self.assertEqual([], self.client.got())
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_a_client_is_refused_if_the_authenticator_takes_too_long(self) -> None:
        self.chat.clock.advance(IDENTIFY_SECONDS)

        self.assertEqual(1011, (self.client.transport.closed or (0, ""))[0])
        self.assertEqual(1, len(self.flushLoggedErrors(TimeoutError)))

    def test_who_is_lost_meanwhile_is_nobody(self) -> None:
        cancelled: list[object] = []
        client = self.chat.client(Deferred(cancelled.append))
        for each in (client, self.client):
            each.lose()
        self.assertTrue(self.identifying.called)

        self.assertEqual((1, None), (len(cancelled), client.transport.closed))
        self.assertEqual([], self.chat.clock.getDelayedCalls())
        self.assertEqual([], self.flushLoggedErrors())
