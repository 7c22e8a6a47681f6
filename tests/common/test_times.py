"""Moments as text: the spelling that pages, clients and logs have read from the start."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsvc.common.times import parse_date, parse_dates, parse_moment, utc_milliseconds, utc_seconds

MOMENT = datetime(2026, 10, 30, 14, 15, 16, 789_999, UTC)

# From the year 1000 on, for strftime does not pad earlier ones; to 9999.
SECONDS = st.floats(-30_610_224_000, 253_402_300_799)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (0.999, "1970-01-01T00:00:00Z"),
        (1_793_369_716.789, "2026-10-30T14:15:16Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
    ],
)
def test_seconds_are_cut_off_and_not_rounded(seconds: float, text: str) -> None:
    assert utc_seconds(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (0.0009, "1970-01-01T00:00:00.000Z"),
        (1_793_369_716.789, "2026-10-30T14:15:16.789Z"),
        (253_402_300_799, "9999-12-31T23:59:59.000Z"),
    ],
)
def test_milliseconds_are_cut_off_and_not_rounded(seconds: float, text: str) -> None:
    assert utc_milliseconds(seconds) == text


def test_an_aware_datetime_is_written_in_utc() -> None:
    there = MOMENT.astimezone(timezone(timedelta(hours=5, minutes=45)))

    assert utc_seconds(MOMENT) == utc_seconds(there) == "2026-10-30T14:15:16Z"


@given(SECONDS)
def test_floats_datetimes_and_the_c_library_agree(seconds: float) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)

    assert utc_seconds(seconds) == utc_seconds(moment) == moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@given(SECONDS)
def test_milliseconds_only_add_three_digits(seconds: float) -> None:
    text = utc_milliseconds(seconds)

    assert text[:19] + "Z" == utc_seconds(seconds)
    cut_off = datetime.fromtimestamp(seconds, UTC) - datetime.fromisoformat(text)
    assert timedelta(0) <= cut_off < timedelta(milliseconds=1)


def test_a_date_is_spelled_in_one_way() -> None:
    assert parse_date("2026-10-30") == date(2026, 10, 30)


@pytest.mark.parametrize(
    "text", ["", "20261030", "2026-W44-5", "2026-13-01", "2026-02-29", "2026-10-30\n", "30.10.2026", "٢026-10-30"]
)
def test_other_spellings_of_dates_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_date(text)
    with pytest.raises(ValueError):
        parse_dates(["2026-10-30", text, "2026-10-31"])


def test_many_dates_are_read_as_one_is() -> None:
    assert parse_dates([]) == []
    assert parse_dates(["2026-10-31", "1999-01-04"]) == [date(2026, 10, 31), date(1999, 1, 4)]
    with pytest.raises(ValueError):
        parse_dates(["2026-10-31\n2026-11-01"])


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-29T14:00:01Z", "2026-11-29T14:00:01.000Z"),
        ("2026-11-29T14:00:01.5Z", "2026-11-29T14:00:01.500Z"),
        ("2026-11-29T14:00:01.123456Z", "2026-11-29T14:00:01.123Z"),
    ],
)
def test_moments_are_spelled_as_the_chat_spells_them(text: str, moment: str) -> None:
    assert parse_moment(text) == moment


@pytest.mark.parametrize("text", ["", "now", "2026-11-29", "2026-11-29T14:00:01", "2026-11-29T14:00:01+01:00"])
def test_what_is_no_moment_in_utc_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a moment"):
        parse_moment(text)
