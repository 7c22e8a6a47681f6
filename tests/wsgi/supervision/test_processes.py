import os

from twisted.internet.defer import CancelledError
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.errors import ServiceBusy
from mixsvc.wsgi.supervision.lives import REASONS
from mixsvc.wsgi.supervision.memory import resident_bytes
from mixsvc.wsgi.supervision.processes import MAX_RUNS, MEMORY_SECONDS
from mixsvc.wsgi.supervision.ready_waiters import MAX_WAITING_RUNS
from tests.wsgi.supervision.fake_processes import FakeCall, Family


class ViewTimeoutTests(SynchronousTestCase):
    def test_a_child_whose_request_is_silent_is_killed_and_its_requests_get_504(self) -> None:
        family = Family(view_timeout=3.0, processes=1).ready()
        hanging = family.call("GET /hang")
        family.pass_time(2)
        other = family.call("GET /other")

        with capturedLogs() as events:
            family.pass_time(2)

        self.assertEqual([hanging.refused, other.refused], [504, 504])
        self.assertTrue(family.made[0].has_ended)
        self.assertIn(
            "web: child 1, pid 101, is killed after 0 requests, as GET /hang took longer than [web] view_timeout = 3",
            [formatEvent(each) for each in events],
        )

    def test_only_that_child_is_killed(self) -> None:
        family = Family(view_timeout=3.0).ready()
        family.call("GET /hang")
        family.pass_time(2)
        other = family.call()

        family.pass_time(1.9)

        self.assertEqual([each.has_ended for each in family.made[:2]], [True, False])
        self.assertIsNone(other.refused)

    def test_a_request_that_is_heard_of_may_take_any_time(self) -> None:
        family = Family(view_timeout=3.0, processes=1).ready()
        stream = family.call()

        for _ in range(5):
            family.pass_time(2)
            stream.heard = family.clock.seconds()

        self.assertIsNone(stream.refused)

    def test_without_the_setting_no_child_is_killed(self) -> None:
        family = Family().ready()
        hanging = family.call()

        family.pass_time(1000)

        self.assertIsNone(hanging.refused)

    def test_a_short_time_is_kept_too(self) -> None:
        family = Family(view_timeout=0.4, processes=1).ready()
        hanging = family.call()

        family.pass_time(0.6)

        self.assertEqual(hanging.refused, 504)

    def test_a_child_that_hangs_while_it_finishes_is_killed_too(self) -> None:
        family = Family(view_timeout=3.0, processes=1).ready()
        hanging = family.call()
        family.views.reload()
        family.starting()[0].get_ready()

        family.pass_time(4)

        self.assertEqual(hanging.refused, 504)
        self.assertTrue(family.made[0].has_ended)


class RecallTests(SynchronousTestCase):
    def test_every_child_is_asked_again_and_again_also_one_that_ends(self) -> None:
        family = Family(processes=1).ready()
        family.calls(2)
        family.views.reload()
        family.starting()[0].get_ready()
        old, new = family.made
        self.assertTrue(old.is_stopping)

        family.pass_time(3)

        self.assertGreaterEqual(min(old.recalls, new.recalls), 2)

    def test_what_is_given_back_after_the_end_has_begun_is_refused(self) -> None:
        family = Family(processes=1).ready()
        family.views.stop()
        late = FakeCall("GET /late")

        family.views.process_returned(family.made[0], [late])

        self.assertEqual(late.refused, 503)


