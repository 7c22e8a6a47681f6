"""What mixsvc.charts.worker relies on in Ampoule; importing it needs a reactor, so it is imported in functions."""

import pytest
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import TestCase

pytestmark = pytest.mark.contract


class AmpouleContract(TestCase):
    timeout = 30

    def test_the_bootstrap_sets_the_log_level_of_a_process_in_one_place(self) -> None:
        from ampoule.main import BOOTSTRAP  # type: ignore[import-untyped]  # has no types
        from twisted.internet import reactor  # noqa: F401  # Ampoule would install one

        from mixsvc.charts.worker import ChartProcessStarter

        self.assertEqual(BOOTSTRAP.count("LogLevel.info"), 1)
        self.assertIn("LogLevel.warn", ChartProcessStarter().bootstrap)

    async def test_a_process_is_killed_and_its_end_is_no_failure(self) -> None:
        from mixsvc.charts.worker import ChartChild, ChartProcessStarter

        starter = ChartProcessStarter()
        _, finished = starter.startAMPProcess(ChartChild)
        starter.kill_all()

        self.assertIn("signal 9", await finished)

    async def test_a_process_that_is_shut_down_ends_without_error_and_without_output(self) -> None:
        from ampoule.commands import Shutdown  # type: ignore[import-untyped]  # has no types

        from mixsvc.charts.worker import ChartChild, ChartProcessStarter

        with capturedLogs() as events:
            child, finished = ChartProcessStarter().startAMPProcess(ChartChild)
            await child.callRemote(Shutdown)
            child.transport.loseConnection()

            self.assertEqual(await finished, "")
        self.assertEqual([each for each in events if each["log_level"] >= LogLevel.warn], [])

    async def test_output_of_a_process_is_logged_in_lines(self) -> None:
        from twisted.protocols import amp

        from mixsvc.charts.worker import ChartProcessStarter

        connector = ChartProcessStarter.connectorFactory(amp.AMP(), name="1")
        with capturedLogs() as events:
            connector.childDataReceived(2, b"a warning\n\nanother one\n")

        self.assertEqual([each["line"] for each in events], ["a warning", "another one"])
