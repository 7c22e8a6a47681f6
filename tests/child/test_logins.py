"""The authenticator in processes of views: both sides, with JSON in between."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.child.logins import ChildLogins
from mixsvc.common.answers import decode, encode_error, encode_value
from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import Authenticator, Identity
from mixsvc.wsgi.child_authentication import AGAIN_AT_ONCE, ANSWER_SECONDS, AT_ONCE, LOOKED_AT, ChildAuthenticator
from mixsvc.wsgi.supervision.interfaces import ProcessEnded
from tests.wsgi.test_authentication import request


class Process:
    """A process of views. `hangs`: it answers nothing; `ended`: it is gone."""

    def __init__(self, authenticate: Authenticator, most: int = 1000) -> None:
        self.logins = ChildLogins(most)
        self.logins.authenticate = authenticate
        self.has_ended = False
        self.hangs = False
        self.ran: list[tuple[str, list[Any]]] = []
        self.waiting: list[Deferred[Any]] = []

    def run(self, name: str, arguments: Sequence[object]) -> "Deferred[Any]":
        asked, given = json.loads(json.dumps([name, list(arguments)]))
        self.ran.append((asked, given))
        if self.has_ended:
            return fail(ProcessEnded("the process has ended"))
        if self.hangs:
            self.waiting.append(Deferred())
            return self.waiting[-1]
        try:
            return succeed(decode(encode_value(self.logins.run(asked, given))))
        except Exception as error:
            try:
                decode(encode_error(error))
            except Exception as decoded:
                return fail(decoded)
            raise

    def names(self) -> list[str]:
        return [name for name, _ in self.ran]


class ChildAuthenticatorTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.environs: list[Mapping[str, Any]] = []
        self.found: Any = None
        self.ended: Any = False
        self.processes = [Process(self.who), Process(self.who)]
        self.none_ready: list[Deferred[Process]] | None = None
        self.authenticator = ChildAuthenticator(self.clock, self.find, self.bridge)

    def who(self, environ: Mapping[str, Any]) -> Identity | None:
        self.environs.append(environ)
        if isinstance(self.found, Exception):
            raise self.found
        return self.found  # type: ignore[no-any-return]  # some tests return what none should

    def has_ended(self) -> bool:
        if isinstance(self.ended, Exception):
            raise self.ended
        return bool(self.ended)

    def find(self) -> "Deferred[Process]":
        if self.none_ready is not None:
            self.none_ready.append(Deferred())
            return self.none_ready[-1]
        return succeed(next(each for each in self.processes if not each.has_ended))

    def bridge(self, function: Callable[..., "Deferred[Any]"], *arguments: object) -> Any:
        answers: list[Any] = []
        function(*arguments).addBoth(answers.append)
        (answer,) = answers
        if isinstance(answer, Failure):
            answer.raiseException()
        return answer

    def mia(self) -> Identity:
        """Whoever is logged in until `ended` says otherwise."""
        return Identity("mia", "Mia", True, self.has_ended)

    def identified(self, **headers: str) -> Identity | None:
        return self.successResultOf(self.authenticator(request(**headers)))

    def logged_in(self) -> Identity:
        self.found = self.mia()
        identity = self.identified(cookie="login=1")
        assert identity is not None
        return identity

    def look(self, *identities: Identity) -> list[bool | Failure | None]:
        answers: list[bool | Failure | None] = []
        self.authenticator.look(identities).addCallback(answers.extend)
        self.assertEqual(len(answers), len(identities))
        return answers

    def end(self, process: Process) -> None:
        process.has_ended = True

    def test_whoever_is_found_there_is_known_here(self) -> None:
        self.found = Identity("1", "\ud800\u00fc", True)
        self.assertEqual(self.identified(), self.found)
        self.found = Identity("2")
        self.assertEqual(self.identified(), self.found)
        self.found = None
        self.assertIsNone(self.identified())

    def test_the_authenticator_gets_the_environ_of_the_request(self) -> None:
        self.identified(cookie="a=\u00fc", x__name="Ann")

        (environ,) = self.environs
        self.assertEqual((environ["HTTP_COOKIE"], environ["HTTP_X_NAME"]), ("a=\u00c3\u00bc", "Ann"))
        self.assertEqual((environ["QUERY_STRING"], environ["HTTP_HOST"]), ("a=b", "chat.example:8080"))
        self.assertEqual((environ["wsgi.input"].read(), environ["wsgi.multiprocess"]), (b"", True))
        self.assertTrue(callable(environ["wsgi.errors"].write))

    def test_a_result_other_than_an_identity_is_a_failure_with_the_text_of_threads(self) -> None:
        bad: list[tuple[Any, str]] = [
            ("Ann", "the authenticator returned str; it must return an Identity or None"),
            (Identity(""), "the authenticator returned an Identity whose person or name is not text"),
            (
                Identity("a\0"),
                "the authenticator returned an Identity whose person has U+0000 or half a surrogate pair",
            ),
            (Identity("1", ended=5), "the authenticator returned an Identity whose `ended` is not a function"),  # type: ignore[arg-type]
        ]
        for self.found, text in bad:
            failure = self.failureResultOf(self.authenticator(request()), TypeError)
            self.assertEqual(str(failure.value), text)
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), len(bad))

    def test_an_error_of_the_authenticator_fails_that_request_alone_and_is_logged_there(self) -> None:
        self.found = OSError("no database")

        failure = self.failureResultOf(self.authenticator(request()), RuntimeError)

        self.assertEqual(str(failure.value), "OSError: no database")
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
        self.assertIsNotNone(self.logged_in())

    def test_what_the_authenticator_writes_to_wsgi_errors_is_logged(self) -> None:
        def write(environ: Mapping[str, Any]) -> None:
            environ["wsgi.errors"].write("no such user")

        self.processes[0].logins.authenticate = write
        with capturedLogs() as events:
            self.identified()

        self.assertEqual(["wsgi: no such user"], [formatEvent(each) for each in events])

    def test_an_authenticator_that_hangs_is_given_up_after_some_seconds(self) -> None:
        self.processes[0].hangs = True
        waiting = self.authenticator(request())

        self.clock.advance(ANSWER_SECONDS)

        self.failureResultOf(waiting, ServiceBusy)

    def test_while_no_process_is_ready_a_request_waits_for_one(self) -> None:
        self.found = Identity("1")
        self.none_ready = []
        waiting = self.authenticator(request())
        self.assertNoResult(waiting)

        self.none_ready[0].callback(self.processes[0])

        self.assertEqual(self.successResultOf(waiting), self.found)

    def test_no_more_than_so_many_are_identified_at_a_time_and_each_that_leaves_makes_room(self) -> None:
        self.processes[0].hangs = True
        waiting = [self.authenticator(request()) for _ in range(AT_ONCE + 3)]
        self.assertEqual(len(self.processes[0].waiting), AT_ONCE)

        for each in waiting:
            each.addErrback(lambda failure: None)
        waiting[-1].cancel()
        waiting[0].cancel()
        self.assertEqual(len(self.processes[0].waiting), AT_ONCE + 1)
        self.processes[0].waiting[1].callback(None)
        self.assertEqual(len(self.processes[0].waiting), AT_ONCE + 2)
        self.clock.advance(ANSWER_SECONDS)
        self.assertIsNone(self.clock.getDelayedCalls() or None)

    def test_a_thousand_that_are_answered_as_soon_as_it_is_their_turn_lose_none(self) -> None:
        process = self.processes[0]
        process.hangs = True
        waiting = [self.authenticator(request()) for _ in range(AT_ONCE + 1000)]
        process.hangs = False

        process.waiting[0].callback(None)

        self.assertTrue(all(each.called for each in waiting[AT_ONCE:]))
        for each in process.waiting[1:]:
            each.callback(None)
        self.assertIsNone(self.identified())

    def test_the_end_of_a_login_is_asked_of_the_process_that_knows_it(self) -> None:
        mia = self.logged_in()
        assert mia.ended is not None
        self.assertFalse(mia.ended())

        self.ended = True

        self.assertTrue(mia.ended())
        self.assertEqual((self.processes[0].names()[1:], self.processes[1].ran), (["login.ended"] * 2, []))
        self.assertEqual(len(self.environs), 1)

    def test_an_error_of_ended_is_raised_here(self) -> None:
        mia = self.logged_in()
        assert mia.ended is not None
        self.ended = ValueError("no disk")

        self.assertRaises(ValueError, mia.ended)

    def test_once_its_process_is_gone_the_authenticator_is_asked_again(self) -> None:
        mia = self.logged_in()
        assert mia.ended is not None
        self.end(self.processes[0])

        self.assertFalse(mia.ended())
        self.assertFalse(mia.ended())
        self.ended = True
        self.assertTrue(mia.ended())

        self.assertEqual(self.processes[1].names(), ["login.again", "login.ended", "login.ended"])
        self.assertEqual(self.environs[1]["HTTP_COOKIE"], "login=1")

    def test_a_login_has_ended_if_nobody_or_somebody_else_is_found_again(self) -> None:
        for again in (None, Identity("bob", "Mia", True), Identity("mia", "Mia", False)):
            self.setUp()
            mia = self.logged_in()
            self.end(self.processes[0])
            self.found = again

            assert mia.ended is not None
            self.assertTrue(mia.ended(), again)

    def test_a_login_that_lasts_as_long_as_the_connection_now_has_not_ended(self) -> None:
        mia = self.logged_in()
        self.end(self.processes[0])
        self.found = Identity("mia", "Mia", True)

        assert mia.ended is not None
        self.assertEqual((mia.ended(), mia.ended()), (False, False))

    def test_a_process_that_ends_while_it_is_asked_is_gone_as_well(self) -> None:
        mia = self.logged_in()
        self.processes[0].hangs = True
        looking = self.authenticator.look([mia])
        self.end(self.processes[0])

        self.processes[0].waiting[0].errback(ProcessEnded("the process has ended"))

        self.assertEqual(self.successResultOf(looking), [False])
        self.assertEqual(self.processes[1].names(), ["login.again"])

    def test_a_look_asks_about_many_at_once(self) -> None:
        many = [self.logged_in() for _ in range(LOOKED_AT + 1)]
        self.processes[0].ran.clear()
        self.ended = True

        self.assertEqual(self.look(*many, Identity("guest")), [True] * len(many) + [False])

        self.assertEqual(self.processes[0].names(), ["login.ended"] * 2)

    def test_a_failure_for_one_login_says_nothing_about_the_others(self) -> None:
        mia = self.logged_in()
        self.found = Identity("ann", "Ann", ended=lambda: True)
        ann = self.identified()
        self.found = Identity("bob", "Bob", ended=lambda: 1 // 0 == 0)
        bob = self.identified()
        assert ann is not None and bob is not None

        answers = self.look(mia, ann, bob)

        self.assertEqual(answers[:2], [False, True])
        failure = answers[2]
        assert isinstance(failure, Failure)
        failure.trap(ArithmeticError)

    def test_while_a_process_hangs_the_logins_of_others_are_looked_at(self) -> None:
        one = self.logged_in()
        self.end(self.processes[0])
        two = self.logged_in()
        self.processes[0].has_ended, self.processes[0].hangs = False, True
        self.ended = True

        looking = self.authenticator.look([one, two])
        self.clock.advance(ANSWER_SECONDS)

        first, second = self.successResultOf(looking)
        assert isinstance(first, Failure)
        first.trap(ServiceBusy)
        self.assertEqual(second, True)

    def test_after_the_end_of_a_process_its_logins_are_asked_for_some_at_a_time(self) -> None:
        many = [self.logged_in() for _ in range(AGAIN_AT_ONCE + 10)]
        self.end(self.processes[0])
        self.environs.clear()
        self.ended = True

        answers = self.look(*many)

        self.assertEqual((len(self.environs), answers.count(True)), (AGAIN_AT_ONCE, AGAIN_AT_ONCE))
        left = [each for each, has_ended in zip(many, answers, strict=True) if has_ended is None]
        self.assertEqual(self.look(*left), [True] * 10)

    def test_a_login_whose_connection_has_ended_is_forgotten_there(self) -> None:
        mia = self.logged_in()
        self.authenticator.forget(mia)
        self.authenticator.forget(mia)
        self.authenticator.forget(None)
        self.authenticator.forget(Identity("guest"))

        self.assertEqual(self.processes[0].names(), ["login.who", "login.forget"])
        self.assertEqual(self.processes[0].logins.run("login.ended", [1]), [None])

    def test_of_more_logins_than_a_process_keeps_the_oldest_is_asked_for_again(self) -> None:
        self.processes[0] = Process(self.who, most=2)
        oldest, _, newest = (self.logged_in() for _ in range(3))
        self.environs.clear()

        assert oldest.ended is not None and newest.ended is not None
        self.assertEqual((oldest.ended(), newest.ended(), len(self.environs)), (False, False, 1))

    def test_while_nobody_can_be_asked_again_the_login_has_not_ended_and_that_is_said(self) -> None:
        mia = self.logged_in()
        self.end(self.processes[0])
        self.none_ready = []

        looking = self.authenticator.look([mia])
        self.clock.advance(ANSWER_SECONDS)

        (answer,) = self.successResultOf(looking)
        assert isinstance(answer, Failure)
        answer.trap(ServiceBusy)
