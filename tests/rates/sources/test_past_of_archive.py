import io
import zipfile
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.rates.model.calendar import is_working_day
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.model.timeline import Pair, Timeline
from mixsvc.rates.sources.archive import ArchiveSource
from mixsvc.rates.sources.ecb_csv import MAX_UNPACKED
from tests.rates.samples import at_once, moment, new_path, quote


def zipped(*texts: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number, text in enumerate(texts):
            archive.writestr(f"{number}.csv", text)
    return file.getvalue()


def packaged() -> Mapping[Pair, Timeline]:
    return ArchiveSource(at_once, moment).read()


class PackagedPast(SynchronousTestCase):
    def test_the_archive_has_every_day_since_1999_to_the_last_digit(self) -> None:
        found = packaged()

        dollar = found["EUR", "USD"]
        self.assertEqual(dollar.at(0), quote(price="1.1789", day="1999-01-04", source="archive"))
        self.assertGreater(len(dollar.days), 7000)
        self.assertEqual(sorted(dollar.days), list(dollar.days))
        self.assertGreater(len(found), 38)

    def test_the_archive_takes_some_thirty_bytes_for_each_price(self) -> None:
        found = packaged()

        sizes = [len(t.prices) + t.days.itemsize * len(t.days) * 2 + 8 * len(t.origins) for t in found.values()]
        self.assertLess(sum(sizes) / sum(len(each.days) for each in found.values()), 30)

    def test_the_days_of_the_archive_are_those_of_the_calendar(self) -> None:
        days = packaged()["EUR", "USD"].days

        # TARGET had fewer holidays in its first year.
        known = {date.fromordinal(each) for each in days if each >= date(2000, 1, 1).toordinal()}
        expected = map(date.fromordinal, range(date(2000, 1, 1).toordinal(), max(days) + 1))
        self.assertEqual([day for day in expected if is_working_day(day) != (day in known)], [])


class SomePast(SynchronousTestCase):
    def past_of(self, file: bytes) -> Mapping[Pair, Timeline]:
        path = new_path(self)
        path.write_bytes(file)
        return ArchiveSource(at_once, moment, lambda: path).read()

    def test_lines_in_any_order_and_days_without_a_price_are_read(self) -> None:
        found = self.past_of(zipped("Date,USD,XAA,XBB,\n2026-10-02,1.20,N/A,N/A,\n2026-10-01,1.1,5,,\n"))

        self.assertEqual({code: len(each.days) for (_, code), each in found.items()}, {"USD": 2, "XAA": 1, "XBB": 0})
        self.assertEqual([str(found["EUR", "USD"].price(place)) for place in (0, 1)], ["1.1", "1.20"])
        self.assertEqual(found["EUR", "XAA"].price(0), Decimal(5))

    def test_an_invalid_archive_gives_an_error_that_says_what_to_do(self) -> None:
        lines = ("x,1,", "2026-10-01,x,", "2026-10-01,0.00,", "2026-10-01,-1,", "2026-10-01,1e3,", "2026-10-01,1,2,")
        twice = "2026-10-01,1,\n2026-10-01,2,"
        files = [zipped(f"Date,USD,\n{line}\n") for line in (*lines, twice)]
        for bad in (b"", b"no zip", zipped(), zipped("a", "b"), zipped("Date,usd,\n2026-10-01,1,\n"), *files):
            with self.subTest(bad=bad), self.assertRaises(SourceFailed) as caught:
                self.past_of(bad)
            self.assertIn("reinstall", str(caught.exception))
            self.assertNotIn("\n", str(caught.exception))

    def test_a_line_long_ago_is_checked_as_well_as_the_newest_one(self) -> None:
        newest = "Date,USD,GBP,\n2026-10-30,1.1,0.8,\n2026-10-29,1.1,0.8,\n"
        cells = (
            "x,1",
            "0.00,1",
            "1,0",
            "-1,1",
            "1e3,1",
            "1,2,3",
            "1",
            "12345678901,1",
            "1,1.12345678901",
            "1.,1",
            ".5,1",
        )
        days = ("1999-13-04", "1999-1-4", "19990104", "")
        for line in (*(f"1999-01-04,{each}," for each in cells), *(f"{day},1,1," for day in days), "1999-01-04,1,1,1"):
            with self.subTest(line=line):
                self.assertRaises(SourceFailed, self.past_of, zipped(f"{newest}{line}\n"))
        self.assertEqual(len(self.past_of(zipped(f"{newest}1999-01-04,0.05,,\n"))["EUR", "USD"].days), 3)

    def test_a_column_that_is_not_a_currency_or_is_there_twice_is_refused(self) -> None:
        for header in ("Date,EUR,USD,", "Date,USD,USD,", "Date,usd,USD,"):
            with self.subTest(header=header):
                self.assertRaises(SourceFailed, self.past_of, zipped(f"{header}\n2026-10-01,1,2,\n"))

    def test_the_archive_is_not_unpacked_beyond_its_limit(self) -> None:
        with self.assertRaises(SourceFailed) as caught:
            self.past_of(zipped(" " * (MAX_UNPACKED + 1)))

        self.assertIn(str(MAX_UNPACKED), str(caught.exception))
