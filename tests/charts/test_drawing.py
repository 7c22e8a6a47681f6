"""The SVG of a history, and the PNG of that, in the process of the tests."""

import random
from io import BytesIO
from xml.etree.ElementTree import Element, fromstring

import pytest
from PIL import Image

from mixsvc.charts.drawing import draw
from mixsvc.charts.png import FONTS, png_of
from mixsvc.interfaces import PriceHistory
from mixsvc.interfaces.charts import MAX_POINTS
from tests.charts.samples import broken, history

SVG = "{http://www.w3.org/2000/svg}"

# The limit of a value in AMP.
MAX_BYTES = 65_535

ACCENT = (11, 107, 99)

RESTLESS = [f"{1 + random.Random(day).random():.4f}" for day in range(MAX_POINTS)]
SHAKEN = [f"{10 ** (day % 5) * (1 + random.Random(-day).random()):.4f}" for day in range(MAX_POINTS)]


def elements(given: PriceHistory, name: str) -> list[Element]:
    return list(fromstring(draw(given)).iter(f"{SVG}{name}"))


def texts(given: PriceHistory) -> list[str]:
    return [each.text or "" for each in elements(given, "text")]


def lines(given: PriceHistory) -> list[str]:
    """The course: a path of several parts, each of which begins with M."""
    return [each.attrib["d"] for each in elements(given, "path") if each.attrib.get("fill") == "none"]


def pixels(given: PriceHistory) -> Image.Image:
    with Image.open(BytesIO(png_of(draw(given)))) as picture:
        assert picture.format == "PNG"
        return picture.convert("RGB")


@pytest.mark.parametrize(
    "prices",
    [
        ["1.1"],
        ["1.1", "1.1"],
        ["1.1"] * 90,
        ["0", "0"],
        ["0.0000583", "0.0000591"],
        ["0.0000000001", "9999999999.9999999999"],
        ["17000", "9" * 15],
        RESTLESS,
        SHAKEN,
    ],
    ids=["one", "two", "flat", "zero", "small", "wide", "large", "restless", "shaken"],
)
def test_a_picture_has_600_by_300_pixels_and_fits_into_a_value_of_amp(prices: list[str]) -> None:
    svg = draw(history(*prices))

    assert pixels(history(*prices)).size == (600, 300)
    assert len(png_of(svg)) <= MAX_BYTES
    assert len(svg.encode()) <= MAX_BYTES


def test_the_picture_names_pair_dates_last_price_and_sources() -> None:
    shown = texts(history("1.1000", "1.1234", "1.1172"))

    assert {"EUR/USD", "2026-11-18 to 2026-11-20", "1.1172", "+1.56 %"} <= set(shown)
    assert "1 EUR in USD · Source: archive, ecb · Latest: 2026-11-20" in shown


def test_each_of_a_few_days_has_a_label_and_a_single_day_has_no_range() -> None:
    assert [each for each in texts(history("1.1", "1.2")) if "Nov" in each] == ["19 Nov", "20 Nov"]
    assert "2026-11-20" in texts(history("1.1"))


def test_a_price_that_was_zero_has_no_change_in_percent() -> None:
    assert not [each for each in texts(history("0", "1")) if "%" in each]


def test_the_line_reaches_from_the_lowest_to_the_highest_price() -> None:
    picture = pixels(history("1", "2", "1", "2"))
    rows = {y for y in range(300) for x in range(60, 520) if picture.getpixel((x, y)) == ACCENT}

    assert min(rows) < 80 and max(rows) > 220


def test_each_price_is_at_its_height_between_two_ticks() -> None:
    given = history("1.10", "1.14", "1.12")
    (line,) = lines(given)
    heights = [float(point.split()[1]) for point in line[1:].split("L")]
    ticks = {each.text: float(each.attrib["y"]) - 4 for each in elements(given, "text") if each.text}

    assert heights == [ticks["1.10"], ticks["1.14"], pytest.approx(ticks["1.12"], abs=0.11)]


def test_a_picture_has_its_text_in_the_fonts_that_came_with_the_service() -> None:
    assert {path.name for path in FONTS.glob("*.ttf")} == {"DejaVuSans.ttf", "DejaVuSans-Bold.ttf"}
    title = pixels(history("1.1")).crop((0, 5, 120, 30)).convert("L").histogram()

    # Dark pixels: without a font there would be none.
    assert sum(title[:80]) > 100


def test_no_line_leads_across_a_gap() -> None:
    whole, torn = history(*"12345"), broken("123", "45")

    assert [part.count("L") for each in lines(whole) for part in each.split("M")[1:]] == [4]
    assert [part.count("L") for each in lines(torn) for part in each.split("M")[1:]] == [2, 1]
    picture = pixels(broken(["1", "2"], ["1", "2"]))
    columns = {x for y in range(60, 230) for x in range(60, 520) if picture.getpixel((x, y)) == ACCENT}
    assert not columns & set(range(100, 480))


def test_gaps_between_the_same_points_and_after_the_last_one_break_no_line_twice() -> None:
    days = [day for day, _ in history(*"1234").points]
    given = PriceHistory("EUR", "ISK", history(*"1234").points, 4, [], [(days[0], days[1]), (days[3], days[3])])

    assert [each.split("M")[1:] for each in lines(given)][0][0].count("L") == 1


def test_a_single_day_between_two_gaps_is_a_dot() -> None:
    # The last price has a dot always.
    assert len(elements(broken("12", "21"), "circle")) == 1
    assert len(elements(broken("12", "3", "21"), "circle")) == 2


@pytest.mark.parametrize("days", [1, 2])
def test_a_picture_with_a_gap_after_each_price_or_two_is_no_larger_than_others(days: int) -> None:
    parts = [RESTLESS[at : at + days] for at in range(0, len(RESTLESS), days)]

    assert len(png_of(draw(broken(*parts)))) <= MAX_BYTES
    assert len(draw(broken(*parts))) <= MAX_BYTES


def test_the_same_history_gives_the_same_bytes_and_other_digits_give_others() -> None:
    assert draw(history("1.1", "1.2")) == draw(history("1.1", "1.2"))
    assert png_of(draw(history("1.1", "1.2"))) == png_of(draw(history("1.1", "1.2")))
    # A price keeps the digits that were published.
    assert draw(history("1.1", "1.2")) != draw(history("1.1", "1.20"))


def test_no_name_becomes_markup() -> None:
    given = PriceHistory("EUR", "<b>", history("1").points, 1, ['"&<script>'])

    assert not elements(given, "script") and not elements(given, "b")
    assert any('"&<script>' in each for each in texts(given))


@pytest.mark.parametrize("count", [0, MAX_POINTS + 1])
def test_a_chart_needs_one_to_400_points(count: int) -> None:
    with pytest.raises(ValueError, match=f"{count} points are not possible: give 1 to 400"):
        draw(history(*["1"] * count))
