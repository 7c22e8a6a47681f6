"""What is to be drawn, as a value."""

import pytest

from mixsvc.interfaces.charts import MAX_POINTS
from tests.charts.samples import chart


def test_charts_that_look_alike_have_one_key_and_others_have_others() -> None:
    keys = [
        chart("1.1", "1.2").key,
        chart("1.1", "1.2", form="svg").key,
        chart("1.1", "1.3").key,
        # A price as it was published is written as it was published.
        chart("1.1", "1.20").key,
        chart("1.1", "1.2", quote="GBP").key,
        chart("1.2").key,
    ]

    assert len(set(keys)) == len(keys)
    assert chart("1.1", "1.2").key == keys[0]


def test_what_cannot_be_drawn_is_refused() -> None:
    assert chart(*["1"] * MAX_POINTS).points
    for wrong in ([], ["1"] * (MAX_POINTS + 1)):
        with pytest.raises(ValueError, match="give png or svg, and 1 to 400"):
            chart(*wrong)
    with pytest.raises(ValueError, match="no gif picture"):
        chart("1", form="gif")
