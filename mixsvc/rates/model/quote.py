"""Quotes: their values read from text, and prices of pairs that no source publishes. Pure."""

import re
from collections.abc import Collection
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from mixsvc.interfaces import Quote

__all__ = [
    "ARCHIVE",
    "ECB",
    "MAX_CURRENCIES",
    "SIGNIFICANT_DIGITS",
    "across",
    "check_count",
    "crossed",
    "is_sound",
    "itself",
    "parse_price",
    "priced",
]

# Names of sources. Quotes of the archive never replace those of another source for the same day.
ARCHIVE: Final = "archive"
ECB: Final = "ecb"

# A cross rate (USD/EUR, USD/GBP) is rounded to this many digits, half to even: prices of the ECB have five or six
# digits, so more of them would only look exact.
SIGNIFICANT_DIGITS: Final = 6

MAX_DIGITS: Final = 20

# In one document. ISO 4217 has about two hundred. Each costs the reactor some 0.04 ms, and the database a row a day.
MAX_CURRENCIES: Final = 500


def is_sound(price: Decimal) -> bool:
    """Whether it can be a price: finite, above zero, and of an exponent with which no division overflows."""
    return price.is_finite() and price > 0 and abs(price.adjusted()) <= MAX_DIGITS


def check_count(codes: Collection[str]) -> None:
    """Raises ValueError for more than MAX_CURRENCIES."""
    if len(codes) > MAX_CURRENCIES:
        raise ValueError(f"it has {len(codes)} currencies, more than the limit of {MAX_CURRENCIES}")


def parse_price(text: str) -> Decimal:
    """Returns a price written in plain digits, at most 20, above zero; keeps every digit. Raises ValueError."""
    # Without exponents: a sum with 1E+999999 would fill the memory.
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) or len(text.replace(".", "")) > MAX_DIGITS:
        raise ValueError(f"{text[:40]!r} is not a price")
    price = Decimal(text)
    if price <= 0:
        raise ValueError(f"a price of {text} is not above zero")
    return price


def itself(quote: Quote) -> Quote:
    """Returns the quote of the base in itself: a price of 1, with the date and the source of the given quote."""
    return replace(quote, quote=quote.base, price=Decimal(1))


def crossed(have: Decimal, want: Decimal) -> Decimal:
    """Returns the cross rate of two currencies priced `have` and `want` in one base, rounded to SIGNIFICANT_DIGITS."""
    return Context(prec=SIGNIFICANT_DIGITS, rounding=ROUND_HALF_EVEN).divide(want, have)


def across(have: Quote, want: Quote) -> Quote:
    """Returns the cross rate: what one unit of have.quote costs in want.quote, by way of the base that both share.

    The price is rounded to SIGNIFICANT_DIGITS. Date and time are those of the older quote. The source names both where
    they differ: ecb+json.
    """
    older = min(have, want, key=lambda each: (each.date, each.fetched_at))
    source = have.source if have.source == want.source else "+".join(sorted((have.source, want.source)))
    return replace(older, base=have.quote, quote=want.quote, price=crossed(have.price, want.price), source=source)


def priced(have: Quote, want: Quote) -> Quote:
    """Like `across`, but returns the published quote itself, with all its digits, where have.quote is the base."""
    return want if have.quote == have.base else across(have, want)
