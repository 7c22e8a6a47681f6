"""Amounts of money: which amounts can be converted, and how results are rounded. Pure."""

from decimal import Decimal
from fractions import Fraction
from typing import Final

__all__ = ["MAX_AMOUNT_DIGITS", "is_amount", "convert"]

# Digits before and after the point together. More of them cannot be money and would only cost time.
MAX_AMOUNT_DIGITS: Final = 40


def is_amount(amount: Decimal) -> bool:
    """Whether it is finite and has at most 40 digits before and after the point together."""
    if not amount.is_finite():
        return False
    _, digits, exponent = amount.as_tuple()
    before, after = max(len(digits) + int(exponent), 0), max(-int(exponent), 0)
    return before + after <= MAX_AMOUNT_DIGITS


def convert(amount: Decimal, have: Decimal, want: Decimal, places: int) -> Decimal:
    """Returns amount * want / have, computed exactly and rounded once, half to even, to `places` decimals."""
    exact = Fraction(amount) * Fraction(want) / Fraction(have)
    # round() of a Fraction rounds half to even, and a Decimal made of text keeps every digit.
    return Decimal(f"{round(exact * 10**places)}E-{places}")
