"""Histories and charts for the tests."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from mixsvc.charts.chart import Chart, chart_of
from mixsvc.interfaces import PriceHistory

__all__ = ["chart", "history"]

LAST = date(2026, 11, 20)


def history(*prices: str, quote: str = "USD") -> PriceHistory:
    """A price a day, the last one on 2026-11-20."""
    return PriceHistory("EUR", quote, _dated(prices), len(prices), ["archive", "ecb"])


def chart(*prices: str, form: str = "png", quote: str = "USD") -> Chart:
    return chart_of(history(*prices, quote=quote), form)


def _dated(prices: Sequence[str]) -> list[tuple[date, Decimal]]:
    first = LAST - timedelta(days=len(prices) - 1)
    return [(first + timedelta(days=day), Decimal(price)) for day, price in enumerate(prices)]
