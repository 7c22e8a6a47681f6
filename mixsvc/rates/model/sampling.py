"""Chooses which of many values to show, so that no extreme is lost. Pure."""

from collections.abc import Sequence

__all__ = ["MIN_POINTS", "sampled"]

# The first, the last, the lowest and the highest.
MIN_POINTS = 4


def sampled(values: Sequence[float], points: int) -> Sequence[int]:
    """Returns the indices of at most `points` values, in order.

    The first and the last value are always among them. The values between are divided into equal stretches, and the
    lowest and the highest of each stretch are kept, so the extremes of the whole are, too. Raises ValueError for fewer
    points than MIN_POINTS.
    """
    if points < MIN_POINTS:
        raise ValueError(f"{points} points are too few to keep the extremes; ask for at least {MIN_POINTS}")
    count = len(values)
    if count <= points:
        return range(count)
    stretches = (points - 2) // 2
    edges = [1 + (count - 2) * each // stretches for each in range(stretches + 1)]
    kept = {0, count - 1}
    for start, end in zip(edges, edges[1:], strict=False):
        stretch = values[start:end]
        kept.add(start + stretch.index(min(stretch)))
        kept.add(start + stretch.index(max(stretch)))
    return sorted(kept)
