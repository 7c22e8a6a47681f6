"""Times in whole microseconds, as PostgreSQL stores them: so a history can be moved to it and back as it is. Pure."""

from typing import Final

__all__ = ["ROUNDED", "microseconds"]

# The same for SQLite: the product is a whole number below 2**53, so the quotient is the nearest one to the decimal.
ROUNDED: Final = "round(({}) * 1000000.0) / 1000000.0"


def microseconds(seconds: float) -> float:
    """Returns a time in seconds without what is below a microsecond."""
    return round(seconds, 6)
