"""Deadlines are checked once a second, and only while anything is watched."""

from collections.abc import Callable

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.config.settings import ServerSettings, Settings, WebSettings
from mixsvc.http.timeouts import BUFFER_BYTES, NEVER, SWEEP_SECONDS, DeadlineSweeper, Timeouts


class At:
    """A write deadline."""

    def __init__(self, at: float) -> None:
        self.at = at


class Sleeper:
    """Notes that a deadline has passed."""

    def __init__(self, deadline: float, write_deadline: float = NEVER) -> None:
        self.deadline = deadline
        self.write_deadline = At(write_deadline)
        self.woken = 0
        self.then: Callable[[], None] = lambda: None

    def expired(self) -> None:
        self.woken += 1
        self.deadline = self.write_deadline.at = NEVER
        self.then()


class SweeperTests(SynchronousTestCase):
    """With two watched objects."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.sweeper = DeadlineSweeper(self.clock)
        self.first, self.second = Sleeper(3), Sleeper(NEVER, 5)
        self.sweeper.watch(self.first)
        self.sweeper.watch(self.second)

    def woken(self) -> tuple[int, int]:
        return self.first.woken, self.second.woken

    def test_each_is_called_at_its_first_deadline(self) -> None:
        self.clock.pump([1] * 2)
        assert self.woken() == (0, 0)

        self.clock.pump([1])
        assert self.woken() == (1, 0)

        self.clock.pump([1] * 10)
        assert self.woken() == (1, 1)

    def test_what_is_forgotten_is_not_called(self) -> None:
        self.sweeper.forget(self.first)

        self.clock.pump([1] * 10)

        assert self.woken() == (0, 1)

    def test_one_may_end_another(self) -> None:
        for sleeper, other in ((self.first, self.second), (self.second, self.first)):
            sleeper.deadline = 3
            sleeper.then = lambda other=other: self.sweeper.forget(other)  # type: ignore[misc]

        self.clock.pump([1] * 10)

        assert sum(self.woken()) == 1

    def test_there_is_one_timer_for_all_and_none_when_nothing_is_watched(self) -> None:
        assert len(self.clock.getDelayedCalls()) == 1

        self.sweeper.forget(self.first)
        self.sweeper.forget(self.second)
        self.sweeper.forget(self.second)

        assert self.clock.getDelayedCalls() == []

    def test_watching_starts_the_timer_again(self) -> None:
        self.sweeper.forget(self.first)
        self.sweeper.forget(self.second)

        self.sweeper.watch(self.first)
        self.clock.advance(3 + SWEEP_SECONDS)

        assert self.woken() == (1, 0)


TIMEOUTS = Timeouts.of(Settings(server=ServerSettings(transfer_timeout=30, slowest_transfer=1000)))


def test_the_time_for_reading_grows_with_what_waits() -> None:
    assert TIMEOUTS.writing(0) == TIMEOUTS.writing(BUFFER_BYTES) == 30 + BUFFER_BYTES / 1000
    assert TIMEOUTS.writing(1_000_000) == 1030


def test_a_body_must_be_as_fast_as_the_slowest() -> None:
    assert TIMEOUTS.is_too_slow(29_999)
    assert not TIMEOUTS.is_too_slow(30_000)


def test_the_older_setting_for_slow_clients_counts_for_answers() -> None:
    timeouts = Timeouts.of(Settings(web=WebSettings(slow_client_timeout=5)))

    assert (TIMEOUTS.write, timeouts.write, timeouts.transfer) == (30, 5, 30)
