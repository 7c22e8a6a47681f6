"""The numbers of the children, for the metrics."""

from collections.abc import Mapping, Sequence

from mixsvc.common.records import record

__all__ = ["ChildrenStats", "SlotStats"]


@record
class SlotStats:
    """One slot. calls: in flight. requests: that have ended, ever. resident: bytes of memory, 0 if unknown."""

    number: int
    is_ready: bool
    calls: int
    requests: int
    resident: int


@record
class ChildrenStats:
    """All children. restarts: how many were replaced, by reason."""

    slots: Sequence[SlotStats]
    restarts: Mapping[str, int]
