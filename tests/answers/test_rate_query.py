import csv
from datetime import date, timedelta
from io import StringIO
from typing import Any
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from werkzeug.test import TestResponse

from mixsvc.pages.app import create_app
from mixsvc.rates.facade import PastState, RatesFacade
from mixsvc.rates.history.history import RateHistory
from mixsvc.rates.model.latest import RateTable
from tests.pages.fakes import FakeMix
from tests.rates.known import rates
from tests.rates.samples import moment, quote

JSON, PROBLEM, TEXT = "application/json", "application/problem+json", "text/plain; charset=utf-8"

KNOWN = rates(
    quote("USD", "1.1789", "1999-01-04", "archive"),
    quote("USD", "1.0666", "2022-12-30", "archive"),
    quote("HRK", "7.5365", "2022-12-30", "archive"),
    quote("USD", "1.1200", "2026-10-28"),
    quote("USD", "1.1100", "2026-10-29"),
    quote("USD", "1.1172"),
    quote("GBP", "0.8338"),
    quote("JPY", "175.60"),
)


class ApiCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.client = create_app(FakeMix(KNOWN)).test_client()

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=headers)

    def json(self, path: str) -> Any:
        answer = self.get(path)
        self.assertEqual((answer.status_code, answer.content_type), (200, JSON), answer.text)
        return answer.get_json()

    def text(self, path: str) -> str:
        answer = self.get(path, Accept="text/plain")
        self.assertEqual((answer.status_code, answer.content_type), (200, TEXT), answer.text)
        return answer.text

    def problem(self, path: str, status: int) -> dict[str, Any]:
        answer = self.get(path)
        self.assertEqual((answer.status_code, answer.content_type), (status, PROBLEM), answer.text)
        found: dict[str, Any] = answer.get_json(force=True)
        return found


