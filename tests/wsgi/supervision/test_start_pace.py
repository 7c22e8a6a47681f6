from twisted.trial.unittest import SynchronousTestCase

from mixsvc.wsgi.supervision.start_pace import StartPace


class StartPaceTests(SynchronousTestCase):
    def test_pauses_double_up_to_half_a_minute(self) -> None:
        pace = StartPace()

        pauses = [pace.failed(0.0) for _ in range(8)]

        self.assertEqual(pauses, [1, 2, 4, 8, 16, 30, 30, 30])

    def test_ten_thousand_failures_are_not_too_many(self) -> None:
        pace = StartPace()

        self.assertEqual([pace.failed(0.0) for _ in range(10_000)][-1], 30)

    def test_an_attempt_may_be_made_when_the_pause_is_over(self) -> None:
        pace = StartPace()
        pace.failed(100.0)
        pace.failed(200.0)

        self.assertEqual([pace.left(now) for now in (200.0, 201.5, 202.0, 300.0)], [2.0, 0.5, 0.0, 0.0])

    def test_a_child_that_lives_ends_the_trouble_unless_it_is_older_than_the_trouble(self) -> None:
        pace = StartPace()
        pace.failed(100.0)

        pace.has_lived(50.0, 110.0)
        self.assertTrue(pace.is_troubled)
        pace.has_lived(101.0, 105.9)
        self.assertTrue(pace.is_troubled)
        pace.has_lived(101.0, 106.0)
        self.assertFalse(pace.is_troubled)
