from twisted.trial.unittest import SynchronousTestCase

from mixsvc.rates.listeners import Listeners


class Telling(SynchronousTestCase):
    def setUp(self) -> None:
        self.listeners = Listeners()
        self.told: list[str] = []

    def test_each_is_told_every_time(self) -> None:
        self.listeners.add(lambda: self.told.append("one"))
        self.listeners.add(lambda: self.told.append("two"))

        self.listeners.tell()
        self.listeners.tell()

        self.assertEqual(self.told, ["one", "two", "one", "two"])

    def test_one_that_raises_is_logged_and_keeps_nobody_else_from_being_told(self) -> None:
        self.listeners.add(self.fail_at_once)
        self.listeners.add(lambda: self.told.append("two"))

        self.listeners.tell()

        self.assertEqual((self.told, len(self.flushLoggedErrors(ZeroDivisionError))), (["two"], 1))

    def test_one_that_comes_while_they_are_told_is_told_the_next_time(self) -> None:
        self.listeners.add(lambda: self.listeners.add(lambda: self.told.append("late")))

        self.listeners.tell()

        self.assertEqual(self.told, [])

    def fail_at_once(self) -> None:
        raise ZeroDivisionError
