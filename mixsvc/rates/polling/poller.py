"""The service that asks for rates again and again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.config.settings import RatesSettings
from mixsvc.interfaces import IRateSource, Quote, SourceHealth
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.model.latest import RateTable
from mixsvc.rates.model.plausibility import CONFIRMATIONS, JUMP, Plausibility, PlausibilityResult
from mixsvc.rates.polling.chain import Chain, ChainedSource
from mixsvc.rates.polling.source_health import FAILING, WAITING, failed, succeeded

__all__ = ["RatePoller", "Sink", "Surroundings"]

T = TypeVar("T")

# Prices in one log line.
_MOST_TOLD: Final = 5

_log = Logger()


@dataclass(frozen=True)
class Sink:
    """Where new quotes go: into the table, then on_change is told, then they are saved.

    save: fires when they are stored; what it fails with is given to it again in the next round that has an answer.
    Neither of the two can end the polling.
    """

    table: RateTable
    save: "Callable[[Sequence[Quote]], Deferred[None]]"
    on_change: Callable[[Sequence[Quote]], None]


@dataclass(frozen=True)
class Surroundings:
    """What no test could foresee. random: from 0 up to 1, such as random.random. now: UTC, aware."""

    random: Callable[[], float]
    now: Callable[[], datetime]


class RatePoller(Service):
    """Asks the first due source of the chain every interval, and the next one where that fails.

    A round never overlaps the one before. Its sources have `timeout` seconds together; a save has as long again.
    What a source says is published as far as it is plausible.
    Lives in the reactor thread. May be started again once the Deferred of stopService has fired.
    """

    def __init__(
        self,
        clock: IReactorTime,
        sources: Sequence[IRateSource],
        settings: RatesSettings,
        sink: Sink,
        surroundings: Surroundings,
    ) -> None:
        """sources: the preferred one first."""
        self._clock = clock
        self._timeout = settings.timeout
        self._interval = settings.interval
        self._sink = sink
        self._now = surroundings.now
        self._chain = Chain(sources, settings.interval, surroundings.random)
        self._plausibility = Plausibility(sink.table.latest)
        # What a save has failed with, by pair and date.
        self._unsaved: dict[tuple[str, str, date], Quote] = {}
        self._can_save = True
        self._loop = LoopingCall(self._round)
        self._loop.clock = clock
        self._ended: Deferred[None] | None = None
        self._fetching: Deferred[Sequence[Quote]] | None = None

    def startService(self) -> None:
        """Ask at once, then every interval. RuntimeError while a run has not ended."""
        if self._ended is not None:
            raise RuntimeError("the poller has not ended; wait for what stopService returned")
        Service.startService(self)
        ended: Deferred[None] = Deferred()
        self._ended = ended
        self._loop.start(self._interval).addCallback(lambda _: self._end(ended))

    def stopService(self) -> "Deferred[None]":
        """Stop, and give up a fetch in flight; fires when that has ended and what came before it is saved."""
        if self._ended is None:
            return succeed(None)
        # One for each caller, who may do with it what they like.
        ended: Deferred[None] = Deferred()
        self._ended.chainDeferred(ended)
        if self.running:
            Service.stopService(self)
            self._loop.stop()
            if self._fetching is not None:
                self._fetching.cancel()
        return ended

    def health(self) -> Sequence[SourceHealth]:
        """How each source is doing, the preferred one first: a snapshot, in any thread."""
        return tuple(link.health for link in self._chain.links)

    def _end(self, ended: "Deferred[None]") -> None:
        self._ended = None
        ended.callback(None)

    def _round(self) -> "Deferred[None]":
        # A LoopingCall stops for good when its function fails, so nothing may get past here.
        return Deferred.fromCoroutine(self._ask_in_turn()).addErrback(_bug)

    async def _ask_in_turn(self) -> None:
        began = self._clock.seconds()
        for link in self._chain.round(began):
            if await self._ask(link, began) or not self.running:
                return
            if self._clock.seconds() - began >= self._timeout:
                self._chain.held_up(link)
                return

    async def _ask(self, link: ChainedSource, began: float) -> bool:
        """Whether the source answered soundly; what it said is then known everywhere."""
        try:
            answer = await self._fetch(link.source, began + self._timeout)
            # What has not changed is published once more: another source may have been heard meanwhile.
            link.said = answer if len(answer) > 0 else link.said
            verdict = self._plausibility.judge(link.said)
            changed = self._sink.table.publish(verdict.taken)
        except Exception as error:
            # A fetch that stopService gave up says nothing about its source.
            if self.running:
                self._failed(link, began, error)
            return False
        link.health = succeeded(link.health, self._now())
        if self._chain.answered(link):
            _log.info("rates: {source} answers again", source=link.source.name)
        _tell_of(verdict, link.source.name)
        if changed:
            self._tell(changed)
        await self._save(changed)
        return True

    async def _fetch(self, source: IRateSource, deadline: float) -> Sequence[Quote]:
        self._fetching = maybeDeferred(source.fetch)
        try:
            return await self._within(deadline - self._clock.seconds(), self._fetching)
        finally:
            self._fetching = None

    async def _within(self, seconds: float, waiting: "Deferred[T]") -> T:
        """What it fires with; cancels it when the time is up, and then raises TimeoutError however it ends."""
        limit = self._clock.callLater(max(seconds, 0), waiting.cancel)
        try:
            return await waiting
        except Exception:
            if limit.active():
                raise
            raise TimeoutError(f"no answer within {self._timeout:g} s") from None
        finally:
            if limit.active():
                limit.cancel()

    def _failed(self, link: ChainedSource, began: float, error: Exception) -> None:
        wait = error.retry_after if isinstance(error, SourceFailed) else 0.0
        name = link.source.name
        changed = self._chain.failed(link, began, self._clock.seconds() + wait)
        foreseen = isinstance(error, (SourceFailed, TimeoutError))
        # What an unforeseen error says may hold anything, a key included.
        reason = str(error) if foreseen else f"it failed in a way that was not foreseen ({type(error).__name__})"
        next_try = self._now() + timedelta(seconds=max(link.due_at - self._clock.seconds(), 0))
        link.health = failed(link.health, reason, next_try, WAITING if wait else FAILING)
        if changed and foreseen:
            _log.warn("rates: {source} fails: {reason}", source=name, reason=reason)
        elif changed:
            _log.failure("rates: {source} fails in a way that was not foreseen", Failure(error), source=name)

    def _tell(self, changed: Sequence[Quote]) -> None:
        try:
            self._sink.on_change(changed)
        except Exception:
            _log.failure("rates: somebody who was told of new quotes failed; polling goes on")

    async def _save(self, changed: Sequence[Quote]) -> None:
        """Store what is new, and what could not be stored in the rounds before."""
        unsaved = self._unsaved | {(each.base, each.quote, each.date): each for each in changed}
        if not unsaved:
            return
        self._unsaved = {}
        try:
            await self._within(self._timeout, maybeDeferred(self._sink.save, tuple(unsaved.values())))
        except Exception as error:
            # One that hangs may store it yet, and others would only line up behind it.
            self._unsaved = {} if isinstance(error, TimeoutError) else unsaved
            self._not_saved(error)
        else:
            if not self._can_save:
                _log.info("rates: quotes are stored again")
            self._can_save = True

    def _not_saved(self, error: Exception) -> None:
        if self._can_save:
            reason = str(error) or type(error).__name__
            _log.error("rates: new quotes could not be stored: {reason}; polling goes on", reason=reason)
        self._can_save = False


def _tell_of(verdict: PlausibilityResult, source: str) -> None:
    if verdict.held:
        _log.warn(
            "rates: {source} has prices that differ more than {times} times from the last ones ({prices}); they are "
            "held back until documents of {days} days have said the same",
            source=source,
            times=str(JUMP),
            prices=_some(verdict.held),
            days=CONFIRMATIONS,
        )
    if verdict.confirmed:
        prices = _some(verdict.confirmed)
        _log.warn("rates: {source} has confirmed what was held back: {prices}", source=source, prices=prices)
    if verdict.settled:
        prices = _some(verdict.settled)
        _log.info("rates: {source} has no more of what was held back: {prices}", source=source, prices=prices)
    if verdict.went_back is not None:
        newest, day = (each.isoformat() for each in verdict.went_back)
        text = "rates: {source} went back from {newest} to {day}; the newer rates stay"
        _log.warn(text, source=source, newest=newest, day=day)


def _some(quotes: Sequence[Quote]) -> str:
    """The first few prices, for a log line."""
    told = ", ".join(f"{each.base}/{each.quote} {each.price}" for each in quotes[:_MOST_TOLD])
    more = len(quotes) - _MOST_TOLD
    return f"{told} and {more} more" if more > 0 else told


def _bug(failure: Failure) -> None:
    _log.failure("rates: a round failed in a way that was not foreseen; polling goes on", failure)
