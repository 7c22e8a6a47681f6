"""The figures of outgoing webhooks for /metrics."""

from collections import Counter
from dataclasses import dataclass, field

__all__ = ["HookStats"]


@dataclass
class HookStats:
    """Of one webhook. attempts: by how they ended, since the start. waiting: messages that are still to be read.

    is_failing: whether the last attempt has failed. is_sending: whether this process sends it.
    """

    name: str
    attempts: "Counter[str]" = field(default_factory=Counter)
    waiting: int = 0
    is_failing: bool = False
    is_sending: bool = False
