"""One outgoing webhook: reads what is behind its position, sends one event after the other, and stores its position."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from random import Random
from typing import Any, Final, Protocol

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.common.clocks import Clocks
from mixsvc.common.records import record
from mixsvc.config.outgoing_hooks import OutgoingHook
from mixsvc.errors import StorageError
from mixsvc.webhooks.batch import in_order, passed
from mixsvc.webhooks.events import Event, events_of
from mixsvc.webhooks.schedule import GIVEN_UP, MOST_REFUSALS, Outcome, Verdict, delay, wait_left, wait_of
from mixsvc.webhooks.signing import signed_headers
from mixsvc.webhooks.stats import HookStats
from mixsvc.webhooks.storage.records import Changed, HookPosition, Progress, RoomScope, Unsent
from mixsvc.webhooks.storage.store import WebhookDatabase

__all__ = ["HookLine", "LineParts", "Poster"]

# How often it is looked for something to send that nobody has told of, in seconds: what other nodes have stored, and
# changes of messages.
LOOK: Final = 2.0

# How often a position is stored at most while events are sent, in seconds.
SAVE: Final = 1.0

# How long to wait when the database has failed, in seconds.
DATABASE_PAUSE: Final = 5.0


class Poster(Protocol):
    """Sends requests; see Deliverer."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> "Deferred[Outcome]":
        """Fires with how an attempt has ended."""


@record
class LineParts:
    """What the lines of a process share."""

    clocks: Clocks[IReactorTime]
    database: WebhookDatabase
    poster: Poster
    private_rooms: Sequence[str]
    random: Random = field(default_factory=Random)


