"""Whole numbers from text, and numbers as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsvc.common.numbers import MAX_JSON_NUMBER, plain_number, whole_number


@given(st.integers(0, MAX_JSON_NUMBER))
def test_digits_are_a_whole_number(number: int) -> None:
    assert whole_number(str(number), 0, MAX_JSON_NUMBER) == number
    # A reader that has only floats reads it exactly.
    assert int(float(number)) == number


@pytest.mark.parametrize("text", ["", "0", "11", "1.0", "+5", "-5", " 5", "5\n", "٣", "5e0", "0x5", "1_0", "9" * 5000])
def test_anything_else_is_refused_with_the_range(text: str) -> None:
    with pytest.raises(ValueError, match="give a whole number from 1 to 10"):
        whole_number(text, 1, 10)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.01, "0.01"), (2.5, "2.5"), (1e6, "1000000"), (1e9, "1000000000"), (1e-7, "0.0000001")],
)
def test_a_number_is_written_without_an_exponent(value: float, text: str) -> None:
    assert plain_number(value) == text
