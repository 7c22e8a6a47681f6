"""What is worked out for a quote: its values from text, and its price across the base. Pure."""

import re
from collections.abc import Collection
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from mixsvc.interfaces import Quote

__all__ = [
    "ARCHIVE",
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

# The source that only fills what is missing.
ARCHIVE: Final = "archive"

# A price that is worked out (USD/EUR, USD/GBP) is rounded to so many digits, half to even: what the
# ECB publishes has five or six, so more would only look exact.
SIGNIFICANT_DIGITS: Final = 6

MAX_DIGITS: Final = 20

# In one document. ISO 4217 has two hundred; each costs the reactor some 0.04 ms, and the database a row a day.
MAX_CURRENCIES: Final = 500


def is_sound(price: Decimal) -> bool:
    """Whether it can be a price: finite, above zero, and no power of ten that a division could overflow with."""
    return price.is_finite() and price > 0 and abs(price.adjusted()) <= MAX_DIGITS


def check_count(codes: Collection[str]) -> None:
    """Raises ValueError for more than MAX_CURRENCIES."""
    if len(codes) > MAX_CURRENCIES:
        raise ValueError(f"it has {len(codes)} currencies, and no more than {MAX_CURRENCIES} can be right")


def parse_price(text: str) -> Decimal:
    """A price written in plain digits, at most 20 of them, above zero; every digit is kept. Raises ValueError."""
    # The pattern leaves out exponents: 1E+999999 is one digit that no sum survives.
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) or len(text.replace(".", "")) > MAX_DIGITS:
        raise ValueError(f"{text[:40]!r} is no price")
    price = Decimal(text)
    if price <= 0:
        raise ValueError(f"a price of {text} is not above zero")
    return price


def itself(quote: Quote) -> Quote:
    """The base in itself, which costs 1, as old as the given quote and from the same source."""
    return replace(quote, quote=quote.base, price=Decimal(1))


def crossed(have: Decimal, want: Decimal) -> Decimal:
    """What one unit costs of a currency that costs `have`, in one that costs `want`; rounded to SIGNIFICANT_DIGITS."""
    return Context(prec=SIGNIFICANT_DIGITS, rounding=ROUND_HALF_EVEN).divide(want, have)


def across(have: Quote, want: Quote) -> Quote:
    """What one unit of have.quote costs in want.quote, over the base that both share.

    Rounded to SIGNIFICANT_DIGITS. It is no newer than the older of the two: date and time are that one's. Where two
    sources have published them, it names both: ecb+json.
    """
    older = min(have, want, key=lambda each: (each.date, each.fetched_at))
    source = have.source if have.source == want.source else "+".join(sorted((have.source, want.source)))
    return replace(older, base=have.quote, quote=want.quote, price=crossed(have.price, want.price), source=source)


def priced(have: Quote, want: Quote) -> Quote:
    """The same, but with every digit that was published where have.quote is the base itself."""
    return want if have.quote == have.base else across(have, want)
