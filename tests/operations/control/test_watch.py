"""What is measured all the time, on a whole service on a reactor in memory."""

from threading import Thread
from unittest.mock import patch

import pytest

from tests.operations.control.support import DeskTestCase


class ServiceWatchTests(DeskTestCase):
    def test_all_of_it_begins_once_there_is_a_thread(self) -> None:
        watch, before = self.desk.watch, self.reactor.getDelayedCalls()
        with patch.object(Thread, "start", side_effect=RuntimeError("can't start new thread")):
            with pytest.raises(RuntimeError):
                watch.start()
        assert self.reactor.getDelayedCalls() == before

        watch.start()

        assert len(watch.history.series()["at"]) == 1
        watch.stop()
        assert self.reactor.getDelayedCalls() == before
