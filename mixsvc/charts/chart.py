"""A chart to draw, as a value that can be compared, cached and sent to another process. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256

from mixsvc.interfaces import PriceHistory
from mixsvc.interfaces.charts import MAX_POINTS

__all__ = ["Chart", "Point", "chart_of", "check_drawable"]

Point = tuple[date, Decimal]


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture to draw.

    starts: the indices of the points before which the pair was not quoted: no line leads to them, but a new one begins
    there. form: png or svg. key: equal for equal pictures only; the key of the cache.
    """

    base: str
    quote: str
    points: Sequence[Point]
    starts: Sequence[int]
    sources: Sequence[str]
    form: str
    key: bytes


def chart_of(history: PriceHistory, form: str) -> Chart:
    """Returns the chart of a history. Raises ValueError, see check_drawable."""
    check_drawable(history, form)
    starts = _starts(history)
    seen = (history.base, history.quote, [*history.points], starts, [*history.sources], form)
    # From all that is visible: a corrected price of the past makes another picture.
    key = sha256(repr(seen).encode()).digest()
    return Chart(history.base, history.quote, history.points, starts, history.sources, form, key)


def check_drawable(history: PriceHistory, form: str) -> None:
    """Raises ValueError for no or too many points, and for another form than png and svg."""
    if not 1 <= len(history.points) <= MAX_POINTS or form not in ("png", "svg"):
        given = f"{form} with {len(history.points)} points"
        raise ValueError(f"{given} is not possible: give png or svg, and 1 to {MAX_POINTS} points")


def _starts(history: PriceHistory) -> Sequence[int]:
    days = [day for day, _ in history.points]
    after = {bisect_left(days, end) for _, end in history.gaps}
    return sorted(after - {0, len(days)})
