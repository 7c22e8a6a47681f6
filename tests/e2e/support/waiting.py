"""Waits for conditions by checking them again and again, with a deadline."""

from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import Final

from tests.e2e.support.service import DEADLINE

__all__ = ["wait_until"]

PAUSE: Final = 0.02


def wait_until(is_true: Callable[[], bool], what: str) -> None:
    """Ask until it is true; AssertionError with `what` after DEADLINE."""
    never = Event()
    end = monotonic() + DEADLINE
    while not is_true():
        assert monotonic() < end, f"{what} after {DEADLINE:g} s"
        never.wait(PAUSE)