class Pairs(ApiCase):
    def test_a_base_lists_its_quotes_in_every_currency(self) -> None:
        found = self.json("/api/rates?base=usd")["quotes"]

        self.assertEqual([(each["base"], each["quote"]) for each in found], [("USD", c) for c in ("EUR", "GBP", "JPY")])

    def test_an_unknown_base_is_not_found(self) -> None:
        self.assertEqual(self.problem("/api/rates?base=USX", 404)["suggestions"], ["USD"])
        self.problem("/api/rates?base=", 404)

    def test_on_a_weekend_the_answer_says_which_day_was_used(self) -> None:
        found = self.json("/api/rates/EUR/USD?date=2023-01-01")

        self.assertEqual((found["price"], found["date"], found["stale"]), ("1.0666", "2022-12-30", False))

    def test_a_currency_that_is_no_longer_quoted_is_there_on_its_days_only(self) -> None:
        found = self.problem("/api/rates/EUR/HRK", 404)

        self.assertEqual((found["first"], found["last"]), ("2022-12-30", "2022-12-30"))
        self.assertEqual(self.json("/api/rates/EUR/HRK?date=2022-12-30")["price"], "7.5365")

    def test_before_all_rates_the_first_and_the_last_day_of_the_pair_are_named(self) -> None:
        for asked in ("from=1998-12-31", "to=1998-12-31"):
            found = self.problem(f"/api/rates/EUR/USD/history?{asked}", 400)
            self.assertEqual((found["first"], found["last"]), ("1999-01-04", "2026-10-30"))

    def test_before_the_first_day_the_first_day_is_named(self) -> None:
        self.assertEqual(self.problem("/api/rates/EUR/USD?date=1999-01-03", 400)["first"], "1999-01-04")
        self.assertEqual(self.problem("/api/rates/EUR/HRK?date=2001-01-01", 400)["first"], "2022-12-30")

    def test_after_a_week_without_quotes_and_for_future_days_the_span_is_named(self) -> None:
        for day in ("2010-01-01", "2026-11-01", "9999-12-31"):
            found = self.problem(f"/api/rates/EUR/USD?date={day}", 404)
            self.assertIn("from 1999-01-04 to 2026-10-30", found["detail"])

    def test_a_quote_that_stands_in_for_a_missing_one_is_stale_and_cached_briefly(self) -> None:
        answer = self.get("/api/rates/EUR/USD?date=2023-01-02")

        self.assertEqual((answer.get_json()["date"], answer.get_json()["stale"]), ("2022-12-30", True))
        self.assertEqual(answer.headers["Cache-Control"], "public, max-age=10")

    def test_two_currencies_that_were_never_quoted_on_one_day_are_not_found(self) -> None:
        for path in ("/api/rates/HRK/GBP/history", "/api/rates/HRK/GBP?date=2022-12-30"):
            self.assertIn("same day", self.problem(path, 404)["detail"])
        self.problem("/api/convert?amount=1&from=HRK&to=GBP&date=2022-12-30", 404)

    def test_a_parameter_given_twice_is_refused(self) -> None:
        day, pair = "date=2022-12-30", "from=EUR&to=USD"
        for path in (
            "/api/rates?base=EUR&base=USD",
            f"/api/rates/EUR/USD?{day}&{day}",
            "/api/rates/EUR/USD/history?points=5&points=6",
            f"/api/convert?amount=1&amount=2&{pair}",
            f"/api/convert?amount=1&{pair}&to=GBP",
        ):
            self.assertIn("2 times", self.problem(path, 400)["detail"])

    def test_a_parameter_that_the_route_does_not_have_is_refused(self) -> None:
        routes = ("", "/EUR/USD", "/EUR/USD/history", "/EUR/USD/chart.png")
        for path in (*(f"/api/rates{route}?day=2022-12-30" for route in routes), "/api/rates?date=2022-12-30"):
            self.assertIn("is not a parameter of this path", self.problem(path, 400)["detail"])
        detail = self.problem("/api/convert?amount=1&from=EUR&to=USD&day=2022-12-30", 400)["detail"]
        self.assertEqual(detail, "'day' is not a parameter of this path; it has amount, from, to and date.")

    def test_anything_but_a_date_is_refused(self) -> None:
        for text in ("", "x", "2026-02-30", "20261030", "2026-W44-5", "30.10.2026", "2026-10-30T00:00", "٢026-10-30"):
            with self.subTest(text=text):
                self.assertIn("YYYY-MM-DD", self.problem(f"/api/rates/EUR/USD?date={text}", 400)["detail"])

    def test_while_more_of_the_past_is_awaited_nothing_is_unknown_for_good(self) -> None:
        table, history = RateTable(moment), RateHistory()
        table.publish([quote(), quote("HKD", "8.7")])
        history.add([quote(), quote("HKD", "8.7")])
        past = PastState.LACKING
        self.client = create_app(FakeMix(RatesFacade(table, history, lambda: [], moment, lambda: past))).test_client()
        paths = {
            "/api/rates/EUR/HRK": 404,
            "/api/rates/EUR/HRK/history": 404,
            "/api/rates/EUR/USD/history?to=2020-01-02": 200,
            "/api/rates/HRK/USD/chart.png": 404,
            "/api/rates/EUR/USD?date=2020-01-02": 400,
            "/api/convert?amount=1&from=EUR&to=HRK&date=2020-01-02": 404,
            "/api/rates?base=HRK": 404,
        }
        for path in paths:
            self.assertIn("ask again", self.problem(path, 503)["detail"])
            self.assertEqual(self.get(path).headers["Retry-After"], "30")

        brief = "/api/rates/EUR/USD/history?from=1999-01-04&to=2026-10-30"
        self.assertEqual(self.get(brief).headers["Cache-Control"], "public, max-age=10")

        past = PastState.SETTLED
        for path, status in paths.items():
            self.assertEqual(self.get(path).status_code, status, path)

    def test_while_more_of_the_past_is_awaited_caches_keep_what_the_archive_has_for_seconds_only(self) -> None:
        table, history = RateTable(moment), RateHistory()
        table.publish([quote()])
        history.add([quote(), quote(day="2026-10-01")])
        past = PastState.GROWING
        facade = RatesFacade(table, history, lambda: [], moment, lambda: past)
        self.client = create_app(FakeMix(facade)).test_client()

        for path in ("/api/rates/EUR/USD?date=2026-10-01", "/api/rates/EUR/USD/history?to=2026-10-01"):
            past = PastState.GROWING
            self.assertEqual(self.get(path).headers["Cache-Control"], "public, max-age=10")
            past = PastState.SETTLED
            self.assertEqual(self.get(path).headers["Cache-Control"], "public, max-age=3600")

    def test_before_anything_is_known_the_response_is_503_with_retry_after(self) -> None:
        self.client = create_app(FakeMix(rates())).test_client()

        for path in ("/api/rates/EUR/USD?date=2020-01-02", "/api/rates/EUR/USD/history"):
            self.problem(path, 503)
            self.assertEqual(self.get(path).headers["Retry-After"], "30")


