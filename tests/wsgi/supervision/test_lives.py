from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.wsgi.supervision.leaving import END_SECONDS, FINISH_SECONDS
from mixsvc.wsgi.supervision.lives import EXTRA_LEAVING, START_SECONDS
from mixsvc.wsgi.supervision.start_pace import STEADY_SECONDS
from tests.wsgi.supervision.fake_processes import Family


class DeathTests(SynchronousTestCase):
    def test_a_child_that_dies_after_some_time_is_replaced_at_once_and_the_log_names_it(self) -> None:
        family = Family().ready()
        family.pass_time(STEADY_SECONDS + 1)
        first = family.made[0]
        first.answer(family.call())
        lost = family.call()

        with capturedLogs() as events:
            first.end("by signal SIGKILL")

        self.assertEqual(lost.refused, 502)
        self.assertEqual(len(family.starting()), 1)
        self.assertIn(
            "web: child 1, pid 101, ended by signal SIGKILL after 2 requests; the next one starts now",
            [formatEvent(each) for each in events],
        )

    def test_the_requests_of_a_dead_child_are_given_to_no_other_child(self) -> None:
        family = Family().ready()
        lost = family.call()

        family.made[0].end("by signal SIGSEGV")

        self.assertEqual(lost.refused, 502)
        self.assertIsNone(family.holder(lost))
        for process in family.starting():
            process.get_ready()
        self.assertIsNone(family.holder(lost))

    def test_the_other_children_go_on(self) -> None:
        family = Family().ready()
        _, kept = family.calls(2)

        family.made[0].end("by signal SIGKILL")

        self.assertIsNone(kept.refused)
        self.assertEqual([family.holder(each) for each in family.calls(2)], [family.made[1]] * 2)

    def test_a_child_that_dies_early_is_replaced_after_pauses_that_double(self) -> None:
        family = Family(processes=1).ready()
        for pause in (1, 2, 4):
            family.living()[0].end("with status 1")
            family.pass_time(pause - 0.3)
            self.assertEqual(family.living(), [])
            family.pass_time(0.5)
            family.starting()[0].get_ready()

        family.pass_time(STEADY_SECONDS + 1.2)
        family.living()[0].end("with status 1")
        self.assertEqual(len(family.starting()), 1)

    def test_children_of_an_application_that_cannot_start_are_tried_one_at_a_time(self) -> None:
        family = Family(processes=4)
        family.views.start()

        with capturedLogs() as events:
            for process in family.starting():
                process.cannot_start("[web] wsgi = x:y: it is broken")

        self.assertEqual(family.living(), [])
        self.assertIn(
            "web: child 1 cannot start: [web] wsgi = x:y: it is broken; the next attempt is in 1 s",
            [formatEvent(each) for each in events],
        )
        family.pass_time(30)
        self.assertEqual(len(family.starting()), 1)
        family.starting()[0].get_ready()
        self.assertEqual(len(family.starting()), 1)
        family.pass_time(STEADY_SECONDS + 1.1)
        self.assertEqual(len(family.starting()), 3)

    def test_a_child_that_ends_before_it_is_ready_could_not_start(self) -> None:
        family = Family(processes=1)
        family.views.start()

        with capturedLogs() as events:
            family.made[0].end("by signal SIGILL")

        said = [formatEvent(each) for each in events]
        self.assertIn("child 1 cannot start: it ended by signal SIGILL before it was ready", said[0])

    def test_a_child_that_never_gets_ready_is_killed_and_tried_again(self) -> None:
        family = Family(processes=1)
        family.views.start()

        with capturedLogs() as events:
            family.pass_time(START_SECONDS + 1)

        self.assertTrue(family.made[0].has_ended)
        self.assertIn("it was not ready within 120 s", formatEvent(events[-1]))
        family.pass_time(1.1)
        self.assertEqual(len(family.starting()), 1)

    def test_a_system_that_starts_no_process_is_asked_again(self) -> None:
        family = Family(processes=1)
        family.refusal = "no process can be started: Resource temporarily unavailable"
        with capturedLogs() as events:
            family.views.start()
            family.pass_time(0.1)
        self.assertIn("no process can be started: Resource temporarily unavailable", formatEvent(events[-1]))
        self.assertEqual(family.call().refused, 503)

        family.refusal = ""
        family.pass_time(1.1)
        family.made[-1].get_ready()

        self.assertIs(family.holder(family.call()), family.made[-1])


