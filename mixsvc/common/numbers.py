"""Whole numbers from text, numbers as people write them, and the largest that JSON carries. Pure."""

import re
from decimal import Decimal
from typing import Final

__all__ = ["MAX_JSON_NUMBER", "nearest_number", "plain_number", "whole_number"]

# The largest whole number that every JSON reader keeps exactly (RFC 8259 section 6).
MAX_JSON_NUMBER: Final = 2**53 - 1


def whole_number(text: str, least: int, most: int) -> int:
    """Returns the whole number from least to most that a text spells in ASCII digits. Raises ValueError."""
    # The length comes first, as int() raises an error of its own for thousands of digits.
    if not re.fullmatch("[0-9]{1,20}", text) or not least <= int(text) <= most:
        raise ValueError(f"give a whole number from {least} to {most}")
    return int(text)


def nearest_number(number: int, least: int) -> int:
    """Returns the whole number from least to MAX_JSON_NUMBER that is nearest to this one, which a program has given."""
    return min(max(number, least), MAX_JSON_NUMBER)


def plain_number(value: float) -> str:
    """Returns the digits of a number without an exponent, as the parsers of settings take them: 1000000 and 0.01."""
    return format(Decimal(str(value)).normalize(), "f")