class Histories(ApiCase):
    PATH = "/api/rates/EUR/USD/history"

    def days(self, query: str) -> list[str]:
        return [point["date"] for point in self.json(f"{self.PATH}?{query}")["points"]]

    def test_it_is_complete_where_it_has_no_more_days_than_points(self) -> None:
        found = self.json(f"{self.PATH}?from=1999-01-04&to=2022-12-31")

        self.assertEqual(
            found,
            {
                "base": "EUR",
                "quote": "USD",
                "from": "1999-01-04",
                "to": "2022-12-31",
                "days": 2,
                "sources": ["archive"],
                "gaps": [{"from": "1999-01-04", "to": "2022-12-30"}],
                "points": [{"date": "1999-01-04", "price": "1.1789"}, {"date": "2022-12-30", "price": "1.0666"}],
            },
        )

    def test_without_dates_it_is_the_last_year(self) -> None:
        self.assertEqual(self.days(""), ["2026-10-28", "2026-10-29", "2026-10-30"])
        self.assertEqual(self.days("to=2022-12-31"), ["2022-12-30"])
        self.assertEqual(self.days("to=1999-01-05"), ["1999-01-04"])

    def test_of_too_many_days_the_given_number_of_points_is_left(self) -> None:
        found = self.json(f"{self.PATH}?from=1999-01-04&points=4")

        self.assertEqual((len(found["points"]), found["days"]), (4, 5))

    def test_points_out_of_range_are_refused(self) -> None:
        for text in ("4", "10000"):
            self.json(f"{self.PATH}?points={text}")
        for text in ("", "3", "10001", "x", "-5", "1e2", "4.0", "9" * 5000):
            self.assertIn("from 4 to 10000", self.problem(f"{self.PATH}?points={text}", 400)["detail"])

    def test_the_whole_series_since_1999_comes_in_one_answer(self) -> None:
        days = [date(1999, 1, 4) + timedelta(each) for each in range(9999)]
        known = rates(*(quote(price=f"1.{each.toordinal()}", day=each.isoformat()) for each in days), quote("HRK"))
        self.client = create_app(FakeMix(known)).test_client()
        path = f"{self.PATH}?from=1999-01-04&points=10000"

        found = self.json(path)
        table = self.get(path, Accept="text/csv").text.split("\r\n")

        points = [{"date": day.isoformat(), "price": f"1.{day.toordinal()}"} for day in days]
        self.assertEqual((found["points"], found["days"], found["gaps"]), (points, 9999, []))
        rows = [f"{each['date']},{each['price']}" for each in points]
        self.assertEqual(table, ["date,price", *rows, ""])

    def test_a_range_that_ends_before_it_begins_is_refused(self) -> None:
        self.assertIn("from", self.problem(f"{self.PATH}?from=2026-10-30&to=2026-10-29", 400)["detail"])
        self.assertEqual(self.days("from=2026-10-30&to=2026-10-30"), ["2026-10-30"])

    def test_a_range_that_ends_before_the_first_quote_of_its_pair_is_empty(self) -> None:
        found = self.json("/api/rates/EUR/HRK/history?to=2005-01-01")

        self.assertEqual((found["to"], found["days"], found["points"]), ("2005-01-01", 0, []))

    def test_a_range_before_the_first_rates_is_refused(self) -> None:
        for query in ("from=1999-01-03", "to=1999-01-03", "from=0001-01-01&to=0001-01-01"):
            self.assertIn("1999-01-04", self.problem(f"{self.PATH}?{query}", 400)["detail"])
        self.assertEqual(self.json("/api/rates/EUR/HRK/history?from=1999-01-04")["days"], 1)

    def test_anything_but_dates_is_refused(self) -> None:
        for name in ("from", "to"):
            self.assertIn(f"{name}='x'", self.problem(f"{self.PATH}?{name}=x", 400)["detail"])

    def test_an_unknown_currency_is_not_found(self) -> None:
        self.assertEqual(self.problem("/api/rates/EUR/USX/history", 404)["suggestions"], ["USD"])
        self.problem("/api/rates/EUR/dollars/history", 404)

    def test_a_currency_that_is_no_longer_quoted_has_a_history(self) -> None:
        self.assertEqual(self.json("/api/rates/EUR/HRK/history")["days"], 1)


