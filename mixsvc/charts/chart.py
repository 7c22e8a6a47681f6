"""What is to be drawn, as a value that can be compared, kept and sent to another process."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256

from mixsvc.interfaces import PriceHistory
from mixsvc.interfaces.charts import MAX_POINTS

__all__ = ["Chart", "Point", "chart_of"]

Point = tuple[date, Decimal]


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture to draw; form: png or svg. key: the same for the same picture, and for no other."""

    base: str
    quote: str
    points: Sequence[Point]
    sources: Sequence[str]
    form: str
    key: bytes


def chart_of(history: PriceHistory, form: str) -> Chart:
    """The picture of a history. Raises ValueError for none or too many points, and for what is no form."""
    if not 1 <= len(history.points) <= MAX_POINTS or form not in ("png", "svg"):
        raise ValueError(f"no {form} picture of {len(history.points)} points; give png or svg, and 1 to {MAX_POINTS}")
    seen = (history.base, history.quote, [*history.points], [*history.sources], form)
    # Of all that is seen: a price of the past that is corrected makes another picture.
    key = sha256(repr(seen).encode()).digest()
    return Chart(history.base, history.quote, history.points, history.sources, form, key)
