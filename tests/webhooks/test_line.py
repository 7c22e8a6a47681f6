"""One outgoing webhook: what it sends, in which order, and what it does when that fails."""

import base64
import json
from datetime import UTC, datetime

from standardwebhooks import Webhook
from twisted.internet.error import ConnectionDone
from twisted.logger import capturedLogs, eventAsText
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.config.outgoing_hooks import EVENTS
from mixsvc.webhooks.line import LOOK, SAVE
from mixsvc.webhooks.schedule import MOST_REFUSALS, Outcome, Verdict
from tests.webhooks.fakes import SENT, Site

FAILED = Outcome(Verdict.FAILED, "it answered 500")
REFUSED = Outcome(Verdict.REFUSED, "it answered 400")


class LineCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.site = self.make()

    def make(self, **hook: object) -> Site:
        site = Site(**hook)
        self.addCleanup(site.close)
        site.line.start()
        return site

    def texts(self) -> list[str]:
        return [text for _, text in self.site.receiver.told()]


class SendingTests(LineCase):
    def test_what_is_said_is_sent_at_once_one_after_the_other_and_signed(self) -> None:
        self.site.receiver.hangs = True
        self.site.say("a", "b")
        self.assertEqual(["a"], self.texts())
        self.site.receiver.requests[0].answer.callback(SENT)
        self.assertEqual(["a", "b"], self.texts())

        request = self.site.receiver.requests[0]
        verifier = Webhook(base64.b64encode(b"s" * 24).decode())
        body = json.dumps(request.payload, ensure_ascii=False, separators=(",", ":"))
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
            self.assertIn(name, request.headers)
        self.assertEqual("application/json", request.headers["content-type"])
        # The clock of this test stands at another time, which the package would refuse.
        stamp = int(request.headers["webhook-timestamp"])
        self.assertEqual(1_700_001_000, stamp)
        at = datetime.fromtimestamp(stamp, UTC)
        self.assertEqual(verifier.sign(request.headers["webhook-id"], at, body), request.headers["webhook-signature"])

    def test_edits_and_deletions_are_sent_soon(self) -> None:
        self.site.say("a", "b")
        self.site.edit(1, "a2")
        self.site.delete(2)
        self.site.clock.advance(LOOK)

        told = self.site.receiver.told()
        self.assertEqual([("message.edited", "a2"), ("message.deleted", "")], told[2:])

    def test_what_another_node_has_stored_is_sent_soon(self) -> None:
        site = self.site
        line, site.line = site.line, site.make_line()
        site.say("a")
        self.assertEqual([], self.texts())
        site.clock.advance(LOOK)
        self.assertEqual(["a"], self.texts())
        line.stop()

    def test_only_the_rooms_and_events_that_are_meant_are_sent(self) -> None:
        self.site = self.make(rooms=("dev",), events=("edit",))
        self.site.say("a")
        self.site.say("b", room="dev")
        self.site.edit(1, "a2")
        self.site.clock.advance(LOOK)
        self.assertEqual([], self.texts())

    def test_two_services_that_answer_each_other_by_webhooks_stop(self) -> None:
        self.site.say("from a webhook", kind="hook")
        self.assertEqual([], self.texts())

        self.site = self.make(events=EVENTS)
        self.site.say("from a webhook", kind="hook")
        self.assertEqual(["from a webhook"], self.texts())

    def test_private_rooms_are_not_sent_unless_they_are_named(self) -> None:
        self.site.say("a", room="staff")
        self.assertEqual([], self.texts())
        self.site = self.make(rooms=("staff",))
        self.site.say("a", room="staff")
        self.assertEqual(["a"], self.texts())

    def test_edits_in_a_room_that_is_private_by_now_are_not_sent(self) -> None:
        self.site.say("a")
        self.successResultOf(self.site.line.stop())
        self.site.private = ("lobby",)
        self.site.line = self.site.make_line()
        self.site.line.start()
        self.site.edit(1, "secret")
        self.site.clock.advance(LOOK)
        self.assertEqual(["a"], self.texts())

    def test_much_that_waits_is_sent_in_order(self) -> None:
        self.site.receiver.hangs = True
        self.site.say("first")
        texts = [str(number) for number in range(120)]
        self.site.say(*texts)
        self.site.receiver.hangs = False
        self.site.receiver.requests[0].answer.callback(SENT)

        self.assertEqual(["first", *texts], self.texts())

    def test_what_is_edited_or_deleted_while_the_receiver_is_away_comes_as_it_is_then(self) -> None:
        self.site.receiver.outcomes = [FAILED]
        self.site.say("a", "b", "c")
        self.site.edit(2, "b2")
        self.site.delete(3)
        self.site.clock.advance(6)

        told = self.site.receiver.told()[1:]
        self.assertEqual([("message.created", "a"), ("message.created", "b2"), ("message.deleted", "")], told)

    def test_what_is_edited_while_the_receiver_is_slow_comes_as_it_is_then(self) -> None:
        self.site.receiver.hangs = True
        self.site.say("a")
        self.site.say("b", "c")
        self.site.receiver.requests[0].answer.callback(SENT)
        self.site.clock.advance(LOOK)
        self.site.edit(3, "c2")
        self.site.receiver.hangs = False
        self.site.receiver.requests[1].answer.callback(SENT)
        self.site.clock.advance(2 * LOOK)

        self.assertEqual(["a", "b", "c2"], self.texts())

    def test_an_edit_overtakes_new_messages_that_a_slow_receiver_has_not_got_yet(self) -> None:
        self.site.say("a")
        self.site.receiver.outcomes = [FAILED]
        self.site.say("b", "c")
        self.site.edit(1, "a2")
        self.site.clock.advance(6)

        self.assertEqual(["a", "b", "a2", "b", "c"], self.texts())

    def test_who_is_told_of_edits_only_gets_that_of_a_message_that_was_edited_at_once(self) -> None:
        self.site = self.make(events=("edit",))
        self.site.line.stop()
        self.site.say("a")
        self.site.edit(1, "a2")
        self.site.line = self.site.make_line()
        self.site.line.start()
        self.site.clock.advance(3 * LOOK)

        self.assertEqual([("message.edited", "a2")], self.site.receiver.told())


