from concurrent.futures import ThreadPoolExecutor
from typing import Final

from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, eventAsText, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from werkzeug.security import generate_password_hash

from mixsvc.config.parsers import Moderator
from mixsvc.errors import BadSetting
from mixsvc.pages.auth import limits, logins
from mixsvc.pages.auth.devices import Devices
from mixsvc.pages.auth.limits import (
    CHECKS_A_SECOND,
    CHECKS_BURST,
    FREE_FAILURES_PER_NAME,
    MAX_CHECKS,
    LoginLimits,
    TooManyAttempts,
)
from mixsvc.pages.auth.logins import LoginAttempt, Logins, WrongPassword
from mixsvc.pages.auth.throttle import FIRST_WAIT, FREE_FAILURES

PASSWORD: Final = "correct horse"
# A small cost: these tests are not about how long it takes.
ANN: Final = Moderator("Ann", generate_password_hash(PASSWORD, "scrypt:1024:8:1"))
ADDRESS: Final = "192.0.2.1"
DEVICES: Final = Devices(b"k" * 32)


class LoginsCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.logins = Logins([ANN, Moderator("Cleo", "")], LoginLimits(self.clock.seconds), DEVICES)
        self.events: list[LogEvent] = []
        observer: ILogObserver = self.events.append  # type: ignore[assignment]  # mypy does not see that a function will do
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def try_wrongly(self, times: int, name: str = "Ann", address: str = ADDRESS) -> None:
        for _ in range(times):
            # As fast as strangers may try.
            self.clock.advance(1 / CHECKS_A_SECOND)
            self.assertRaises(WrongPassword, self.logins.check, LoginAttempt(name, "wrong", address))

    def outcome(self, attempt: LoginAttempt) -> type[Exception] | None:
        """What is raised; None if it logs in."""
        try:
            self.logins.check(attempt)
        except (WrongPassword, TooManyAttempts) as error:
            return type(error)
        return None


