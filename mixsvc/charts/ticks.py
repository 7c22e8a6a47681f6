"""Where the axes of a chart have their ticks, and what stands there. Pure."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

__all__ = ["day_ticks", "price_ticks"]

# At most so many on each axis, the first and the last price included.
MOST: Final = 7
STEPS_OF_PRICES: Final = 6

# What a step may be, as a multiple of a power of ten.
ROUND: Final = tuple(map(Decimal, ("1", "2", "2.5", "5", "10")))

# Prices from here on, and below, are written as a power of ten.
LARGE: Final = Decimal("1e8")
SMALL: Final = Decimal("1e-5")

# Up to so many days apart, each day with a price has a tick.
FEW: Final = timedelta(days=7)

# Steps of days, of months and of years; weeks begin on Mondays.
DAYS: Final = (2, 7, 14)
MONTHS: Final = (1, 2, 3, 6)
YEARS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)

MONTH_NAMES: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def price_ticks(low: Decimal, high: Decimal) -> Sequence[tuple[Decimal, str]]:
    """Returns round prices from low to high, and their texts: as many digits for all as one of them needs.

    low is less than high.
    """
    least = (high - low) / STEPS_OF_PRICES
    power = Decimal(10) ** least.adjusted()
    step = next(each * power for each in ROUND if each * power >= least)
    first = (low / step).to_integral_value(ROUND_CEILING)
    last = (high / step).to_integral_value(ROUND_FLOOR)
    prices = [number * step for number in range(int(first), int(last) + 1)]
    return list(zip(prices, _texts(prices, step), strict=True))


def day_ticks(days: Sequence[date]) -> Sequence[tuple[date, str]]:
    """Returns days from the first to the last one, and their texts. days: ascending, one at least."""
    first, last = days[0], days[-1]
    if last - first <= FEW:
        return [(day, _day(day)) for day in days]
    numbers, tick = next((numbers, tick) for numbers, tick in _choices(first, last) if len(numbers) <= MOST)
    return [tick(number) for number in numbers]


def _texts(prices: Sequence[Decimal], step: Decimal) -> Sequence[str]:
    greatest = max(map(abs, prices))
    if greatest and not SMALL < greatest < LARGE:
        digits = greatest.adjusted() - step.adjusted() + (len(step.normalize().as_tuple().digits) - 1)
        return [f"{price:.{max(0, digits)}e}" if price else "0" for price in prices]
    digits = len(f"{step.normalize():f}".partition(".")[2])
    return [f"{price:.{digits}f}" for price in prices]


def _choices(first: date, last: date) -> Iterator[tuple[range, Callable[[int], tuple[date, str]]]]:
    """Yields ticks that are further and further apart, as numbers and what makes a tick of one."""
    # Day 1 was a Monday.
    day = first.toordinal() - 1
    for step in DAYS:
        yield range(day + -day % step, last.toordinal(), step), _day_tick
    month = 12 * first.year + first.month - 1 + (first.day > 1)
    for step in MONTHS:
        yield range(month + -month % step, 12 * last.year + last.month, step), _month_tick
    year = first.year + (first > date(first.year, 1, 1))
    for step in YEARS:
        yield range(year + -year % step, last.year + 1, step), _year_tick


def _day_tick(number: int) -> tuple[date, str]:
    day = date.fromordinal(number + 1)
    return day, _day(day)


def _month_tick(number: int) -> tuple[date, str]:
    year, month = divmod(number, 12)
    return date(year, month + 1, 1), MONTH_NAMES[month] if month else f"{year:04}"


def _year_tick(number: int) -> tuple[date, str]:
    return date(number, 1, 1), f"{number:04}"


def _day(day: date) -> str:
    return f"{day.day} {MONTH_NAMES[day.month - 1]}"
