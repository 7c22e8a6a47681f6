import os
import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from tempfile import TemporaryDirectory
from threading import Barrier

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.config.secret_files import admin_token, api_token, check_admin_token, secret_key
from mixsvc.errors import BadSetting


class SecretKeyTests(SynchronousTestCase):
    def setUp(self) -> None:
        # Not mktemp: below pytest it would make its folder in the checkout.
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(self.folder, "secret_key")

    def write(self, content: bytes) -> None:
        with open(self.path, "wb") as file:
            file.write(content)

    def refusal(self) -> str:
        text = str(self.assertRaises(BadSetting, secret_key, self.path))
        self.assertIn(self.path, text)
        self.assertNotIn("\n", text)
        return text

    def test_a_key_is_made_once_and_stays(self) -> None:
        first = secret_key(self.path)

        self.assertEqual(secret_key(self.path), first)
        self.assertEqual(len(bytes.fromhex(first.decode())), 32)

    def test_two_keys_differ(self) -> None:
        self.assertNotEqual(secret_key(self.path), secret_key(self.path + "2"))

    def test_nobody_else_may_read_a_new_key(self) -> None:
        old = os.umask(0)
        self.addCleanup(os.umask, old)

        secret_key(self.path)

        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)

    def test_no_draft_is_left_behind(self) -> None:
        secret_key(self.path)

        self.assertEqual(os.listdir(self.folder), ["secret_key"])

    def test_starts_at_the_same_time_get_the_same_key(self) -> None:
        barrier = Barrier(8)

        def start(_: int) -> bytes:
            barrier.wait()
            return secret_key(self.path)

        with ThreadPoolExecutor(8) as pool:
            keys = set(pool.map(start, range(8)))

        self.assertEqual(len(keys), 1)
        self.assertEqual(os.listdir(self.folder), ["secret_key"])

    def test_a_key_that_was_made_meanwhile_is_kept(self) -> None:
        def meanwhile(size: int) -> str:
            self.write(b"made by another process")
            return "0" * size

        self.patch(secrets, "token_hex", meanwhile)

        self.assertEqual(secret_key(self.path), b"made by another process")
        self.assertEqual(os.listdir(self.folder), ["secret_key"])

    def test_a_key_of_ones_own_is_used_without_the_white_space_around_it(self) -> None:
        self.write(b"  0123456789abcdef\n")

        self.assertEqual(secret_key(self.path), b"0123456789abcdef")

    def test_a_file_that_others_may_read_is_not_refused(self) -> None:
        self.write(b"0123456789abcdef")
        os.chmod(self.path, 0o644)

        self.assertEqual(secret_key(self.path), b"0123456789abcdef")

    def test_a_key_that_is_too_short_is_refused(self) -> None:
        for content in (b"", b" \n", b"0123456789abcde\n"):
            self.write(content)
            self.assertIn("at least 16", self.refusal())

    def test_a_directory_is_refused(self) -> None:
        os.mkdir(self.path)

        self.assertIn("not a plain file", self.refusal())

    def test_a_link_to_nowhere_is_refused(self) -> None:
        os.symlink("nowhere", self.path)

        self.assertIn("cannot be read (No such file", self.refusal())

    def test_a_missing_directory_is_refused(self) -> None:
        self.path = os.path.join(self.folder, "missing", "secret_key")

        self.assertIn("cannot be made (No such file", self.refusal())

    def test_a_file_that_may_not_be_read_is_refused(self) -> None:
        self.write(b"0123456789abcdef")
        os.chmod(self.path, 0)
        if os.geteuid() == 0:
            # Root may read everything, so another user tries.
            os.seteuid(65534)
            self.addCleanup(os.seteuid, 0)

        self.assertIn("Permission denied", self.refusal())


class ApiTokenTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "api_token")

    def test_a_token_is_made_once_readable_by_its_owner_only(self) -> None:
        first = api_token(self.path)

        self.assertEqual(api_token(self.path), first)
        self.assertEqual(len(bytes.fromhex(first.decode())), 32)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)

    def test_one_that_is_too_short_is_refused_by_its_own_name(self) -> None:
        with open(self.path, "wb") as file:
            file.write(b"short")

        text = str(self.assertRaises(BadSetting, api_token, self.path))

        self.assertIn(f"the token file {self.path} cannot be used: it contains 5 bytes, and a token needs", text)
        self.assertTrue(text.endswith("give another path in [chat] token_file"))

    def test_one_that_no_header_can_carry_is_refused(self) -> None:
        for content in (b"0123456789 abcdef", b"01234567\n89abcdef", "0123456789abcdé".encode()):
            with open(self.path, "wb") as file:
                file.write(content)
            self.assertIn("must contain one word", str(self.assertRaises(BadSetting, api_token, self.path)))

    def test_that_of_the_operators_is_refused_by_its_own_setting(self) -> None:
        assert len(admin_token(self.path)) == 64
        with open(self.path, "wb") as file:
            file.write(b"0123456789 abcdef")

        for read in (admin_token, check_admin_token):
            text = str(self.assertRaises(BadSetting, read, self.path))
            self.assertIn("must contain one word", text)
            self.assertTrue(text.endswith("in [server] admin_token_file"))
