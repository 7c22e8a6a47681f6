from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.rates.model.calendar import is_stale, is_working_day

FRIDAY = date(2026, 10, 30)


def frankfurt(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


class Staleness(SynchronousTestCase):
    def test_a_quote_is_fresh_on_its_day_and_over_the_weekend(self) -> None:
        for text in ("2026-10-30T23:59", "2026-10-31T20:00", "2026-11-01T20:00", "2026-11-02T09:00"):
            self.assertFalse(is_stale(FRIDAY, frankfurt(text)), text)

    def test_a_quote_is_stale_once_the_next_publication_is_overdue(self) -> None:
        self.assertFalse(is_stale(FRIDAY, frankfurt("2026-11-02T17:59:59")))
        self.assertTrue(is_stale(FRIDAY, frankfurt("2026-11-02T18:00")))

    def test_on_tuesday_evening_the_quote_of_friday_is_stale(self) -> None:
        self.assertTrue(is_stale(FRIDAY, frankfurt("2026-11-03T19:00")))

    def test_the_hour_is_that_of_frankfurt_in_summer_and_winter(self) -> None:
        for published, now in ((date(2026, 7, 6), "2026-07-07T16:00"), (date(2026, 12, 7), "2026-12-08T17:00")):
            due = datetime.fromisoformat(now).replace(tzinfo=UTC)

            self.assertTrue(is_stale(published, due))
            self.assertFalse(is_stale(published, due.replace(hour=due.hour - 1, minute=59)))

    def test_over_easter_the_quote_of_thursday_is_fresh_until_tuesday_evening(self) -> None:
        thursday = date(2026, 4, 2)

        self.assertFalse(is_stale(thursday, frankfurt("2026-04-07T17:00")))
        self.assertTrue(is_stale(thursday, frankfurt("2026-04-07T18:00")))

    def test_over_christmas_and_new_year_nothing_is_overdue_on_the_holidays(self) -> None:
        self.assertFalse(is_stale(date(2026, 12, 24), frankfurt("2026-12-28T17:00")))
        self.assertTrue(is_stale(date(2026, 12, 24), frankfurt("2026-12-28T18:00")))
        self.assertFalse(is_stale(date(2026, 12, 31), frankfurt("2027-01-04T17:00")))

    def test_a_future_date_is_fresh_even_the_last_one_possible(self) -> None:
        self.assertFalse(is_stale(date.max, frankfurt("2026-11-02T18:00")))


class WorkingDays(SynchronousTestCase):
    def test_holidays_of_target_are_not_working_days(self) -> None:
        for text in ("2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2025-12-25", "2025-12-26", "2026-10-31"):
            self.assertFalse(is_working_day(date.fromisoformat(text)), text)

    def test_easter_moves_from_year_to_year(self) -> None:
        for text in ("2000-04-21", "2008-03-21", "2011-04-25", "2024-03-29", "2027-03-29", "2038-04-26", "2049-04-16"):
            self.assertFalse(is_working_day(date.fromisoformat(text)), text)

    def test_the_bank_published_at_easter_in_its_first_year(self) -> None:
        for text in ("1999-04-02", "1999-04-05"):
            self.assertTrue(is_working_day(date.fromisoformat(text)), text)
        self.assertFalse(is_working_day(date(1999, 4, 4)))

    def test_holidays_of_germany_alone_are_working_days(self) -> None:
        for text in ("2026-05-14", "2026-05-25", "2025-10-03", "2026-12-24", "2026-12-31"):
            self.assertTrue(is_working_day(date.fromisoformat(text)), text)