class RestartTests(LineCase):
    def test_what_has_arrived_is_not_sent_again_after_a_stop(self) -> None:
        self.site.say("a")
        self.successResultOf(self.site.line.stop())
        self.site.say("b")
        self.site.line = self.site.make_line()
        self.site.line.start()

        self.assertEqual(["a", "b"], self.texts())

    def test_after_a_crash_nothing_is_missing_and_what_is_sent_again_has_its_id(self) -> None:
        site = self.site
        site.say("a")
        site.clock.advance(2 * SAVE)
        site.receiver.hangs = True
        site.say("b", "c")
        site.receiver.requests[-1].answer.callback(SENT)
        site.kill()
        site.receiver.hangs = False
        site.line.start()

        self.assertEqual(["a", "b", "c", "b", "c"], self.texts())
        ids = [each.headers["webhook-id"] for each in site.receiver.requests]
        self.assertEqual(ids[1:3], ids[3:])
        self.assertEqual(3, len(set(ids)))

    def test_a_message_that_is_edited_after_a_crash_has_its_id_and_is_told_as_edited_too(self) -> None:
        site = self.site
        site.receiver.hangs = True
        site.say("2 teas")
        site.kill()
        site.edit(1, "2 coffees")
        site.receiver.hangs = False
        site.line.start()
        site.clock.advance(3 * LOOK)

        told = [("message.created", "2 coffees"), ("message.edited", "2 coffees")]
        self.assertEqual([("message.created", "2 teas"), *told], site.receiver.told())
        first, again, edit = (each.headers["webhook-id"] for each in site.receiver.requests)
        self.assertEqual(first, again)
        self.assertNotEqual(first, edit)

    def test_a_place_is_stored_at_most_once_a_second(self) -> None:
        for text in map(str, range(50)):
            self.site.say(text)
        self.site.clock.advance(0.5 * SAVE)
        self.site.say("more")
        self.assertLessEqual(self.site.runs.count("save"), 1)
        self.site.clock.pump([SAVE, SAVE, LOOK, LOOK, LOOK])
        self.assertLessEqual(self.site.runs.count("save"), 3)
        self.site.kill()
        self.site.line.start()
        self.assertEqual(51, len(self.texts()))

    def test_a_stop_gives_up_what_hangs(self) -> None:
        self.site.receiver.hangs = True
        self.site.say("a")
        stopping = self.site.line.stop()

        self.successResultOf(stopping)
        self.assertFalse(self.site.line.stats.is_sending)
        self.assertEqual([], self.site.clock.getDelayedCalls())
        # Nobody knows whether it has arrived.
        self.site.receiver.hangs = False
        self.site.line.start()
        self.assertEqual(["a", "a"], self.texts())

    def test_a_stop_before_anything_and_a_second_one_do_nothing(self) -> None:
        line = self.site.make_line()
        self.successResultOf(line.stop())
        self.successResultOf(self.site.line.stop())
        self.successResultOf(self.site.line.stop())


