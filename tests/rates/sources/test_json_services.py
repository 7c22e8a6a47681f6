"""Answers in the formats of well known services, read with the settings that docs/how-to/rate-sources.md names."""

import re
import tempfile
from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.config.reading import read_settings
from mixsvc.config.settings import RatesSettings
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.sources import unused_settings
from mixsvc.rates.sources.json_answer import JsonAnswer, read_answer
from mixsvc.rates.sources.json_settings import feed_of
from tests.builds import PROJECT
from tests.rates.samples import NOW

PAGE = (PROJECT / "docs" / "how-to" / "rate-sources.md").read_text()
DOCUMENTED = dict(re.findall(r"\n## ([^\n]+)\n[^#]*?```ini\n(.*?)```", PAGE, re.DOTALL))


def documented(service: str) -> RatesSettings:
    """The settings for a service, as the page has them."""
    with tempfile.NamedTemporaryFile("w", suffix=".ini") as file:
        file.write(DOCUMENTED[service])
        file.flush()
        return read_settings(file.name).rates


def read(body: str, settings: RatesSettings) -> JsonAnswer:
    return read_answer(body.encode(), feed_of(settings, {"RATES_KEY": "x"})().form, NOW)


def having(**given: Any) -> RatesSettings:
    return replace(RatesSettings(), **given)


def test_each_block_of_the_page_does_something_when_it_is_copied_alone() -> None:
    blocks = re.findall(r"```ini\n(.*?)```", PAGE, re.DOTALL)

    assert len(blocks) == len(DOCUMENTED) + 1
    for service in DOCUMENTED:
        settings = documented(service)
        assert settings.sources[0] == "json"
        assert unused_settings(settings) == ""


