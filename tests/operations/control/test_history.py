"""Figures of the last hour: what grows as its growth a second, and no more than an hour of them."""

from mixsvc.operations.control.history import SAMPLE_SECONDS, SAMPLES, HourHistory


class Figures:
    """A time of day, and two figures."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.open = 3.0
        self.said = 0.0
        self.history = HourHistory(lambda: self.now, {"open": lambda: self.open}, {"said": lambda: self.said})

    def sample(self, said: float = 0.0) -> None:
        self.history.sample()
        self.now += SAMPLE_SECONDS
        self.said += said


def test_before_the_first_sample_there_is_nothing() -> None:
    assert Figures().history.series() == {"at": [], "open": [], "said": []}


def test_what_grows_is_shown_by_its_growth_a_second() -> None:
    figures = Figures()
    figures.sample(said=10)
    figures.open = 4.0
    figures.sample(said=0)
    figures.sample()

    assert figures.history.series() == {
        "at": [1000.0, 1005.0, 1010.0],
        "open": [3.0, 4.0, 4.0],
        "said": [None, 2.0, 0.0],
    }


def test_after_an_hour_the_oldest_is_forgotten() -> None:
    figures = Figures()
    for _ in range(SAMPLES):
        figures.sample()
    assert figures.history.series()["at"][0] == 1000.0

    figures.sample()

    times = figures.history.series()["at"]
    assert len(times) == SAMPLES
    assert (times[0], times[-1]) == (1005.0, 1000.0 + SAMPLES * SAMPLE_SECONDS)


def test_a_time_of_day_that_was_set_back_gives_no_growth() -> None:
    figures = Figures()
    figures.sample(said=10)
    figures.now -= 3600
    figures.sample()

    assert figures.history.series()["said"] == [None, None]
