"""Beats: tells the engine that this node lives, and learns in the same statement all that hints may have missed."""

import time
from collections.abc import Callable, Collection
from typing import Final, Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.common.clocks import ToldTime, WallClock
from mixsvc.errors import ServiceBusy, StorageError
from mixsvc.nodes import statements
from mixsvc.nodes.interfaces import NodeHost
from mixsvc.nodes.pulse import Others, Pulse, PulseTimes
from mixsvc.nodes.statements import Beat, Run, Watched

__all__ = ["HeartOwner", "SharedHeart"]

# How long events of the journal and the names of those who left are kept, and how often the older ones are deleted,
# once the engine's time of day may be trusted.
KEPT: Final = 3600.0
CLEANING: Final = 60.0


class HeartOwner(Protocol):
    """What a heart needs of the node that it keeps alive."""

    def known(self) -> frozenset[int]:
        """The other nodes that this one knows."""

    def answered(self, beat: Beat, expected: frozenset[int]) -> None:
        """The engine has answered. expected: what `known` was when it was asked."""

    def given_up(self) -> None:
        """The engine does not have this node any more: forget what it had."""

    def removed(self, nodes: Collection[int]) -> None:
        """This node has removed others."""


class SharedHeart:
    """Implements Heart. Reactor thread."""

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        run: Run,
        name: str,
        times: PulseTimes,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """steady: seconds that the next process counts on (WallClock.resume); `clock` begins anew in each."""
        self._clock = clock
        self._run = run
        self._name = name
        self._times = times
        self._pulse = Pulse(times)
        self._others = Others(times)
        self._engine_time = ToldTime(clock.seconds)
        # The time of day of the engine, which all nodes share.
        self.wall = WallClock(steady, self._engine_time.seconds)
        self._loop = LoopingCall(self._round)
        self._watch = LoopingCall(lambda: self._pulse.runs(clock.seconds()))
        self._loop.clock = self._watch.clock = clock
        self._cleaned_at = clock.seconds()
        self._is_failing = False
        self._is_beating = False
        # Whether hints may have been missed about rooms that nobody is in at this node.
        self._may_lack = False
        self._topics: Callable[[], Collection[str]] = tuple
        # The number of this node, 0 while it has none.
        self.node = 0

    def beat_for(self, host: NodeHost) -> None:
        self._host = host

    def watch(self, topics: Callable[[], Collection[str]]) -> None:
        self._topics = topics

    @property
    def is_trusted(self) -> bool:
        return self._pulse.is_trusted(self._clock.seconds())

    @property
    def may_recall(self) -> bool:
        return self._pulse.may_recall(self._clock.seconds())

    @property
    def is_leader(self) -> bool:
        return self._pulse.is_leader(self._clock.seconds())

    @property
    def silence(self) -> float:
        """For how many seconds no heartbeat was answered; infinity if none was yet."""
        return self._pulse.silence(self._clock.seconds())

    @property
    def leaving(self) -> Collection[int]:
        """The nodes that have stopped, and are not removed yet."""
        return self._others.leaving

    def start(self, owner: HeartOwner) -> None:
        """Begin to beat; `beat_for` was called before."""
        self._owner = owner
        # Beside the heartbeats, which wait for the engine's answers.
        self._watch.start(self._times.heartbeat)
        self._loop.start(self._times.heartbeat)

    def beat_soon(self) -> None:
        """Beat now, unless a heartbeat is under way: hints may have been missed."""
        self._may_lack = True
        if self._loop.running and not self._is_beating:
            self._loop.reset()
            self._round()

    def stop(self) -> "Deferred[None]":
        """Stop; the others keep what this node has for some seconds. Fires when they know, or cannot be told."""
        for each in (self._watch, self._loop):
            if each.running:
                each.stop()
        node, self.node = self.node, 0
        self._pulse.clear()
        if not node:
            return succeed(None)
        return self._run(statements.leave, node).addErrback(lambda failure: None)

    def _round(self) -> "Deferred[None]":
        if self._is_beating:
            return succeed(None)
        self._is_beating = True
        # A LoopingCall stops for good if its function fails.
        return Deferred.fromCoroutine(self._beat()).addErrback(self._broken).addCallback(self._ended)

    def _broken(self, failure: Failure) -> None:
        self._log.failure("nodes: a heartbeat failed", failure)

    def _ended(self, _: object) -> None:
        self._is_beating = False

    async def _beat(self) -> None:
        try:
            if not self.node:
                self.node = await self._run(statements.begin, self._name)
                if not self._loop.running:
                    self.stop()
                    return
            node, sent_at, expected = self.node, self._clock.seconds(), self._owner.known()
            beat = await self._run(statements.beat, node, self._watched(), self._others.over(sent_at))
        except StorageError as error:
            self._failed(str(error))
            return
        if node != self.node:
            return
        if beat is None:
            self._give_up()
            return
        self._take(sent_at, beat)
        is_engine_right = self.wall.trusted_seconds() is not None
        self._owner.answered(beat, expected)
        self._look()
        if self.is_leader:
            await self._clean(node, is_engine_right)

    def _take(self, sent_at: float, beat: Beat) -> None:
        self._is_failing = False
        self._pulse.answered(sent_at, beat.leads)
        # A node that died may have stored a message, and not told it any more.
        self._may_lack |= bool({*self._others.nodes} - beat.marks.nodes.keys())
        self._others.answered(sent_at, self._clock.seconds(), beat.marks)
        self._engine_time.told(beat.now, sent_at)

    def _look(self) -> None:
        if self._may_lack:
            self._may_lack = False
            self._host.look_at_rooms().addErrback(self._not_looked)

    def _not_looked(self, failure: Failure) -> None:
        if not failure.check(ServiceBusy, StorageError):
            self._log.failure("nodes: the rooms of the others cannot be looked at", failure)
        # With the next heartbeat.
        self._may_lack = True

    def _watched(self) -> Watched:
        return Watched(self._host.awake_rooms(), self._topics())

    def _failed(self, why: str) -> None:
        if not self._is_failing:
            self._is_failing = True
            self._log.warn("nodes: PostgreSQL does not hear that this node lives ({reason})", reason=why)

    def _give_up(self) -> None:
        self._log.warn("nodes: the others have given this node up, as it was not seen for too long; it begins anew")
        self._pulse.clear()
        self.node = 0
        # First the chat, whose clients leave their rooms; then what this node knows of others.
        self._host.begin_anew()
        self._owner.given_up()

    async def _clean(self, node: int, is_engine_right: bool) -> None:
        now = self._clock.seconds()
        dead = self._others.dead() if self._pulse.may_give_up(now) else {}
        gone = {each: mark for each, mark in {**dead, **self._others.left(now)}.items() if each != node}
        is_due = is_engine_right and now - self._cleaned_at >= CLEANING
        if not gone and not is_due:
            return
        try:
            removed = await self._run(statements.clean, node, gone, KEPT if is_due else None)
        except StorageError as error:
            self._failed(str(error))
            return
        if is_due:
            self._cleaned_at = now
        if removed:
            self._log.info("nodes: removed as gone: {gone}", gone=", ".join(map(str, removed)))
            self._owner.removed(removed)