class RenewalTests(SynchronousTestCase):
    def test_new_code_takes_over_one_child_at_a_time_and_no_request_is_lost(self) -> None:
        family = Family().ready()
        before = list(family.made)
        kept = family.calls(2)

        family.views.reload()

        self.assertEqual(len(family.starting()), 1)
        self.assertEqual([each.is_stopping for each in before], [False, False])
        family.starting()[0].get_ready()
        self.assertEqual([each.is_stopping for each in before], [True, False])
        self.assertEqual(len(family.starting()), 1)
        family.starting()[0].get_ready()
        self.assertEqual([each.is_stopping for each in before], [True, True])
        self.assertEqual([each.refused for each in kept], [None, None])
        self.assertEqual([family.holder(each) for each in kept], before)
        self.assertNotIn(family.holder(family.call()), before)

    def test_the_old_children_stay_if_the_new_code_cannot_be_imported_and_one_line_says_why(self) -> None:
        family = Family().ready()
        before = list(family.made)
        family.views.reload()

        with capturedLogs() as events:
            family.starting()[0].cannot_start("[web] wsgi = x:y: it is broken")

        self.assertEqual(
            [formatEvent(each) for each in events],
            ["web: the new code is not used, the old one goes on: [web] wsgi = x:y: it is broken"],
        )
        family.pass_time(60)
        self.assertEqual(family.living(), before)
        self.assertEqual([each.is_stopping for each in before], [False, False])

    def test_new_code_can_be_given_again_after_it_failed(self) -> None:
        family = Family(processes=1).ready()
        family.views.reload()
        family.starting()[0].cannot_start("it is broken")

        family.views.reload()
        family.starting()[0].get_ready()

        self.assertTrue(family.made[0].has_ended)
        self.assertEqual(len(family.living()), 1)

    def test_a_second_reload_begins_again_as_what_is_being_started_may_have_older_code(self) -> None:
        family = Family().ready()
        family.views.reload()
        stale = family.starting()[0]
        stale.get_ready()
        half = family.starting()[0]

        family.views.reload()

        self.assertTrue(half.has_ended)
        self.assertFalse(stale.is_stopping)
        while family.starting():
            family.starting()[0].get_ready()
        self.assertTrue(stale.has_ended)
        self.assertEqual(len(family.living()), 2)

    def test_a_reload_ends_the_pause_of_an_application_that_could_not_start(self) -> None:
        family = Family(processes=1)
        family.views.start()
        family.made[0].cannot_start("it is broken")

        family.views.reload()

        family.starting()[0].get_ready()
        self.assertIs(family.holder(family.call()), family.living()[0])

    def test_the_log_says_once_when_all_children_have_the_new_code_whether_they_were_ready_before_or_not(self) -> None:
        said = "web: all children have the new code"
        family = Family()
        family.views.start()
        family.made[0].get_ready()
        family.made[1].cannot_start("it is broken")
        with capturedLogs() as events:
            family.views.reload()
            while family.starting():
                self.assertNotIn(said, [formatEvent(each) for each in events])
                family.starting()[0].get_ready()
            family.living()[0].end("by signal SIGKILL")
            family.pass_time(2)
            family.starting()[0].get_ready()

        self.assertEqual([formatEvent(each) for each in events].count(said), 1)

    def test_a_replaced_child_may_not_finish_for_ever(self) -> None:
        family = Family(processes=1).ready()
        old, endless = family.made[0], family.call("GET /endless")
        family.views.reload()
        family.starting()[0].get_ready()

        with capturedLogs() as events:
            family.pass_time(FINISH_SECONDS + 1)

        self.assertTrue(old.has_ended)
        self.assertEqual(endless.refused, 504)
        self.assertIn(
            "web: the replaced child with pid 101 is killed: GET /endless did not end within 60 s",
            [formatEvent(each) for each in events],
        )

    def test_a_replaced_child_without_requests_that_does_not_end_is_killed_soon(self) -> None:
        family = Family(processes=1).ready()
        old, call = family.made[0], family.call()
        old.is_deaf = True
        family.views.reload()
        family.starting()[0].get_ready()

        family.pass_time(30)
        self.assertFalse(old.has_ended)
        old.answer(call)
        family.pass_time(END_SECONDS + 1.1)

        self.assertTrue(old.has_ended)

    def test_children_that_finish_do_not_pile_up(self) -> None:
        family = Family(processes=1).ready()
        for _ in range(20):
            family.call("GET /endless")
            family.views.reload()
            for process in family.starting():
                process.get_ready()

        self.assertLessEqual(len(family.living()), 1 + 1 + EXTRA_LEAVING)

    def test_a_child_that_dies_during_a_reload_is_replaced_all_the_same(self) -> None:
        family = Family().ready()
        family.pass_time(STEADY_SECONDS + 1)
        family.views.reload()

        family.made[1].end("by signal SIGKILL")
        while family.starting():
            family.starting()[0].get_ready()

        self.assertTrue(family.made[0].has_ended)
        self.assertEqual(len(family.living()), 2)
