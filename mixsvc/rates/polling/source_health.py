"""How a source is doing: what a success and a failure make of it. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from mixsvc.interfaces import SourceHealth

__all__ = ["FAILING", "GOOD", "UNTRIED", "WAITING", "failed", "may_be_asked", "succeeded", "untried"]

# Never asked, since those before it answer.
UNTRIED: Final = "untried"
# Its last answer was sound.
GOOD: Final = "good"
FAILING: Final = "failing"
# It failed, and wants to be left in peace for a time that it gave (Retry-After).
WAITING: Final = "waiting"


def untried(name: str) -> SourceHealth:
    """A source before it is first asked."""
    return SourceHealth(name, UNTRIED, last_success=None, failures=0, last_error="", next_try=None)


def succeeded(health: SourceHealth, at: datetime) -> SourceHealth:
    """The same after a sound answer; what its latest failure said stays."""
    return replace(health, state=GOOD, last_success=at, failures=0, next_try=None)


def failed(health: SourceHealth, error: str, next_try: datetime, state: str) -> SourceHealth:
    """The same after a failure. error: one line without secrets. state: FAILING or WAITING."""
    return replace(health, state=state, failures=health.failures + 1, last_error=error, next_try=next_try)


def may_be_asked(name: str, chain: Sequence[SourceHealth]) -> bool:
    """Whether a source answers, or was not needed yet, since one before it does; False for one that is not there."""
    states = {each.name: each.state for each in chain}
    return states.get(name) == GOOD or (states.get(name) == UNTRIED and GOOD in states.values())
