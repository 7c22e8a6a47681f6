"""The service that asks the sources for rates, round after round."""

import errno
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, DeferredLock, maybeDeferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.common.records import record
from mixsvc.config.settings import RatesSettings
from mixsvc.errors import ActionRefused
from mixsvc.interfaces import IRateSource, Quote, SourceHealth
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.model.latest import RateTable
from mixsvc.rates.model.plausibility import CONFIRMATIONS, JUMP, Plausibility, PlausibilityResult
from mixsvc.rates.model.timeline import Pair, Timeline
from mixsvc.rates.polling.chain import Chain, ChainedSource
from mixsvc.rates.polling.source_health import FAILING, WAITING, failed, paused, succeeded, untried

__all__ = ["QuoteOutputs", "RatePoller"]

T = TypeVar("T")

# Prices in one log line.
_MAX_LOGGED_PRICES: Final = 5

# The process, or the system, has as many files open as it may: nothing can be connected, and no module loaded.
_NO_MORE_FILES: Final = (errno.EMFILE, errno.ENFILE)

_log = Logger()


def _nobody_else_asks(source: str, seconds: float) -> None:
    pass


@record
class QuoteOutputs:
    """Where new quotes go: first into the table, then to on_change, then to save. No failure of these ends polling.

    save: returns a Deferred that fires when the quotes are stored; quotes it fails to store are given to it again
    after the next successful fetch. paused: gets the name of a source that wants to be left alone (Retry-After), and
    for how many seconds; does not fail.
    """

    table: RateTable
    save: "Callable[[Sequence[Quote]], Deferred[None]]"
    on_change: Callable[[Sequence[Quote]], None]
    paused: Callable[[str, float], object] = _nobody_else_asks


