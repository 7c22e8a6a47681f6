"""The drawing, in the process of the tests."""

import random
from io import BytesIO
from xml.etree import ElementTree

import pytest
from PIL import Image

from mixsvc.charts.drawing import draw
from tests.charts.samples import broken, chart

# The limit of a value in AMP.
MAX_BYTES = 65_535

RESTLESS = [f"{1 + random.Random(day).random():.4f}" for day in range(400)]


def texts(svg: bytes) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize(
    "prices",
    [["1.1"], ["1.1", "1.1"], ["1.1"] * 90, ["0", "0"], ["0.0000583", "0.0000591"], ["17000", "9" * 15], RESTLESS],
    ids=["one", "two", "flat", "zero", "small", "large", "restless"],
)
def test_a_picture_has_600_by_300_pixels_and_fits_into_a_value_of_amp(prices: list[str]) -> None:
    drawn = draw(chart(*prices))

    with Image.open(BytesIO(drawn)) as picture:
        picture.load()
        assert (picture.format, picture.size) == ("PNG", (600, 300))
    assert len(drawn) <= MAX_BYTES
    assert len(draw(chart(*prices, form="svg"))) <= MAX_BYTES


def test_the_picture_names_pair_dates_last_price_and_sources() -> None:
    shown = texts(draw(chart("1.1000", "1.1234", "1.1172", form="svg")))

    assert {"EUR/USD", "2026-11-18 to 2026-11-20", "1.1172", "+1.56 %"} <= set(shown)
    assert "1 EUR in USD · Source: archive, ecb · Latest: 2026-11-20" in shown


def test_each_of_a_few_days_has_a_label_and_a_single_day_has_no_range() -> None:
    assert [each for each in texts(draw(chart("1.1", "1.2", form="svg"))) if "Nov" in each] == ["19 Nov", "20 Nov"]
    assert "2026-11-20" in texts(draw(chart("1.1", form="svg")))


def test_the_line_reaches_from_the_lowest_to_the_highest_price() -> None:
    with Image.open(BytesIO(draw(chart("1", "2", "1", "2")))) as picture:
        colours = picture.convert("RGB")
    rows = {y for y in range(300) for x in range(60, 520) if colours.getpixel((x, y)) == (11, 107, 99)}

    assert min(rows) < 80 and max(rows) > 220


def lines(svg: bytes) -> list[str]:
    """The course: the paths in its colour that are not filled."""
    paths = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}path")
    return [each.attrib["d"] for each in paths if "fill: none; stroke: #0b6b63" in each.attrib.get("style", "")]


def test_no_line_leads_across_a_gap() -> None:
    whole, torn = chart(*"12345", form="svg"), broken("123", "45", form="svg")

    assert [part.count("L") for each in lines(draw(whole)) for part in each.split("M")[1:]] == [4]
    assert [part.count("L") for each in lines(draw(torn)) for part in each.split("M")[1:]] == [2, 1]
    with Image.open(BytesIO(draw(broken(["1", "2"], ["1", "2"])))) as picture:
        colours = picture.convert("RGB")
    columns = {x for y in range(60, 230) for x in range(60, 520) if colours.getpixel((x, y)) == (11, 107, 99)}
    assert not columns & set(range(100, 480))


def test_a_single_day_between_two_gaps_is_a_dot() -> None:
    def dots(*parts: str) -> int:
        uses = ElementTree.fromstring(draw(broken(*parts, form="svg"))).iter("{http://www.w3.org/2000/svg}use")
        return sum("#0b6b63" in each.attrib.get("style", "") for each in uses)

    # The last price has a dot always.
    assert (dots("12", "21"), dots("12", "3", "21")) == (1, 2)


@pytest.mark.parametrize("days", [1, 2])
def test_a_picture_with_a_gap_after_each_price_or_two_is_no_larger_than_others(days: int) -> None:
    parts = [RESTLESS[at : at + days] for at in range(0, len(RESTLESS), days)]

    assert len(draw(broken(*parts))) <= MAX_BYTES
    assert len(draw(broken(*parts, form="svg"))) <= MAX_BYTES


@pytest.mark.parametrize("form", ["png", "svg"])
def test_the_same_chart_gives_the_same_bytes(form: str) -> None:
    assert draw(chart("1.1", "1.2", form=form)) == draw(chart("1.1", "1.2", form=form))


def test_a_png_is_far_from_the_limit_however_restless_the_prices_are() -> None:
    shaken = [f"{10 ** (day % 5) * (1 + random.Random(-day).random()):.4f}" for day in range(400)]

    assert len(draw(chart(*shaken))) < 0.8 * MAX_BYTES
