from collections.abc import Callable
from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.static import Data

from mixsvc.common.currencies import parse_currency
from mixsvc.config import parsers
from mixsvc.config.settings import RatesSettings
from mixsvc.errors import BadSetting
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.sources import build_sources
from mixsvc.rates.sources.json_answer import JsonFormat
from mixsvc.rates.sources.json_feed import JsonFeed
from mixsvc.rates.sources.json_paths import JsonPaths
from mixsvc.rates.sources.json_settings import PRESETS, feed_of
from tests.rates.samples import at_once, client_of

KEY = {"RATES_KEY": "a b&c"}
CUSTOM = replace(RatesSettings(), json_url="https://rates.example/{base}?key={key}", json_key_env="RATES_KEY")


class Feeds(SynchronousTestCase):
    def feed(self, settings: RatesSettings, environ: dict[str, str]) -> JsonFeed:
        return feed_of(settings, environ)()

    def test_without_any_setting_it_is_frankfurter(self) -> None:
        feed = self.feed(RatesSettings(), {})

        self.assertEqual(feed.address.url, "https://api.frankfurter.dev/v2/rates?base=EUR&providers=ecb")
        self.assertEqual((feed.form, feed.address.headers), (JsonFormat("EUR", JsonPaths("date", "rates")), {}))

    def test_a_url_in_the_settings_replaces_the_preset(self) -> None:
        own = replace(RatesSettings(), json_url="http://localhost:8080/v1/latest?base={base}", json_base="USD")

        self.assertEqual(self.feed(own, {}).address.url, "http://localhost:8080/v1/latest?base=USD")

    def test_the_key_comes_from_the_environment_and_is_quoted_in_the_url(self) -> None:
        headers = replace(CUSTOM, json_headers=(("X-Key", "<{key}>"),))

        self.assertEqual(self.feed(CUSTOM, KEY).address.url, "https://rates.example/EUR?key=a%20b%26c")
        self.assertEqual(self.feed(headers, KEY).address.headers, {"X-Key": "<a b&c>"})

    def test_a_missing_or_invalid_key_is_reported_by_the_name_of_its_variable(self) -> None:
        for environ in ({}, {"RATES_KEY": " "}, {"RATES_KEY": "x\r\ny"}, {"RATES_KEY": "schl\u00fcssel"}):
            with self.assertRaises(SourceFailed) as caught:
                self.feed(CUSTOM, environ)

            self.assertIn("RATES_KEY", str(caught.exception))
            self.assertNotIn("schl", str(caught.exception))

    def test_a_key_that_is_set_later_is_found(self) -> None:
        environ: dict[str, str] = {}
        make = feed_of(CUSTOM, environ)
        self.assertRaises(SourceFailed, make)
        environ.update(KEY)

        self.assertIn("a%20b", make().address.url)

    def test_the_key_of_a_header_is_never_shown(self) -> None:
        feed = self.feed(replace(CUSTOM, json_url="http://x/", json_headers=(("X-Key", "{key}"),)), KEY)

        self.assertNotIn("a b&c", repr(feed))

    def test_settings_that_contradict_each_other_are_refused_at_once(self) -> None:
        wrong = (
            replace(CUSTOM, json_url="", json_preset="", json_key_env=""),
            replace(CUSTOM, json_key_env=""),
            replace(CUSTOM, json_url="http://x/"),
        )
        for settings in wrong:
            self.assertRaises(BadSetting, feed_of, settings, KEY)

    def test_a_path_may_have_the_base_in_it(self) -> None:
        own = replace(RatesSettings(), json_rates="data.{base}", json_base="USD", json_inverse=True)

        self.assertEqual(self.feed(own, {}).form, JsonFormat("USD", JsonPaths("date", "data.USD"), is_inverse=True))

    def test_a_star_stands_for_the_same_entry_in_every_path(self) -> None:
        right: dict[str, Any] = {
            "json_rates": "a.*.rate",
            "json_code": "a.*.code",
            "json_date": "a.*.day",
            "json_amount": "amount",
        }
        self.feed(replace(RatesSettings(), **right), {})
        for wrong, told in (
            ({"json_rates": "rates"}, "json_code needs a *"),
            ({"json_code": "b.*.code"}, r"json_code = b.\*.code has a \* in another place than json_rates = a.\*.rate"),
            ({"json_rates": "rates", "json_code": ""}, "json_date = a"),
            ({"json_amount": "*.amount"}, "json_amount"),
            ({"json_base_field": "*.base"}, "json_base_field"),
        ):
            with self.subTest(told=told), self.assertRaisesRegex(BadSetting, told):
                feed_of(replace(RatesSettings(), **(right | wrong)), {})

    def test_json_settings_are_ignored_without_the_json_source(self) -> None:
        client = client_of(Data(b"", ""))

        build_sources(replace(CUSTOM, json_key_env=""), client, at_once)
        with self.assertRaises(BadSetting):
            build_sources(replace(CUSTOM, json_key_env="", sources=("json",)), client, at_once)

    def test_every_preset_may_be_chosen(self) -> None:
        for name in PRESETS:
            self.assertTrue(self.feed(replace(RatesSettings(), json_preset=name), {}).address.url)


class Parsers(SynchronousTestCase):
    def refused(self, parse: Callable[[str], Any], *texts: str) -> None:
        for text in texts:
            with self.subTest(text=text), self.assertRaises(ValueError):
                parse(text)

    def test_a_template_is_a_url_with_our_placeholders_only(self) -> None:
        for text in ("", "http://x/{base}?k={key}", "http://localhost:8080/"):
            self.assertEqual(parsers.url_template(text), text)
        self.refused(parsers.url_template, "x", "http://x/{other}", "http://x/{", "http://x/{}", "ftp://x/")

    def test_a_url_may_be_empty_where_that_means_something(self) -> None:
        self.assertEqual((parsers.url_or_none(""), parsers.url_or_none("http://x/")), ("", "http://x/"))
        self.refused(parsers.url_or_none, "x")

    def test_headers_stand_one_a_line(self) -> None:
        self.assertEqual(parsers.headers("A: b: c\n  X-Y:  {key} \n"), (("A", "b: c"), ("X-Y", "{key}")))
        self.assertEqual(parsers.headers(""), ())
        self.refused(parsers.headers, "A", "A:", ": b", "A b: c", "A: \x7f", "A: \u00e4", "A: 1\na: 2", "Host: x")

    def test_paths_of_fields_hold_no_empty_names(self) -> None:
        for text in ("date", "a.b", "data.*.value", "a-b._c"):
            self.assertEqual(parsers.field_path(text), text)
        self.assertEqual((parsers.field_path_or_none(""), parsers.field_path_or_none("a.b")), ("", "a.b"))
        self.refused(parsers.field_path_or_none, ".", "a..b")
        self.refused(parsers.field_path, "", ".", "a.", ".a", "a..b", "a b", "*.*", ".".join("abcdefghijk"))

    def test_currencies_presets_and_variables(self) -> None:
        self.assertEqual(parse_currency("usd"), "USD")
        self.assertEqual(parsers.variable_name("RATES_KEY"), "RATES_KEY")
        self.assertEqual(parsers.one_of_or_none("a", "b")("b"), "b")
        self.refused(parse_currency, "", "US", "\u20ac\u20ac\u20ac")
        self.refused(parsers.variable_name, "a-b", "1a", "$KEY")
        self.refused(parsers.one_of_or_none("a"), "b")
