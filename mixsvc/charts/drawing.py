"""Draws a chart with matplotlib: numbers in, bytes out. Only the drawing processes import this module."""

import math
from datetime import timedelta
from io import BytesIO
from typing import Any, Final

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, ScalarFormatter
from PIL import Image

from mixsvc.charts.chart import Chart

__all__ = ["draw"]

# 600 by 300 pixels.
INCHES: Final = (6.0, 3.0)
DOTS_PER_INCH: Final = 100

INK: Final = "#18211f"
SOFT: Final = "#586560"
LINE: Final = "#dde4e1"
ACCENT: Final = "#0b6b63"

STYLE: Final[Any] = {
    # An SVG names the generic family as well, as its reader may have no DejaVu.
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.edgecolor": LINE,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    # No text is a formula.
    "text.parse_math": False,
    # Text stays text: programs can read it, and it takes a third of the size. The salt is fixed, so that the same
    # chart gives the same bytes.
    "svg.fonttype": "none",
    "svg.hashsalt": "mixsvc",
}

# The area of the prices, as shares of the height of the picture.
BOTTOM: Final = 0.17
HEIGHT: Final = 0.665

# Shares of its width: the margin on both sides, a digit beside a tick, and a bold digit beside the line.
MARGIN: Final = 0.027
TICK_DIGIT: Final = 0.0118
BOLD_DIGIT: Final = 0.0133

# The time shown on either side of a single price.
AROUND_SINGLE: Final = timedelta(days=1)

# Fewer days than this have a tick each.
FEW_DAYS: Final = 8

# Colours of a PNG.
COLOURS: Final = 256


def draw(chart: Chart) -> bytes:
    """Returns the picture; the same bytes for the same chart. Takes some 200 ms of one core."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=INCHES, dpi=DOTS_PER_INCH, facecolor="white")
        axes = figure.add_axes((0.1, BOTTOM, 0.8, HEIGHT))
        _draw_prices(axes, chart)
        _frame_days(axes, chart)
        _frame_prices(axes, chart)
        _make_room(axes, chart)
        _write_around(figure, chart)
        return _bytes(figure, chart.form)


def _draw_prices(axes: Axes, chart: Chart) -> None:
    days: Any = [date2num(day) for day, _ in chart.points]
    prices = [float(price) for _, price in chart.points]
    # One line, which what is no number breaks, as a path for each part would exceed the limit of AMP.
    torn = [list(days), list(prices)]
    for start in reversed(chart.starts):
        for each in torn:
            each.insert(start, math.nan)
    axes.plot(*torn, color=ACCENT, linewidth=1.4, solid_joinstyle="round")
    edges = [0, *chart.starts, len(days)]
    lone = [start for start, end in zip(edges, edges[1:], strict=False) if end - start == 1]
    # No line shows them.
    axes.plot([days[each] for each in lone], [prices[each] for each in lone], ".", color=ACCENT, markersize=3)
    axes.plot(days[-1:], prices[-1:], "o", color=ACCENT, markersize=5, clip_on=False)
    axes.annotate(
        format(chart.points[-1][1], "f"),
        (days[-1], prices[-1]),
        xytext=(7, 0),
        textcoords="offset points",
        va="center",
        color=ACCENT,
        fontweight="bold",
        annotation_clip=False,
    )


def _frame_days(axes: Axes, chart: Chart) -> None:
    first, last = chart.points[0][0], chart.points[-1][0]
    around = AROUND_SINGLE if first == last else timedelta()
    left: Any = date2num(first - around)
    right: Any = date2num(last + around)
    axes.set_xlim(left, right)
    if (last - first).days < FEW_DAYS:
        # The locator would choose hours of the day.
        days: Any = [date2num(day) for day, _ in chart.points]
        axes.set_xticks(days, [f"{day.day} {day:%b}" for day, _ in chart.points])
    else:
        ticks = AutoDateLocator(minticks=2, maxticks=7)
        axes.xaxis.set_major_locator(ticks)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(ticks, show_offset=False))


def _frame_prices(axes: Axes, chart: Chart) -> None:
    prices = [float(price) for _, price in chart.points]
    low, high = min(prices), max(prices)
    # A flat line goes through the middle, with a range in which the ticks still differ.
    margin = (high - low) * 0.08 or abs(high) * 0.001 or 1.0
    axes.set_ylim(low - margin, high + margin)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    plain = ScalarFormatter(useOffset=False)
    plain.set_scientific(not 1e-5 < abs(high) < 1e8)
    axes.yaxis.set_major_formatter(plain)
    axes.grid(axis="y", color=LINE, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(length=3)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _make_room(axes: Axes, chart: Chart) -> None:
    """Leave room for the prices at the ticks and at the end of the line, however many digits they have."""
    ticks = axes.yaxis.get_major_formatter().format_ticks(list(axes.get_yticks()))
    left = MARGIN + TICK_DIGIT * max(map(len, ticks), default=0)
    right = MARGIN + BOLD_DIGIT * len(format(chart.points[-1][1], "f"))
    axes.set_position((left, BOTTOM, 1 - left - right, HEIGHT))


def _write_around(figure: Figure, chart: Chart) -> None:
    first, last = chart.points[0][0], chart.points[-1][0]
    shown = last.isoformat() if first == last else f"{first.isoformat()} to {last.isoformat()}"
    figure.text(0.02, 0.915, f"{chart.base}/{chart.quote}", size=12, weight="bold", color=INK)
    figure.text(0.98, 0.915, shown, size=8.5, color=SOFT, ha="right")
    sources = f" · Source: {', '.join(chart.sources)}" if chart.sources else ""
    footer = f"1 {chart.base} in {chart.quote}{sources} · Latest: {last.isoformat()}"
    figure.text(0.02, 0.03, footer, size=7, color=SOFT)
    if len(chart.points) > 1:
        figure.text(0.98, 0.03, _change(chart), size=7, color=SOFT, ha="right")


def _change(chart: Chart) -> str:
    start, end = float(chart.points[0][1]), float(chart.points[-1][1])
    share = (end / start - 1) * 100 if start else math.nan
    return f"{share:+.2f} %" if math.isfinite(share) else ""


def _bytes(figure: Figure, form: str) -> bytes:
    out = BytesIO()
    # Without time and version: the same picture has the same ETag, whichever process drew it.
    if form == "svg":
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": None})
    else:
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        drawn = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba())
        # With so many colours it has a third of the bytes, far from the limit of a value in AMP.
        drawn.convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE, colors=COLOURS).save(out, "PNG")
    return out.getvalue()