class RestartTests(SynchronousTestCase):
    def test_a_child_is_replaced_after_so_many_requests_when_its_successor_is_ready(self) -> None:
        family = Family(restart_after=3, processes=1).ready()
        old = family.made[0]
        for _ in range(3):
            old.answer(family.call())
        late = family.call()

        self.assertFalse(old.is_stopping)
        self.assertIs(family.holder(late), old)
        family.starting()[0].get_ready()
        self.assertTrue(old.is_stopping)
        self.assertIsNone(late.refused)
        old.answer(late)
        self.assertTrue(old.has_ended)

    def test_children_are_replaced_one_after_the_other(self) -> None:
        family = Family(restart_after=1, processes=3).ready()
        old = family.made[:3]
        for process, call in zip(old, family.calls(3), strict=True):
            process.answer(call)

        for _ in old:
            [successor] = family.starting()
            successor.get_ready()

        self.assertTrue(all(each.has_ended for each in old))
        self.assertEqual(len(family.living()), 3)

    def test_a_failing_successor_leaves_the_old_child_and_is_tried_again_after_a_pause(self) -> None:
        family = Family(restart_after=1, processes=1).ready()
        old = family.made[0]
        old.answer(family.call())

        family.starting()[0].cannot_start("it is broken")
        old.answer(family.call())

        self.assertEqual(family.living(), [old])
        family.pass_time(1.1)
        old.answer(family.call())
        self.assertEqual(len(family.starting()), 1)

    def test_a_child_that_outgrows_its_memory_is_replaced(self) -> None:
        here = resident_bytes(os.getpid())
        family = Family(restart_memory=here // 2, processes=1).ready()
        (small,) = family.made
        self.assertEqual(family.starting(), [])

        # Now it takes as much as this process.
        small.pid = os.getpid()
        family.pass_time(MEMORY_SECONDS + 1)

        family.starting()[0].get_ready()
        self.assertTrue(small.has_ended)
        self.assertEqual(family.views.stats().restarts["restart_memory"], 1)

    def test_a_limit_below_what_a_new_child_takes_leads_to_one_line_and_no_endless_replacement(self) -> None:
        family = Family(restart_memory=1, processes=1)
        family.views.start()
        family.made[0].pid = os.getpid()

        with capturedLogs() as events:
            family.made[0].get_ready()
            family.pass_time(10 * MEMORY_SECONDS)

        self.assertEqual(len(family.made), 1)
        said = [formatEvent(each) for each in events]
        self.assertEqual(said.count("web: a new child takes more than [web] restart_memory = 1 already"), 1)


class WatchedFilesTests(SynchronousTestCase):
    def test_changed_files_lead_to_one_replacement(self) -> None:
        family = Family(processes=1).ready()

        family.made[0].change("/app.py")
        family.made[0].change("/views.py")
        family.pass_time(0.3)

        self.assertEqual(len(family.starting()), 1)

    def test_one_child_is_listened_to_as_all_notice_the_same(self) -> None:
        family = Family().ready()

        family.made[1].change("/app.py")
        family.pass_time(1)

        self.assertEqual(family.starting(), [])

    def test_a_child_that_starts_says_that_it_has_loaded_old_files(self) -> None:
        family = Family(processes=1)
        family.views.start()

        family.made[0].change("/app.py")
        family.made[0].get_ready()
        family.pass_time(0.3)

        self.assertEqual(len(family.starting()), 1)

    def test_the_next_change_mends_what_a_change_has_broken(self) -> None:
        family = Family(processes=1).ready()
        family.made[0].change("/app.py")
        family.pass_time(0.3)
        family.starting()[0].cannot_start("SyntaxError")

        family.made[0].change("/app.py")
        family.pass_time(0.3)
        family.starting()[0].get_ready()

        self.assertTrue(family.made[0].has_ended)


class ReadyTests(SynchronousTestCase):
    def test_what_is_registered_runs_in_the_ready_child_with_the_fewest_requests(self) -> None:
        family = Family().ready()
        family.call()

        answer = family.views.run("may", ["Ann"])

        name, arguments, asked = family.made[1].runs_made[0]
        self.assertEqual((name, arguments), ("may", ["Ann"]))
        asked.callback(True)
        self.assertEqual(self.successResultOf(answer), True)

    def test_so_many_may_run_at_a_time_and_no_more(self) -> None:
        family = Family(processes=1).ready()
        running = [family.views.run("may", []) for _ in range(MAX_RUNS)]
        self.failureResultOf(family.views.run("may", []), ServiceBusy)

        family.made[0].runs_made[0][2].callback(None)

        self.successResultOf(running[0])
        self.assertNoResult(family.views.run("may", []))

    def test_a_question_goes_to_the_ready_child_with_the_fewest_requests(self) -> None:
        family = Family().ready()
        family.call()

        self.assertIs(self.successResultOf(family.views.ready_process()), family.made[1])

    def test_a_question_waits_for_the_first_child_that_is_ready(self) -> None:
        family = Family()
        family.views.start()
        found = family.views.ready_process()
        self.assertNoResult(found)

        family.made[1].get_ready()

        self.assertIs(self.successResultOf(found), family.made[1])

    def test_a_question_that_is_cancelled_while_it_waits_is_forgotten(self) -> None:
        family = Family(processes=1)
        family.views.start()
        found = family.views.ready_process()

        found.cancel()
        family.made[0].get_ready()

        self.failureResultOf(found, CancelledError)

    def test_no_question_waits_for_an_application_that_cannot_start(self) -> None:
        family = Family(processes=1)
        family.views.start()
        found = family.views.ready_process()

        family.made[0].cannot_start("it is broken")

        self.failureResultOf(found, ServiceBusy)
        self.failureResultOf(family.views.ready_process(), ServiceBusy)

    def test_no_question_waits_when_the_service_stops(self) -> None:
        family = Family(processes=1)
        family.views.start()
        found = family.views.ready_process()

        family.views.stop()

        self.failureResultOf(found, ServiceBusy)

    def test_only_so_many_questions_wait(self) -> None:
        family = Family()
        waiting = [family.views.ready_process() for _ in range(MAX_WAITING_RUNS)]

        self.failureResultOf(family.views.ready_process(), ServiceBusy)
        self.assertNoResult(waiting[0])

    def test_the_names_of_what_is_registered_are_those_of_the_last_child(self) -> None:
        family = Family(processes=1)
        family.views.start()

        family.made[0].get_ready("may", "message")

        self.assertEqual(family.views.hooks, {"may", "message"})

    def test_the_latest_rates_go_to_all_children_and_to_each_new_one(self) -> None:
        family = Family(processes=1)
        family.views.push_rates(b"1")
        family.views.start()
        process = family.made[0]

        process.get_ready()
        family.views.push_rates(b"2")

        self.assertEqual(process.pushed, [b"1", b"2"])


class StopTests(SynchronousTestCase):
    def test_drained_fires_when_no_request_waits_or_is_in_flight(self) -> None:
        family = Family(processes=1).ready()
        calls = family.calls(5)
        process = family.made[0]

        drained = family.views.drained()

        for call in calls:
            self.assertNoResult(drained)
            process.answer(call)
        self.successResultOf(drained)

    def test_drained_fires_at_once_without_requests(self) -> None:
        self.successResultOf(Family().ready().views.drained())

    def test_a_child_that_dies_while_requests_wait_is_replaced_even_during_the_drain(self) -> None:
        family = Family(processes=1).ready()
        family.pass_time(6)
        calls = family.calls(4)
        drained = family.views.drained()

        family.made[0].end("by signal SIGKILL")
        family.starting()[0].get_ready()

        family.made[1].answer(calls[3])
        self.successResultOf(drained)

    def test_a_stop_ends_all_children_and_starts_no_more(self) -> None:
        family = Family().ready()

        stopped = family.views.stop()

        self.successResultOf(stopped)
        self.assertEqual([each.is_stopping for each in family.made], [True, True])
        self.assertEqual(family.call().refused, 503)
        self.assertEqual(len(family.made), 2)
        self.assertEqual(family.clock.getDelayedCalls(), [])

    def test_a_stop_kills_children_whose_requests_have_not_ended(self) -> None:
        family = Family(processes=1, threads=1).ready()
        hanging, leaving = family.call("GET /hang"), family.made[0]
        family.views.reload()
        family.starting()[0].get_ready()
        *_, waiting = [hanging, *family.calls(4)]
        self.assertEqual(family.views.busy(), ["GET /hang", "GET /0", "GET /1", "GET /2"])

        self.successResultOf(family.views.stop())

        self.assertTrue(leaving.has_ended)
        self.assertEqual([hanging.refused, waiting.refused], [503, 503])
        self.assertEqual(family.clock.getDelayedCalls(), [])

    def test_a_drain_that_takes_too_long_kills_the_children_that_work_and_no_other(self) -> None:
        family = Family().ready()
        hanging = family.call("GET /hang")
        family.views.drained().addErrback(lambda _: None).cancel()

        family.views.give_up()

        self.assertEqual([each.has_ended for each in family.made], [True, False])
        self.assertEqual(hanging.refused, 503)
        self.successResultOf(family.views.stop())

    def test_a_stop_kills_at_its_end_what_does_not_listen(self) -> None:
        family = Family(processes=1).ready()
        family.made[0].is_deaf = True
        stopped = family.views.stop()
        self.assertNoResult(stopped)

        stopped.cancel()

        self.assertTrue(family.made[0].has_ended)
        self.assertEqual(family.clock.getDelayedCalls(), [])

    def test_a_stop_kills_children_that_are_starting_and_ends_the_pauses(self) -> None:
        family = Family()
        family.views.start()
        family.made[0].cannot_start("it is broken")

        self.successResultOf(family.views.stop())

        self.assertEqual(family.living(), [])
        self.assertEqual(family.clock.getDelayedCalls(), [])

    def test_nothing_is_replaced_after_a_stop(self) -> None:
        family = Family().ready()
        family.views.stop()

        family.views.reload()

        self.assertEqual(len(family.made), 2)


class StatsTests(SynchronousTestCase):
    def test_each_slot_counts_on_when_its_child_is_replaced(self) -> None:
        family = Family(processes=1).ready()
        family.made[0].answer(family.call())
        last = family.call()
        family.views.reload()
        family.starting()[0].get_ready()
        family.made[1].answer(family.call())
        self.assertEqual(family.views.stats().slots[0].requests, 2)

        family.made[0].answer(last)

        slot = family.views.stats().slots[0]
        self.assertEqual((slot.number, slot.is_ready, slot.calls, slot.requests), (1, True, 0, 3))

    def test_every_reason_is_there_from_the_start(self) -> None:
        self.assertEqual(family_restarts(Family()), dict.fromkeys(REASONS, 0))

    def test_the_reasons_are_counted(self) -> None:
        family = Family(processes=1, view_timeout=3.0).ready()
        family.call()
        family.pass_time(10)
        family.starting()[0].cannot_start("it is broken")
        family.pass_time(10)
        family.starting()[0].get_ready()
        family.living()[0].end("by signal SIGKILL")

        found = family_restarts(family)

        self.assertEqual(found, {**dict.fromkeys(REASONS, 0), "view_timeout": 1, "not_started": 1, "died": 1})

    def test_the_load_is_what_is_in_threads_and_what_waits_for_one(self) -> None:
        family = Family(threads=2).ready()

        family.calls(10)

        self.assertEqual((family.views.load(), family.views.size), ((4, 6), 4))

    def test_the_trouble_says_why_there_is_no_answer(self) -> None:
        family = Family(processes=1)
        family.views.start()
        self.assertIn("ready yet", family.views.trouble)
        family.made[0].cannot_start("it is broken")
        self.assertIn("the log says why", family.views.trouble)
        family.pass_time(1.1)
        family.starting()[0].get_ready()
        self.assertEqual(family.views.trouble, "")


def family_restarts(family: Family) -> dict[str, int]:
    return dict(family.views.stats().restarts)