class Formats(SynchronousTestCase):
    def prices(self, body: str, settings: RatesSettings) -> list[str]:
        found = read(body, settings)
        self.assertEqual({each.base for each in found.quotes}, {settings.json_base})
        return [f"{each.quote} {each.price} {each.date}" for each in found.quotes]

    def test_frankfurter_1(self) -> None:
        body = '{"amount": 1.0, "base": "EUR", "date": "2026-10-29", "rates": {"AUD": 1.6403, "USD": 1.1172}}'

        self.assertEqual(self.prices(body, RatesSettings()), ["AUD 1.6403 2026-10-29", "USD 1.1172 2026-10-29"])

    def test_frankfurter_2_has_rows_with_dates_of_their_own(self) -> None:
        body = """[
            {"date": "2026-10-30", "base": "EUR", "quote": "USD", "rate": 1.1172},
            {"date": "2026-10-29", "base": "EUR", "quote": "ISK", "rate": 141.30}
        ]"""

        found = ["ISK 141.30 2026-10-29", "USD 1.1172 2026-10-30"]
        named = having(json_date="*.date", json_rates="*.rate", json_code="*.quote", json_base_field="*.base")
        for settings in (RatesSettings(), documented("Frankfurter"), named):
            self.assertEqual(self.prices(body, settings), found)

    def test_exchangerate_api(self) -> None:
        body = """{"result": "success", "time_last_update_unix": 1793318401,
            "time_last_update_utc": "Fri, 30 Oct 2026 00:00:01 +0000", "base_code": "EUR",
            "%s": {"EUR": 1, "USD": 1.1172, "JPY": 175.6}}"""
        found = ["USD 1.1172 2026-10-30", "JPY 175.6 2026-10-30"]

        for rates, service in (("rates", "ExchangeRate-API"), ("conversion_rates", "ExchangeRate-API with a key")):
            self.assertEqual(self.prices(body % rates, documented(service)), found)

    def test_open_exchange_rates(self) -> None:
        body = '{"disclaimer": "x", "timestamp": 1793318400, "base": "USD", "rates": {"EUR": 0.895095, "USD": 1}}'

        self.assertEqual(self.prices(body, documented("Open Exchange Rates")), ["EUR 0.895095 2026-10-30"])

    def test_currencyapi(self) -> None:
        body = """{"meta": {"last_updated_at": "2026-10-29T23:59:59Z"},
            "data": {"USD": {"code": "USD", "value": 1.1172}, "JPY": {"code": "JPY", "value": 175.6}}}"""

        found = self.prices(body, documented("currencyapi"))

        self.assertEqual(found, ["USD 1.1172 2026-10-29", "JPY 175.6 2026-10-29"])

    def test_currencylayer_names_pairs(self) -> None:
        body = (
            '{"success": true, "timestamp": 1793318400, "source": "USD", "quotes": {"USDEUR": 0.8951, "USDJPY": 157.2}}'
        )

        found = self.prices(body, documented("currencylayer"))

        self.assertEqual(found, ["EUR 0.8951 2026-10-30", "JPY 157.2 2026-10-30"])

    def test_fixer_and_fastforex(self) -> None:
        fixer = """{"success": true, "timestamp": 1793318400, "base": "EUR", "date": "2026-10-30",
            "rates": {"USD": 1.1172}}"""
        fast = '{"base": "EUR", "results": {"USD": 1.1172}, "updated": "2026-10-30 11:34:29", "ms": 4}'

        for body, service in ((fixer, "Fixer"), (fast, "fastFOREX")):
            self.assertEqual(self.prices(body, documented(service)), ["USD 1.1172 2026-10-30"])

    def test_every_documented_service_is_among_these(self) -> None:
        self.assertEqual(len(DOCUMENTED), 11)

    def test_the_free_currency_api_writes_small_letters(self) -> None:
        body = '{"date": "2026-10-30", "eur": {"eur": 1, "usd": 1.1172, "1inch": 5.1, "isk": 141.3}}'

        self.assertEqual(
            self.prices(body, documented("currency-api")), ["USD 1.1172 2026-10-30", "ISK 141.3 2026-10-30"]
        )

    def test_the_polish_national_bank_has_the_prices_of_others_in_zloty(self) -> None:
        body = """[{"table": "A", "no": "211/A/NBP/2026", "effectiveDate": "2026-10-30", "rates": [
            {"currency": "euro", "code": "EUR", "mid": 4.25}, {"currency": "rupia", "code": "IDR", "mid": 0.00022}]}]"""

        found = self.prices(body, documented("The National Bank of Poland"))

        self.assertEqual(found, ["EUR 0.2352941176470588235 2026-10-30", "IDR 4545.4545454545454545 2026-10-30"])

    def test_the_czech_national_bank_has_prices_of_several_units(self) -> None:
        body = """{"rates": [
            {"validFor": "2026-10-30", "amount": 1, "currencyCode": "EUR", "rate": 25},
            {"validFor": "2026-10-30", "amount": 100, "currencyCode": "JPY", "rate": 12.5}]}"""

        found = self.prices(body, documented("The Czech National Bank"))

        self.assertEqual(found, ["EUR 0.04 2026-10-30", "JPY 8 2026-10-30"])


