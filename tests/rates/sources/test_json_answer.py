import json
from dataclasses import replace
from datetime import date
from itertools import product

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.model.quote import MAX_CURRENCIES
from mixsvc.rates.sources.json_answer import JsonFormat, read_answer
from mixsvc.rates.sources.json_paths import JsonPaths
from tests.rates.samples import NOW

# As api.frankfurter.dev answers.
FRANKFURTER = b'{"amount":1.0,"base":"EUR","date":"2026-10-30","rates":{"USD":1.1172,"JPY":175.60}}'
FORM = JsonFormat("EUR", JsonPaths("date", "rates"))


def answer(price: str = "1.1", day: str = '"2026-10-30"', code: str = "USD") -> bytes:
    return f'{{"date": {day}, "rates": {{"{code}": {price}}}}}'.encode()


FIELDS = st.dictionaries(st.sampled_from(["USD", "EUR", "date", "rates", "x"]), st.floats() | st.text())


class Reading(SynchronousTestCase):
    def read(self, body: bytes, form: JsonFormat = FORM) -> list[tuple[str, str]]:
        return [(each.quote, str(each.price)) for each in read_answer(body, form, NOW).quotes]

    def refused(self, body: bytes, form: JsonFormat = FORM) -> str:
        with self.assertRaises(SourceFailed) as caught:
            read_answer(body, form, NOW)
        text = str(caught.exception)
        self.assertNotIn("\n", text)
        self.assertLess(len(text), 300)
        return text

    def test_an_answer_of_frankfurter_is_read(self) -> None:
        usd, jpy = read_answer(FRANKFURTER, FORM, NOW).quotes

        self.assertEqual((usd.base, usd.quote, str(usd.price), usd.source), ("EUR", "USD", "1.1172", "json"))
        self.assertEqual((usd.date, usd.fetched_at), (date(2026, 10, 30), NOW))
        self.assertEqual(str(jpy.price), "175.60")

    def test_digits_are_kept_as_they_are_written(self) -> None:
        for text in ("0.1000000000000000055", "1.10", "19000", "0.000001", "10000000000000000000"):
            self.assertEqual(self.read(answer(text)), [("USD", text)])

    def test_an_exponent_is_written_out(self) -> None:
        self.assertEqual(self.read(answer("1.4e-05")), [("USD", "0.000014")])
        self.assertEqual(self.read(answer("2E+3")), [("USD", "2000")])

    def test_numbers_that_would_take_for_ever_are_refused_at_once(self) -> None:
        for day in ("1e9999999", "-1e9999999", "253402300800", "-1", "1e99", "NaN", "Infinity"):
            self.assertIn("date", self.refused(answer(day=day)))
        self.assertIn("USD: it has no price above zero", self.refused(answer("1e99999999999999999999")))
        self.assertEqual(self.read(answer(day="1793318400")), [("USD", "1.1")])

    def test_more_currencies_than_there_can_be_are_refused(self) -> None:
        codes = ["".join(each) for each in product("ABCDFGHI", repeat=3)][: MAX_CURRENCIES + 1]
        body = {"date": "2026-10-30", "rates": dict.fromkeys(codes, 1)}

        self.assertIn(str(MAX_CURRENCIES), self.refused(json.dumps(body).encode()))

    def test_more_digits_than_can_be_stored_are_rounded_off(self) -> None:
        self.assertEqual(self.read(answer("0.00000123456789012345678")), [("USD", "0.0000012345678901235")])

    def test_a_price_may_be_a_text(self) -> None:
        for text, price in (("1.50", "1.50"), (" 1.50 ", "1.50"), ("1.4e-05", "0.000014"), ("2E3", "2000")):
            self.assertEqual(self.read(answer(f'"{text}"')), [("USD", price)])

    def test_dates_may_be_times_and_seconds(self) -> None:
        for text, day in (
            ('"2026-10-30T23:59:59Z"', 30),
            ('"2026-10-30T00:30:00+02:00"', 29),
            ('"2026-10-30 16:00:00"', 30),
            ("1793318400", 30),
            ("1793318399", 29),
        ):
            (found,) = read_answer(answer(day=text), FORM, NOW).quotes
            self.assertEqual(found.date, date(2026, 10, day), text)

    def test_fields_within_fields_are_found(self) -> None:
        nested = {"meta": {"at": "2026-10-30"}, "data": {"USD": {"code": "USD", "value": 1.5}}}

        form = replace(FORM, paths=JsonPaths("meta.at", "data.*.value"))
        self.assertEqual(self.read(json.dumps(nested).encode(), form), [("USD", "1.5")])

    def test_the_base_itself_and_strange_codes_are_not_read(self) -> None:
        body = b'{"date": "2026-10-30", "rates": {"EUR": 1.0, "USD": 2, "USDT": 0, "usd": "x", "": 1, "U5D": 1}}'

        self.assertEqual(self.read(body), [("USD", "2")])
        self.assertEqual(read_answer(body, FORM, NOW).left_out, {})

    def test_codes_may_be_in_small_letters_and_pairs(self) -> None:
        for code in ("usd", "Usd", "EURUSD", "eurusd", "EUR/USD", "EUR_USD", " usd "):
            self.assertEqual(self.read(answer(code=code)), [("USD", "1.1")], code)
        self.assertEqual(self.read(b'{"date": "2026-10-30", "rates": {"USD": 2, "usd": 3}}'), [("USD", "2")])

    def test_a_code_in_letters_that_are_not_ascii_is_not_read(self) -> None:
        for code in ("u\u00df", "\u0131dr", "U\u017fD"):
            self.assertEqual(
                self.read(b'{"date": "2026-10-30", "rates": {"GBP": 1, "%s": 2}}' % code.encode()), [("GBP", "1")]
            )

    def test_an_answer_may_begin_with_a_byte_order_mark(self) -> None:
        self.assertEqual(self.read(b"\xef\xbb\xbf" + answer()), [("USD", "1.1")])

    def test_another_base_than_the_one_asked_for_is_refused(self) -> None:
        refusal = self.refused(FRANKFURTER.replace(b"EUR", b"USD"))
        self.assertIn("its base is USD, not EUR; [rates] json_base must be what it gives", refusal)
        self.assertIn("its base is another currency", self.refused(answer("0.9", code="EUR")))

    def test_a_currency_without_a_usable_price_is_left_out_and_named(self) -> None:
        for text in ("0", "-1", "-0.0", "NaN", "Infinity", "-Infinity", "null", "true", "[]", "{}", '""', '"1,1"') + (
            '"NaN"',
            '"1_0"',
            '"\u0661"',
            "1e21",
            "1e-21",
            "1e999999999",
            "9" * 5000,
            '"' + "9" * 5000 + '"',
            "1e-20",
            "1e20",
        ):
            with self.subTest(price=text[:20]):
                body = b'{"date": "2026-10-30", "rates": {"GBP": 0.8, "USD": %s}}' % text.encode()
                found = read_answer(body, FORM, NOW)

                self.assertEqual([each.quote for each in found.quotes], ["GBP"])
                self.assertRegex(found.left_out["USD"], "^it has no price above zero$|^its price is too (small|large)$")

    def test_an_invalid_date_is_refused(self) -> None:
        days = ('"30.10.2026"', '""', "null", "1e30", "-1e30", "true", '"2026-11-01"', "1893456000", '"2026-13-01"')
        for text in (*days, '"20261030"', '"2026-10-30Tx"', '"0001-01-01T00:00:00+14:00"', "[]"):
            with self.subTest(day=text):
                self.refused(answer(day=text))

    def test_what_is_no_date_is_shown(self) -> None:
        for text in ("30.10.2026", "Fri, 30 Oct 2026 15:00:00 GMT", "2026-10-30 15:00 CET"):
            with self.subTest(text=text):
                self.assertIn(f"{text!r} is not a date", self.refused(answer(day=f'"{text}"')))

    def test_a_document_without_rates_is_refused(self) -> None:
        for body in (b"", b"[]", b"null", b"{}", b'{"date": "2026-10-30"}', b"<html>", FRANKFURTER[:-2], b"\xff\xfe{"):
            with self.subTest(body=body):
                self.refused(body)
        self.refused(b'{"date": "2026-10-30", "rates": {}}')
        self.refused(b'{"date": "2026-10-30", "rates": [1]}')

    def test_a_field_that_is_given_twice_is_refused(self) -> None:
        self.assertIn("a field occurs twice", self.refused(b'{"date": "2026-10-30", "rates": {"USD": 1, "USD": 2}}'))

    def test_deep_nesting_is_refused_like_anything_else(self) -> None:
        for body in (b"[" * 100_000, b'{"a":' * 100_000):
            self.assertIn("nested too deeply", self.refused(body))

    @given(st.binary() | st.binary().map(lambda some: FRANKFURTER.replace(b"1.1172", some)))
    @example(FRANKFURTER.replace(b"EUR", b"\xff"))
    @settings(derandomize=True, deadline=None)
    def test_any_bytes_raise_only_source_failed(self, body: bytes) -> None:
        try:
            quotes = read_answer(body, FORM, NOW).quotes
        except SourceFailed:
            return
        self.assertTrue(all(each.price > 0 for each in quotes))

    @given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | FIELDS))
    @settings(derandomize=True, deadline=None)
    def test_no_json_does_either(self, value: object) -> None:
        for body in ({"date": value, "rates": value}, {"date": "2026-10-30", "rates": {"USD": value}}):
            try:
                read_answer(json.dumps(body).encode(), FORM, NOW)
            except SourceFailed:
                continue
