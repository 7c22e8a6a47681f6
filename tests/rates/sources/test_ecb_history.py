import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.config.settings import RatesSettings
from mixsvc.interfaces import Quote
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.sources import ecb_csv
from mixsvc.rates.sources.ecb_history import HistoryDocument, gaps, history_documents, read_csv, read_pages, read_xml
from tests.rates.samples import NOW, at_once, client_of, moment
from tests.rates.sources.test_download import Server
from tests.rates.sources.test_ecb import day, document

CSV = "Date,USD,XAA,\n2026-10-30,1.12,N/A,\n2026-10-29,1.11,7,\n2026-10-28,1.10,7,\n"
DEFAULTS = RatesSettings()
XML = document(*(day(f"2026-10-{each}", f"<Cube currency='USD' rate='1.{each}'/>") for each in (30, 29, 28)))
DAYS = [date(2026, 10, 28), date(2026, 10, 29), date(2026, 10, 30)]


def packed(*texts: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, text in enumerate(texts):
            archive.writestr(f"{number}.csv", text)
    return made.getvalue()


def found(pages: Sequence[Sequence[Quote]]) -> list[tuple[str, int, str]]:
    return [(each.quote, each.date.day, str(each.price)) for page in pages for each in page]


class Reading(SynchronousTestCase):
    def test_the_wanted_days_of_a_zip_file_are_read_oldest_first(self) -> None:
        pages = read_pages(read_csv(packed(CSV)), DAYS[1:], NOW)

        self.assertEqual(pages.newest, DAYS[2])
        self.assertEqual(found(list(pages.quotes)), [("USD", 29, "1.11"), ("XAA", 29, "7"), ("USD", 30, "1.12")])

    def test_blank_lines_of_a_csv_file_are_no_days(self) -> None:
        text = CSV.replace("\n", "\n\n", 2) + "\r\n \n"

        self.assertEqual(read_csv(packed(text)).each, read_csv(packed(CSV)).each)

    def test_the_wanted_days_of_an_xml_document_are_read_as_well(self) -> None:
        pages = read_pages(read_xml(XML), DAYS[:2], NOW)

        self.assertEqual(found(list(pages.quotes)), [("USD", 28, "1.28"), ("USD", 29, "1.29")])

    def test_the_quotes_name_the_bank_as_their_source(self) -> None:
        ((first, *_),) = read_pages(read_csv(packed(CSV)), DAYS[:1], NOW).quotes

        self.assertEqual((first.base, first.source, first.fetched_at, first.stale), ("EUR", "ecb", NOW, False))

    def test_many_quotes_come_in_pages(self) -> None:
        days = [date(2020, 1, 1) + timedelta(each) for each in range(2500)]
        text = "Date,USD\n" + "".join(f"{each},1.1\n" for each in days)

        pages = list(read_pages(read_csv(packed(text)), days, NOW).quotes)

        self.assertEqual([len(page) for page in pages], [1000, 1000, 495])

    def test_a_price_that_jumps_is_left_out(self) -> None:
        text = CSV.replace("1.11", "11.1")

        self.assertEqual(
            [each[1] for each in found(list(read_pages(read_csv(packed(text)), DAYS[1:], NOW).quotes))], [29, 30]
        )

    def test_future_days_are_left_out(self) -> None:
        pages = read_pages(read_csv(packed(CSV)), DAYS, NOW - timedelta(days=1))

        self.assertEqual({each[1] for each in found(list(pages.quotes))}, {28, 29})

    def test_an_invalid_document_gives_an_error_of_one_line(self) -> None:
        texts = ("", "Date,USD\n", "Date,USD\nx,1\n", "Date,USD\n2026-10-29,x\n", "Date,USD\n2026-10-29,0\n")
        bodies = [packed(text) for text in (*texts, "Date,USD\n2026-10-29,NaN\n", "Date,usd\n2026-10-29,1\n", "\u20ac")]
        twice = packed(CSV + "2026-10-29,2,2,\n")
        for body in (*bodies, twice, b"", b"<html>", packed(CSV)[:-30], packed(CSV, CSV), packed()):
            with self.subTest(body=body), self.assertRaises(SourceFailed) as caught:
                list(read_pages(read_csv(body), DAYS, NOW).quotes)
            self.assertNotIn("\n", str(caught.exception))
        for body in (b"", b"PK", XML[:-9], document(), XML.replace(b"1.29", b"-1"), XML.replace(b"USD", b"EUR")):
            with self.subTest(body=body), self.assertRaises(SourceFailed) as caught:
                list(read_pages(read_xml(body), DAYS, NOW).quotes)
            self.assertNotIn("\n", str(caught.exception))

    def test_a_line_of_another_length_is_called_that(self) -> None:
        for line in ("2026-10-29,1.11\n", "2026-10-29,1.11,7,,\n", "2026-10-29\n"):
            with self.subTest(line=line), self.assertRaises(SourceFailed) as caught:
                list(read_pages(read_csv(packed(f"Date,USD,XAA,\n{line}")), DAYS, NOW).quotes)
            self.assertIn("a line has more or fewer cells than the first one", str(caught.exception))

    def test_a_zip_bomb_is_refused_at_the_limit(self) -> None:
        bomb = packed(" " * (ecb_csv.MAX_UNPACKED + 1))
        self.assertLess(len(bomb), 2**20)

        with self.assertRaises(SourceFailed) as caught:
            read_csv(bomb)

        self.assertIn(str(ecb_csv.MAX_UNPACKED), str(caught.exception))

    def test_an_unsupported_compression_is_refused_before_it_is_unpacked(self) -> None:
        for kind in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
            made = io.BytesIO()
            with zipfile.ZipFile(made, "w", kind) as archive:
                archive.writestr("history.csv", CSV)

            with self.subTest(kind=kind), self.assertRaises(SourceFailed) as caught:
                # Behind its head: for such bytes lzma raises an error of its own.
                read_csv(made.getvalue().replace(b"\x5d\x00", b"\xff\x00", 1))
            self.assertIn("its compression is not supported", str(caught.exception))

    @given(st.integers(0, len(packed(CSV)) - 1), st.integers(0, 255))
    @settings(derandomize=True, deadline=None, max_examples=200)
    def test_one_wrong_byte_raises_only_source_failed(self, place: int, byte: int) -> None:
        body = packed(CSV)
        try:
            list(read_pages(read_csv(body[:place] + bytes([byte]) + body[place + 1 :]), DAYS, NOW).quotes)
        except SourceFailed:
            return


class Gaps(SynchronousTestCase):
    def test_working_days_that_are_not_known_are_missing(self) -> None:
        monday = date(2026, 10, 26)

        self.assertEqual(gaps({date(2026, 10, 27)}, monday, date(2026, 10, 30)), {monday, *DAYS[:2]})

    def test_weekends_and_holidays_are_not_missing(self) -> None:
        self.assertEqual(gaps(set(), date(2025, 12, 25), date(2025, 12, 29)), set())

    def test_today_is_not_missing(self) -> None:
        self.assertEqual(gaps(set(), DAYS[2], DAYS[2]), set())


class Documents(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = Server()

    def documents(self, settings: RatesSettings = DEFAULTS) -> Sequence[HistoryDocument]:
        return history_documents(settings, client_of(self.server), at_once, moment)

    def open(self, which: HistoryDocument) -> list[tuple[str, int, str]] | None:
        pages = self.successResultOf(Deferred.fromCoroutine(which.open(DAYS, NOW)))
        if pages is None:
            return None
        read = []
        while (page := self.successResultOf(Deferred.fromCoroutine(which.next_page(pages)))) is not None:
            read.append(page)
        return found(read)

    def test_the_small_one_comes_first(self) -> None:
        small, large = self.documents()

        self.server.body = XML
        self.assertEqual(len(self.open(small) or ()), 3)
        self.server.body = packed(CSV)
        self.assertEqual(len(self.open(large) or ()), 5)
        self.assertTrue(self.server.asked[0].path.endswith(b"hist-90d.xml"))
        self.assertTrue(self.server.asked[1].path.endswith(b"hist.zip"))

    def test_without_a_url_there_is_no_document(self) -> None:
        self.assertEqual(self.documents(replace(RatesSettings(), ecb_90_days_url="", ecb_history_url="")), [])

    def test_a_kept_document_is_requested_conditionally(self) -> None:
        small, _ = self.documents()
        self.server.body, self.server.headers = XML, {b"ETag": b'"1"'}
        self.open(small)
        self.open(small)
        small.keep()
        self.server.code = 304
        self.assertIsNone(self.open(small))

        asked = [each.requestHeaders.getRawHeaders(b"If-None-Match") for each in self.server.asked]
        self.assertEqual(asked, [None, None, [b'"1"']])

    def test_the_whole_history_has_a_larger_limit_than_the_daily_document(self) -> None:
        _, large = self.documents()
        self.server.body = b"PK" + b" " * 2**22
        failed = self.failureResultOf(Deferred.fromCoroutine(large.open(DAYS, NOW)), SourceFailed)

        self.assertIn(str(2**22), str(failed.value))
        self.server.body = b" " * 2**22
        failed = self.failureResultOf(Deferred.fromCoroutine(large.open(DAYS, NOW)), SourceFailed)
        self.assertIn("cannot be read", str(failed.value))

    def test_each_knows_how_far_back_it_reaches(self) -> None:
        reach = []
        for each in self.documents():
            missing = self.successResultOf(Deferred.fromCoroutine(each.missing(set(), DAYS[2])))
            reach.append(min(missing))

        self.assertEqual(reach, [date(2026, 8, 3), date(1999, 1, 4)])
