"""Hello: names, identities, tokens, and how a connection is identified."""

from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred, TimeoutError

from mixsvc.chat.arrivals import PatientIdentifier
from mixsvc.chat.connection import IDENTIFY_SECONDS
from mixsvc.config.parsers import Moderator
from mixsvc.interfaces import Identity
from tests.chat.cases import ChatTestCase
from tests.chat.fakes import FakeClient, FakeIdentifier
from tests.chat.test_arrivals import FakeNode

TOKEN = "0123456789abcdef"


class HelloTests(ChatTestCase):
    def test_a_valid_name_is_accepted(self) -> None:
        ann = self.chat.named("  Ann ")

        (welcome,) = ann.got()
        self.assertTrue(welcome.pop("epoch"))
        expected = {"type": "welcome", "name": "Ann", "rooms": ["lobby", "den"], "max_text": 2000, "moderator": False}
        self.assertEqual(expected, welcome)

    def test_every_other_request_before_hello_is_refused(self) -> None:
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

    def test_an_identity_without_a_name_may_choose_one(self) -> None:
        client = self.chat.client(Identity("a"))

        self.assertEqual("no_name", self.code(client, "hello"))
        client.send("hello", name="Ann")
        self.assertEqual("Ann", client.got("welcome")[0]["name"])

    def test_a_session_is_one_person_in_all_its_windows(self) -> None:
        self.chat.inside("Ann", identity=Identity("a", "Ann"))
        self.chat.inside("Ann", identity=Identity("a", "Ann"))

        self.assertEqual({"lobby": 1, "den": 0}, self.rooms())
        self.assertEqual("name_taken", self.code(self.chat.client(Identity("b", "Ann")), "hello"))

    def test_welcome_says_who_is_a_moderator(self) -> None:
        welcomed = [self.chat.named("Mia", Identity("m", "Mia", moderator=True)), self.chat.named("Bob")]

        self.assertEqual([True, False], [each.got("welcome")[0]["moderator"] for each in welcomed])

    def test_hello_without_any_name_is_refused(self) -> None:
        self.assertEqual("no_name", self.code(self.chat.client(), "hello"))
        self.assertEqual("no_name", self.code(self.chat.client(), "hello", name=None, token=TOKEN))


class TokenTests(ChatTestCase):
    def test_a_token_gives_the_name_back_before_the_old_connection_is_lost(self) -> None:
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

    def test_a_moderators_name_is_reserved(self) -> None:
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

    def test_an_authenticated_name_is_enough_to_moderate(self) -> None:
        self.assertTrue(self.chat.named("mia", Identity("m", "mia")).got("welcome")[0]["moderator"])

    def test_a_stranger_is_refused_if_guests_are_not_allowed(self) -> None:
        self.assertEqual("not_allowed", self.code(self.chat.client(), "hello", name="Ann"))
        self.assertEqual("not_allowed", self.code(self.chat.client(), "hello", name="Mia"))
        self.assertEqual("welcome", self.chat.named("Ann", Identity("a")).got()[0]["type"])


class PasswordTests(ChatTestCase):
    settings = {"moderators": (Moderator("Mia", "hash"),)}

    def test_a_name_is_not_enough_for_a_moderator_with_a_password(self) -> None:
        self.assertEqual("name_taken", self.code(self.chat.client(Identity("m", "Mia")), "hello"))


