"""Whether this node lives and leads, by what the engine has answered and when. Pure.

The engine notes when it saw each node last, by its own clock. A node measures from the moment at which it sent a
heartbeat, which is before the engine saw it; so it stops trusting itself before the others may give it up.
"""

from dataclasses import dataclass
from math import inf
from typing import Final

__all__ = ["LEASE_BEATS", "Pulse", "PulseTimes"]

# How many heartbeats the engine keeps a leader that is not seen; the leader itself stops half a heartbeat earlier.
LEASE_BEATS: Final = 3

# Which part of the time after which nodes are given up may lie between two heartbeats of one unbroken row.
BROKEN: Final = 1 / 3


@dataclass(frozen=True, slots=True)
class PulseTimes:
    """heartbeat: how often a node is seen. dead_after: after which time nobody waits for a dead one. In seconds."""

    heartbeat: float
    dead_after: float

    @property
    def unseen(self) -> float:
        """After which time unseen a node is given up: two heartbeats later the others know it."""
        return self.dead_after - 2 * self.heartbeat

    @property
    def lease(self) -> float:
        """For how long a heartbeat makes a node the leader."""
        return LEASE_BEATS * self.heartbeat


class Pulse:
    """The heartbeats of this node. Times are those of a steady clock, in seconds."""

    def __init__(self, times: PulseTimes) -> None:
        self._times = times
        # When the newest heartbeat that was answered was sent, and the first of its unbroken row.
        self._sent_at: float | None = None
        self._since = 0.0
        self._leads_until = -inf

    def answered(self, sent_at: float, is_leader: bool) -> None:
        """The engine has answered a heartbeat: it has this node, which is the leader or not."""
        times = self._times
        if self._sent_at is None or sent_at - self._sent_at > times.unseen * BROKEN:
            self._since = sent_at
        self._sent_at = sent_at
        self._leads_until = sent_at + times.lease - times.heartbeat / 2 if is_leader else -inf

    def clear(self) -> None:
        """The engine does not have this node any more."""
        self._sent_at = None
        self._leads_until = -inf

    def silence(self, now: float) -> float:
        """The time since the newest heartbeat that was answered; infinity without one."""
        return now - self._sent_at if self._sent_at is not None else inf

    def is_trusted(self, now: float) -> bool:
        """Whether the others cannot have given this node up."""
        return self._sent_at is not None and now - self._sent_at < self._times.unseen

    def is_leader(self, now: float) -> bool:
        """Whether this node does what one does for all."""
        return now < self._leads_until

    def may_give_up(self, now: float) -> bool:
        """Whether nodes that were not seen for so long are dead: after an outage of the engine all look so."""
        return self.is_trusted(now) and now - self._since >= self._times.unseen
