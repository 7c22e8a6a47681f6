"""The chart to draw, as a value."""

import pytest

from mixsvc.interfaces.charts import MAX_POINTS
from tests.charts.samples import chart


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


def test_a_chart_needs_one_to_400_points_and_a_known_form() -> None:
    assert chart(*["1"] * MAX_POINTS).points
    for wrong in ([], ["1"] * (MAX_POINTS + 1)):
        with pytest.raises(ValueError, match="give png or svg, and 1 to 400"):
            chart(*wrong)
    with pytest.raises(ValueError, match="gif with 1 points is not possible: "):
        chart("1", form="gif")
