"""A child in which a function of the application hangs is replaced, and finishes its requests."""

from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.wsgi.supervision.interfaces import ProcessEnded
from mixsvc.wsgi.supervision.leaving import END_SECONDS
from tests.wsgi.supervision.fake_processes import Family


class HangingRunsTests(SynchronousTestCase):
    def family(self, **settings: int) -> Family:
        return Family(**{"processes": 1, "view_timeout": 10, **settings}).ready()

    def test_a_child_whose_function_hangs_is_replaced_and_finishes_its_requests(self) -> None:
        family = self.family()
        (old,) = family.made
        running = family.views.run("message", [])
        family.pass_time(5)
        call = family.call()

        with capturedLogs() as events:
            family.pass_time(6)
        (new,) = family.starting()
        said = "web: child 1, pid 101, is replaced, as message took longer than [web] view_timeout = 10"
        self.assertIn(said, [formatEvent(each) for each in events])
        self.assertNoResult(running)
        new.get_ready()
        family.call()

        self.assertEqual((None, False), (call.refused, old.has_ended))
        self.assertEqual(1, new.calls)
        old.answer(call)
        family.pass_time(END_SECONDS + 2)
        self.assertTrue(old.has_ended)
        self.assertEqual(1, family.views.stats().restarts["view_timeout"])

    def test_one_that_was_given_up_counts_as_well(self) -> None:
        family = self.family()
        running = family.views.run("may", [])
        running.addErrback(lambda _: None).cancel()

        family.pass_time(11)

        self.assertEqual(1, len(family.starting()))

    def test_a_child_that_leaves_and_only_hangs_is_killed(self) -> None:
        family = self.family()
        family.views.run("message", []).addErrback(lambda _: None)
        family.made[0].is_deaf = True
        family.pass_time(11)

        family.starting()[0].get_ready()
        family.pass_time(1)

        self.assertTrue(family.made[0].has_ended)

    def test_without_a_time_limit_nothing_is_ended(self) -> None:
        family = self.family(view_timeout=0)
        family.views.run("message", [])

        family.pass_time(1000)

        self.assertEqual([], family.starting())

    def test_functions_run_where_none_hangs(self) -> None:
        family = self.family(processes=2, view_timeout=0)
        for _ in range(4):
            running = family.views.run("may", [])
            running.addErrback(lambda _: None).cancel()

        self.assertEqual([2, 2], [len(each.runs_made) for each in family.made])

    def test_a_child_that_is_replaced_ends_once_its_functions_have_ended(self) -> None:
        family = self.family(view_timeout=0)
        (old,) = family.made
        running = family.views.run("message", [])

        family.views.reload()
        family.starting()[0].get_ready()
        family.pass_time(END_SECONDS + 2)
        self.assertEqual((True, False), (old.is_stopping, old.has_ended))

        old.return_from_run("done")
        self.assertTrue(old.has_ended)
        self.assertEqual("done", self.successResultOf(running))

    def test_a_stop_of_the_service_does_not_wait_for_functions(self) -> None:
        family = self.family()
        running = family.views.run("message", [])

        stopped = family.views.stop()

        self.successResultOf(stopped)
        self.failureResultOf(running, ProcessEnded)
