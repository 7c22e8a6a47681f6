"""Gives messages to the functions that on_message has registered, and passes their answers on."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.common.records import record
from mixsvc.errors import MixError
from mixsvc.hooks.lanes import Lanes
from mixsvc.interfaces.hooks import MESSAGE, HookRunner

__all__ = ["LOST_SECONDS", "MOST_MESSAGES", "RUNNING", "SLOW_SECONDS", "HeardMessage", "MessageListeners"]

# How many messages are given to functions at one time, and how many may wait for that.
RUNNING: Final = 4
MOST_MESSAGES: Final = 1000

# After so many seconds the log says that functions have not returned, and that the next messages of the room wait.
SLOW_SECONDS: Final = 60.0

# How often the log says how many messages were lost, in seconds.
LOST_SECONDS: Final = 10.0


@record
class HeardMessage:
    """The fields of a RoomMessage, in its order."""

    room: str
    number: int
    name: str
    person: str | None
    text: str
    said_at: float
    kind: str

    def as_list(self) -> list[object]:
        """The fields as they cross to another process."""
        return [self.room, self.number, self.name, self.person, self.text, self.said_at, self.kind]


class MessageListeners:
    """Gives each message once to all functions, those of one room one after the other. Used in the reactor thread."""

    _log = Logger()

    def __init__(
        self, clock: IReactorTime, runner: HookRunner, answer: "Callable[[str, str, str], Deferred[Any]]"
    ) -> None:
        """answer(room, name, text) says a text in a room; name: "" for the default. It may raise ValueError."""
        self._clock = clock
        self._runner = runner
        self._answer = answer
        self._lanes = Lanes(RUNNING, MOST_MESSAGES)
        self._is_stopped = False
        self._lost = 0
        self._telling: IDelayedCall | None = None
        # Says of a message whose functions run that they are slow; by room.
        self._slow: dict[str, IDelayedCall] = {}

    @property
    def is_listening(self) -> bool:
        """Whether any function is registered."""
        return MESSAGE in self._runner.names()

    def hear(self, message: HeardMessage) -> None:
        """Give a message to the functions in its turn. If too many wait, it is lost for them, and the log says so."""
        if not self._is_stopped and not self._lanes.add(message.room, lambda: self._run(message)):
            self._lose()

    def stop(self) -> None:
        """Give no more messages to functions, and forget those that wait."""
        self._is_stopped = True
        for each in self._slow.values():
            each.cancel()
        self._slow.clear()
        self._lost += self._lanes.clear()
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        if self._lost:
            self._tell()

    def _run(self, message: HeardMessage) -> "Deferred[Any]":
        room = message.room
        self._slow[room] = self._clock.callLater(SLOW_SECONDS, self._is_slow, message)
        running = self._runner.run(MESSAGE, message.as_list()).addBoth(self._has_run, room)
        return running.addCallbacks(self._pass_on, self._failed, callbackArgs=(room,))

    def _has_run(self, result: Any, room: str) -> Any:
        slow = self._slow.pop(room, None)
        if slow is not None:
            slow.cancel()
        return result

    def _is_slow(self, message: HeardMessage) -> None:
        del self._slow[message.room]
        self._log.warn(
            "hooks: on_message has not returned for {seconds:g} s with message {number} in {room!r}; the next ones "
            "there wait",
            seconds=SLOW_SECONDS,
            number=message.number,
            room=message.room,
        )

    def _pass_on(self, answers: Sequence[Sequence[str]], room: str) -> None:
        for name, text in answers:
            maybeDeferred(self._answer, room, name, text).addErrback(self._refused, room)

    def _refused(self, failure: Failure, room: str) -> None:
        reason = str(failure.value)
        self._log.warn("hooks: an answer of on_message in {room!r} was not said: {reason}", room=room, reason=reason)

    def _failed(self, failure: Failure) -> None:
        if failure.check(MixError):
            reason = str(failure.value)
            self._log.warn("hooks: a message could not be given to on_message: {reason}", reason=reason)
        else:
            self._log.failure("hooks: a message could not be given to on_message", failure)

    def _lose(self) -> None:
        self._lost += 1
        if self._telling is None:
            self._telling = self._clock.callLater(LOST_SECONDS, self._tell)

    def _tell(self) -> None:
        self._telling = None
        count, self._lost = self._lost, 0
        self._log.warn(
            "hooks: {count} messages were not given to on_message, whose functions are too slow or were stopped",
            count=count,
        )