class RatePoller(Service):
    """Every interval, asks the first source of the chain that is due, and the next one if that fails.

    Rounds never overlap. The sources of a round have `timeout` seconds together; a save has as long again. Only
    plausible quotes are published. Lives in the reactor thread. Can be started again once the Deferred of stopService
    has fired.
    """

    def __init__(
        self,
        clock: IReactorTime,
        chain: Chain,
        settings: RatesSettings,
        outputs: QuoteOutputs,
        now: Callable[[], datetime],
    ) -> None:
        """now: returns the time, UTC and aware."""
        self._clock = clock
        self._timeout = settings.timeout
        self._interval = settings.interval
        # Whether a round was asked for while another one ran.
        self._is_asked_again = False
        self._outputs = outputs
        self._now = now
        self._chain = chain
        self._plausibility = Plausibility(outputs.table.latest)
        # Quotes that a save failed to store, by pair and date.
        self._unsaved: dict[tuple[str, str, date], Quote] = {}
        self._can_save = True
        # One asks at a time: a round, or an operator.
        self._turn = DeferredLock()
        self._loop = LoopingCall(self._round)
        self._loop.clock = clock
        self._ended: Deferred[None] | None = None
        # What is being asked, and by what.
        self._asked: ChainedSource | None = None
        self._fetching: Deferred[Sequence[Quote]] | None = None

    def startService(self) -> None:
        """Asks at once, then every interval. Raises RuntimeError if the last run has not ended."""
        if self._ended is not None:
            raise RuntimeError("the poller is still running; wait for the Deferred that stopService returns")
        Service.startService(self)
        ended: Deferred[None] = Deferred()
        self._ended = ended
        self._loop.start(self._interval).addCallback(lambda _: self._end(ended))

    def stopService(self) -> "Deferred[None]":
        """Stops polling and cancels a fetch in flight. Fires when it has ended and earlier quotes are stored."""
        if self._ended is None:
            return succeed(None)
        # One for each caller, who may cancel it or add callbacks.
        ended: Deferred[None] = Deferred()
        self._ended.chainDeferred(ended)
        if self.running:
            Service.stopService(self)
            self._loop.stop()
            if self._fetching is not None:
                self._fetching.cancel()
        return ended

    def change(self, settings: RatesSettings, sources: Sequence[IRateSource], kept: Collection[str]) -> None:
        """Take other sources and times, and ask at once, if it runs, those that are due.

        kept: the names of those that are the same as before: a pause that one wants, and its back-off, go on.
        """
        self._chain.change(sources, kept, settings.interval)
        self._timeout, self._interval = settings.timeout, settings.interval
        self._loop.interval = settings.interval
        if self._loop.call is not None:
            self._loop.call.reset(0)
        # Else a round is running, or none will.
        self._is_asked_again = True
        if self._fetching is not None and self._asked not in self._chain.sources:
            # Nobody waits for what it has to say.
            self._fetching.cancel()

    def health(self) -> Sequence[SourceHealth]:
        """Returns the health of each source, the preferred one first. Any thread.

        While this does not run, others may ask them, and what they said here is old: then they are untried.
        """
        sources = self._chain.sources
        return tuple(each.health if self.running else untried(each.source.name) for each in sources)

    def ages(self) -> Mapping[str, float]:
        """Returns the seconds since the last valid answer of each source that has given one; none: see health."""
        if not self.running:
            return {}
        now = self._clock.seconds()
        return {
            each.source.name: now - each.answered_at for each in self._chain.sources if each.answered_at is not None
        }

    def ask_now(self, name: str) -> "Deferred[str]":
        """Ask one source at once, also one that is backing off; fires with a line for the operator.

        Raises ActionRefused if there is no such source, or it must not be asked; fails with it if it fails.
        """
        self._askable(name)
        return self._turn.run(lambda: Deferred.fromCoroutine(self._ask_one(name)))

    def _askable(self, name: str) -> ChainedSource:
        chained = next((each for each in self._chain.sources if each.source.name == name), None)
        if chained is None:
            raise ActionRefused(f"there is no source {name[:50]}; there are: {', '.join(self._names())}")
        if not self.running:
            raise ActionRefused("this node does not ask the sources of rates; another one does")
        if chained.health.state == WAITING and chained.due_at > self._clock.seconds():
            raise ActionRefused(f"{name} has told when it may be asked again; until then it would refuse")
        return chained

    def _names(self) -> Sequence[str]:
        return [each.source.name for each in self._chain.sources]

    async def _ask_one(self, name: str) -> str:
        # Once more, as it may have come after a round or a reload.
        chained = self._askable(name)
        if await self._ask(chained, self._clock.seconds()):
            return f"{name} has answered"
        raise ActionRefused(f"{name} fails: {chained.health.last_error or 'the poll has ended'}")

    def pause(self, pauses: Mapping[str, float]) -> None:
        """Do not ask these sources for so many seconds: they have told another node so."""
        for chained in self._chain.sources:
            left = pauses.get(chained.source.name, 0.0)
            if left > 0:
                chained.due_at = max(chained.due_at, self._clock.seconds() + left)
                chained.health = paused(chained.health, self._now() + timedelta(seconds=left))

    def heard(self, past: Mapping[Pair, Timeline]) -> None:
        """Another node has stored these prices: what could not be stored here of their days is not stored over them."""
        points = {key: past[key[:2]].point(key[2].toordinal()) for key in self._unsaved if key[:2] in past}
        self._unsaved = {key: each for key, each in self._unsaved.items() if points.get(key) is None}

    def _end(self, ended: "Deferred[None]") -> None:
        self._ended = None
        ended.callback(None)

    def _round(self) -> "Deferred[None]":
        # A LoopingCall stops for good when its function fails, so this never does.
        asked: Deferred[None] = self._turn.run(lambda: Deferred.fromCoroutine(self._rounds()))
        return asked.addErrback(_log_bug)

    async def _rounds(self) -> None:
        self._is_asked_again = True
        while self._is_asked_again and self.running:
            self._is_asked_again = False
            await self._ask_in_turn()

    async def _ask_in_turn(self) -> None:
        began = self._clock.seconds()
        for chained in self._chain.round(began):
            if await self._ask(chained, began) or not self.running or self._is_asked_again:
                return
            if self._clock.seconds() - began >= self._timeout:
                self._chain.timed_out(chained)
                return

    async def _ask(self, chained: ChainedSource, began: float) -> bool:
        """Asks one source. Returns whether it answered; its quotes are published and saved by then."""
        self._asked = chained
        try:
            answer = await self._fetch(chained.source, began + self._timeout)
            # Unchanged quotes are published again, as another source may have answered in between.
            chained.last_quotes = answer if len(answer) > 0 else chained.last_quotes
            result = self._plausibility.check(chained.last_quotes)
            changed = self._outputs.table.publish(result.accepted)
        except Exception as error:
            # A fetch that stopService, a change or an operator has cancelled says nothing about its source.
            is_given_up = isinstance(error, CancelledError) or chained not in self._chain.sources
            if self.running and not is_given_up:
                self._failed(chained, began, error)
            return False
        chained.health, chained.answered_at = succeeded(chained.health, self._now()), self._clock.seconds()
        if self._chain.answered(chained):
            _log.info("rates: {source} answers again", source=chained.source.name)
        _log_result(result, chained.source.name)
        if result.went_back is not None:
            self._log_step_back(*result.went_back, chained.source.name)
        if changed:
            self._notify(changed)
        await self._save(changed)
        return True

    def _log_step_back(self, newest: date, day: date, source: str) -> None:
        text = "rates: {source} went back from {newest} to {day}; the newer rates stay"
        if newest > (self._now() + timedelta(days=1)).date():
            text = (
                "rates: {source} went back from {newest}, which is in the future, to {day}; the rates of this day count"
            )
        _log.warn(text, source=source, newest=newest.isoformat(), day=day.isoformat())

    async def _fetch(self, source: IRateSource, deadline: float) -> Sequence[Quote]:
        self._fetching = maybeDeferred(source.fetch)
        try:
            return await self._within(deadline - self._clock.seconds(), self._fetching)
        finally:
            self._fetching = None

    async def _within(self, seconds: float, waiting: "Deferred[T]") -> T:
        """Returns the result. Cancels it after so many seconds, and then raises TimeoutError however it ends."""
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

    def _failed(self, chained: ChainedSource, began: float, error: Exception) -> None:
        wait = error.retry_after if isinstance(error, SourceFailed) else 0.0
        name = chained.source.name
        changed = self._chain.failed(chained, began, self._clock.seconds() + wait)
        known = _known_reason(error)
        # The text of an unexpected error may hold anything, a key included.
        reason = known or f"unexpected error ({type(error).__name__})"
        next_try = self._now() + timedelta(seconds=max(chained.due_at - self._clock.seconds(), 0))
        chained.health = failed(chained.health, reason, next_try, WAITING if wait else FAILING)
        if wait:
            self._outputs.paused(name, wait)
        if changed and known:
            _log.warn("rates: {source} fails: {reason}", source=name, reason=reason)
        elif changed:
            _log.failure("rates: {source} fails with an unexpected error", Failure(error), source=name)

    def _notify(self, changed: Sequence[Quote]) -> None:
        try:
            self._outputs.on_change(changed)
        except Exception:
            _log.failure("rates: handling new quotes failed; polling goes on")

    async def _save(self, changed: Sequence[Quote]) -> None:
        """Stores new quotes, and those that earlier rounds failed to store."""
        earlier = {key: each for key, each in self._unsaved.items() if self._is_still_published(each)}
        unsaved = earlier | {(each.base, each.quote, each.date): each for each in changed}
        if not unsaved:
            return
        self._unsaved = {}
        try:
            await self._within(self._timeout, maybeDeferred(self._outputs.save, tuple(unsaved.values())))
        except Exception as error:
            # A save that hangs may still store them, and further saves would only queue up behind it.
            self._unsaved = {} if isinstance(error, TimeoutError) else unsaved
            # An operator who no longer waits says nothing about the database.
            if not isinstance(error, CancelledError):
                self._not_saved(error)
        else:
            if not self._can_save:
                _log.info("rates: quotes are stored again")
            self._can_save = True

    def _is_still_published(self, quote: Quote) -> bool:
        # While this did not run, another node may have stored a later price of the same day.
        latest = self._outputs.table.latest(quote.base, quote.quote)
        return latest is None or latest.date != quote.date or latest.price == quote.price

    def _not_saved(self, error: Exception) -> None:
        if self._can_save:
            reason = str(error) or type(error).__name__
            _log.error("rates: new quotes could not be stored: {reason}; polling goes on", reason=reason)
        self._can_save = False


