"""The rates on the page: live, with date and source, converted, and as a chart for eyes, keys and screen readers."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from playwright.sync_api import Page, Response, expect

from tests.e2e.support.browser import NewVisitor
from tests.e2e.support.ecb import RATES_XML, Ecb
from tests.e2e.support.service import Launch, Service
from tests.e2e.support.urls import get_json

# Milliseconds, and a little more: without the chat the page asks for the rates every 30 s.
HALF_A_MINUTE = 31_000

# For the page whose charts are of the last days: the tests' bank and the archive have rates of days before it.
TODAY = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def service(service: Service) -> Service:
    """The service once it has the bank's rates: they replace the archive's in the first moments."""
    service.wait_for("rates: 4 new quotes of 2026-11-20")
    return service


@pytest.fixture
def usual_rates(ecb: Ecb) -> Iterator[None]:
    """After the test the bank answers as before."""
    yield
    ecb.answer()


@pytest.mark.usefixtures("no_complaints")
def test_each_pair_is_shown_with_price_date_and_source(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()

    ann.come(service.url)

    rate = ann.page.locator("[data-pair='EUR/USD']")
    expect(rate.locator(".price")).to_have_text(re.compile(r"^\d+\.\d+$"))
    expect(rate.locator(".date")).to_have_text(re.compile(r"^[A-Z][a-z]{2} \d{1,2}(, 20\d\d)?$"))
    expect(rate.locator(".date")).to_have_attribute("datetime", re.compile(r"^\d{4}-\d\d-\d\d$"))
    expect(rate.locator(".source")).to_have_text(re.compile("^(ecb|archive)$"))
    expect(ann.page.locator("#rates .rate")).to_have_count(4)


@pytest.mark.usefixtures("no_complaints", "usual_rates")
def test_a_new_rate_is_shown_at_once_and_marked(service: Service, visitor: NewVisitor, ecb: Ecb) -> None:
    ann = visitor()
    ann.enter(service.url, "Ann")
    rate = ann.page.locator("[data-pair='EUR/USD']")
    expect(rate.locator(".price")).to_have_text("1.1172")

    ecb.answer(body=RATES_XML.replace(b"1.1172", b"1.1201").replace(b"2026-11-20", b"2026-11-23"))

    expect(rate.locator(".price")).to_have_text("1.1201")
    expect(rate.locator(".date")).to_have_attribute("datetime", "2026-11-23")
    expect(rate.locator(".change")).to_contain_text("up by 0.0029")
    expect(ann.page.locator("#chart-now")).to_have_text("1.1201")
    expect(ann.page.locator("#converted")).to_have_text("112.01 USD")
    expect(ann.page.locator("[data-pair='EUR/GBP'] .change")).to_be_empty()


@pytest.mark.usefixtures("no_complaints")
def test_before_one_has_a_name_the_rates_are_asked_for(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.page.clock.install()
    ann.come(service.url)
    quote = {"base": "EUR", "quote": "USD", "price": "1.5000", "date": "2026-11-02", "source": "ecb", "stale": True}
    ann.page.route("**/api/rates", lambda route: route.fulfill(json={"quotes": [quote]}))

    ann.page.clock.run_for(HALF_A_MINUTE)

    rate = ann.page.locator("[data-pair='EUR/USD']")
    expect(rate.locator(".price")).to_have_text("1.5000")
    expect(rate.locator(".stale")).to_be_visible()
    expect(ann.page.locator("[data-pair='EUR/GBP'] .price")).to_have_text("unavailable")


def test_the_page_says_when_the_rates_cannot_be_refreshed(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.page.clock.install()
    ann.come(service.url)
    expect(ann.page.locator("[data-pair='EUR/USD'] .source")).to_have_text("ecb")
    price = ann.page.locator("[data-pair='EUR/USD'] .price")
    before = price.text_content() or ""
    ann.page.route("**/api/rates", lambda route: route.abort())

    ann.page.clock.run_for(HALF_A_MINUTE)

    expect(ann.page.locator("#rates-status")).to_contain_text("may be out of date")
    expect(price).to_have_text(before)


@pytest.mark.usefixtures("no_complaints")
def test_an_amount_is_converted_while_it_is_typed(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.come(service.url)
    amount, result = ann.page.get_by_label("Amount"), ann.page.locator("#converted")
    expect(result).to_have_text(re.compile(r"^\d+\.\d\d USD$"))

    amount.fill("1000000")
    ann.page.get_by_label("To", exact=True).select_option("JPY")
    found = get_json(f"{service.url}/api/convert?amount=1000000&from=EUR&to=JPY")["result"]
    expect(result).to_have_text(f"{int(found):,} JPY".replace(",", "\u202f"))
    expect(ann.page.locator("#convert-note")).to_contain_text("ecb")
    ann.page.get_by_role("button", name="Swap the currencies").click()
    expect(result).to_have_text(re.compile("EUR$"))
    amount.fill("twelve")

    expect(ann.page.locator("#convert-note")).to_contain_text("amount")
    expect(result).to_be_empty()


def drawn(page: Page) -> None:
    expect(page.locator("#chart-plot canvas")).to_have_count(1)


@pytest.mark.usefixtures("no_complaints")
def test_a_pair_that_is_picked_at_once_has_its_own_price(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.come(service.url)

    ann.page.locator("[data-pair='EUR/JPY'] button").click()

    price = get_json(f"{service.url}/api/rates/EUR/JPY")["price"]
    expect(ann.page.locator("#chart-title")).to_have_text("EUR/JPY")
    expect(ann.page.locator("#chart-now")).to_have_text(price)
    drawn(ann.page)


@pytest.mark.usefixtures("no_complaints")
def test_a_pair_that_is_no_longer_quoted_has_no_price_and_no_chart(launch: Launch, visitor: NewVisitor) -> None:
    with Service(launch.having(rates={"pairs": "EUR/USD, EUR/RUB"})) as service:
        ann = visitor()
        ann.enter(service.url, "Ann")
        drawn(ann.page)

        ann.page.locator("[data-pair='EUR/RUB'] button").click()

        expect(ann.page.locator("#chart-note")).to_have_text("No prices in this time.")
        expect(ann.page.locator("#chart-now")).to_have_text("unavailable")
        expect(ann.page.locator("#chart-plot")).to_be_hidden()
        ann.page.get_by_role("button", name="All", exact=True).click()
        drawn(ann.page)


def test_where_the_past_cannot_be_had_no_other_is_shown_and_it_is_asked_for_again(
    service: Service, visitor: NewVisitor
) -> None:
    ann = visitor()
    ann.come(service.url)
    drawn(ann.page)
    ann.page.route("**/history?*", lambda route: route.abort())

    ann.page.locator("[data-pair='EUR/JPY'] button").click()

    expect(ann.page.locator("#chart-note")).to_contain_text("cannot be reached")
    expect(ann.page.locator("#chart-plot, #chart-table")).to_have_count(2)
    expect(ann.page.locator("#chart-plot:visible, #chart-table:visible, #chart-plot canvas")).to_have_count(0)
    ann.page.unroute("**/history?*")
    expect(ann.page.get_by_role("slider", name="EUR/JPY, day by day")).to_be_visible()


def is_past(answer: Response, days: int) -> bool:
    """Whether it is the chart's answer for that many days; 10 000 are all."""
    found = re.search(r"/history\?from=([0-9-]+)&", answer.url)
    if not found or not answer.ok:
        return False
    first = date.fromisoformat(found[1])
    return first == date(1999, 1, 4) if days == 10_000 else abs((TODAY.date() - first).days - days) <= 1