class Bases(SynchronousTestCase):
    def refused(self, body: str, **given: str) -> str:
        with self.assertRaises(SourceFailed) as caught:
            read(body, having(**given))
        return str(caught.exception)

    def test_another_base_is_refused_under_every_usual_name(self) -> None:
        for said in (
            '"base": "USD"',
            '"BASE": "usd"',
            '"base_code": "USD"',
            '"baseCode": "USD"',
            '"base_currency": "USD"',
            '"Base-Currency": "USD"',
            '"source": "USD"',
            '"base": {"code": "USD"}',
            '"data": {"base": "USD"}',
            '"meta": {"base_currency": "usd"}',
            '"query": {"source": "USD"}',
            '"Base Currency": "USD"',
            '"base_iso": "USD"',
            '"currencyBase": "usd"',
            '"from_code": "USD"',
            '"base": {"currency": "USD", "name": "US Dollar"}',
            '"results": {"base": "USD"}',
        ):
            with self.subTest(said=said):
                self.assertIn(
                    "its base is USD, not EUR", self.refused(f'{{{said}, "date": "2026-10-30", "rates": {{"GBP": 1}}}}')
                )

    def test_another_base_is_refused_wherever_the_paths_lead_through(self) -> None:
        dated = '"date": "2026-10-30"'
        for body, date, rates in (
            (f'{{"a": {{"base": "USD", {dated}, "b": {{"c": {{"GBP": 1}}}}}}}}', "a.date", "a.b.c"),
            (f'{{"a": {{{dated}, "b": {{"source": "usd", "c": {{"GBP": 1}}}}}}}}', "a.date", "a.b.c"),
            (f'{{"rates": {{"GBP": 1}}, "a": {{"meta": {{"base": "USD"}}, {dated}}}}}', "a.date", "rates"),
            (f'[{{"base": "USD", {dated}, "rates": {{"GBP": 1}}}}]', "0.date", "0.rates"),
            (f'{{{dated}, "rates": {{"base": "USD", "GBP": 1}}}}', "date", "rates"),
        ):
            with self.subTest(body=body):
                self.assertIn("its base is USD, not EUR", self.refused(body, json_date=date, json_rates=rates))

    def test_the_base_is_read_where_the_settings_say_and_nowhere_else(self) -> None:
        body = '{"in": {"of": "%s"}, "base": "USD", "date": "2026-10-30", "rates": {"GBP": 1}}'

        self.assertEqual(len(read(body % "eur", having(json_base_field="in.of")).quotes), 1)
        self.assertIn("its base is USD, not EUR", self.refused(body % "usd", json_base_field="in.of"))
        self.assertIn("its base is 'DOLLAR', not EUR", self.refused(body % "Dollar", json_base_field="in.of"))
        self.assertIn("it has no field out", self.refused(body % "EUR", json_base_field="out"))

    def test_what_is_no_base_is_not_taken_for_one(self) -> None:
        for said in (
            '"source": "ECB"',
            '"database": "ECB"',
            '"base_url": "https://example.com/USD"',
            '"from": "2026-10-30"',
            '"base": null',
            '"base": "euros"',
            '"base": 3',
            '"source": "USD", "base": "EUR"',
        ):
            with self.subTest(said=said):
                self.assertEqual(
                    len(read(f'{{{said}, "date": "2026-10-30", "rates": {{"GBP": 1}}}}', having()).quotes), 1
                )

    def test_a_row_with_another_base_fails_the_answer(self) -> None:
        row = '{"date": "2026-10-30", "base": "%s", "quote": "%s", "rate": 1.1}'

        for wrong in ("GBP", "USD"):
            for rows in ((row % ("EUR", "USD"), row % ("JPY", wrong)), (row % ("JPY", wrong), row % ("EUR", "USD"))):
                self.assertIn("its base is JPY, not EUR", self.refused(f"[{', '.join(rows)}]"))


class Refusals(SynchronousTestCase):
    def test_an_answer_that_is_a_failure_is_told_with_its_reason(self) -> None:
        for body, reason in (
            ('{"success": false, "error": {"code": 104, "info": "Your limit is reached."}}', "Your limit is reached."),
            ('{"result": "error", "error-type": "invalid-key"}', "invalid-key"),
            ('{"error": true, "status": 401, "message": "invalid_app_id", "description": "No."}', "invalid_app_id"),
            ('{"error": "not today"}', "not today"),
            ('{"status": "error", "message": "out of\\n credit"}', "out of credit"),
            ('{"Success": "false"}', "it gives no reason"),
            ('{"success": 0, "errors": [{"code": 3}, {"message": "no such key"}]}', "no such key"),
            ('{"success": false, "date": "2026-10-30", "rates": {"USD": 1.1}}', "it gives no reason"),
            ('{"success": "0"}', "it gives no reason"),
            ('{"ok": false, "description": "Unauthorized"}', "Unauthorized"),
            ('{"meta": {"success": false}, "message": "no such plan"}', "no such plan"),
            ('{"status": {"error_code": 1001, "error_message": "The key is not valid."}}', "The key is not valid."),
            ('{"Error Message": "no key"}', "no key"),
            ('{"code": 401, "message": "Invalid key"}', "Invalid key"),
            ('{"status": 429, "detail": "slow down"}', "slow down"),
        ):
            with self.subTest(body=body), self.assertRaises(SourceFailed) as caught:
                read(body, having())
            self.assertEqual(str(caught.exception), f"the JSON answer cannot be read: the service refuses: {reason}")

    def test_an_answer_that_is_none_is_read(self) -> None:
        for said in (
            '"success": true',
            '"success": 1',
            '"result": "success"',
            '"error": null',
            '"error": false',
            '"error": "none"',
            '"errors": {}',
            '"error": {"code": 0, "message": ""}',
            '"status": 200',
            '"status": 0',
            '"status": {"error_code": 0, "error_message": null}',
            '"error_code": 0, "error_message": "Success"',
            '"code": 554',
        ):
            self.assertEqual(
                len(read(f'{{{said}, "date": "2026-10-30", "rates": {{"USD": 1}}}}', having()).quotes), 1, said
            )


