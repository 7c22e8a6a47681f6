"""The pool without processes; tests/e2e/operations/test_charts.py has real ones."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.charts.pool import ChartProcessPool
from mixsvc.errors import ServiceBusy
from tests.builds import PROJECT


def at_once(function: Callable[[], Any]) -> Deferred[Any]:
    return maybeDeferred(function)


class ChartProcessPoolTests(SynchronousTestCase):
    def test_a_pool_that_never_drew_stops_at_once_and_draws_no_more(self) -> None:
        pool = ChartProcessPool(Clock(), 1, 5.0, at_once)

        self.successResultOf(pool.stop())

        self.failureResultOf(pool.draw("<svg/>"), ServiceBusy)

    def test_a_pool_that_is_stopped_while_it_imports_its_library_draws_nothing(self) -> None:
        imported: Deferred[Any] = Deferred()
        pool = ChartProcessPool(Clock(), 1, 5.0, lambda function: imported)
        drawing = pool.draw("<svg/>")
        self.assertNoResult(drawing)

        self.successResultOf(pool.stop())
        imported.callback(None)

        self.failureResultOf(drawing, ServiceBusy)


def test_the_service_itself_imports_neither_ampoule_nor_resvg() -> None:
    script = "import sys, mixsvc.service; print({'ampoule', 'resvg_py'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, timeout=60)

    assert (done.stdout, done.stderr) == ("set()\n", "")
