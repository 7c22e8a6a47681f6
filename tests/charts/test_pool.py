"""The pool without processes; tests/e2e/operations/test_charts.py has real ones."""

import subprocess
import sys

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.charts.pool import ChartProcessPool
from mixsvc.errors import ServiceBusy
from tests.builds import PROJECT
from tests.charts.samples import chart


class ChartProcessPoolTests(SynchronousTestCase):
    def test_a_pool_that_never_drew_stops_at_once_and_draws_no_more(self) -> None:
        pool = ChartProcessPool(Clock(), 1, 5.0)

        self.successResultOf(pool.stop())

        self.assertRaises(ServiceBusy, pool.draw, chart("1.1"))


def test_the_service_itself_imports_neither_ampoule_nor_matplotlib() -> None:
    script = "import sys, mixsvc.service; print({'ampoule', 'matplotlib', 'numpy'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, timeout=60)

    assert (done.stdout, done.stderr) == ("set()\n", "")
