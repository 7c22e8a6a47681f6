"""Amounts of money: how many decimals a currency has, and how an amount is rounded to them. Pure."""

from decimal import Decimal
from fractions import Fraction
from typing import Final

__all__ = ["MAX_AMOUNT_DIGITS", "decimals", "is_amount", "worth"]

# Digits before and after the point together; more cannot be money, and would only cost time.
MAX_AMOUNT_DIGITS: Final = 40

# ISO 4217, list one and, for what is no longer money, list three; every other currency has two.
_DECIMALS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF TRL UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
    # Metals and the IMF's unit have no minor unit; two decimals of an ounce of gold would be 20 euro and more.
    6: "XAG XAU XDR XPD XPT",
}
_DECIMALS_OF: Final = {code: count for count, codes in _DECIMALS.items() for code in codes.split()}


def decimals(code: str) -> int:
    """How many decimals amounts of a currency have: 2 for EUR, 0 for JPY, 3 for KWD."""
    return _DECIMALS_OF.get(code, 2)


def is_amount(amount: Decimal) -> bool:
    """Whether it is finite and has at most 40 digits before and after the point together."""
    if not amount.is_finite():
        return False
    _, digits, exponent = amount.as_tuple()
    before, after = max(len(digits) + int(exponent), 0), max(-int(exponent), 0)
    return before + after <= MAX_AMOUNT_DIGITS


def worth(amount: Decimal, have: Decimal, want: Decimal, places: int) -> Decimal:
    """amount times want over have, exactly, and then rounded once, half to even, to so many decimals."""
    exact = Fraction(amount) * Fraction(want) / Fraction(have)
    # round() of a Fraction is half to even (numbers.Rational), and a Decimal made of text keeps every digit.
    return Decimal(f"{round(exact * 10**places)}E-{places}")
