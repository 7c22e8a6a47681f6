import gc

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.operations.garbage import collect_as_usual, collect_rarely


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
