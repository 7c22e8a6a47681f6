from concurrent.futures import ThreadPoolExecutor
from typing import Final

from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, eventAsText, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from werkzeug.security import generate_password_hash

from mixsvc.config.parsers import Moderator
from mixsvc.errors import BadSetting
from mixsvc.pages.auth import logins
from mixsvc.pages.auth.logins import FREE_FAILURES_PER_NAME, Logins, TooManyAttempts, WrongPassword
from mixsvc.pages.auth.throttle import FIRST_WAIT, FREE_FAILURES

PASSWORD: Final = "correct horse"
# A small cost: these tests are not about how long it takes.
ANN: Final = Moderator("Ann", generate_password_hash(PASSWORD, "scrypt:1024:8:1"))
ADDRESS: Final = "192.0.2.1"


class LoginsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.logins = Logins([ANN, Moderator("Cleo", "")], self.clock.seconds)
        self.events: list[LogEvent] = []
        observer: ILogObserver = self.events.append  # type: ignore[assignment]  # mypy does not see that a function will do
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def try_wrongly(self, times: int, name: str = "Ann", address: str = ADDRESS) -> None:
        for _ in range(times):
            self.assertRaises(WrongPassword, self.logins.check, name, "wrong", address)

    def test_name_and_password_make_the_moderator(self) -> None:
        self.assertIs(self.logins.check("Ann", PASSWORD, ADDRESS), ANN)

    def test_the_name_may_differ_in_case_width_and_spaces(self) -> None:
        self.assertIs(self.logins.check(" \uff21nN ", PASSWORD, ADDRESS), ANN)

    def test_a_wrong_password_is_refused(self) -> None:
        self.try_wrongly(1)

    def test_an_unknown_name_is_refused_with_any_password(self) -> None:
        for password in (PASSWORD, "", "nobody"):
            self.assertRaises(WrongPassword, self.logins.check, "Bob", password, "")

    def test_a_moderator_without_a_password_cannot_log_in(self) -> None:
        self.assertRaises(WrongPassword, self.logins.check, "Cleo", "", ADDRESS)

    def test_an_unknown_name_takes_as_much_work_as_a_known_one(self) -> None:
        methods: list[str] = []

        def check(password_hash: str, password: str) -> bool:
            methods.append(password_hash.split("$")[0])
            return False

        self.patch(logins, "check_password_hash", check)
        for name in ("Ann", "Bob"):
            self.assertRaises(WrongPassword, self.logins.check, name, "wrong", ADDRESS)

        self.assertEqual(methods, [ANN.password_hash.split("$")[0]] * 2)

    def test_without_moderators_every_login_is_refused(self) -> None:
        nobodys = Logins([], self.clock.seconds)

        self.assertRaises(WrongPassword, nobodys.check, "Ann", PASSWORD, ADDRESS)

    def test_after_too_many_failures_even_the_right_password_waits(self) -> None:
        self.try_wrongly(FREE_FAILURES)

        error = self.assertRaises(TooManyAttempts, self.logins.check, "Ann", PASSWORD, ADDRESS)

        self.assertEqual(error.seconds, FIRST_WAIT)
        self.clock.advance(FIRST_WAIT)
        self.assertIs(self.logins.check("Ann", PASSWORD, ADDRESS), ANN)

    def test_one_name_is_not_tried_from_many_addresses(self) -> None:
        for number in range(FREE_FAILURES):
            self.try_wrongly(1, address=f"192.0.2.{number}")
        # A few failures do not keep the owner of the name out.
        self.logins.check("Ann", PASSWORD, "198.51.100.1")
        for number in range(FREE_FAILURES_PER_NAME):
            self.try_wrongly(1, address=f"192.0.2.{number}")

        self.assertRaises(TooManyAttempts, self.logins.check, "ANN", PASSWORD, "198.51.100.1")

    def test_one_address_does_not_try_many_names(self) -> None:
        for number in range(FREE_FAILURES):
            self.try_wrongly(1, name=f"name{number}")

        self.assertRaises(TooManyAttempts, self.logins.check, "Ann", PASSWORD, ADDRESS)
        self.assertIs(self.logins.check("Ann", PASSWORD, "198.51.100.1"), ANN)

    def test_the_addresses_of_one_ipv6_network_are_one(self) -> None:
        for number in range(FREE_FAILURES):
            self.try_wrongly(1, name=f"name{number}", address=f"2001:db8::{number}")

        self.assertRaises(TooManyAttempts, self.logins.check, "Ann", PASSWORD, "2001:db8::ffff")
        self.assertIs(self.logins.check("Ann", PASSWORD, "2001:db8:0:1::1"), ANN)

    def test_ipv4_clients_of_a_dual_stack_socket_are_not_one_network(self) -> None:
        for number in range(FREE_FAILURES):
            self.try_wrongly(1, name=f"name{number}", address="::ffff:192.0.2.7")

        self.assertRaises(TooManyAttempts, self.logins.check, "Ann", PASSWORD, "192.0.2.7")
        self.assertIs(self.logins.check("Ann", PASSWORD, "::ffff:192.0.2.8"), ANN)

    def test_those_without_an_address_do_not_wait_for_each_other(self) -> None:
        for number in range(FREE_FAILURES):
            self.try_wrongly(1, name=f"name{number}", address="")

        self.assertIs(self.logins.check("Ann", PASSWORD, ""), ANN)

    def test_a_login_forgets_the_failures(self) -> None:
        self.try_wrongly(FREE_FAILURES - 1)
        self.logins.check("Ann", PASSWORD, ADDRESS)

        self.try_wrongly(FREE_FAILURES - 1)

        self.assertIs(self.logins.check("Ann", PASSWORD, ADDRESS), ANN)

    def test_simultaneous_logins_get_no_more_attempts(self) -> None:
        def attempt(_: int) -> type[Exception]:
            try:
                self.logins.check("Ann", "wrong", ADDRESS)
            except (WrongPassword, TooManyAttempts) as error:
                return type(error)
            raise AssertionError("logged in")

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(attempt, range(100)))

        self.assertLessEqual(found.count(WrongPassword), FREE_FAILURES)

    def test_the_log_says_who_and_from_where_and_never_the_password(self) -> None:
        self.assertRaises(WrongPassword, self.logins.check, "An{n", "secret {one}", ADDRESS)
        self.logins.check("ann", PASSWORD, ADDRESS)

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
            error = self.assertRaises(BadSetting, Logins, [Moderator("Ann", broken)], self.clock.seconds)
            self.assertIn("[chat] moderators: Ann: ", str(error))
            self.assertIn("hash-password", str(error))
