from twisted.trial.unittest import SynchronousTestCase

from mixsvc.pages.auth.devices import MAX_ACCOUNTS, Devices


class DevicesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.devices = Devices(b"k" * 32)

    def test_a_browser_is_known_for_the_accounts_that_have_logged_in_there(self) -> None:
        cookie = self.devices.remember("", "Ann")
        both = self.devices.remember(cookie, "Bob")

        self.assertEqual(self.devices.device(cookie, "Bob"), "")
        self.assertEqual(self.devices.device(both, "Ann"), self.devices.device(cookie, "Ann"))
        self.assertNotIn(self.devices.device(both, "Bob"), ("", self.devices.device(both, "Ann")))

    def test_the_name_may_differ_in_case_and_width(self) -> None:
        self.assertNotEqual(self.devices.device(self.devices.remember("", "Ann"), "\uff21NN"), "")

    def test_two_browsers_are_two_devices(self) -> None:
        first, second = (self.devices.device(self.devices.remember("", "Ann"), "Ann") for _ in range(2))

        self.assertNotEqual(first, second)

    def test_a_later_login_leaves_copies_of_the_earlier_cookie_to_others(self) -> None:
        stolen = self.devices.remember(self.devices.remember("", "Bob"), "Ann")

        cookie = self.devices.remember(stolen, "ann")

        self.assertNotIn(self.devices.device(cookie, "Ann"), ("", self.devices.device(stolen, "Ann")))
        self.assertEqual(self.devices.device(cookie, "Bob"), self.devices.device(stolen, "Bob"))

    def test_the_accounts_of_the_last_logins_are_kept(self) -> None:
        cookie = ""
        for number in range(MAX_ACCOUNTS + 1):
            cookie = self.devices.remember(cookie, f"name{number}")

        known = [bool(self.devices.device(cookie, f"name{number}")) for number in range(MAX_ACCOUNTS + 1)]
        self.assertEqual(known, [False] + [True] * MAX_ACCOUNTS)

    def test_whatever_was_not_signed_here_is_no_cookie(self) -> None:
        cookie = self.devices.remember("", "Ann")
        for broken in ("", "x", "x.y", cookie[:-1], "e" + cookie, cookie + "x" * 5000, "\ud800", "\x00"):
            self.assertEqual(self.devices.device(broken, "Ann"), "", broken)
            self.assertEqual(list(self.devices.device(self.devices.remember(broken, "Bob"), "Ann")), [], broken)
        self.assertEqual(Devices(b"another").device(cookie, "Ann"), "")

    def test_eight_accounts_with_long_names_fit(self) -> None:
        cookie = ""
        for number in range(MAX_ACCOUNTS):
            cookie = self.devices.remember(cookie, "\U0001f600" * 31 + str(number))

        self.assertNotEqual(self.devices.device(cookie, "\U0001f600" * 31 + "0"), "")
