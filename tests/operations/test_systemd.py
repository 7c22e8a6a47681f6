"""What systemd is told, on a socket of the test in place of systemd's."""

import os
import socket
import time
from contextlib import closing
from pathlib import Path

import pytest
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.operations.systemd import SystemdNotifier


class SystemdNotifierTests(SynchronousTestCase):
    """With a listener in the test's own folder."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.listener.close)
        self.listener.setblocking(False)
        self.listener.bind("notify")
        self.environ = {"NOTIFY_SOCKET": str(Path("notify").resolve())}

    def notifier(self, **environ: str) -> SystemdNotifier:
        notifier = SystemdNotifier(self.clock, {**self.environ, **environ})
        self.addCleanup(notifier.stop)
        return notifier

    def heard(self) -> list[str]:
        messages = []
        while True:
            try:
                messages.append(self.listener.recv(4096).decode())
            except BlockingIOError:
                return messages

    def test_ready_is_said_once(self) -> None:
        self.notifier().ready()
        self.clock.advance(3600)

        assert self.heard() == ["READY=1"]

    def test_stopping_says_how_long_it_may_take(self) -> None:
        self.notifier().stopping(7.5)

        assert self.heard() == ["STOPPING=1\nEXTEND_TIMEOUT_USEC=7500000"]

    def test_a_reload_begins_at_a_time_that_systemd_knows_and_ends_with_its_outcome(self) -> None:
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.notifier().reloading()
        after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000

        (message,) = self.heard()
        first, second = message.splitlines()
        assert first == "RELOADING=1"
        assert second.startswith("MONOTONIC_USEC=")
        assert before <= int(second.partition("=")[2]) <= after

    def test_the_outcome_of_a_reload_is_one_line(self) -> None:
        self.notifier().reloaded("nothing has changed\nSTOPPING=1")

        assert self.heard() == ["READY=1\nSTATUS=nothing has changed STOPPING=1"]

    def test_the_watchdog_is_told_twice_as_often_as_it_wants(self) -> None:
        notifier = self.notifier(WATCHDOG_USEC="30000000", WATCHDOG_PID=str(os.getpid()))

        notifier.ready()
        self.clock.pump([15, 15])
        notifier.stop()
        self.clock.advance(15)

        assert self.heard() == ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]

    def test_another_process_s_watchdog_is_left_alone(self) -> None:
        self.notifier(WATCHDOG_USEC="30000000", WATCHDOG_PID="1").ready()

        assert self.heard() == ["READY=1"]
        assert self.clock.getDelayedCalls() == []

    def test_a_watchdog_of_no_number_is_none(self) -> None:
        self.notifier(WATCHDOG_USEC="often").ready()

        assert self.clock.getDelayedCalls() == []

    def test_a_message_that_nobody_receives_does_not_end_the_watchdogs_messages(self) -> None:
        notifier = self.notifier(WATCHDOG_USEC="30000000")
        os.rename("notify", "away")

        notifier.ready()
        os.rename("away", "notify")
        self.clock.advance(15)

        assert self.heard() == ["WATCHDOG=1"]


def test_an_abstract_name_begins_with_nul() -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listener:
        listener.bind("")
        name = listener.getsockname().decode()

        SystemdNotifier(Clock(), {"NOTIFY_SOCKET": f"@{name[1:]}"}).ready()

        assert listener.recv(100) == b"READY=1"


@pytest.mark.parametrize("environ", [{}, {"WATCHDOG_USEC": "1000000"}])
def test_without_systemd_no_timer_is_started(environ: dict[str, str]) -> None:
    clock = Clock()

    SystemdNotifier(clock, environ).ready()

    assert clock.getDelayedCalls() == []