class LoginsTests(LoginsCase):
    def test_name_and_password_make_the_moderator(self) -> None:
        self.assertIs(self.logins.check(LoginAttempt("Ann", PASSWORD, ADDRESS)), ANN)

    def test_the_name_may_differ_in_case_width_and_spaces(self) -> None:
        self.assertIs(self.logins.check(LoginAttempt(" \uff21nN ", PASSWORD, ADDRESS)), ANN)

    def test_a_wrong_password_is_refused(self) -> None:
        self.try_wrongly(1)

    def test_an_unknown_name_is_refused_with_any_password(self) -> None:
        for password in (PASSWORD, "", "nobody"):
            self.assertRaises(WrongPassword, self.logins.check, LoginAttempt("Bob", password, ""))

    def test_a_moderator_without_a_password_cannot_log_in(self) -> None:
        self.assertRaises(WrongPassword, self.logins.check, LoginAttempt("Cleo", "", ADDRESS))

    def test_an_unknown_name_takes_as_much_work_as_a_known_one(self) -> None:
        methods: list[str] = []

        def check(password_hash: str, password: str) -> bool:
            methods.append(password_hash.split("$")[0])
            return False

        self.patch(logins, "check_password_hash", check)
        for name in ("Ann", "Bob"):
            self.assertRaises(WrongPassword, self.logins.check, LoginAttempt(name, "wrong", ADDRESS))

        self.assertEqual(methods, [ANN.password_hash.split("$")[0]] * 2)

    def test_without_moderators_every_login_is_refused(self) -> None:
        nobodys = Logins([], LoginLimits(self.clock.seconds), DEVICES)

        self.assertRaises(WrongPassword, nobodys.check, LoginAttempt("Ann", PASSWORD, ADDRESS))

    def test_after_too_many_failures_even_the_right_password_waits(self) -> None:
        self.try_wrongly(FREE_FAILURES)

        error = self.assertRaises(TooManyAttempts, self.logins.check, LoginAttempt("Ann", PASSWORD, ADDRESS))

        self.assertEqual(error.seconds, FIRST_WAIT)
        self.clock.advance(FIRST_WAIT)
        self.assertIs(self.logins.check(LoginAttempt("Ann", PASSWORD, ADDRESS)), ANN)

    def test_one_name_is_not_tried_from_many_addresses(self) -> None:
        for number in range(FREE_FAILURES):
            self.try_wrongly(1, address=f"192.0.2.{number}")
        # A few failures do not keep the owner of the name out.
        self.logins.check(LoginAttempt("Ann", PASSWORD, "198.51.100.1"))
        for number in range(FREE_FAILURES_PER_NAME):
            self.try_wrongly(1, address=f"192.0.2.{number}")

        self.assertRaises(TooManyAttempts, self.logins.check, LoginAttempt("ANN", PASSWORD, "198.51.100.1"))

    def test_one_address_does_not_try_many_names(self) -> None:
        for number in range(FREE_FAILURES):
            self.try_wrongly(1, name=f"name{number}")

        self.assertRaises(TooManyAttempts, self.logins.check, LoginAttempt("Ann", PASSWORD, ADDRESS))
        self.assertIs(self.logins.check(LoginAttempt("Ann", PASSWORD, "198.51.100.1")), ANN)

    def test_the_addresses_of_one_ipv6_network_are_one(self) -> None:
        for number in range(FREE_FAILURES):
            self.try_wrongly(1, name=f"name{number}", address=f"2001:db8::{number}")

        self.assertRaises(TooManyAttempts, self.logins.check, LoginAttempt("Ann", PASSWORD, "2001:db8::ffff"))
        self.assertIs(self.logins.check(LoginAttempt("Ann", PASSWORD, "2001:db8:0:1::1")), ANN)

    def test_ipv4_clients_of_a_dual_stack_socket_are_not_one_network(self) -> None:
        for number in range(FREE_FAILURES):
            self.try_wrongly(1, name=f"name{number}", address="::ffff:192.0.2.7")

        self.assertRaises(TooManyAttempts, self.logins.check, LoginAttempt("Ann", PASSWORD, "192.0.2.7"))
        self.assertIs(self.logins.check(LoginAttempt("Ann", PASSWORD, "::ffff:192.0.2.8")), ANN)

    def test_those_without_an_address_do_not_wait_for_each_other(self) -> None:
        for number in range(FREE_FAILURES):
            self.try_wrongly(1, name=f"name{number}", address="")

        self.assertIs(self.logins.check(LoginAttempt("Ann", PASSWORD, "")), ANN)

    def test_a_login_forgets_the_failures(self) -> None:
        self.try_wrongly(FREE_FAILURES - 1)
        self.logins.check(LoginAttempt("Ann", PASSWORD, ADDRESS))

        self.try_wrongly(FREE_FAILURES - 1)

        self.assertIs(self.logins.check(LoginAttempt("Ann", PASSWORD, ADDRESS)), ANN)

    def test_simultaneous_logins_get_no_more_attempts(self) -> None:
        def attempt(_: int) -> type[Exception]:
            try:
                self.logins.check(LoginAttempt("Ann", "wrong", ADDRESS))
            except (WrongPassword, TooManyAttempts) as error:
                return type(error)
            raise AssertionError("logged in")

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(attempt, range(100)))

        self.assertLessEqual(found.count(WrongPassword), FREE_FAILURES)

    def test_nobody_waits_for_a_place(self) -> None:
        outcomes: list[type[Exception] | None] = []

        def check(password_hash: str, password: str) -> bool:
            # During each check somebody else comes, who has not tried before.
            outcomes.append(self.outcome(LoginAttempt("Ann", "wrong", f"198.51.100.{len(outcomes)}")))
            return False

        self.patch(logins, "check_password_hash", check)
        outcomes.append(self.outcome(LoginAttempt("Ann", "wrong", ADDRESS)))

        self.assertEqual(outcomes, [TooManyAttempts] + [WrongPassword] * MAX_CHECKS)

    def test_whoever_finds_no_place_has_not_tried(self) -> None:
        refused: list[type[Exception] | None] = []

        def check(password_hash: str, password: str) -> bool:
            if len(refused) < FREE_FAILURES:
                refused.append(self.outcome(LoginAttempt("Ann", "wrong", "198.51.100.1")))
            return password == PASSWORD

        self.patch(limits, "MAX_CHECKS", 1)
        self.logins = Logins([ANN], LoginLimits(self.clock.seconds), DEVICES)
        self.patch(logins, "check_password_hash", check)
        for _ in range(FREE_FAILURES):
            self.outcome(LoginAttempt("Ann", "wrong", ADDRESS))

        self.assertEqual(refused, [TooManyAttempts] * FREE_FAILURES)
        self.assertIsNone(self.outcome(LoginAttempt("Ann", PASSWORD, "198.51.100.1")))

    def test_whoever_must_wait_is_told_how_long_though_all_places_are_taken(self) -> None:
        self.patch(limits, "MAX_CHECKS", 1)
        self.logins = Logins([ANN], LoginLimits(self.clock.seconds), DEVICES)
        self.try_wrongly(FREE_FAILURES)
        waits: list[int] = []

        def check(password_hash: str, password: str) -> bool:
            with self.assertRaises(TooManyAttempts) as refused:
                self.logins.check(LoginAttempt("Ann", "wrong", ADDRESS))
            waits.append(refused.exception.seconds)
            return False

        self.patch(logins, "check_password_hash", check)
        self.clock.advance(1)
        self.outcome(LoginAttempt("Ann", "wrong", "198.51.100.1"))

        self.assertEqual(waits, [FIRST_WAIT - 1])

    def test_strangers_together_try_no_faster_than_the_limit(self) -> None:
        outcomes = [self.outcome(LoginAttempt("Ann", "wrong", f"192.0.2.{number}")) for number in range(50)]

        self.assertEqual(outcomes, [WrongPassword] * CHECKS_BURST + [TooManyAttempts] * (50 - CHECKS_BURST))
        self.clock.advance(1 / CHECKS_A_SECOND)
        self.assertIs(self.outcome(LoginAttempt("Ann", "wrong", "198.51.100.1")), WrongPassword)
        self.assertIs(self.outcome(LoginAttempt("Ann", "wrong", "198.51.100.2")), TooManyAttempts)

    def test_the_log_says_who_and_from_where_and_never_the_password(self) -> None:
        self.assertRaises(WrongPassword, self.logins.check, LoginAttempt("An{n", "secret {one}", ADDRESS))
        self.logins.check(LoginAttempt("ann", PASSWORD, ADDRESS))

        lines = [eventAsText(event, includeTimestamp=False, includeSystem=False) for event in self.events]
        self.assertEqual(
            lines,
            [
                "web: the login of 'An{n' from 192.0.2.1 was refused",
                "web: the moderator 'ann' has logged in from 192.0.2.1",
            ],
        )
        self.assertNotIn("secret", repr(self.events))
        self.assertNotIn(PASSWORD, repr(self.events))

    def test_an_invalid_hash_is_refused_at_the_start(self) -> None:
        for broken in ("scrypt:", "scrypt:2:8:1$salt$", "scrypt:x:8:1$salt$" + "0" * 128):
            error = self.assertRaises(
                BadSetting, Logins, [Moderator("Ann", broken)], LoginLimits(self.clock.seconds), DEVICES
            )
            self.assertIn("[chat] moderators: Ann: ", str(error))
            self.assertIn("hash-password", str(error))


