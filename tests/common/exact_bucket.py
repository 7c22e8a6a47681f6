"""A token bucket in fractions, with which those in floats are compared."""

from fractions import Fraction

from hypothesis import strategies as st

__all__ = ["EXACT_RATES", "EXACT_STEPS", "ExactBucket"]

# What a float holds without rounding, so that the bucket must do exactly what the fractions do.
EXACT_STEPS = st.integers(-3000, 3000).map(lambda number: number / 1024)
EXACT_RATES = st.sampled_from([0.25, 0.5, 1.0, 2.0, 8.0])


class ExactBucket:
    """A bucket in fractions that is filled with each step of time."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate, self.burst, self.inside = Fraction(rate), burst, Fraction(burst)
        self.seen: Fraction | None = None

    def wait(self, now: float, cost: int) -> float:
        time = Fraction(now)
        if self.seen is not None and time > self.seen:
            self.inside = min(self.inside + (time - self.seen) * self.rate, Fraction(self.burst))
        self.seen = time
        return float(max(cost - self.inside, Fraction(0)) / self.rate)

    def take(self, now: float, cost: int) -> float:
        wait = self.wait(now, cost)
        self.inside -= 0 if wait else cost
        return wait
