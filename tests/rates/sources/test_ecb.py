from datetime import date
from decimal import Decimal
from itertools import product

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.model.quote import MAX_CURRENCIES
from mixsvc.rates.sources.ecb_xml import read_document
from tests.rates.samples import DAILY, NOW


def document(*days: str) -> bytes:
    return f"<E><Cube>{''.join(days)}</Cube></E>".encode()


def day(date: str = "2026-10-30", rates: str = "<Cube currency='USD' rate='1.1'/>") -> str:
    return f"<Cube time='{date}'>{rates}</Cube>"


class Documents(SynchronousTestCase):
    def refused(self, body: bytes) -> str:
        with self.assertRaises(SourceFailed) as caught:
            read_document(body, NOW)
        text = str(caught.exception)
        self.assertNotIn("\n", text)
        self.assertLess(len(text), 300)
        return text

    def test_the_daily_document_is_read(self) -> None:
        usd, jpy = read_document(DAILY, NOW)

        self.assertEqual((usd.base, usd.quote, usd.price, usd.source), ("EUR", "USD", Decimal("1.1172"), "ecb"))
        self.assertEqual((usd.date, usd.fetched_at), (date(2026, 10, 30), NOW))
        self.assertEqual(str(jpy.price), "175.60")

    def test_the_namespace_does_not_matter(self) -> None:
        self.assertEqual(len(read_document(document(day()), NOW)), 1)
        self.assertEqual(len(read_document(DAILY.replace(b"ecb.int", b"other.example"), NOW)), 2)

    def test_of_several_days_the_newest_is_read(self) -> None:
        quotes = read_document(document(day("2026-10-28"), day("2026-10-30"), day("2026-10-29")), NOW)

        self.assertEqual([each.date.day for each in quotes], [30])

    def test_a_day_that_is_there_twice_is_refused(self) -> None:
        self.assertIn("twice", self.refused(document(day(), day())))

    def test_too_many_currencies_are_refused(self) -> None:
        codes = ["".join(each) for each in product("ABCDFGHI", repeat=3)][: MAX_CURRENCIES + 1]
        rates = [f"<Cube currency='{code}' rate='1'/>" for code in codes]

        self.assertEqual(len(read_document(document(day(rates="".join(rates[1:]))), NOW)), MAX_CURRENCIES)
        self.assertIn(str(MAX_CURRENCIES), self.refused(document(day(rates="".join(rates)))))

    def test_tomorrow_is_accepted_and_the_day_after_is_not(self) -> None:
        self.assertEqual(len(read_document(document(day("2026-10-31")), NOW)), 1)
        self.assertIn("future", self.refused(document(day("2026-11-01"))))

    def test_one_invalid_rate_makes_the_document_invalid(self) -> None:
        good = "<Cube currency='GBP' rate='0.8'/>"
        rates = ("0", "-1", "NaN", "inf", "1e5", "", "1,1", "1" * 21)
        bad = [f"<Cube currency='USD' rate='{rate}'/>" for rate in rates]
        bad += [f"<Cube currency='{code}' rate='1'/>" for code in ("usd", "US", "EUR", "GBP", "")]
        for each in [*bad, "<Cube/>", "<other/>", "<Cube currency='USD'/>", "<Cube rate='1'/>"]:
            with self.subTest(rate=each):
                self.refused(document(day(rates=good + each)))

    def test_a_document_without_rates_is_refused(self) -> None:
        for body in (b"", b"{}", b"<html>busy</html>", document(), document(day(rates="")), DAILY[:-1], b"\0" * 9):
            with self.subTest(body=body):
                self.refused(body)

    def test_an_invalid_date_is_refused(self) -> None:
        for text in ("", "30.10.2026", "2026-13-01", "20261030"):
            self.refused(document(day(text)))

    def test_entities_and_strange_encodings_are_refused(self) -> None:
        self.refused(b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>')
        self.refused(b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>')
        for name in ("bogus", "utf-7", "idna", "rot13", "shift-jis"):
            self.refused(f'<?xml version="1.0" encoding="{name}"?><a/>'.encode())

    def test_deep_nesting_is_refused_like_anything_else(self) -> None:
        self.refused(b"<a>" * 20_000 + b"</a>" * 20_000)

    @given(st.binary() | st.binary().map(lambda some: DAILY.replace(b"1.1172", some)))
    @example(DAILY.replace(b"2026-10-30", b"\xff"))
    @settings(derandomize=True, deadline=None)
    def test_any_bytes_raise_only_source_failed(self, body: bytes) -> None:
        try:
            quotes = read_document(body, NOW)
        except SourceFailed:
            return
        self.assertEqual([each.quote for each in quotes], ["USD", "JPY"])

    @given(st.integers(0, len(DAILY) - 1), st.integers(0, 255))
    @settings(derandomize=True, deadline=None, max_examples=300)
    def test_one_wrong_byte_raises_only_source_failed(self, place: int, byte: int) -> None:
        try:
            quotes = read_document(DAILY[:place] + bytes([byte]) + DAILY[place + 1 :], NOW)
        except SourceFailed:
            return
        self.assertTrue(all(each.price > 0 for each in quotes))