class Conversions(ApiCase):
    def test_the_answer_says_how_it_was_rounded_and_by_which_quote(self) -> None:
        found = self.json("/api/convert?amount=1000000.00&from=usd&to=gbp")

        used = found.pop("quote")
        self.assertEqual(
            found,
            {
                "amount": "1000000.00",
                "from": "USD",
                "to": "GBP",
                "result": "746330.11",
                "decimals": 2,
                "rounding": "half-even",
            },
        )
        self.assertEqual((used["price"], used["date"], used["source"]), ("0.746330", "2026-10-30", "ecb"))

    def test_a_conversion_of_another_day_says_which_day_was_used(self) -> None:
        found = self.json("/api/convert?amount=2&from=EUR&to=USD&date=2023-01-01")

        self.assertEqual((found["result"], found["quote"]["date"]), ("2.13", "2022-12-30"))

    def test_anything_but_an_amount_is_refused(self) -> None:
        for text in ("x", "-1", "%2B1", "1e3", "NaN", "1,5", "1.", ".5", "1_0", "١", "1" * 16, "1." + "1" * 13):
            with self.subTest(text=text):
                detail = self.problem(f"/api/convert?amount={text}&from=EUR&to=USD", 400)["detail"]
                self.assertIn("is not an amount", detail)
        self.json(f"/api/convert?amount={'9' * 15}.{'9' * 12}&from=EUR&to=USD")

    def test_missing_parameters_are_named(self) -> None:
        self.assertIn("amount, from and to are missing; ", self.problem("/api/convert", 400)["detail"])
        self.assertIn("to is missing; ", self.problem("/api/convert?amount=1&from=EUR&to=", 400)["detail"])

    def test_an_unknown_currency_is_not_found(self) -> None:
        self.assertEqual(self.problem("/api/convert?amount=1&from=EUR&to=USX", 404)["suggestions"], ["USD"])

    def test_a_conversion_without_a_quote_is_refused(self) -> None:
        self.problem("/api/convert?amount=1&from=EUR&to=HRK", 404)
        self.problem("/api/convert?amount=1&from=EUR&to=USD&date=1998-12-31", 400)
        self.problem("/api/convert?amount=1&from=EUR&to=USD&date=x", 400)


class Sources(ApiCase):
    def test_the_health_of_each_source_is_listed(self) -> None:
        self.assertEqual(
            self.json("/api/rates/sources"),
            {
                "sources": [
                    {
                        "name": "ecb",
                        "state": "failing",
                        "last_success": "2026-10-30T12:00:00Z",
                        "failures": 2,
                        "last_error": "no luck",
                        "next_try": "2026-10-30T12:01:00Z",
                    }
                ]
            },
        )


