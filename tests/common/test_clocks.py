"""The time of day is trusted once it has gone as the steady clock for an hour; pauses grow up to a limit."""

import pytest

from mixsvc.common.clocks import ToldTime, WallClock, back_off

DAY = 86400.0


class Time:
    """A steady clock, and the time of day, which somebody may set."""

    def __init__(self) -> None:
        self.steady, self.ahead = 1000.0, 1.7e9
        self.clock = WallClock(lambda: self.steady, lambda: self.steady + self.ahead)

    def is_trusted(self) -> bool:
        trusted = self.clock.trusted_seconds()
        assert trusted in (None, self.steady + self.ahead)
        return trusted is not None

    def passes(self, seconds: float) -> bool:
        """Asks every ten seconds, and returns the last answer."""
        for _ in range(int(seconds / 10)):
            self.steady += 10
            trusted = self.is_trusted()
        return trusted


@pytest.fixture
def now() -> Time:
    return Time()


def test_it_tells_the_time_of_day(now: Time) -> None:
    now.ahead += DAY

    assert now.clock.seconds() == 1000.0 + 1.7e9 + DAY


def test_after_the_start_it_is_trusted_in_an_hour(now: Time) -> None:
    assert not now.is_trusted()
    assert not now.passes(3590)
    assert now.passes(10)


@pytest.mark.parametrize("step", [-400 * DAY, -60, 60, 400 * DAY])
def test_each_time_it_is_set_the_hour_begins_anew(now: Time, step: float) -> None:
    now.passes(DAY)

    now.ahead += step

    assert not now.is_trusted()
    assert not now.passes(3590)
    assert now.passes(10)


def test_a_wrong_time_that_lasts_for_seconds_counts_as_two_changes(now: Time) -> None:
    now.passes(DAY)
    now.ahead += 400 * DAY
    assert not now.is_trusted()
    now.steady += 4

    now.ahead -= 400 * DAY

    assert not now.is_trusted()
    assert not now.passes(3590)
    assert now.passes(10)


def test_small_corrections_of_a_time_service_change_nothing(now: Time) -> None:
    now.passes(DAY)

    now.ahead += 0.7

    assert now.is_trusted()


def test_it_says_once_by_how_much_it_was_set(now: Time) -> None:
    now.ahead += 0.7
    assert now.clock.set_by() == 0.0

    now.ahead += DAY

    assert now.clock.set_by() == pytest.approx(DAY + 0.7)
    assert now.clock.set_by() == 0.0


def test_the_time_that_another_computer_tells_goes_on_as_the_steady_clock() -> None:
    steady = [1000.0]
    told = ToldTime(lambda: steady[0])
    assert told.seconds() == 1000.0

    told.told(1.7e9, 1000.0)
    steady[0] += 50

    assert told.seconds() == 1.7e9 + 50


def test_a_slow_answer_moves_the_told_time_only_as_far_as_is_certain() -> None:
    steady = [1000.0]
    told = ToldTime(lambda: steady[0])
    told.told(5000.0, 1000.0)

    # Asked at 1000 s, answered at 1030 s: the other computer may have told 5020 s at 1020 s.
    steady[0] = 1030.0
    told.told(5020.0, 1000.0)
    assert told.seconds() == 5030.0

    # Its clock was set an hour back: at the latest at 1000 s it was 1430 s there.
    told.told(1430.0, 1000.0)
    assert told.seconds() == 1460.0
    # It was set an hour ahead: at the earliest it is that now.
    told.told(8630.0, 1000.0)
    assert told.seconds() == 8630.0


def test_a_pause_grows_by_its_factor_up_to_the_longest() -> None:
    assert [back_off(1.0, 30.0, times) for times in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert [back_off(5.0, 60.0, times, 3.0) for times in range(4)] == [5, 15, 45, 60]
    assert back_off(5.0, 60.0, 10**9, 4.0) == 60


def test_a_pause_that_begins_above_the_longest_is_the_longest() -> None:
    assert back_off(300.0, 60.0, 0) == 60
