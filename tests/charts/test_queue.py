"""The cache and the limits of charts, with a fake pool."""

import json
from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.charts.drawing import draw
from mixsvc.charts.queue import CACHED, ChartLimits, ChartQueue, ChartsFacade
from mixsvc.charts.remote import RemoteCharts, chart_answers
from mixsvc.errors import ServiceBusy
from mixsvc.interfaces.charts import ICharts
from tests.charts.samples import history

PROCESSES, WAITING, SECONDS = 2, 4, 5.0


class FakePool:
    """A ChartPool whose pictures are ready when the test completes them."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Deferred[bytes]]] = []
        self.is_stopped = False

    def draw(self, svg: str) -> "Deferred[bytes]":
        self.asked.append((svg, Deferred()))
        return self.asked[-1][1]

    def stop(self) -> "Deferred[None]":
        self.is_stopped = True
        done: Deferred[None] = Deferred()
        done.callback(None)
        return done


class ChartQueueTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.pool = FakePool()
        self.charts = ChartQueue(self.clock, self.pool, ChartLimits(PROCESSES, WAITING, SECONDS))

    def tearDown(self) -> None:
        # Completing one starts the next.
        for _, waiting in self.pool.asked:
            if not waiting.called:
                waiting.callback(b"")

    def complete(self, number: int) -> None:
        """Completes the picture of this number, from 0 on."""
        self.pool.asked[number][1].callback(b"picture %d" % number)

    def ask(self, price: int) -> "Deferred[bytes]":
        return self.charts.picture(f"<svg>{price}</svg>")

    def test_a_picture_is_drawn_once_and_cached(self) -> None:
        first = self.ask(1)
        self.complete(0)

        again = self.ask(1)

        self.assertEqual([self.successResultOf(each) for each in (first, again)], [b"picture 0"] * 2)
        self.assertEqual(len(self.pool.asked), 1)

    def test_a_request_that_waited_gets_the_picture_that_another_request_had_drawn(self) -> None:
        same = [self.ask(1) for _ in range(PROCESSES + 1)]
        self.complete(0)

        self.assertEqual(self.successResultOf(same[-1]), b"picture 0")
        self.assertEqual(len(self.pool.asked), PROCESSES)

    def test_so_do_all_that_many_threads_may_ask_for_and_the_next_one_is_drawn(self) -> None:
        self.charts = ChartQueue(self.clock, self.pool, ChartLimits(1, 750, SECONDS))
        same = [self.ask(1) for _ in range(750)]
        self.complete(0)

        self.assertEqual({self.successResultOf(each) for each in same}, {b"picture 0"})
        self.assertFalse(self.clock.getDelayedCalls())
        other = self.ask(2)
        self.complete(1)
        self.assertEqual(self.successResultOf(other), b"picture 1")

    def test_no_more_pictures_are_drawn_at_a_time_than_there_are_processes(self) -> None:
        asked = [self.ask(price) for price in range(WAITING)]

        self.assertEqual(len(self.pool.asked), PROCESSES)
        self.complete(0)
        self.assertEqual(len(self.pool.asked), PROCESSES + 1)
        self.assertNoResult(asked[-1])

    def test_one_request_more_than_may_wait_is_refused_until_another_is_answered(self) -> None:
        for price in range(WAITING):
            self.ask(price)

        self.failureResultOf(self.ask(WAITING), ServiceBusy)
        self.complete(0)
        self.assertNoResult(self.ask(WAITING))

    def test_a_request_that_waits_too_long_is_refused_and_never_drawn(self) -> None:
        asked = [self.ask(price) for price in range(PROCESSES + 1)]

        self.clock.advance(SECONDS)

        self.failureResultOf(asked[-1], ServiceBusy)
        self.complete(0)
        self.assertEqual(len(self.pool.asked), PROCESSES)

    def test_a_failure_is_logged_once_and_the_next_request_is_drawn(self) -> None:
        first = self.ask(1)
        with capturedLogs() as logged:
            self.pool.asked[0][1].errback(RuntimeError("signal 9"))

        self.failureResultOf(first, ServiceBusy)
        self.assertEqual([(each["log_level"], each["reason"]) for each in logged], [(LogLevel.warn, "signal 9")])
        again = self.ask(1)
        self.complete(1)
        self.assertEqual(self.successResultOf(again), b"picture 1")

    def test_the_least_recently_used_picture_leaves_the_cache_first(self) -> None:
        for price in range(CACHED):
            self.ask(price)
            self.complete(price)
        self.ask(0)
        self.ask(CACHED)
        self.complete(CACHED)

        self.assertEqual(self.successResultOf(self.ask(0)), b"picture 0")
        self.assertNoResult(self.ask(1))

    def test_stop_stops_the_pool(self) -> None:
        self.successResultOf(self.charts.stop())

        self.assertTrue(self.pool.is_stopped)

    def test_views_get_a_png_over_the_bridge(self) -> None:
        charts = ChartsFacade(lambda function, *args: self.finished(function(*args)), self.charts)

        self.check(charts)

    def test_views_of_another_process_get_the_same_png(self) -> None:
        methods = chart_answers(self.charts)

        def ask(method: str, arguments: Sequence[object]) -> bytes:
            return self.finished(methods[method](*json.loads(json.dumps(arguments))))

        self.check(RemoteCharts(ask))

    def check(self, charts: ICharts) -> None:
        given = history("1.1", "1.2")
        self.assertTrue(ICharts.providedBy(charts))
        # An SVG needs no process.
        self.assertEqual(charts.picture(given, "svg"), draw(given).encode())
        self.assertEqual(self.pool.asked, [])
        self.assertEqual(charts.picture(given, "png"), b"picture 0")
        self.assertEqual(self.pool.asked[0][0], draw(given))
        self.assertRaises(ValueError, charts.picture, history(), "svg")
        self.assertRaises(ValueError, charts.picture, given, "gif")

    def finished(self, waiting: "Deferred[bytes]") -> bytes:
        self.complete(0)
        return self.successResultOf(waiting)