class Text(ApiCase):
    def test_a_client_that_prefers_text_gets_lines(self) -> None:
        lines = {
            "/api/rates": "EUR/USD 1.1172 2026-10-30 ecb\nEUR/GBP 0.8338 2026-10-30 ecb\n",
            "/api/rates/EUR/USD": "EUR/USD 1.1172 2026-10-30 ecb\n",
            "/api/rates/EUR/USD/history?from=2026-10-29": "2026-10-29 1.1100\n2026-10-30 1.1172\n",
            "/api/convert?amount=100&from=EUR&to=USD": "100 EUR 111.72 USD 2026-10-30 ecb\n",
            "/api/rates/sources": "ecb failing 2 no luck\n",
        }
        self.assertEqual({path: self.text(path) for path in lines}, lines)

    def test_the_line_of_a_stale_quote_ends_with_stale(self) -> None:
        self.client = create_app(FakeMix(rates(quote(day="2026-10-20")))).test_client()

        self.assertEqual(self.text("/api/rates/EUR/USD"), "EUR/USD 1.1172 2026-10-20 ecb stale\n")

    def test_all_other_clients_get_json(self) -> None:
        for accept in ("*/*", "", "application/json, text/plain, */*", "text/html,*/*;q=0.8", "image/png"):
            self.assertEqual(self.get("/api/rates/EUR/USD", Accept=accept).content_type, JSON, accept)
        for accept in (
            "text/plain, */*;q=0.5",
            "text/*",
            "application/json;q=0.1, text/plain",
            TEXT,
            "text/plain;format=flowed",
        ):
            self.assertEqual(self.get("/api/rates/EUR/USD", Accept=accept).content_type, TEXT, accept)

    def test_a_refusal_is_problem_json_even_for_a_client_that_prefers_text(self) -> None:
        self.assertEqual(self.get("/api/rates/EUR/USX", Accept="text/plain").content_type, PROBLEM)


class Csv(ApiCase):
    PATH = "/api/rates/EUR/USD/history?from=2026-10-29"

    def table(self, path: str) -> str:
        answer = self.get(path, Accept="text/csv")
        self.assertEqual((answer.status_code, answer.content_type), (200, "text/csv; charset=utf-8"), answer.text)
        return answer.text

    def test_a_history_is_a_table_of_dates_and_prices(self) -> None:
        self.assertEqual(self.table(self.PATH), "date,price\r\n2026-10-29,1.1100\r\n2026-10-30,1.1172\r\n")

    def test_a_history_without_prices_has_the_names_of_its_columns(self) -> None:
        self.assertEqual(self.table("/api/rates/EUR/USD/history?from=2010-01-01&to=2010-02-01"), "date,price\r\n")

    def test_quotes_have_the_members_of_their_json_as_columns(self) -> None:
        line = "EUR,USD,1.1172,2026-10-30,2026-10-30T12:00:00Z,ecb,false"

        one, *others = self.table("/api/rates").splitlines()[1:]

        self.assertEqual((one, len(others)), (line, 1))
        header = "base,quote,price,date,fetched_at,source,stale"
        self.assertEqual(self.table("/api/rates/EUR/USD"), f"{header}\r\n{line}\r\n")

    def test_it_is_saved_under_the_name_of_the_pair(self) -> None:
        for path, name in ((self.PATH, "EUR-USD"), ("/api/rates?base=usd", "rates"), ("/api/rates/eur/gbp", "EUR-GBP")):
            found = self.get(path, Accept="text/csv").headers["Content-Disposition"]
            self.assertEqual(found, f'attachment; filename="{name}.csv"')
        self.assertNotIn("Content-Disposition", self.get(self.PATH).headers)

    def test_a_source_with_a_comma_or_quotes_in_its_name_stays_one_cell(self) -> None:
        self.client = create_app(FakeMix(rates(quote(source='a "b", c')))).test_client()

        rows = list(csv.reader(StringIO(self.table("/api/rates/EUR/USD"), newline="")))

        self.assertEqual([len(row) for row in rows], [7, 7])
        self.assertEqual(rows[1][5], 'a "b", c')

    def test_the_weights_of_accept_decide(self) -> None:
        for accept, kind in (
            ("text/csv", "text/csv"),
            ("text/csv, application/json;q=0.9", "text/csv"),
            ("text/csv;q=0.5, application/json", "application/json"),
            ("text/csv;q=0, */*", "application/json"),
            ("text/csv;q=0.1, */*;q=0.2", "application/json"),
            ("application/json;q=0, text/plain;q=0, */*", "text/csv"),
            ("application/json;q=0, text/*;q=0.5, text/csv;q=0.6", "text/csv"),
            ("text/csv; header=absent, */*;q=0.1", "text/csv"),
            ("TEXT/CSV", "text/csv"),
            ("*/*", "application/json"),
        ):
            self.assertEqual(self.get(self.PATH, Accept=accept).mimetype, kind, accept)

    def test_head_and_if_none_match_work_as_for_json(self) -> None:
        whole = self.get(self.PATH, Accept="text/csv")
        head = self.client.head(self.PATH, headers={"Accept": "text/csv"})
        again = self.get(self.PATH, Accept="text/csv", **{"If-None-Match": whole.headers["ETag"]})

        self.assertEqual(
            (head.status_code, head.data, head.headers["Content-Length"]), (200, b"", str(len(whole.data)))
        )
        self.assertEqual((again.status_code, again.data), (304, b""))
        self.assertNotEqual(whole.headers["ETag"], self.get(self.PATH).headers["ETag"])
        self.assertEqual(whole.headers["Vary"], "Accept, Accept-Encoding")

    def test_answers_without_a_table_are_json(self) -> None:
        for path in ("/api/convert?amount=1&from=EUR&to=USD", "/api/rates/sources"):
            self.assertEqual(self.get(path, Accept="text/csv").mimetype, "application/json")
        self.assertEqual(self.get("/api/rates/EUR/USX", Accept="text/csv").content_type, PROBLEM)


