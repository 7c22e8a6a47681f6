import gc
import subprocess
import sys
from typing import Final

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.operations.garbage import collect_as_usual, collect_rarely

# Prints the resident memory in KB before and after; of 40 MB one block in a hundred is still used.
AFTER_MUCH: Final = r"""
import re
from mixsvc.operations.garbage import collect_as_usual

def resident():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])

blocks = [bytes(2000) for _ in range(20_000)]
kept = blocks[::100]
del blocks
print(resident())
collect_as_usual()
print(resident())
"""


class Garbage(SynchronousTestCase):
    def setUp(self) -> None:
        self.addCleanup(gc.set_threshold, *gc.get_threshold())
        self.addCleanup(gc.unfreeze)
        # Another test may have begun a start.
        collect_as_usual()
        gc.unfreeze()
        self.usual = gc.get_threshold()

    def test_during_the_start_garbage_is_collected_rarely_but_it_is(self) -> None:
        collect_rarely()

        self.assertTrue(gc.isenabled())
        self.assertGreater(gc.get_threshold()[0], 10 * self.usual[0])
        self.assertEqual(gc.get_threshold()[1:], self.usual[1:])

    def test_after_the_start_it_is_collected_as_usual_and_without_the_objects_of_the_start(self) -> None:
        collect_rarely()
        made: list[object] = []
        made.append(made)

        collect_as_usual()

        self.assertEqual(gc.get_threshold(), self.usual)
        self.assertGreater(gc.get_freeze_count(), 0)
        self.assertFalse(any(each is made for each in gc.get_objects()))

    def test_what_the_start_has_freed_goes_back_to_the_system(self) -> None:
        printed = subprocess.run([sys.executable, "-c", AFTER_MUCH], capture_output=True, text=True, check=True).stdout
        before, after = map(int, printed.split())

        self.assertLess(after, before - 20_000)
