from dataclasses import replace
from decimal import Decimal
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from werkzeug.test import TestResponse

from mixsvc.pages.app import create_app
from tests.pages.fakes import QUOTE, FakeMix, FakeRates

PROBLEM = "application/problem+json"


class OneRateTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.client = create_app(FakeMix()).test_client()

    def problem(self, path: str, status: int) -> dict[str, Any]:
        answer = self.client.get(path)
        self.assertEqual((answer.status_code, answer.content_type), (status, PROBLEM))
        found: dict[str, Any] = answer.get_json(force=True)
        self.assertEqual(found["status"], status)
        return found

    def test_a_known_pair_is_answered_with_its_quote(self) -> None:
        answer = self.client.get("/api/rates/EUR/USD")

        self.assertEqual((answer.status_code, answer.content_type), (200, "application/json"))
        self.assertEqual(answer.get_json(), QUOTE.as_json())

    def test_the_price_is_a_string_and_keeps_its_digits(self) -> None:
        self.assertEqual(self.client.get("/api/rates/EUR/JPY").get_json()["price"], "180.50")

    def test_codes_may_be_in_lower_case(self) -> None:
        self.assertEqual(self.client.get("/api/rates/eur/uSd").get_json(), QUOTE.as_json())

    def test_a_refusal_is_not_cached(self) -> None:
        for path in ("/api/rates/EUR/XXX", "/api/rates/USD/JPY", "/api/rates/EUR/USD?date=x"):
            self.assertEqual(self.client.get(path).headers["Cache-Control"], "no-cache")

    def test_head_answers_without_a_body(self) -> None:
        answer = self.client.head("/api/rates/EUR/USD")

        self.assertEqual((answer.status_code, answer.data), (200, b""))

    def test_an_unknown_currency_is_not_found_and_near_ones_are_suggested(self) -> None:
        found = self.problem("/api/rates/EUR/USX", 404)

        self.assertEqual(found["suggestions"], ["USD"])
        self.assertEqual(found["detail"], "'USX' is not a currency known here; did you mean USD?")

    def test_an_unknown_base_is_not_found(self) -> None:
        self.assertIn("'XXX'", self.problem("/api/rates/XXX/USD", 404)["detail"])

    def test_anything_but_a_code_is_not_found(self) -> None:
        for code in ("US", "USDD", "U5D", "u\u017fd", "USD%0A", "%00", "..."):
            self.assertIn("is not a currency code", self.problem(f"/api/rates/EUR/{code}", 404)["detail"])

    def test_a_long_code_is_repeated_only_in_part(self) -> None:
        self.assertLess(len(self.problem(f"/api/rates/EUR/{'x' * 5000}", 404)["detail"]), 200)

    def test_a_pair_without_a_quote_is_503_with_retry_after(self) -> None:
        answer = self.client.get("/api/rates/usd/jpy")

        self.assertEqual((answer.status_code, answer.content_type), (503, PROBLEM))
        self.assertEqual(answer.headers["Retry-After"], "30")
        self.assertIn("USD/JPY", answer.get_json(force=True)["detail"])

    def test_before_the_first_quotes_every_pair_is_503(self) -> None:
        client = create_app(FakeMix(FakeRates())).test_client()

        self.assertEqual(client.get("/api/rates/EUR/XXX").status_code, 503)

    def test_before_the_first_quotes_an_invalid_code_is_404(self) -> None:
        client = create_app(FakeMix(FakeRates())).test_client()

        self.assertEqual(client.get("/api/rates/EUR/dollars").status_code, 404)


class AllRatesTests(SynchronousTestCase):
    def get(self, mix: FakeMix) -> TestResponse:
        return create_app(mix).test_client().get("/api/rates")

    def test_quotes_come_in_the_order_of_the_configured_pairs(self) -> None:
        pound = replace(QUOTE, quote="GBP", price=Decimal("0.87"))

        answer = self.get(FakeMix(FakeRates(pound, QUOTE)))

        self.assertEqual(answer.get_json(), {"quotes": [QUOTE.as_json(), pound.as_json()]})

    def test_a_pair_without_a_quote_is_left_out(self) -> None:
        self.assertEqual(self.get(FakeMix()).get_json(), {"quotes": [QUOTE.as_json()]})

    def test_before_the_first_quotes_the_list_is_empty(self) -> None:
        self.assertEqual(self.get(FakeMix(FakeRates())).get_json(), {"quotes": []})