class Rows(SynchronousTestCase):
    def rows(self, *rows: str) -> JsonAnswer:
        return read(f"[{', '.join(rows)}]", having())

    def row(self, code: str = '"USD"', rate: str = "1.1", day: str = '"2026-10-30"') -> str:
        return f'{{"date": {day}, "base": "EUR", "quote": {code}, "rate": {rate}}}'

    def test_a_row_without_a_price_or_a_date_leaves_out_its_currency_only(self) -> None:
        wrong = (self.row(rate="null"), self.row(day="null"), self.row(day='"2027-01-01"'), '{"quote": "USD"}')
        for each in wrong:
            with self.subTest(row=each):
                found = self.rows(each, self.row('"GBP"'))

                self.assertEqual([quote.quote for quote in found.quotes], ["GBP"])
                self.assertEqual(list(found.left_out), ["USD"])

    def test_a_row_without_a_code_is_not_read(self) -> None:
        for each in ("null", "[]", "3", "{}", self.row("null"), self.row('"dollars"')):
            self.assertEqual(len(self.rows(each, self.row()).quotes), 1)

    def test_of_several_days_of_a_currency_the_newest_counts(self) -> None:
        for rows in ((self.row(rate="1", day='"2026-10-28"'), self.row()), (self.row(), self.row(day='"2026-10-28"'))):
            (found,) = self.rows(*rows).quotes

            self.assertEqual((found.date.day, str(found.price)), (30, "1.1"))

    def test_of_several_rows_of_a_currency_one_without_a_price_or_date_does_not_count(self) -> None:
        for wrong in (self.row(rate="null"), self.row(day='"2027-01-01"'), self.row(day="null"), self.row(rate='"x"')):
            for rows in ((wrong, self.row()), (self.row(), wrong)):
                found = self.rows(*rows)

                self.assertEqual([(each.quote, str(each.price)) for each in found.quotes], [("USD", "1.1")])
                self.assertEqual(found.left_out, {})

    def test_the_names_of_the_fields_count_in_any_case(self) -> None:
        old, new = self.row(rate="1", day='"2026-10-28"').title(), self.row().title()

        for rows in ((old, new), (new, old)):
            (found,) = self.rows(*rows).quotes
            self.assertEqual((found.quote, str(found.price)), ("USD", "1.1"))

    def test_rows_may_have_the_price_of_the_base(self) -> None:
        (found,) = read(f"[{self.row(rate='0.5')}]", having(json_inverse=True)).quotes

        self.assertEqual(str(found.price), "2")

    def test_rows_without_a_base_have_that_of_the_settings(self) -> None:
        for base in ('"base": null, ', '"base": "", ', ""):
            (found,) = self.rows(self.row().replace('"base": "EUR", ', base)).quotes

            self.assertEqual((found.base, found.quote), ("EUR", "USD"))

    def test_without_any_row_that_can_be_read_the_answer_is_refused(self) -> None:
        for rows in ((), (self.row(rate="0"),), ("{}",)):
            self.assertRaises(SourceFailed, self.rows, *rows)
