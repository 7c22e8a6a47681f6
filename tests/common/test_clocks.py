"""The time of day is trusted once it has gone as the steady clock for an hour."""

import pytest

from mixsvc.common.clocks import WallClock

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
