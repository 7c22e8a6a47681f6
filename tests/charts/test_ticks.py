"""Ticks: round, few, and within the range."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mixsvc.charts.ticks import MOST, day_ticks, price_ticks

PRICES = st.decimals(min_value=0, max_value=Decimal("9999999999"), places=10)
DAYS = st.dates(date(1, 1, 2), date(9999, 12, 31))


def texts(low: str, high: str) -> list[str]:
    return [text for _, text in price_ticks(Decimal(low), Decimal(high))]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        ("1.0989", "1.1011", ["1.0990", "1.0995", "1.1000", "1.1005", "1.1010"]),
        ("-1", "1", ["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
        ("0", "12", ["0", "2", "4", "6", "8", "10", "12"]),
        ("17.1", "18.4", ["17.25", "17.50", "17.75", "18.00", "18.25"]),
        ("-1e14", "9.9e14", ["0", "2e+14", "4e+14", "6e+14", "8e+14"]),
        ("1e-7", "5e-7", ["1e-7", "2e-7", "3e-7", "4e-7", "5e-7"]),
    ],
)
def test_the_prices_at_the_ticks_are_round(low: str, high: str, expected: list[str]) -> None:
    assert texts(low, high) == expected


@given(PRICES, PRICES)
def test_two_to_seven_different_prices_lie_between_the_lowest_and_the_highest(one: Decimal, other: Decimal) -> None:
    assume(one != other)
    low, high = sorted((one, other))

    ticks = price_ticks(low, high)

    assert 2 <= len(ticks) <= MOST
    assert [price for price, _ in ticks] == sorted({price for price, _ in ticks})
    assert low <= ticks[0][0] and ticks[-1][0] <= high
    # Each text is that of its price, and of no other one.
    assert [Decimal(text) for _, text in ticks] == [price for price, _ in ticks]


def of(first: date, days: int) -> list[str]:
    return [text for _, text in day_ticks([first, first + timedelta(days=days)])]


@pytest.mark.parametrize(
    ("first", "days", "expected"),
    [
        (date(2026, 11, 20), 0, ["20 Nov", "20 Nov"]),
        (date(2026, 12, 30), 7, ["30 Dec", "6 Jan"]),
        # Mondays.
        (date(2026, 11, 1), 29, ["2 Nov", "9 Nov", "16 Nov", "23 Nov", "30 Nov"]),
        (date(2025, 11, 20), 150, ["Dec", "2026", "Feb", "Mar", "Apr"]),
        (date(2025, 2, 15), 365, ["Mar", "May", "Jul", "Sep", "Nov", "2026"]),
        (date(1999, 1, 4), 10_000, ["2000", "2005", "2010", "2015", "2020", "2025"]),
    ],
)
def test_the_days_at_the_ticks_are_days_weeks_months_or_years(first: date, days: int, expected: list[str]) -> None:
    assert of(first, days) == expected


@given(DAYS, DAYS)
def test_one_to_seven_days_lie_between_the_first_and_the_last(one: date, other: date) -> None:
    first, last = sorted((one, other))
    assume(last - first > timedelta(days=7))

    ticks = [day for day, _ in day_ticks([first, last])]

    assert 1 <= len(ticks) <= MOST
    assert ticks == sorted(set(ticks))
    assert first <= ticks[0] and ticks[-1] <= last


def test_each_of_a_few_days_has_a_tick_where_it_has_a_price() -> None:
    days = [date(2026, 11, 16), date(2026, 11, 18), date(2026, 11, 20)]

    assert day_ticks(days) == [(days[0], "16 Nov"), (days[1], "18 Nov"), (days[2], "20 Nov")]
