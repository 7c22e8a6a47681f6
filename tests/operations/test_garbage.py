import gc
import subprocess
import sys
from typing import Final

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.operations.garbage import collect_rarely, collect_while_serving

# Prints the resident memory in KB before and after; of 40 MB one block in a hundred is still used.
AFTER_MUCH: Final = r"""
import re
from mixsvc.operations.garbage import collect_while_serving

def resident():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])

blocks = [bytes(2000) for _ in range(20_000)]
kept = blocks[::100]
del blocks
print(resident())
collect_while_serving()
print(resident())
"""


# Prints the collections of all objects while there are as many as 10 000 people have, and others come and go.
LIVELY: Final = r"""
import gc
from mixsvc.operations.garbage import collect_while_serving

collect_while_serving()
people = [[[], {}] for _ in range(100_000)]
gc.collect()
before = gc.get_stats()[2]["collections"]
for _ in range(2000):
    moving = [[] for _ in range(1000)]
print(gc.get_stats()[2]["collections"] - before)
"""


class Garbage(SynchronousTestCase):
    def setUp(self) -> None:
        self.addCleanup(gc.set_threshold, *gc.get_threshold())
        self.addCleanup(gc.unfreeze)
        # Another test may have begun a start.
        collect_while_serving()
        gc.unfreeze()
        self.serving = gc.get_threshold()

    def test_during_the_start_garbage_is_collected_rarely_but_it_is(self) -> None:
        collect_rarely()

        self.assertTrue(gc.isenabled())
        self.assertGreater(gc.get_threshold()[0], 5 * self.serving[0])
        self.assertEqual(gc.get_threshold()[1:], self.serving[1:])

    def test_after_the_start_it_is_collected_more_often_and_without_the_objects_of_the_start(self) -> None:
        collect_rarely()
        made: list[object] = []
        made.append(made)

        collect_while_serving()

        self.assertEqual(gc.get_threshold(), self.serving)
        self.assertGreater(gc.get_freeze_count(), 0)
        self.assertFalse(any(each is made for each in gc.get_objects()))

    def test_what_is_on_its_way_makes_it_seldom_look_at_all_objects(self) -> None:
        printed = subprocess.run([sys.executable, "-c", LIVELY], capture_output=True, text=True, check=True).stdout

        self.assertEqual(int(printed), 0)

    def test_what_the_start_has_freed_goes_back_to_the_system(self) -> None:
        printed = subprocess.run([sys.executable, "-c", AFTER_MUCH], capture_output=True, text=True, check=True).stdout
        before, after = map(int, printed.split())

        self.assertLess(after, before - 20_000)