class IdentificationTests(ChatTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.identifying: Deferred[Identity | None] = Deferred()
        self.client = self.chat.client(self.identifying)

    def test_nothing_is_read_before_the_client_is_identified(self) -> None:
        self.assertTrue(self.client.transport.is_paused)
        self.client.send("hello", name="Ann")
        self.assertEqual([], self.client.got())

        self.identifying.callback(Identity("a", "Ann"))

        self.assertFalse(self.client.transport.is_paused)
        self.client.send("hello")
        self.assertEqual("Ann", self.client.got("welcome")[0]["name"])
        self.assertEqual([], self.chat.clock.getDelayedCalls())

    def test_a_stranger_may_stay(self) -> None:
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

    def test_a_client_of_a_node_that_does_not_begin_is_sent_away_without_a_word_in_the_log(self) -> None:
        node: Any = FakeNode()
        client = self.chat.client(PatientIdentifier(node, FakeIdentifier(lambda request: None))(object()))

        self.chat.clock.advance(IDENTIFY_SECONDS)

        self.assertEqual((1013, "This node is not ready; try again later"), client.transport.closed)
        self.assertEqual([], node.waiting)
        self.flushLoggedErrors(TimeoutError)

    def test_a_client_that_is_lost_while_identified_is_forgotten(self) -> None:
        cancelled: list[object] = []
        client = self.chat.client(Deferred(cancelled.append))
        for each in (client, self.client):
            each.lose()
        self.assertTrue(self.identifying.called)

        self.assertEqual((1, None), (len(cancelled), client.transport.closed))
        self.assertEqual([], self.chat.clock.getDelayedCalls())
        self.assertEqual([], self.flushLoggedErrors())


class ReloadTests(ChatTestCase):
    """Others are moderators than before."""

    settings = {"moderators": (Moderator("Mia", "hash"), Moderator("Max", "hash"))}

    def reload(self, *moderators: Moderator, authenticator: str = "") -> None:
        settings = replace(self.chat.settings, moderators=moderators, authenticator=authenticator)
        self.chat.dispatcher.reload(settings)

    def closed(self, client: FakeClient) -> tuple[int, str] | None:
        return client.transport.closed

    def test_who_is_no_moderator_any_more_is_logged_out_and_the_others_stay(self) -> None:
        mia, max = self.chat.moderator("Mia"), self.chat.moderator("Max")
        guest = self.chat.inside("Ann")

        self.reload(Moderator("Max", "hash"))

        self.assertEqual([{"type": "logged_out"}], mia.got("logged_out"))
        self.assertEqual((4001, "Logged out"), self.closed(mia))
        self.assertEqual([None, None], [self.closed(each) for each in (max, guest)])
        self.done(max, "mute", name="Ann", seconds=60)

    def test_also_before_hello(self) -> None:
        mia = self.chat.client(Identity("id of Mia", "Mia", moderator=True))

        self.reload()

        self.assertEqual((4001, "Logged out"), self.closed(mia))

    def test_whoever_was_found_to_be_a_moderator_before_it_and_comes_after_it_is_none(self) -> None:
        finding: Deferred[Identity | None] = Deferred()
        late = self.chat.client(finding)
        self.reload(Moderator("Max", "hash"))

        finding.callback(Identity("id of Mia", "Mia", moderator=True))
        late.send("hello")

        self.assertEqual([False], [each["moderator"] for each in late.got("welcome")])

    def test_whoever_was_being_identified_by_a_password_that_has_changed_is_logged_out(self) -> None:
        finding: Deferred[Identity | None] = Deferred()
        late = self.chat.client(finding)
        self.chat.clock.advance(1)
        self.reload(Moderator("Mia", "other"), Moderator("Max", "hash"))

        finding.callback(Identity("id of Mia", "Mia", moderator=True))

        self.assertEqual([{"type": "logged_out"}], late.got())
        self.assertEqual((4001, "Logged out"), self.closed(late))
        self.assertTrue(self.chat.moderator("Mia").got("welcome")[0]["moderator"])

    def test_whoever_has_the_name_of_a_new_moderator_is_sent_away(self) -> None:
        guest, other = self.chat.inside("NEWMOD"), self.chat.inside("Ann")
        session = self.chat.inside("Newmod", identity=Identity("guest", "Newmod2"))

        self.reload(*self.settings["moderators"], Moderator("newmod", "hash"))
        facts = self.chat.dispatcher.facts("newmod")
        self.assertFalse(facts is None or facts.is_moderator)
        guest.lose()

        self.assertEqual((1001, "Your name is a moderator's now; come back under another one"), self.closed(guest))
        self.assertEqual([None, None], [self.closed(each) for each in (other, session)])
        self.assertEqual("name_taken", self.code(self.chat.client(), "hello", name="newmod"))
        self.assertTrue(self.chat.moderator("newmod").got("welcome")[0]["moderator"])

    def test_also_whoever_has_it_by_a_token_as_nobody_moderates_by_one(self) -> None:
        self.reload(authenticator="app:who")
        client = self.chat.client()
        client.send("hello", identity=self.chat.tokens.sign("7", "Max"))
        self.assertEqual("Max", client.got("welcome")[0]["name"])

        self.reload(Moderator("Max", ""), authenticator="app:who")
        client.lose()

        self.assertEqual((1001, "Your name is a moderator's now; come back under another one"), self.closed(client))
        max = self.chat.inside("Max", identity=Identity("id of Max", "Max"))
        self.assertTrue(max.got("welcome")[0]["moderator"])

    def test_who_is_a_moderator_again_has_the_rights_again(self) -> None:
        self.reload()
        self.reload(Moderator("Mia", "hash"))

        self.assertTrue(self.chat.moderator("Mia").got("welcome")[0]["moderator"])

    def test_the_authenticator_of_an_application_says_by_itself_who_moderates(self) -> None:
        self.reload(authenticator="app:who")
        mia = self.chat.moderator("Mia")
        named = self.chat.inside("Max", identity=Identity("id of Max", "Max"))

        self.reload(Moderator("Max", ""), authenticator="app:who")
        later = self.chat.inside("Max", identity=Identity("id of Max", "Max"))
        self.reload(authenticator="app:who")

        self.assertEqual([None, None], [self.closed(each) for each in (mia, named)])
        self.assertTrue(later.got("welcome")[0]["moderator"])
        self.assertEqual((4001, "Logged out"), self.closed(later))