class Caching(ApiCase):
    def test_a_client_that_has_the_response_gets_304_without_a_body(self) -> None:
        for path in ("/api/rates", "/api/rates/EUR/USD", "/api/rates/EUR/USD/history", "/api/rates/sources"):
            tag = self.get(path).headers["ETag"]

            again = self.get(path, **{"If-None-Match": f'"other", {tag}'})

            self.assertRegex(tag, '^"[0-9a-f]{32}"$')
            self.assertEqual((again.status_code, again.data, again.headers["ETag"]), (304, b"", tag))
            self.assertEqual(self.get(path, **{"If-None-Match": '"other"'}).status_code, 200)

    def test_another_content_has_another_tag(self) -> None:
        before = self.get("/api/rates/EUR/USD").headers["ETag"]
        as_text = self.get("/api/rates/EUR/USD", Accept="text/plain").headers["ETag"]
        self.client = create_app(FakeMix(rates(quote(price="1.1173")))).test_client()
        after = self.get("/api/rates/EUR/USD").headers["ETag"]

        self.assertEqual(len({before, as_text, after}), 3)

    def test_responses_vary_by_accept(self) -> None:
        answer = self.get("/api/rates/EUR/USD")

        self.assertIn("Accept", answer.headers["Vary"])

    def test_the_past_may_be_cached_longer_than_the_latest_quotes(self) -> None:
        short, long = "public, max-age=10", "public, max-age=3600"
        expected = {
            "/api/rates": short,
            "/api/rates/EUR/USD": short,
            "/api/rates/EUR/USD?date=2026-10-30": short,
            "/api/rates/EUR/USD?date=2026-10-29": long,
            "/api/rates/EUR/HRK?date=2022-12-31": long,
            "/api/rates/EUR/USD/history": short,
            "/api/rates/EUR/USD/history?to=2026-10-29": long,
            "/api/convert?amount=1&from=EUR&to=USD": short,
            "/api/convert?amount=1&from=EUR&to=USD&date=2023-01-01": long,
            "/api/rates/sources": "no-cache",
        }

        self.assertEqual({path: self.get(path).headers["Cache-Control"] for path in expected}, expected)


texts = st.text(max_size=30)


class Anything(SynchronousTestCase):
    client = create_app(FakeMix(KNOWN)).test_client()

    @given(st.fixed_dictionaries({}, optional={n: texts for n in ("amount", "from", "to", "date", "points", "base")}))
    def test_every_query_is_answered_or_refused_and_never_fails(self, query: dict[str, str]) -> None:
        for path in ("/api/rates", "/api/rates/EUR/USD", "/api/rates/EUR/USD/history", "/api/convert"):
            answer = self.client.get(f"{path}?{urlencode(query)}")

            self.assertIn(answer.status_code, (200, 400, 404))
