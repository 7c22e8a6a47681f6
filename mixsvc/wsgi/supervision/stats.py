"""The numbers of the children, for the metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["ChildrenStats", "SlotStats"]


@dataclass(frozen=True, slots=True)
class SlotStats:
    """One slot. calls: in flight. requests: that have ended, ever. resident: bytes of memory, 0 if unknown."""

    number: int
    is_ready: bool
    calls: int
    requests: int
    resident: int


@dataclass(frozen=True, slots=True)
class ChildrenStats:
    """All children. restarts: how many were replaced, by reason."""

    slots: Sequence[SlotStats]
    restarts: Mapping[str, int]