@pytest.mark.usefixtures("no_complaints")
@pytest.mark.parametrize(("label", "days"), [("30 days", 30), ("5 years", 1826), ("All", 10_000)])
def test_the_past_is_drawn_over_each_range(service: Service, visitor: NewVisitor, label: str, days: int) -> None:
    ann = visitor()
    ann.page.clock.set_fixed_time(TODAY)
    ann.come(service.url)
    drawn(ann.page)
    chart = ann.page.get_by_role("slider", name="EUR/USD, day by day")

    with ann.page.expect_response(lambda answer: is_past(answer, days)) as answered:
        ann.page.get_by_role("button", name=label, exact=True).click()

    past = answered.value.json()
    points = past["points"]
    first, last = (date.fromisoformat(points[index]["date"]) for index in (0, -1))
    assert days - 10 <= (last - first).days <= days + 5 or first == date(1999, 1, 4)
    expect(chart).to_have_attribute("aria-valuemax", str(len(points) + len(past["gaps"]) - 1))
    expect(ann.page.get_by_role("button", name=label, exact=True)).to_have_attribute("aria-pressed", "true")
    drawn(ann.page)


@pytest.mark.usefixtures("no_complaints")
def test_the_chart_is_walked_through_with_the_keyboard(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.come(service.url)
    drawn(ann.page)
    chart = ann.page.get_by_role("slider", name="EUR/USD, day by day")
    past = get_json(f"{service.url}/api/rates/EUR/USD/history?from=1999-01-04&points=400")
    points = past["points"]
    ann.page.get_by_role("button", name="All", exact=True).click()
    expect(chart).to_have_attribute("aria-valuemax", str(len(points) + len(past["gaps"]) - 1))
    chart.focus()

    for keys, index in (("Home", 0), ("ArrowRight", 1), ("PageUp", 11), ("ArrowLeft", 10), ("End", -1)):
        ann.page.keyboard.press(keys)
        point = points[index]
        expect(chart).to_have_attribute("aria-valuetext", f"{point['date']}: {point['price']}")
        expect(ann.page.locator("#chart-plot .readout")).to_contain_text(point["date"])


@pytest.mark.usefixtures("no_complaints")
def test_behind_the_chart_is_a_table_with_every_price(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.come(service.url)
    ann.page.locator("[data-pair='EUR/JPY'] button").click()
    expect(ann.page.locator("#chart-title")).to_have_text("EUR/JPY")
    ann.page.get_by_role("button", name="All", exact=True).click()

    ann.page.locator("#chart-table summary").click()

    past = get_json(f"{service.url}/api/rates/EUR/JPY/history?from=1999-01-04&points=400")
    points = past["points"]
    rows = ann.page.locator("#chart-rows tr")
    expect(rows).to_have_count(len(points) + len(past["gaps"]))
    expect(rows.first).to_have_text(points[-1]["date"] + points[-1]["price"])
    expect(rows.last).to_have_text(points[0]["date"] + points[0]["price"])


@pytest.mark.usefixtures("no_complaints")
def test_no_line_is_drawn_where_nobody_quoted_and_the_keys_and_the_table_say_so(
    launch: Launch, visitor: NewVisitor
) -> None:
    with Service(launch.having(rates={"pairs": "EUR/ISK"})) as service:
        ann = visitor()
        ann.come(service.url)
        ann.page.get_by_role("button", name="All", exact=True).click()
        past = get_json(f"{service.url}/api/rates/EUR/ISK/history?from=1999-01-04&points=400")
        assert past["gaps"] == [{"from": "2008-12-09", "to": "2018-02-01"}]
        chart = ann.page.get_by_role("slider", name="EUR/ISK, day by day")
        expect(chart).to_have_attribute("aria-valuemax", str(len(past["points"])))

        before = [point["date"] for point in past["points"]].index("2008-12-09")
        chart.focus()
        ann.page.keyboard.press("Home")
        for key in ["PageUp"] * ((before + 1) // 10) + ["ArrowRight"] * ((before + 1) % 10):
            ann.page.keyboard.press(key)
        expect(chart).to_have_attribute("aria-valuetext", "2008-12-10 to 2018-01-31: not quoted")
        expect(ann.page.locator("#chart-plot .readout")).to_have_text("2008-12-10 to 2018-01-31  not quoted")
        ann.page.locator("#chart-table summary").click()

        expect(ann.page.locator("#chart-rows tr", has_text="not quoted")).to_have_count(1)
        assert painted(ann.page, 0.05, 0.6, 0.95) == [True, False, True]


# Looks for the accent's colour in columns of the drawing, which are given as shares of its width. Reads a copy: of the
# drawing itself Chromium warns that it is read too often.
PAINTED = """shares => {
    const canvas = document.querySelector("#chart-plot canvas");
    const over = document.querySelector("#chart-plot .u-over");
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const accent = getComputedStyle(over).getPropertyValue("--accent").trim();
    const colour = [1, 3, 5].map(at => parseInt(accent.slice(at, at + 2), 16));
    const scale = canvas.width / canvas.clientWidth;
    return shares.map(share => {
        const left = Math.round((over.offsetLeft + over.clientWidth * share) * scale);
        const { data } = copy.getImageData(left - 2, 0, 5, canvas.height);
        const is_line = at => data[at + 3] > 200 && colour.every((part, each) => Math.abs(part - data[at + each]) < 20);
        return Array.from({ length: data.length / 4 }, (_, index) => 4 * index).some(is_line);
    });
}"""


def painted(page: Page, *shares: float) -> list[bool]:
    """Whether the line of the chart passes through these places of its width."""
    found: list[bool] = page.evaluate(PAINTED, list(shares))
    return found


@pytest.mark.usefixtures("no_complaints")
def test_without_uplot_the_past_is_a_table(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.page.route("**/uplot*.js", lambda route: route.fulfill(body="", content_type="text/javascript"))

    ann.come(service.url)

    expect(ann.page.locator("#chart-rows tr").first).to_be_visible()
    expect(ann.page.locator("#chart-plot")).to_be_hidden()


@pytest.mark.usefixtures("no_complaints")
def test_an_amount_may_be_written_in_the_ways_of_the_world(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.come(service.url)
    result, note = ann.page.locator("#converted"), ann.page.locator("#convert-note")
    ann.page.get_by_label("To", exact=True).select_option("EUR")

    for typed, understood in (
        ("1,234", "1\u202f234.00"),
        ("1,234.56", "1\u202f234.56"),
        ("1.234,56", "1\u202f234.56"),
        ("1'234\u00a0567,5", "1\u202f234\u202f567.50"),
        ("0,25", "0.25"),
        (".5", "0.50"),
    ):
        ann.page.get_by_label("Amount").fill(typed)
        expect(result).to_have_text(f"{understood} EUR")
        expect(note).to_contain_text(re.compile(r"^[\d\u202f.]+ EUR · 1 EUR = "))
    ann.page.get_by_label("Amount").fill("1,23,4")
    expect(result).to_be_empty()
    expect(note).to_have_text(re.compile("^That is no amount: write one such as 1234.50"))
