"""Trials: tests that repeat one thing very often, in few rounds in `make test` and in many in `make faults`.

A trial has the marker `trial`, does `rounds(few)` rounds and prints its `figures`.
"""

import os
from typing import Final

__all__ = ["ROUNDS", "figures", "is_long", "rounds"]

# The variable of the environment that `make faults` sets.
ROUNDS: Final = "MIXSVC_TRIAL_ROUNDS"


def rounds(few: int) -> int:
    """How often to repeat: `few`, or the number given to `make faults`."""
    return int(os.environ.get(ROUNDS) or few)


def figures(name: str, **numbers: float) -> None:
    """Print one line; pytest shows it with `-s`."""
    print(f"\ntrial: {name}: " + ", ".join(f"{number:g} {what}" for what, number in numbers.items()))


def is_long() -> bool:
    """Whether this is `make faults`."""
    return bool(os.environ.get(ROUNDS))
