"""Charts over HTTP, with a fake that draws."""

import gzip
from typing import Any

from flask.testing import FlaskClient
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import PriceHistory
from mixsvc.interfaces.charts import MAX_POINTS, ICharts
from mixsvc.pages.app import create_app
from tests.answers.test_rate_query import KNOWN
from tests.pages.fakes import FakeMix

CHART = "/api/rates/EUR/USD/chart.png"


@implementer(ICharts)
class FakeCharts:
    """Returns a constant, and records the calls."""

    def __init__(self) -> None:
        self.asked: list[tuple[PriceHistory, str]] = []
        self.is_busy = False
        self.drawn = b"a picture"

    def picture(self, history: PriceHistory, form: str) -> bytes:
        assert len(history.points) <= MAX_POINTS
        self.asked.append((history, form))
        if self.is_busy:
            raise ServiceBusy("no")
        return self.drawn


class ChartApi(SynchronousTestCase):
    def setUp(self) -> None:
        self.charts = FakeCharts()
        self.client: FlaskClient = create_app(FakeMix(KNOWN, charts=self.charts)).test_client()

    def first_day(self, query: str) -> str:
        assert self.client.get(CHART + query).status_code == 200
        return self.charts.asked[-1][0].points[0][0].isoformat()

    def problem(self, path: str, status: int) -> Any:
        answer = self.client.get(path)
        self.assertEqual((answer.status_code, answer.content_type), (status, "application/problem+json"))
        return answer

    def test_a_picture_is_cached_briefly_and_validated_by_its_etag(self) -> None:
        answer = self.client.get(CHART)

        self.assertEqual((answer.data, answer.content_type), (b"a picture", "image/png"))
        self.assertEqual(answer.headers["Cache-Control"], "public, max-age=10")
        again = self.client.get(CHART, headers={"If-None-Match": answer.headers["ETag"]})
        self.assertEqual((again.status_code, again.data), (304, b""))

    def test_an_svg_is_compressed_on_request_and_a_png_is_compressed_by_itself(self) -> None:
        self.charts.drawn = b"<path/>" * 200
        for path, coding, vary in ((CHART, None, None), (CHART.replace(".png", ".svg"), "gzip", "Accept-Encoding")):
            plain, coded = (self.client.get(path, headers={"Accept-Encoding": each}) for each in ("", "gzip"))
            self.assertEqual((coded.headers.get("Content-Encoding"), coded.headers.get("Vary")), (coding, vary))
            self.assertEqual(plain.headers.get("Vary"), vary)
            self.assertEqual(plain.headers["ETag"] == coded.headers["ETag"], coding is None)
            self.assertEqual(gzip.decompress(coded.data) if coding else coded.data, plain.data)

    def test_there_is_png_and_svg_and_no_other_form(self) -> None:
        answer = self.client.get("/api/rates/usd/gbp/chart.svg")

        self.assertEqual(answer.content_type, "image/svg+xml")
        self.assertEqual([(each.base, each.quote, form) for each, form in self.charts.asked], [("USD", "GBP", "svg")])
        self.problem("/api/rates/EUR/USD/chart.gif", 404)

    def test_a_chart_shows_the_given_number_of_days_or_90(self) -> None:
        self.assertEqual(self.first_day("?days=1"), "2026-10-30")
        self.assertEqual(self.first_day("?days=2"), "2026-10-29")
        self.assertEqual(self.first_day(""), "2026-10-28")
        self.assertEqual(self.first_day("?days=36500"), "1999-01-04")

    def test_a_pair_of_the_past_is_shown_up_to_its_last_day_and_cached_longer(self) -> None:
        answer = self.client.get("/api/rates/EUR/HRK/chart.png")

        self.assertEqual(self.charts.asked[0][0].points[-1][0].isoformat(), "2022-12-30")
        self.assertEqual(answer.headers["Cache-Control"], "public, max-age=3600")

    def test_invalid_days_and_unknown_currencies_are_refused(self) -> None:
        for query in ("days=0", "days=36501", "days=-1", "days=x", "days=", "days=1&days=2"):
            self.problem(f"{CHART}?{query}", 400)
        self.assertEqual(self.problem("/api/rates/EUR/USX/chart.png", 404).get_json(True)["suggestions"], ["USD"])
        self.problem("/api/rates/EUR/DOLLAR/chart.png", 404)
        self.assertEqual(self.charts.asked, [])

    def test_a_chart_that_is_not_drawn_in_time_is_503_with_retry_after(self) -> None:
        self.charts.is_busy = True

        answer = self.problem(CHART, 503)

        self.assertEqual((answer.headers["Retry-After"], answer.headers["Cache-Control"]), ("5", "no-cache"))
        self.assertIn("ask again in 5 s", answer.get_json(True)["detail"])

    def test_a_host_without_charts_answers_503_and_says_so(self) -> None:
        self.client = create_app(FakeMix(KNOWN)).test_client()

        answer = self.problem(CHART, 503)

        self.assertIn("Charts are drawn by `twistd mixsvc` only", answer.get_json(True)["detail"])
