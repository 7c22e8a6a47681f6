"""The chart to draw, as a value."""

from datetime import date
from decimal import Decimal

import pytest

from mixsvc.charts.chart import chart_of
from mixsvc.interfaces import PriceHistory
from mixsvc.interfaces.charts import MAX_POINTS
from tests.charts.samples import broken, chart


def test_equal_pictures_have_the_same_key_and_other_pictures_have_other_keys() -> None:
    keys = [
        chart("1.1", "1.2").key,
        chart("1.1", "1.2", form="svg").key,
        chart("1.1", "1.3").key,
        # A price keeps the digits that were published.
        chart("1.1", "1.20").key,
        chart("1.1", "1.2", quote="GBP").key,
        chart("1.2").key,
    ]

    assert len(set(keys)) == len(keys)
    assert chart("1.1", "1.2").key == keys[0]


def test_a_line_begins_after_each_gap_and_nowhere_else() -> None:
    points = [(date(2026, 1, day), Decimal(1)) for day in (1, 9, 10, 20)]

    def starts(*gaps: tuple[int, int]) -> list[int]:
        dated = [(date(2026, 1, last), date(2026, 1, following)) for last, following in gaps]
        return list(chart_of(PriceHistory("EUR", "ISK", points, 9, [], dated), "png").starts)

    assert starts() == []
    assert starts((1, 9)) == [1]
    # Two gaps between the same points, and the last and the first day of gaps are not among the points.
    assert starts((1, 9), (10, 15), (16, 20)) == [1, 3]
    assert starts((2, 8), (11, 19)) == [1, 3]
    assert starts((20, 30)) == []
    assert broken("12", "3").key != broken("12", "4").key


def test_a_chart_needs_one_to_400_points_and_a_known_form() -> None:
    assert chart(*["1"] * MAX_POINTS).points
    for wrong in ([], ["1"] * (MAX_POINTS + 1)):
        with pytest.raises(ValueError, match="give png or svg, and 1 to 400"):
            chart(*wrong)
    with pytest.raises(ValueError, match="gif with 1 points is not possible: "):
        chart("1", form="gif")
