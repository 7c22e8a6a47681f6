"""Who has logged out has no rights any more: no request is done, and the connection ends."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.python.failure import Failure

from mixsvc.chat.protocol.events import LOGGED_OUT
from mixsvc.errors import ServiceBusy
from mixsvc.hooks.login_watch import LOOK_SECONDS, LoginWatch, look_in_thread
from mixsvc.interfaces import Identity
from tests.chat.cases import ChatTestCase
from tests.chat.fakes import FakeClient

T = TypeVar("T")


class LoginTestCase(ChatTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.ended: set[str] = set()
        self.trouble: Exception | None = None
        self.looks = 0
        self.watch = LoginWatch(self.chat.clock, "chat", self.chat.dispatcher, look_in_thread(self.defer))
        self.watch.start()
        self.addCleanup(self.watch.stop)
        self.ann = self.chat.inside("Ann")
        self.publish("something rude")

    def defer(self, function: Callable[[], T]) -> Deferred[T]:
        return maybeDeferred(function)

    def publish(self, text: str) -> None:
        self.chat.dispatcher.publish("lobby", "Clock", text)
        self.database.settle()

    def has_ended(self, login: str) -> bool:
        self.looks += 1
        if self.trouble:
            raise self.trouble
        return login in self.ended

    def identity(self, login: str) -> Identity:
        return Identity("mia", "Mia", True, lambda: self.has_ended(login))

    def mia(self, login: str = "one") -> FakeClient:
        return self.chat.inside("Mia", identity=self.identity(login))

    def codes(self, client: FakeClient) -> list[str]:
        return [each["code"] for each in client.got("error")]


class WatchTests(LoginTestCase):
    def test_a_connection_whose_login_has_ended_is_told_and_closed_within_a_second(self) -> None:
        mia = self.mia()
        self.ended.add("one")
        self.chat.clock.advance(LOOK_SECONDS)

        self.assertEqual("logged_out", mia.got()[-1]["type"])
        self.assertEqual((LOGGED_OUT, "Logged out"), mia.transport.closed)

    def test_a_look_in_between_ends_it_at_once(self) -> None:
        looks, mia = self.chat.dispatcher.look_at_logins, self.mia()
        looks.watches = (self.watch,)
        self.successResultOf(looks())
        self.assertIsNone(mia.transport.closed)

        self.ended.add("one")
        self.successResultOf(looks())

        self.assertEqual((LOGGED_OUT, "Logged out"), mia.transport.closed)

    def test_all_who_ask_during_a_look_share_the_next(self) -> None:
        running: list[Deferred[Sequence[bool | Failure | None]]] = []

        def look(identities: Sequence[Identity]) -> "Deferred[Sequence[bool | Failure | None]]":
            running.append(Deferred())
            return running[-1]

        self.watch.stop()
        mia, watch = self.mia(), LoginWatch(self.chat.clock, "chat", self.chat.dispatcher, look)
        first, *later = [watch.look() for _ in range(5)]
        self.assertEqual(1, len(running))

        running[0].callback([False])
        self.assertEqual((True, 2), (self.successResultOf(first), len(running)))
        for each in later:
            self.assertNoResult(each)
        running[1].callback([True])

        self.assertEqual([True] * 4, [self.successResultOf(each) for each in later])
        self.assertEqual((2, LOGGED_OUT), (len(running), (mia.transport.closed or (0, ""))[0]))

    def test_a_look_in_between_is_busy_if_an_answer_is_missing(self) -> None:
        looks, answers = self.chat.dispatcher.look_at_logins, [None, Failure(OSError("no disk"))]
        self.watch.stop()
        self.mia()
        for answer in answers:
            watch = LoginWatch(self.chat.clock, "chat", self.chat.dispatcher, lambda _: succeed([answer]))  # noqa: B023  # called in this round
            looks.watches = (watch,)
            self.failureResultOf(looks(), ServiceBusy)
        self.assertEqual(1, len(self.flushLoggedErrors(OSError)))

    def test_whoever_was_being_identified_during_it_is_looked_at_on_arrival(self) -> None:
        finding: Deferred[Identity | None] = Deferred()
        looks, late = self.chat.dispatcher.look_at_logins, self.chat.client(finding)
        looks.watches = (self.watch,)
        self.ended.add("one")
        self.successResultOf(looks())

        finding.callback(self.identity("one"))
        self.chat.clock.advance(0)

        self.assertEqual((LOGGED_OUT, "Logged out"), late.transport.closed)

    def test_connections_of_other_logins_of_the_same_person_stay(self) -> None:
        mia, elsewhere = self.mia("one"), self.mia("two")
        self.ended.add("one")
        self.chat.clock.advance(LOOK_SECONDS)

        self.assertIsNone(elsewhere.transport.closed)
        self.done(elsewhere, "delete", room="lobby", number=1)
        self.assertIsNotNone(mia.transport.closed)

    def test_a_connection_that_has_not_said_hello_ends_as_well(self) -> None:
        client = self.chat.client(self.identity("one"))
        self.ended.add("one")
        self.chat.clock.advance(LOOK_SECONDS)

        self.assertEqual(LOGGED_OUT, (client.transport.closed or (0, ""))[0])

    def test_nobody_is_asked_about_guests_and_those_who_left(self) -> None:
        self.mia().lose()
        self.chat.inside("Bob", identity=Identity("bob", "Bob"))

        self.chat.clock.pump([LOOK_SECONDS] * 3)

        self.assertEqual(0, self.looks)

    def test_a_client_that_is_lost_meanwhile_is_left_alone(self) -> None:
        answer: Deferred[Sequence[bool | Failure | None]] = Deferred()
        mia = self.mia()
        watch = LoginWatch(self.chat.clock, "chat", self.chat.dispatcher, lambda identities: answer)
        watch.start()
        self.addCleanup(watch.stop)
        self.watch.stop()
        self.chat.clock.advance(LOOK_SECONDS)
        mia.lose()
        mia.clear()
        answer.callback([True])

        self.assertEqual(([], None), (mia.got(), mia.transport.closed))

    def test_what_is_kept_for_a_login_is_forgotten_with_its_connection(self) -> None:
        mia = self.mia()
        self.assertEqual([], self.chat.identifier.forgotten)

        mia.lose()

        self.assertEqual(["mia"], [each.person for each in self.chat.identifier.forgotten])

    def test_a_failure_is_logged_once_and_the_next_look_goes_on(self) -> None:
        mia = self.mia()
        self.trouble = OSError("no disk")
        self.chat.clock.pump([LOOK_SECONDS] * 3)
        self.assertEqual(1, len(self.flushLoggedErrors(OSError)))
        self.assertIsNone(mia.transport.closed)

        self.trouble = None
        self.ended.add("one")
        self.chat.clock.advance(LOOK_SECONDS)

        self.assertIsNotNone(mia.transport.closed)

    def test_a_failure_for_one_person_keeps_nobody_else_logged_in(self) -> None:
        def fail() -> bool:
            raise OSError("no disk")

        first, last = (self.chat.client(Identity(name, name, ended=fail)) for name in ("first", "last"))
        mia = self.mia()
        self.ended.add("one")
        self.chat.clock.pump([LOOK_SECONDS] * 3)

        self.assertEqual(LOGGED_OUT, (mia.transport.closed or (0, ""))[0])
        self.assertEqual((None, None), (first.transport.closed, last.transport.closed))
        self.assertEqual(1, len(self.flushLoggedErrors(OSError)))

    def test_after_the_stop_nobody_is_asked(self) -> None:
        self.mia()
        self.watch.stop()
        self.watch.stop()

        self.chat.clock.pump([LOOK_SECONDS] * 3)

        self.assertEqual(0, self.looks)


class RequestTests(LoginTestCase):
    """Before the watch has noticed it."""

    def test_no_request_of_a_moderator_is_done(self) -> None:
        requests: list[tuple[str, dict[str, object]]] = [
            ("delete", {"room": "lobby", "number": 1}),
            ("kick", {"room": "lobby", "name": "Ann"}),
            ("mute", {"name": "Ann"}),
            ("ban", {"name": "Ann"}),
            ("unmute", {"name": "Bob"}),
            ("unban", {"name": "Bob"}),
            ("sanctions", {}),
            ("audit", {}),
        ]
        moderator = self.chat.moderator("Mona")
        for type in ("mute", "ban"):
            self.done(moderator, type, name="Bob")
        moderator.lose()
        for index, (type, fields) in enumerate(requests):
            mia = self.mia(f"login {index}")
            self.ended.add(f"login {index}")
            self.ann.clear()
            mia.send(type, **fields)
            self.database.settle()

            self.assertEqual(["not_allowed"], self.codes(mia), type)
            self.assertEqual([], mia.got("done") + mia.got("sanctions") + mia.got("audit"))
            self.assertEqual(["logged_out"], [each["type"] for each in mia.got()][-1:])
            self.assertEqual(LOGGED_OUT, (mia.transport.closed or (0, ""))[0])
            self.assertEqual([], [each for each in self.ann.got() if each["type"] not in ("came", "went")])
            mia.lose()
        self.assertEqual([(1, "something rude")], self.database.rows())
        entries = self.answer(self.chat.moderator("Mona"), "audit")[0]["entries"]
        self.assertEqual({"Mona"}, {each["by"] for each in entries})

    def test_a_request_that_waits_while_the_login_ends_is_not_done(self) -> None:
        mia = self.mia()
        mia.send("delete", room="lobby", number=1)
        self.ended.add("one")
        self.database.settle()

        self.assertEqual([(1, "something rude")], self.database.rows())
        self.assertEqual(["not_allowed"], self.codes(mia))

    def test_after_it_further_requests_are_refused_at_once(self) -> None:
        mia = self.mia()
        self.ended.add("one")
        for _ in range(2):
            mia.send("mute", name="Ann")
        self.database.settle()
        mia.send("mute", name="Ann")

        self.assertEqual(["not_allowed"] * 3, self.codes(mia))
        self.say(self.ann, "still here")

    def test_while_it_cannot_be_found_out_nothing_is_done_and_the_connection_stays(self) -> None:
        mia = self.mia()
        self.trouble = OSError("no disk")
        for type, code in (("delete", "not_saved"), ("sanctions", "busy")):
            mia.clear()
            mia.send(type, room="lobby", number=1)
            self.database.settle()
            self.assertEqual([code], self.codes(mia))
            self.assertEqual(1, len(self.flushLoggedErrors(OSError)))
        self.assertEqual(([(1, "something rude")], None), (self.database.rows(), mia.transport.closed))

        self.trouble = None
        self.done(mia, "delete", room="lobby", number=1)

    def test_while_the_login_lasts_requests_are_done(self) -> None:
        self.done(self.mia(), "delete", room="lobby", number=1)
