import pytest

from mixsvc.wsgi.supervision.endings import how_ended


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (0, "with status 0"),
        (255, "with status 255"),
        (-9, "by signal SIGKILL"),
        (-11, "by signal SIGSEGV"),
        # A signal of Linux that has no name of its own.
        (-35, "by signal 35"),
    ],
)
def test_the_words_tell_statuses_from_signals(status: int, said: str) -> None:
    assert how_ended(status) == said