def _known_reason(error: Exception) -> str | None:
    """Returns why a source has failed, or None for an error of a program."""
    if isinstance(error, (SourceFailed, TimeoutError)):
        return str(error)
    if isinstance(error, OSError) and error.errno in _NO_MORE_FILES:
        return os.strerror(error.errno)
    return None


def _log_result(result: PlausibilityResult, source: str) -> None:
    if result.held_back:
        _log.warn(
            "rates: {source} has prices that differ by more than a factor of {factor} from the last ones ({prices}); "
            "they are held back until documents of {days} days have confirmed them",
            source=source,
            factor=str(JUMP),
            prices=_shown(result.held_back),
            days=CONFIRMATIONS,
        )
    if result.confirmed:
        prices = _shown(result.confirmed)
        _log.warn("rates: {source} has confirmed prices that were held back: {prices}", source=source, prices=prices)
    if result.withdrawn:
        prices = _shown(result.withdrawn)
        _log.info("rates: {source} has withdrawn prices that were held back: {prices}", source=source, prices=prices)


def _shown(quotes: Sequence[Quote]) -> str:
    """Returns the first few prices, for a log line."""
    shown = ", ".join(f"{each.base}/{each.quote} {each.price}" for each in quotes[:_MAX_LOGGED_PRICES])
    more = len(quotes) - _MAX_LOGGED_PRICES
    return f"{shown} and {more} more" if more > 0 else shown


def _log_bug(failure: Failure) -> None:
    _log.failure("rates: a round failed with an unexpected error; polling goes on", failure)