class FailureTests(LineCase):
    def test_a_failed_delivery_is_tried_again_later_and_later_and_the_next_ones_wait(self) -> None:
        self.site.receiver.outcomes = [FAILED] * 3
        with capturedLogs() as events:
            self.site.say("a", "b")
            for seconds, count in ((3.9, 1), (2.2, 2), (11, 2), (7.1, 3), (35, 3), (20, 5)):
                self.site.clock.advance(seconds)
                self.assertEqual(count, len(self.site.receiver.requests))
        self.assertEqual(["a", "a", "a", "a", "b"], self.texts())

        ids = {each.headers["webhook-id"] for each in self.site.receiver.requests[:4]}
        stamps = {each.headers["webhook-timestamp"] for each in self.site.receiver.requests[:4]}
        self.assertEqual((1, 4), (len(ids), len(stamps)))
        logged = [eventAsText(each) for each in events]
        self.assertEqual(2, len(logged), logged)
        self.assertIn("crm has failed: it answered 500", logged[0])
        self.assertIn("crm answers again", logged[1])
        self.assertNotIn("secret", "".join(logged))

    def test_the_wait_goes_on_after_a_crash(self) -> None:
        self.site.receiver.outcomes = [Outcome(Verdict.FAILED, "", 600.0)]
        self.site.say("a")
        self.site.clock.advance(100)
        self.site.kill()
        self.site.line.start()
        self.site.clock.advance(499)
        self.assertEqual(1, len(self.texts()))
        self.site.clock.advance(2)
        self.assertEqual(["a", "a"], self.texts())

    def test_what_is_refused_again_and_again_is_given_up_and_the_rest_is_sent(self) -> None:
        self.site.receiver.outcomes = [REFUSED] * MOST_REFUSALS
        self.site.say("a", "b")
        for _ in range(MOST_REFUSALS):
            self.site.clock.advance(5000)

        self.assertEqual(["a"] * MOST_REFUSALS + ["b"], self.texts())
        self.assertEqual(1, self.site.line.stats.attempts["given_up"])

    def test_an_edit_that_is_refused_is_given_up_too_and_what_arrived_before_it_is_not_sent_again(self) -> None:
        self.site.receiver.outcomes = [FAILED, SENT] + [REFUSED] * MOST_REFUSALS
        self.site.say("a", "b")
        self.site.edit(1, "a2")
        for _ in range(MOST_REFUSALS + 1):
            self.site.clock.advance(5000)

        self.assertEqual(["a", "a2", *["a2"] * MOST_REFUSALS, "b"], self.texts())
        self.assertEqual(1, self.site.line.stats.attempts["given_up"])

    def test_what_was_refused_before_another_event_does_not_count_for_that(self) -> None:
        self.site.receiver.outcomes = [REFUSED] * (2 * MOST_REFUSALS - 2)
        self.site.say("a")
        for count in range(2 * MOST_REFUSALS):
            if count == MOST_REFUSALS - 2:
                self.site.delete(1)
            self.site.clock.advance(5000)

        self.assertEqual(0, self.site.line.stats.attempts["given_up"])
        self.assertEqual(("message.deleted", ""), self.site.receiver.told()[-1])

    def test_what_has_failed_before_is_not_given_up_at_the_first_refusal(self) -> None:
        self.site.receiver.outcomes = [FAILED] * MOST_REFUSALS + [REFUSED] * (MOST_REFUSALS - 1)
        self.site.say("a")
        for _ in range(2 * MOST_REFUSALS):
            self.site.clock.advance(5000)
        self.assertEqual(["a"] * 2 * MOST_REFUSALS, self.texts())
        self.assertEqual(0, self.site.line.stats.attempts["given_up"])

    def test_a_receiver_that_fails_is_never_given_up(self) -> None:
        self.site.receiver.outcomes = [FAILED] * 50
        self.site.say("a")
        for _ in range(50):
            self.site.clock.advance(5000)
        self.assertEqual(["a"] * 51, self.texts())

    def test_a_wait_that_was_stored_while_the_time_was_wrong_is_no_longer_than_others(self) -> None:
        site = self.site
        site.receiver.outcomes = [FAILED]
        site.say("a")
        # Three days later.
        site.tables.execute("UPDATE webhook SET retry_at = retry_at + 3 * 86400 * 1000000")
        site.kill()
        site.line.start()
        site.clock.advance(7)
        self.assertEqual(["a", "a"], self.texts())

    def test_another_address_is_not_waited_for(self) -> None:
        self.site.receiver.outcomes = [Outcome(Verdict.FAILED, "", 600.0), FAILED]
        self.site.say("a")
        self.site.kill()
        self.site.hook = type(self.site.hook)("crm", "http://127.0.0.1/other")
        self.site.line = self.site.make_line()
        self.site.line.start()
        self.assertEqual(["a", "a"], self.texts())
        # Its own waits begin with the shortest one.
        self.site.clock.advance(6)
        self.assertEqual(["a", "a", "a"], self.texts())

    def test_410_ends_it_until_it_gets_another_address(self) -> None:
        self.site.receiver.outcomes = [Outcome(Verdict.GONE, "it answered 410")]
        self.site.say("a", "b")
        self.site.clock.advance(10_000)
        self.assertEqual(["a"], self.texts())
        self.site.kill()
        self.site.line.start()
        self.site.clock.advance(10_000)
        self.assertEqual(["a"], self.texts())
        self.successResultOf(self.site.line.stop())

        self.site.hook = type(self.site.hook)("crm", "http://127.0.0.1/other")
        self.site.line = self.site.make_line()
        self.site.line.start()
        self.site.clock.advance(10)
        self.assertEqual(["a", "a", "b"], self.texts())

    def test_it_waits_for_a_database_that_is_away_and_says_so_once(self) -> None:
        with capturedLogs() as events:
            self.site.is_away = True
            self.site.say("a")
            for _ in range(4):
                self.site.clock.advance(5)
            self.site.is_away = False
            self.site.clock.advance(5)

        self.assertEqual(["a"], self.texts())
        self.assertEqual(1, sum("waits for the database" in eventAsText(each) for each in events))

    def test_a_place_that_cannot_be_stored_is_logged_once_until_it_can(self) -> None:
        with capturedLogs() as events:
            for _ in range(2):
                self.site.is_locked = True
                for _ in range(4):
                    self.site.say("a", "b", "c")
                    self.site.clock.advance(2 * SAVE)
                self.site.is_locked = False
                self.site.clock.pump([LOOK] * 2)

        self.assertEqual(24, len(self.texts()))
        self.assertEqual(2, sum("how far crm has come is not stored" in eventAsText(each) for each in events))
        self.assertLessEqual(self.site.runs.count("save"), 12)

    def test_a_bug_is_logged_and_does_not_end_it_for_good(self) -> None:
        self.site.receiver.hangs = True
        self.site.say("a")
        self.site.receiver.requests[0].answer.errback(Failure(ConnectionDone()))
        self.assertEqual(1, len(self.flushLoggedErrors(ConnectionDone)))
        self.site.receiver.hangs = False
        self.site.line.start()
        self.assertEqual(["a", "a"], self.texts())

    def test_the_figures_say_what_waits_and_what_fails(self) -> None:
        self.site.receiver.outcomes = [FAILED]
        self.site.say("a", "b")
        stats = self.site.line.stats
        self.assertEqual((2, True, True), (stats.waiting, stats.is_failing, stats.is_sending))
        self.site.clock.advance(10)
        self.assertEqual((0, False), (stats.waiting, stats.is_failing))
        self.assertEqual({"failed": 1, "sent": 2}, dict(stats.attempts))
