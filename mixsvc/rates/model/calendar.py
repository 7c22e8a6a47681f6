"""The publication calendar of the European Central Bank, which says when a quote is stale. Pure.

The bank publishes on each working day of the TARGET system at about 16:00 in Frankfurt.
"""

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["is_stale", "is_working_day", "overdue_on"]

FRANKFURT: Final = ZoneInfo("Europe/Berlin")

# Later than the usual hour, as a publication is sometimes late.
OVERDUE: Final = time(18, 0, tzinfo=FRANKFURT)

DAY: Final = timedelta(days=1)

# Month and day of the holidays that have a fixed date.
FIXED_HOLIDAYS: Final = frozenset({(1, 1), (5, 1), (12, 25), (12, 26)})

FIRST_YEAR: Final = 1999

# Nothing was published on these days: the systems were being changed over.
CHANGE_OVERS: Final = frozenset({date(1999, 12, 31), date(2001, 12, 31)})


def is_stale(published: date, now: datetime) -> bool:
    """Whether a newer rate than that of `published` is overdue at `now` (aware).

    It is not overdue before 18:00 in Frankfurt on the next working day after `published`.
    """
    here = now.astimezone(FRANKFURT)
    if published >= here.date():
        return False
    following = published + DAY
    while not is_working_day(following):
        following += DAY
    return here >= overdue_on(following)


def overdue_on(day: date) -> datetime:
    """Returns the moment (aware) from which the rate of a working day is overdue."""
    return datetime.combine(day, OVERDUE)


def is_working_day(day: date) -> bool:
    """Whether the bank publishes on a day: TARGET is closed on weekends and six holidays."""
    if day.weekday() >= 5 or (day.month, day.day) in FIXED_HOLIDAYS or day in CHANGE_OVERS:
        return False
    easter = _easter_sunday(day.year)
    # Good Friday and Easter Monday; the calendar of the first year did not have them.
    return day.year == FIRST_YEAR or day not in (easter - 2 * DAY, easter + DAY)


def _easter_sunday(year: int) -> date:
    """Returns Western Easter by the anonymous Gregorian computus (Meeus, Astronomical Algorithms, chapter 8)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    moon_shift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - century // 4 - moon_shift + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
