"""Retry-After in both forms, by the clock of whoever has sent it."""

import pytest
from twisted.web.http_headers import Headers

from mixsvc.http.outgoing.retry_after import retry_after

# Friday, 30 October 2026, 12:00:00 UTC.
NOW = 1_793_361_600.0
MOST = 86400.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (b"120", 120),
        (b"0", 0),
        (b" 7\t", 7),
        (b"9" * 5000, MOST),
        (b"Fri, 30 Oct 2026 12:01:30 GMT", 90),
        (b"Fri, 30 Oct 2026 12:01:30 -0000", 90),
        (b"Friday, 30-Oct-26 12:01:30 GMT", 90),
        (b"Fri Oct 30 12:01:30 2026", 90),
        (b"Fri, 30 Oct 2026 11:00:00 GMT", 0),
        (b"Fri, 30 Oct 9999 12:00:00 GMT", MOST),
        (b"Fri, 31 Dec 9999 23:59:59 -2359", MOST),
        (b"soon", 0),
        (b"-5", 0),
        (b"", 0),
        (b"\xb2", 0),
        (b"Fri, 30 Oct 99999999999 12:00:00 GMT", 0),
    ],
)
def test_it_is_given_in_seconds_and_has_a_limit(text: bytes, seconds: float) -> None:
    assert retry_after(Headers({b"Retry-After": [text]}), NOW, MOST) == seconds


def test_there_need_be_none() -> None:
    assert retry_after(Headers(), NOW, MOST) == 0


@pytest.mark.parametrize("day", [b"Mon, 01 Jan 2024", b"Tue, 01 Jan 2030"])
def test_a_date_counts_from_the_date_of_its_sender(day: bytes) -> None:
    fields = {b"Retry-After": [day + b" 00:01:30 GMT"], b"Date": [day + b" 00:00:00 GMT"]}

    assert retry_after(Headers(fields), NOW, MOST) == 90


@pytest.mark.parametrize("date", [b"", b"today"])
def test_a_date_of_its_sender_that_is_none_does_not_count(date: bytes) -> None:
    fields = {b"Retry-After": [b"Fri, 30 Oct 2026 12:01:30 GMT"], b"Date": [date]}

    assert retry_after(Headers(fields), NOW, MOST) == 90
