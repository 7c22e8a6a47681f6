"""When clients come back after a goodbye: each at a time of its own, so that they do not all come at once."""

import random
from collections.abc import Callable
from typing import Final, TypeAlias

__all__ = ["RETURNS_A_SECOND", "Returns", "at_once", "spread_returns"]

# So many clients come back in a second. A service on one core lets about twice as many in.
RETURNS_A_SECOND: Final = 500

# After how many seconds the next client comes back.
Returns: TypeAlias = Callable[[], float]


def spread_returns(clients: int, chance: Callable[[], float] = random.random) -> Returns:
    """The returns of so many clients: the more there are, the longer it takes until all are back.

    chance: a random number from 0 to 1.
    """
    window = clients / RETURNS_A_SECOND
    return lambda: window * chance()


def at_once() -> float:
    """The return of a client that may come back now."""
    return 0.0
