"""How numbers, times and texts look."""

from typing import Any

import pytest

from mixsvc.operations.window.shown import clock, duration, iso, moment, number, sentence, shown, size, text


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (0, "0"),
        (1234567, "1\u202f234\u202f567"),
        (0.12345, "0.123"),
        (12.0, "12"),
        (1234.6, "1\u202f235"),
        (float("nan"), "–"),
    ],
)
def test_numbers_have_three_digits_that_tell_something(value: float, wanted: str) -> None:
    assert number(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (0, "0 s"),
        (0.00034, "0.34 ms"),
        (0.35, "350 ms"),
        (1.25, "1.25 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3661, "1 h 1 min"),
        (86400 * 3 + 7200, "3 d 2 h"),
        (-90, "-2 min 30 s"),
    ],
)
def test_durations_have_the_units_that_say_most(value: float, wanted: str) -> None:
    assert duration(value) == wanted


@pytest.mark.parametrize(("value", "wanted"), [(0, "0 B"), (999, "999 B"), (53_000_000, "53 MB"), (10**15, "1e+03 TB")])
def test_bytes_are_counted_by_thousands(value: float, wanted: str) -> None:
    assert size(value) == wanted


def test_moments_are_shown_in_utc_as_numbers_and_as_texts() -> None:
    assert clock("2026-10-30T15:04:05Z") == "15:04:05"
    assert (moment("2026-10-30T15:04:05.123Z"), moment(1793372645)) == ("2026-10-30 15:04:05",) * 2
    assert (clock(1793372645), iso(1793372645)) == ("15:04:05", "2026-10-30T15:04:05Z")


@pytest.mark.parametrize("filter_", [number, duration, size, clock, moment, text])
@pytest.mark.parametrize("value", [None, "", "a word", [], {}, True, float("inf"), -1, 10**40, "x" * 10_000])
def test_whatever_comes_something_is_shown(filter_: Any, value: object) -> None:
    assert 0 < len(filter_(value)) < 2100


def test_the_name_of_a_key_says_what_its_number_is() -> None:
    assert shown(0.5, "seconds_p99") == "500 ms"
    assert shown(12345, "messages") == "12\u202f345"
    assert shown(12345, "responses_on_disk") == "12.3 KB"
    assert shown("2026-10-30T15:04:05Z", "next_try") == "2026-10-30 15:04:05"
    assert shown(False, "lag") == "no"


def test_a_summary_becomes_a_sentence() -> None:
    assert sentence("ask a source now") == "Ask a source now."
