"""Whether nodes live and lead, by what the engine has answered and when. Pure.

Somebody may set the engine's clock, so each node measures with its own steady one. With every heartbeat a node gets
another mark; the others measure from the answer in which they see it first, which is after the engine made it. The
node itself measures from the moment at which it sent the heartbeat, which is before; so it stops trusting itself, or
leading, before the others may give it up.
"""

from collections.abc import Collection, Mapping
from math import inf
from typing import Final

from mixsvc.common.records import record

__all__ = ["LEASE_BEATS", "LEAVING", "Marks", "Others", "Pulse", "PulseTimes"]

# For how many heartbeats the others keep a leader that is not seen, and after how many it stops by itself. The first is
# a little less than three: each answer takes a moment, and a third heartbeat that came too early would become a fourth.
LEASE_BEATS: Final = 2.75
OWN_LEASE_BEATS: Final = 2.5

# Which part of the time after which nodes are given up may lie between two heartbeats of one unbroken row.
BROKEN: Final = 1 / 3

# The least of it in heartbeats, which never come exactly in time.
BROKEN_BEATS: Final = 1.5

# How long after a node has stopped it is gone for the others, and the time that whoever is sent on to another node has
# to come there; in seconds.
LEAVING: Final = 10.0


@record
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
        """For how long the others keep a leader that is not seen."""
        return LEASE_BEATS * self.heartbeat

    @property
    def own_lease(self) -> float:
        """For how long a heartbeat makes a node the leader."""
        return OWN_LEASE_BEATS * self.heartbeat

    @property
    def broken(self) -> float:
        """Heartbeats of one unbroken row are not further apart."""
        return max(self.unseen * BROKEN, self.heartbeat * BROKEN_BEATS)


@record
class Marks:
    """What changes with the heartbeats of each node. leaving: the nodes that have stopped. leader: None without one."""

    nodes: Mapping[int, str]
    leaving: Collection[int]
    leader: str | None


class Others:
    """For how long the other nodes were not seen. Times are those of a steady clock, in seconds."""

    def __init__(self, times: PulseTimes) -> None:
        self._times = times
        # When each mark was seen first, and each node that leaves.
        self._since: dict[str, float] = {}
        self._leaving: dict[int, float] = {}
        self._sent_at = 0.0
        self._marks = Marks({}, (), None)

    def answered(self, sent_at: float, now: float, marks: Marks) -> None:
        """The engine has answered a heartbeat that was sent at `sent_at`."""
        seen = {*marks.nodes.values(), *([marks.leader] if marks.leader is not None else [])}
        self._since = {mark: self._since.get(mark, now) for mark in seen}
        self._leaving = {node: self._leaving.get(node, now) for node in marks.leaving}
        self._sent_at, self._marks = sent_at, marks

    @property
    def nodes(self) -> Collection[int]:
        """The nodes that the engine has, this one included."""
        return self._marks.nodes.keys()

    @property
    def leaving(self) -> Collection[int]:
        """The nodes that have stopped."""
        return self._leaving.keys()

    def over(self, now: float) -> str | None:
        """The mark of a leader whose time is over, unless it has got another one meanwhile."""
        leader = self._marks.leader
        return leader if leader is not None and now - self._since[leader] >= self._times.lease else None

    def dead(self) -> Mapping[int, str]:
        """The nodes that were not seen for so long that they are to be given up, with their marks."""
        latest = self._sent_at - self._times.unseen
        return {node: mark for node, mark in self._marks.nodes.items() if self._since[mark] <= latest}

    def left(self, now: float) -> Mapping[int, str]:
        """The nodes that have stopped so long ago that they are to be removed, with their marks."""
        nodes = self._marks.nodes
        return {node: nodes[node] for node, since in self._leaving.items() if now - since >= LEAVING}


class Pulse:
    """The heartbeats of this node. Times are those of a steady clock, in seconds."""

    def __init__(self, times: PulseTimes) -> None:
        self._times = times
        # When the newest heartbeat that was answered was sent, and the first of its unbroken row.
        self._sent_at: float | None = None
        self._since = 0.0
        self._leads_until = -inf
        # When this process ran last, and since when it has done so without a break in which it may be given up.
        self._ran_at = self._runs_since = -inf

    def runs(self, now: float) -> None:
        """This process runs; called at least with every heartbeat."""
        if now - self._ran_at >= self._times.unseen:
            self._runs_since = now
        self._ran_at = now

    def answered(self, sent_at: float, is_leader: bool) -> None:
        """The engine has answered a heartbeat: it has this node, which is the leader or not."""
        times = self._times
        if self._sent_at is None or sent_at - self._sent_at > times.broken:
            self._since = sent_at
        self._sent_at = sent_at
        self._leads_until = sent_at + times.own_lease if is_leader else -inf

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

    def may_recall(self, now: float) -> bool:
        """Whether nothing but the engine's silence keeps this node from being trusted: it has run all the while."""
        is_running = now - self._ran_at < self._times.unseen
        return self._sent_at is not None and is_running and self._runs_since <= self._sent_at

    def is_leader(self, now: float) -> bool:
        """Whether this node does what one does for all."""
        return now < self._leads_until

    def may_give_up(self, now: float) -> bool:
        """Whether nodes that were not seen for so long are dead: after an outage of the engine all look so."""
        return self.is_trusted(now) and now - self._since >= self._times.unseen
