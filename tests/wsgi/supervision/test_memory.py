import os
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.wsgi.supervision.memory import can_measure, resident_bytes

HOG = "import sys; held = bytearray(64 << 20); sys.stdout.write('held\\n'); sys.stdout.flush(); sys.stdin.read()"


class MemoryTests(SynchronousTestCase):
    def test_a_process_that_holds_64_mib_more_has_so_much_more(self) -> None:
        with subprocess.Popen([sys.executable, "-c", HOG], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as hog:
            assert hog.stdout is not None
            self.assertEqual(hog.stdout.readline(), b"held\n")

            found = resident_bytes(hog.pid)

            self.assertTrue(64 << 20 < found < 128 << 20, found)
            hog.kill()
        self.assertEqual(resident_bytes(hog.pid), 0)

    def test_nobody_is_asked_about_no_process(self) -> None:
        self.assertEqual(resident_bytes(None), 0)

    def test_this_system_shows_memory(self) -> None:
        self.assertTrue(can_measure())
        self.assertGreater(resident_bytes(os.getpid()), 1 << 20)
