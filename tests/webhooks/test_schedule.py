from random import Random

import pytest

from mixsvc.webhooks.schedule import LONGEST_WAIT, Outcome, Verdict, delay, outcome_of, wait_left, wait_of


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.SENT),
        (204, Verdict.SENT),
        (302, Verdict.FAILED),
        (400, Verdict.REFUSED),
        (401, Verdict.REFUSED),
        (404, Verdict.REFUSED),
        (408, Verdict.FAILED),
        (410, Verdict.GONE),
        (429, Verdict.FAILED),
        (500, Verdict.FAILED),
        (503, Verdict.FAILED),
    ],
)
def test_a_status_says_what_becomes_of_the_delivery(status: int, verdict: Verdict) -> None:
    assert outcome_of(status, 0).verdict is verdict


def test_a_receiver_says_when_to_come_again() -> None:
    assert outcome_of(503, 7) == Outcome(Verdict.FAILED, "it answered 503", 7)


def test_each_failure_triples_the_wait_up_to_an_hour_give_or_take_a_fifth() -> None:
    random = Random(1)
    for attempts, usual in ((1, 5), (2, 15), (3, 45), (7, 3600), (8, 3600), (10**6, 3600)):
        waits = [delay(attempts, 0, random) for _ in range(200)]
        assert 0.8 * usual <= min(waits) < 0.85 * usual
        assert 1.15 * usual < max(waits) <= 1.2 * usual


def test_the_wait_is_never_shorter_than_the_receiver_wants() -> None:
    assert delay(1, 100, Random(1)) == 100
    assert delay(8, 100, Random(1)) > 2000


def test_what_is_left_of_a_stored_wait_is_never_more_than_the_whole_and_for_its_address_only() -> None:
    stored = wait_of("abc", 29.5)
    assert wait_left(stored, 1000.0, "abc", 990.0) == 10
    assert wait_left(stored, 1000.0, "abc", 2000.0) == 0
    assert wait_left(stored, 300_000.0, "abc", 990.0) == 30
    assert wait_left(stored, 1000.0, "def", 990.0) == 0
    for damaged in ("", "abc", "abc x", "abc -1", "\ufffd", f"abc {'9' * 400}"):
        assert 0 <= wait_left(damaged, 1e12, "abc", 0.0) <= LONGEST_WAIT
