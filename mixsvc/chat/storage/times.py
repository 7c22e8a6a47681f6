"""Times of SQLite in whole microseconds; see mixsvc.common.times.microseconds. Pure."""

from typing import Final

__all__ = ["ROUNDED"]

# The same in SQL: the product is a whole number below 2**53, so the quotient is the nearest one to the decimal.
ROUNDED: Final = "round(({}) * 1000000.0) / 1000000.0"