class HookLine:
    """Used in the reactor thread. It sends between `start` and `stop`. secrets: those that it signs with."""

    _log = Logger()

    def __init__(self, hook: OutgoingHook, secrets: Sequence[bytes], parts: LineParts) -> None:
        self._parts = parts
        self._take(hook, secrets)
        self.stats = HookStats(hook.name)
        self._running: Deferred[None] = succeed(None)
        self._pause: Deferred[None] = succeed(None)
        self._is_waiting_for_news = self._is_stopping = self._is_database_away = self._is_place_unsaved = False

    def change(self, hook: OutgoingHook, secrets: Sequence[bytes]) -> None:
        """Take another address, scope or secrets under the same name: it stops, and goes on so when it is started."""
        if (hook, secrets) != (self._hook, self.secrets):
            self.stop()
            self._take(hook, secrets)

    def _take(self, hook: OutgoingHook, secrets: Sequence[bytes]) -> None:
        self._hook = hook
        self.secrets = secrets
        self._scope = RoomScope(hook.rooms, self._parts.private_rooms)
        # No address is stored, as it may have a secret.
        self._mark = hashlib.sha256(hook.url.encode()).hexdigest()

    def start(self) -> None:
        """Begin at the position that is stored. Does nothing if it runs."""
        if not self.stats.is_sending:
            self.stats.is_sending, self._is_stopping = True, False
            running = Deferred.fromCoroutine(self._run())
            # A bug must not end it for good: it starts again when it is looked for the next time.
            self._running = running.addErrback(self._broken).addBoth(self._ended)

    def stop(self) -> "Deferred[None]":
        """Give up what is being sent, store the position, and end; fires then."""
        running: Deferred[None] = Deferred()
        self._running.addBoth(lambda _: running.callback(None))
        if not self._is_stopping:
            self._is_stopping = True
            self._running.cancel()
        return running

    def wake(self) -> None:
        """There may be something to send."""
        if self._is_waiting_for_news:
            self._is_waiting_for_news = False
            self._pause.callback(None)

    async def _run(self) -> None:
        position = await self._begun()
        if position.gone == self._mark:
            self._log.warn("webhooks: {hook} is not sent, as its address has answered 410", hook=self._hook.name)
            await self._sleep(float("inf"))
        sending = Sending(position, self._mark)
        left = wait_left(position.gone, position.retry_at, self._mark, self._parts.clocks.wall.seconds())
        try:
            if left:
                await self._sleep(left)
            while not sending.is_gone:
                await self._send_next(sending)
            await self._sleep(float("inf"))
        except CancelledError:
            # It is stopped, and nobody waits for more than this.
            await self._save(sending)
            raise

    async def _begun(self) -> HookPosition:
        database = self._parts.database
        while True:
            try:
                return await database.transactions.run(database.store.begin, self._hook.name, self._scope)
            except StorageError as error:
                await self._database_failed(error)

    async def _send_next(self, sending: "Sending") -> None:
        """Send what is there now, or wait until there may be something."""
        database = self._parts.database
        given = sending.numbers, sending.change, self._scope
        try:
            unsent = await database.transactions.run(database.store.read, *given)
        except StorageError as error:
            await self._database_failed(error)
            return
        self.stats.waiting = unsent.waiting
        self._is_database_away = False
        sending.take_lasts(unsent)
        if not unsent.waiting and not unsent.changes:
            await self._save_in_time(sending)
            await self._news(SAVE if sending.is_ahead else LOOK)
            return
        await self._send(unsent, sending)

    async def _send(self, unsent: Unsent, sending: "Sending") -> None:
        """Send what was read, until an attempt fails or this is old: what is edited meanwhile is not sent as it was."""
        read_at = self._parts.clocks.steady.seconds()
        for each, is_told in in_order(unsent, sending.numbers):
            if self._parts.clocks.steady.seconds() - read_at >= LOOK:
                return
            told = sending.told.get(each.room, 0)
            for event in events_of(each, self._hook.events, sending.epoch, told) if is_told else ():
                if event.id != sending.done and not await self._delivered(event, sending):
                    sending.may_have_arrived(each)
                    return
            sending.sent(each)
            await self._save_in_time(sending)
        sending.passed(passed(unsent), unsent.changes)

    async def _delivered(self, event: Event, sending: "Sending") -> bool:
        """Make an attempt, and wait if it fails; returns whether the event has arrived, or is given up."""
        self._check()
        wall = self._parts.clocks.wall
        headers = {"content-type": "application/json", "user-agent": "mixsvc"}
        headers |= signed_headers(event.id, int(wall.seconds()), event.body, self.secrets)
        outcome = await self._parts.poster.post(self._hook.url, headers, event.body)
        self.stats.attempts[outcome.verdict.value] += 1
        self.stats.is_failing = outcome.verdict is not Verdict.SENT
        if outcome.verdict is Verdict.SENT:
            self._arrived(event, sending)
            return True
        sending.failed(event, outcome)
        if outcome.verdict is Verdict.GONE:
            await self._disable(sending)
            return False
        if sending.refusals >= MOST_REFUSALS:
            self._give_up(event, outcome, sending)
            return True
        wait = delay(sending.attempts, outcome.retry_after, self._parts.random)
        sending.waits(wait, wall.seconds())
        self._failed(outcome, wait, sending)
        await self._save(sending)
        await self._sleep(wait)
        return False

    def _arrived(self, event: Event, sending: "Sending") -> None:
        if sending.attempts:
            self._log.info("webhooks: {hook} answers again", hook=self._hook.name)
        sending.begin_next(event)

    def _failed(self, outcome: Outcome, wait: float, sending: "Sending") -> None:
        if sending.attempts == 1:
            self._log.warn(
                "webhooks: {hook} has failed: {reason}; it is tried again and again, the next time in {seconds} s",
                hook=self._hook.name,
                reason=outcome.why,
                seconds=round(wait),
            )

    def _give_up(self, event: Event, outcome: Outcome, sending: "Sending") -> None:
        self.stats.attempts[GIVEN_UP] += 1
        self._log.error(
            "webhooks: {hook} refuses {event}: {reason}; it is given up",
            hook=self._hook.name,
            event=event.id,
            reason=outcome.why,
        )
        sending.begin_next(event)

    async def _disable(self, sending: "Sending") -> None:
        sending.ends()
        self._log.error(
            "webhooks: {hook} answered 410: nothing more is sent there, until it gets another address or name",
            hook=self._hook.name,
        )
        await self._save(sending)

    async def _save_in_time(self, sending: "Sending") -> None:
        if sending.is_ahead and self._parts.clocks.steady.seconds() - sending.saved_at >= SAVE:
            await self._save(sending)

    async def _save(self, sending: "Sending") -> None:
        """Store the position; if that fails, the same is sent again after a restart."""
        database, progress = self._parts.database, sending.progress(self._hook.name)
        try:
            await database.transactions.run(database.store.save, progress)
        except StorageError as error:
            sending.saved_at = self._parts.clocks.steady.seconds()
            self._not_saved(error)
            return
        self._is_place_unsaved = False
        sending.saved(progress, self._parts.clocks.steady.seconds())

    def _not_saved(self, error: StorageError) -> None:
        if not self._is_place_unsaved:
            self._is_place_unsaved = True
            self._log.warn(
                "webhooks: how far {hook} has come is not stored: {reason}", hook=self._hook.name, reason=str(error)
            )

    async def _database_failed(self, error: StorageError) -> None:
        if not self._is_database_away:
            self._is_database_away = True
            self._log.warn("webhooks: {hook} waits for the database: {reason}", hook=self._hook.name, reason=str(error))
        await self._sleep(DATABASE_PAUSE)

    async def _news(self, seconds: float) -> None:
        self._is_waiting_for_news = True
        try:
            await self._sleep(seconds)
        finally:
            self._is_waiting_for_news = False

    def _sleep(self, seconds: float) -> "Deferred[None]":
        """Fires after so many seconds, or never for infinity; `wake` may end one that waits for news."""
        self._check()
        pause: Deferred[None] = Deferred()
        self._pause = pause
        if seconds != float("inf"):
            timer = self._parts.clocks.steady.callLater(seconds, lambda: pause.callback(None))
            pause.addBoth(_cancelled(timer))
        return pause

    def _check(self) -> None:
        """Raises CancelledError if the line is to stop: what it waited for may have ended in another way."""
        if self._is_stopping:
            raise CancelledError

    def _broken(self, failure: Failure) -> None:
        if not failure.check(CancelledError):
            self._log.failure("webhooks: sending {hook} failed", failure, hook=self._hook.name)

    def _ended(self, _: object) -> None:
        self.stats.is_sending = self._is_waiting_for_news = False


