"""The health of a source, and how a success and a failure change it. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from mixsvc.interfaces import SourceHealth

__all__ = ["FAILING", "GOOD", "UNTRIED", "WAITING", "failed", "may_be_asked", "paused", "succeeded", "untried"]

# Not asked yet, as the sources before it answer.
UNTRIED: Final = "untried"
# Its last answer was valid.
GOOD: Final = "good"
FAILING: Final = "failing"
# It failed and asked us to wait (Retry-After).
WAITING: Final = "waiting"


def untried(name: str) -> SourceHealth:
    """Returns the health of a source that has not been asked yet."""
    return SourceHealth(name, UNTRIED, last_success=None, failures=0, last_error="", next_try=None)


def succeeded(health: SourceHealth, at: datetime) -> SourceHealth:
    """Returns the health after a valid answer; the text of the latest failure stays."""
    return replace(health, state=GOOD, last_success=at, failures=0, next_try=None)


def failed(health: SourceHealth, error: str, next_try: datetime, state: str) -> SourceHealth:
    """Returns the health after a failure. error: one line without secrets. state: FAILING or WAITING."""
    return replace(health, state=state, failures=health.failures + 1, last_error=error, next_try=next_try)


def paused(health: SourceHealth, next_try: datetime) -> SourceHealth:
    """Returns the health of a source that has told another node to wait."""
    return replace(health, state=WAITING, next_try=next_try)


def may_be_asked(name: str, chain: Sequence[SourceHealth]) -> bool:
    """Whether a source answers, or is untried because one before it answers. False for a source not in the chain."""
    states = {each.name: each.state for each in chain}
    return states.get(name) == GOOD or (states.get(name) == UNTRIED and GOOD in states.values())
