"""Draws a history of prices as SVG. Pure: the same history gives the same text.

The picture is complete in itself, with text that is text. Whoever shows it needs no script, no style and no font of
ours; the margins leave room for wide digits.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal, localcontext
from html import escape
from typing import Final

from mixsvc.charts.ticks import day_ticks, price_ticks
from mixsvc.interfaces import PriceHistory
from mixsvc.interfaces.charts import MAX_POINTS

__all__ = ["FONT", "draw"]

# Pixels.
WIDTH: Final = 600
HEIGHT: Final = 300

# The one that the PNG is drawn with comes first.
FONT: Final = "DejaVu Sans"
FAMILIES: Final = f"'{FONT}', Verdana, sans-serif"

INK: Final = "#18211f"
SOFT: Final = "#586560"
LINE: Final = "#dde4e1"
ACCENT: Final = "#0b6b63"

# The area of the prices.
TOP: Final = 52.0
BOTTOM: Final = 248.0
# Pixels at both ends, of a digit beside a tick, and of a bold digit beside the end of the line.
MARGIN: Final = 16.0
TICK_DIGIT: Final = 7.1
BOLD_DIGIT: Final = 8.0
# Half of the text of the last day.
HALF_DAY: Final = 36.0

# The share of the range of prices that is free above and below.
FREE: Final = Decimal("0.08")
# Around a flat line, a share of its price.
AROUND_FLAT: Final = Decimal("0.001")
# The time shown on either side of a single price.
AROUND_SINGLE: Final = timedelta(days=1)

# A price has up to ten digits on either side of its point.
DIGITS: Final = 60


def draw(history: PriceHistory) -> str:
    """Returns an SVG document of 600 by 300 pixels. Any thread; takes some 2 ms.

    Raises ValueError for a history without points or with more than MAX_POINTS.
    """
    if not 1 <= len(history.points) <= MAX_POINTS:
        raise ValueError(f"{len(history.points)} points are not possible: give 1 to {MAX_POINTS} points")
    with localcontext() as context:
        context.prec = DIGITS
        return _Drawing(history).document()


class _Drawing:
    """One chart: its scales, and the elements of its document."""

    def __init__(self, history: PriceHistory) -> None:
        self._history = history
        self._days = [day for day, _ in history.points]
        self._prices = [price for _, price in history.points]
        low, high = min(self._prices), max(self._prices)
        free = (high - low) * FREE or abs(high) * AROUND_FLAT or Decimal(1)
        self._low, self._range = low - free, high - low + 2 * free
        self._ticks = price_ticks(self._low, self._low + self._range)
        self._left = MARGIN + TICK_DIGIT * max((len(text) for _, text in self._ticks), default=0)
        self._right = WIDTH - max(MARGIN + BOLD_DIGIT * len(self._latest()), HALF_DAY)
        single = AROUND_SINGLE if self._days[0] == self._days[-1] else timedelta()
        self._first = self._days[0] - single
        self._span = (self._days[-1] + single - self._first).days

    def document(self) -> str:
        """The text of the SVG."""
        title = escape(f"{self._pair()}, {self._shown()}")
        return "\n".join(
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
                f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="{FAMILIES}" font-size="11" role="img">',
                f"<title>{title}</title>",
                f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
                *self._grid(),
                *self._course(),
                *self._words(),
                "</svg>\n",
            )
        )

    def _x(self, day: date) -> float:
        return self._left + (day - self._first).days / self._span * (self._right - self._left)

    def _y(self, price: Decimal) -> float:
        return BOTTOM - float(price - self._low) / float(self._range) * (BOTTOM - TOP)

    def _grid(self) -> Iterator[str]:
        right = _pixel(self._right)
        for price, text in self._ticks:
            y = self._y(price)
            yield f'<path d="M{_pixel(self._left)} {_pixel(y)}H{right}" stroke="{LINE}"/>'
            yield _text((self._left - 6, y + 4), text, "end", SOFT)
        yield f'<path d="M{_pixel(self._left)} {_pixel(BOTTOM)}H{right}" stroke="{LINE}"/>'
        for day, text in day_ticks(self._days):
            x = _pixel(self._x(day))
            yield f'<path d="M{x} {_pixel(BOTTOM)}v4" stroke="{LINE}"/>'
            yield _text((self._x(day), BOTTOM + 17), text, "middle", SOFT)

    def _course(self) -> Iterator[str]:
        """The line, with a dot where a day is alone between two gaps, and its end."""
        parts = self._parts()
        line = "".join("M" + "L".join(part) for part in parts if len(part) > 1)
        if line:
            yield f'<path d="{line}" fill="none" stroke="{ACCENT}" stroke-width="2" stroke-linejoin="round"/>'
        for place in (part[0] for part in parts if len(part) == 1):
            yield _dot(place, "2")
        x, y = self._x(self._days[-1]), self._y(self._prices[-1])
        yield _dot(parts[-1][-1], "3.5")
        yield _text((x + 10, y + 4), self._latest(), "start", ACCENT, ' font-weight="bold"')

    def _parts(self) -> Sequence[Sequence[str]]:
        """The points of each unbroken line: no line leads across a time in which the pair was not quoted."""
        after = {bisect_left(self._days, end) for _, end in self._history.gaps}
        edges = [0, *sorted(after - {0, len(self._days)}), len(self._days)]
        points = [f"{_pixel(self._x(day))} {_pixel(self._y(price))}" for day, price in self._history.points]
        return [points[start:end] for start, end in zip(edges, edges[1:], strict=False)]

    def _words(self) -> Iterator[str]:
        history = self._history
        yield _text((12, 25), self._pair(), "start", INK, ' font-size="17" font-weight="bold"')
        yield _text((WIDTH - 12, 25), self._shown(), "end", SOFT, ' font-size="12"')
        sources = f" · Source: {', '.join(history.sources)}" if history.sources else ""
        footer = f"1 {history.base} in {history.quote}{sources} · Latest: {self._days[-1].isoformat()}"
        yield _text((12, 290), footer, "start", SOFT, ' font-size="10"')
        change = self._change()
        if change:
            yield _text((WIDTH - 12, 290), change, "end", SOFT, ' font-size="10"')

    def _pair(self) -> str:
        return f"{self._history.base}/{self._history.quote}"

    def _latest(self) -> str:
        return format(self._prices[-1], "f")

    def _shown(self) -> str:
        first, last = self._days[0], self._days[-1]
        return last.isoformat() if first == last else f"{first.isoformat()} to {last.isoformat()}"

    def _change(self) -> str:
        start, end = self._prices[0], self._prices[-1]
        return f"{(end / start - 1) * 100:+.2f} %" if start and len(self._prices) > 1 else ""


def _pixel(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _text(place: tuple[float, float], text: str, anchor: str, colour: str, more: str = "") -> str:
    x, y = map(_pixel, place)
    return f'<text x="{x}" y="{y}" fill="{colour}" text-anchor="{anchor}"{more}>{escape(text)}</text>'


def _dot(place: str, radius: str) -> str:
    x, y = place.split()
    return f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{ACCENT}"/>'