class Sending:
    """How far a line has come, and what of that is not stored yet."""

    def __init__(self, position: HookPosition, address: str) -> None:
        """address: names the one to which is sent."""
        self.numbers = dict(position.numbers)
        self.change = position.change
        self._address = address
        # Another address has not failed yet.
        is_same = position.gone.partition(" ")[0] == address
        self.attempts, self._retry_at, self._gone = (
            (position.attempts, position.retry_at, position.gone) if is_same else (0, None, "")
        )
        # The id of the last event that is not sent again.
        self.done = ""
        # How often the event of this id was refused, since the start: an attempt that has failed says nothing about it.
        self.refusals = 0
        self._refused = ""
        # Up to these numbers messages may have been told before; they are known when it is read for the first time.
        self.told: dict[str, int] = {}
        self._has_lasts = False
        self.epoch = position.epoch
        # When it was stored, or could not be.
        self.saved_at = 0.0
        # Whether it has come further than what is stored.
        self.is_ahead = False
        self._changed: dict[str, int] = {}

    def take_lasts(self, unsent: Unsent) -> None:
        """This is to be sent. What was there at the start may have been sent before a crash."""
        if not self._has_lasts:
            self._has_lasts = True
            self.told.update(unsent.lasts)

    def failed(self, event: Event, outcome: Outcome) -> None:
        """An attempt has not arrived, as far as is known."""
        self.attempts += 1
        if self._refused != event.id:
            self._refused, self.refusals = event.id, 0
        self.refusals += outcome.verdict is Verdict.REFUSED

    def may_have_arrived(self, changed: Changed) -> None:
        """An attempt to tell this has failed, and it is read again."""
        self.told[changed.room] = max(changed.message.number, self.told.get(changed.room, 0))

    def begin_next(self, event: Event) -> None:
        """This event has arrived, or is given up."""
        self.done = event.id
        self.attempts, self.refusals, self._retry_at, self._gone = 0, 0, None, ""

    def waits(self, seconds: float, now: float) -> None:
        """The next attempt is made after so many seconds."""
        self._retry_at, self._gone = now + seconds, wait_of(self._address, seconds)

    def ends(self) -> None:
        """The address wants no more."""
        self._retry_at, self._gone = None, self._address

    @property
    def is_gone(self) -> bool:
        """Whether nothing more is sent to the address."""
        return self._gone == self._address

    def sent(self, changed: Changed) -> None:
        """This has arrived, or need not be sent."""
        self.is_ahead = True
        if changed.change is None:
            self.numbers[changed.room] = self._changed[changed.room] = changed.message.number
        else:
            self.change = changed.change

    def passed(self, numbers: Mapping[str, int], changes: Sequence[Changed]) -> None:
        """Up to these numbers there is nothing any more, and of these changes nothing to tell."""
        self.is_ahead = True
        self.numbers.update(numbers)
        self._changed.update(numbers)
        if changes and changes[-1].change is not None:
            self.change = changes[-1].change

    def progress(self, hook: str) -> Progress:
        """Returns what is to be stored."""
        return Progress(hook, dict(self._changed), self.change, self.attempts, self._retry_at, self._gone)

    def saved(self, progress: Progress, now: float) -> None:
        """This is stored."""
        self.saved_at, self.is_ahead = now, False
        self._changed = {room: number for room, number in self._changed.items() if progress.numbers.get(room) != number}


def _cancelled(timer: Any) -> "Callable[[Any], Any]":
    """Returns a callback that cancels a timer, if it has not run, and passes its argument on."""

    def cancel(result: Any) -> Any:
        if timer.active():
            timer.cancel()
        return result

    return cancel
