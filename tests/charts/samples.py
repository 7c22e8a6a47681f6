"""Histories for the tests."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from mixsvc.interfaces import PriceHistory

__all__ = ["broken", "history"]

LAST = date(2026, 11, 20)


def history(*prices: str, quote: str = "USD") -> PriceHistory:
    """A price a day, the last one on 2026-11-20."""
    return PriceHistory("EUR", quote, _dated(prices), len(prices), ["archive", "ecb"])


def broken(*parts: Sequence[str]) -> PriceHistory:
    """Several times in which the pair was quoted, with 100 days without quotes between them."""
    points: list[tuple[date, Decimal]] = []
    gaps = []
    for part in parts:
        first = points[-1][0] + timedelta(days=101) if points else date(2020, 1, 1)
        if points:
            gaps.append((points[-1][0], first))
        points += [(first + timedelta(days=day), Decimal(price)) for day, price in enumerate(part)]
    return PriceHistory("EUR", "ISK", points, len(points), ["ecb"], gaps)


def _dated(prices: Sequence[str]) -> list[tuple[date, Decimal]]:
    first = LAST - timedelta(days=len(prices) - 1)
    return [(first + timedelta(days=day), Decimal(price)) for day, price in enumerate(prices)]