class KnownDeviceTests(LoginsCase):
    """Ann has logged in before in a browser that has this cookie."""

    def setUp(self) -> None:
        super().setUp()
        self.cookie = DEVICES.remember("", "ANN")

    def log_in(self, password: str = PASSWORD, name: str = "Ann") -> type[Exception] | None:
        return self.outcome(LoginAttempt(name, password, ADDRESS, self.cookie))

    def test_guesses_of_others_against_the_name_do_not_keep_its_owner_out(self) -> None:
        for number in range(FREE_FAILURES_PER_NAME):
            self.try_wrongly(1, address=f"198.51.100.{number}")

        self.assertIs(self.outcome(LoginAttempt("Ann", PASSWORD, "203.0.113.1")), TooManyAttempts)
        self.assertIsNone(self.log_in())

    def test_guesses_of_others_from_the_same_address_do_not_keep_its_owner_out(self) -> None:
        self.try_wrongly(FREE_FAILURES)

        self.assertIs(self.outcome(LoginAttempt("Ann", PASSWORD, ADDRESS)), TooManyAttempts)
        self.assertIsNone(self.log_in())

    def test_a_flood_of_others_does_not_keep_its_owner_out(self) -> None:
        found: list[type[Exception] | None] = []

        def check(password_hash: str, password: str) -> bool:
            if password == "wrong":
                self.outcome(LoginAttempt("Ann", "wrong", f"198.51.100.{len(found)}"))
                found.append(self.log_in())
            return password == PASSWORD

        self.patch(logins, "check_password_hash", check)
        for number in range(CHECKS_BURST * 2):
            self.outcome(LoginAttempt("Ann", "wrong", f"203.0.113.{number}"))

        self.assertEqual(found, [None] * CHECKS_BURST)
        self.assertIsNone(self.log_in())

    def test_whoever_has_stolen_the_cookie_has_as_few_guesses_as_an_address(self) -> None:
        outcomes = []
        for _ in range(FREE_FAILURES + 5):
            outcomes.append(self.log_in("wrong"))

        self.assertEqual(outcomes, [WrongPassword] * FREE_FAILURES + [TooManyAttempts] * 5)
        self.clock.advance(FIRST_WAIT)
        self.assertEqual([self.log_in("wrong"), self.log_in("wrong")], [WrongPassword, TooManyAttempts])

    def test_guesses_with_a_stolen_cookie_do_not_keep_out_other_browsers_of_the_owner(self) -> None:
        for _ in range(FREE_FAILURES):
            self.log_in("wrong")
        self.cookie = DEVICES.remember("", "Ann")

        self.assertIsNone(self.log_in())

    def test_the_cookie_is_of_no_use_for_another_account(self) -> None:
        bob = Moderator("Bob", ANN.password_hash)
        self.logins = Logins([ANN, bob], LoginLimits(self.clock.seconds), DEVICES)
        self.try_wrongly(FREE_FAILURES, "Bob")

        self.assertIs(self.log_in(name="Bob"), TooManyAttempts)

    def test_the_cookie_is_of_no_use_for_an_account_that_is_gone(self) -> None:
        self.logins = Logins([Moderator("Bob", ANN.password_hash)], LoginLimits(self.clock.seconds), DEVICES)

        outcomes = [self.outcome(LoginAttempt("Ann", "x", ADDRESS, DEVICES.remember("", "Ann"))) for _ in range(9)]

        self.assertEqual(outcomes, [WrongPassword] * FREE_FAILURES + [TooManyAttempts] * (9 - FREE_FAILURES))

    def test_a_forged_cookie_is_none(self) -> None:
        self.try_wrongly(FREE_FAILURES)
        self.cookie = Devices(b"another key").remember("", "Ann")

        self.assertIs(self.log_in(), TooManyAttempts)
