from twisted.trial.unittest import SynchronousTestCase

from mixsvc.wsgi.supervision.calls_ahead import LEAST_AHEAD
from mixsvc.wsgi.supervision.dispatch import WAIT_SECONDS
from tests.wsgi.supervision.fake_processes import FakeCall, Family


class CallDispatchTests(SynchronousTestCase):
    def test_a_request_goes_to_the_ready_child_with_the_fewest(self) -> None:
        family = Family().ready()
        one, other = family.made

        calls = family.calls(4)

        self.assertEqual([one.calls, other.calls], [2, 2])
        one.answer(one.in_flight[0])
        one.answer(one.in_flight[0])
        self.assertIs(family.holder(family.call()), one)
        self.assertNotIn(None, [family.holder(each) for each in calls[2:]][1:])

    def test_a_child_gets_few_more_requests_than_it_has_threads_and_the_rest_waits_in_order(self) -> None:
        family = Family(threads=3).ready()
        room = 2 * (3 + LEAST_AHEAD)

        calls = family.calls(room + 2)

        self.assertEqual([each.calls for each in family.made], [3 + LEAST_AHEAD] * 2)
        self.assertEqual([family.holder(each) for each in calls[room:]], [None, None])
        second = family.made[1]
        second.answer(second.in_flight[0])
        self.assertIs(family.holder(calls[room]), second)
        self.assertIsNone(family.holder(calls[room + 1]))

    def test_a_request_that_waits_is_forgotten_when_its_client_leaves(self) -> None:
        family = Family(processes=1).ready()
        *_, gone, last = family.calls(1 + LEAST_AHEAD + 2)

        gone.gone()

        self.assertTrue(gone.is_released)
        process = family.made[0]
        process.answer(process.in_flight[0])
        self.assertIsNone(family.holder(gone))
        self.assertIs(family.holder(last), process)

    def test_what_a_child_gives_back_goes_to_others_before_all_that_wait(self) -> None:
        family = Family().ready()
        calls = family.calls(2 * (1 + LEAST_AHEAD) + 1)
        one, other = family.made
        back, last = one.in_flight[1:], calls[-1]

        one.ahead = 0
        one.give_back(*back)
        self.assertEqual([family.holder(call) for call in back], [None, None])
        other.answer(other.in_flight[0])
        other.answer(other.in_flight[0])

        self.assertEqual([family.holder(call) for call in (*back, last)], [other, other, None])

    def test_what_is_given_back_goes_at_once_to_a_child_with_room(self) -> None:
        family = Family().ready()
        family.calls(4)
        one, other = family.made
        other.answer(other.in_flight[0])
        (back,) = one.in_flight[1:]

        one.ahead = 0
        one.give_back(back)

        self.assertIs(family.holder(back), other)

    def test_what_is_given_back_is_refused_where_no_child_can_start(self) -> None:
        family = Family(processes=1).ready()
        process = family.made[0]
        family.refusal = "the application cannot be imported"
        process.end("with status 1")
        family.pass_time(2)
        back = FakeCall("GET /back")

        family.views.process_returned(process, [back])

        self.assertEqual(back.refused, 503)

    def test_whoever_leaves_after_their_request_was_given_back_is_forgotten(self) -> None:
        family = Family(processes=1).ready()
        family.calls(2)
        process = family.made[0]
        process.ahead = 0
        back = process.in_flight[1]
        process.give_back(back)

        back.gone()

        self.assertTrue(back.is_released)
        self.assertEqual(family.views.load(), (1, 0))

    def test_a_request_does_not_overtake_those_that_wait(self) -> None:
        family = Family(processes=1)
        family.views.start()
        first = family.call()
        process = family.made[0]

        process.get_ready()
        second = family.call()

        self.assertEqual(process.in_flight, [first, second])

    def test_requests_that_come_before_the_first_child_is_ready_wait_for_it(self) -> None:
        family = Family()
        family.views.start()

        call = family.call()

        self.assertIsNone(call.refused)
        family.made[1].get_ready()
        self.assertIs(family.holder(call), family.made[1])

    def test_no_request_waits_for_ever_while_no_child_is_ready(self) -> None:
        family = Family()
        family.views.start()
        first = family.call()
        family.pass_time(WAIT_SECONDS / 2)
        second = family.call()

        family.pass_time(WAIT_SECONDS / 2 + 1.1)

        self.assertEqual([first.refused, second.refused], [503, None])

    def test_a_request_that_has_waited_long_for_busy_children_waits_for_the_next_one_when_they_end(self) -> None:
        family = Family(processes=1).ready()
        *_, last = family.calls(1 + LEAST_AHEAD + 1)
        family.pass_time(2 * WAIT_SECONDS)

        family.made[0].end("by signal SIGKILL")
        family.pass_time(1.5)

        self.assertIsNone(last.refused)
        family.made[1].get_ready()
        self.assertIs(family.holder(last), family.made[1])

    def test_requests_are_refused_at_once_while_the_application_cannot_start(self) -> None:
        family = Family(processes=1)
        family.views.start()
        early = family.call()

        family.made[0].cannot_start("it is broken")

        self.assertEqual([early.refused, family.call().refused], [503, 503])

    def test_requests_wait_when_a_child_that_was_starting_is_killed_once(self) -> None:
        family = Family(processes=1)
        family.views.start()
        call = family.call()

        family.made[0].end("by signal SIGKILL")
        self.assertIsNone(call.refused)
        family.pass_time(1.1)
        family.made[1].end("by signal SIGKILL")

        self.assertEqual(call.refused, 503)

    def test_requests_are_not_refused_while_another_child_is_ready(self) -> None:
        family = Family()
        family.views.start()
        family.made[0].get_ready()

        family.made[1].cannot_start("it is broken")

        self.assertIs(family.holder(family.call()), family.made[0])
