"""Chooses which of many values to show, so that no extreme is lost. Pure."""

from collections.abc import Sequence

__all__ = ["MIN_POINTS", "sampled"]

# The first, the last, the lowest and the highest.
MIN_POINTS = 4


def sampled(values: Sequence[float], points: int, starts: Sequence[int] = ()) -> Sequence[int]:
    """Returns the indices of at most `points` values, in order.

    starts: the indices of values before which there is a gap, sorted; the values between two gaps are a run. The first
    and the last value of each run are kept. The values between are divided into stretches of about the same length
    within one run, and the lowest and the highest of each stretch are kept, so the extremes of each run are, too. Where
    the points are too few for that, only the first and the last of all are sure to be kept, and the extremes of all.

    Raises ValueError for fewer points than MIN_POINTS.
    """
    if points < MIN_POINTS:
        raise ValueError(f"{points} points are too few to keep the extremes; ask for at least {MIN_POINTS}")
    count = len(values)
    if count <= points:
        return range(count)
    if MIN_POINTS * (len(starts) + 1) > points:
        starts = ()
    kept = {0, count - 1, *starts, *(each - 1 for each in starts)}
    # Each gap may cut a stretch in two.
    stretches = (points - len(kept)) // 2 - len(starts)
    equal = {1 + (count - 2) * each // stretches for each in range(stretches + 1)}
    edges = sorted(equal | set(starts))
    for start, end in zip(edges, edges[1:], strict=False):
        stretch = values[start:end]
        kept.add(start + stretch.index(min(stretch)))
        kept.add(start + stretch.index(max(stretch)))
    return sorted(kept)
