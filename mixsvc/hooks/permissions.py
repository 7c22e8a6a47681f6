"""Asks the functions that may has registered, and remembers their answers for some seconds."""

from collections.abc import Callable, Sequence
from math import inf
from typing import Any, Final, NamedTuple, TypeAlias

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.common.clocks import back_off
from mixsvc.errors import MixError
from mixsvc.hooks.lanes import Lanes
from mixsvc.interfaces.hooks import MAY, HookRunner

__all__ = ["ANSWER_SECONDS", "MOST_ANSWERS_KEPT", "MOST_QUESTIONS", "PERMISSION_SECONDS", "Pair", "Permissions"]

# How long an answer is remembered, in seconds.
PERMISSION_SECONDS: Final = 10.0

# How many answers are remembered, the newest ones.
MOST_ANSWERS_KEPT: Final = 20_000

# How long a question may take, in seconds, with the time in which it waits for others.
ANSWER_SECONDS: Final = 4.0

# After a question without an answer its person is not asked about for so many seconds, then four times as long …
LATE_SECONDS: Final = 1.0
LATE_SECONDS_AT_MOST: Final = 600.0

# How many questions are asked at one time, and how many may wait for that.
RUNNING: Final = 8
MOST_QUESTIONS: Final = 1000

# How many of those are asked beside these whose last question had no answer in time.
LATE_RUNNING: Final = 2

# An action and a room; None for what concerns all rooms.
Pair: TypeAlias = tuple[str, str | None]


class _Key(NamedTuple):
    person: str | None
    action: str
    room: str | None


class _Question:
    """A question that is being asked. is_stale: a permission that it is about was revoked meanwhile."""

    def __init__(self, person: str | None, pairs: Sequence[Pair]) -> None:
        self.person = person
        self.pairs = pairs
        self.is_stale = False
        self.running: Deferred[Any] | None = None
        # When it was asked first; it may have waited for others before.
        self.began = inf
        # Nobody waits for it any more.
        self.is_over = False

    def lane(self) -> object:
        """Questions of one person are asked one after the other; strangers are not one person."""
        return (self.person, self.pairs[0][1] if self.person is None else None)

    def is_about(self, person: str | None, room: str | None) -> bool:
        return self.person == person and any(each == room for _, each in self.pairs)


class Latecomers:
    """The lanes in which the last question had no answer in time: each such question may hang in a thread for good.

    So those that go on hanging cost fewer and fewer threads, and everybody else is asked about as always.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        # How many questions had no answer, and until when none is asked; the oldest one first.
        self._lanes: dict[object, tuple[int, float]] = {}

    def add(self, lane: object) -> float:
        """A question had no answer. Returns the seconds until the next one."""
        count, _ = self._lanes.pop(lane, (0, 0.0))
        pause = back_off(LATE_SECONDS, LATE_SECONDS_AT_MOST, count, 4.0)
        self._lanes[lane] = count + 1, self._clock.seconds() + pause
        if len(self._lanes) > MOST_QUESTIONS:
            del self._lanes[next(iter(self._lanes))]
        return pause

    def remove(self, lane: object) -> None:
        """A question had an answer, or is another one than before."""
        self._lanes.pop(lane, None)

    def has(self, lane: object) -> bool:
        """Whether the last question had no answer."""
        return lane in self._lanes

    def pauses(self, lane: object) -> bool:
        """Whether no question is asked now."""
        return lane in self._lanes and self._clock.seconds() < self._lanes[lane][1]


class Permissions:
    """Who may do what, as the application says. Used in the reactor thread.

    is_private(room): whether nobody may do anything there unless the application permits it.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, runner: HookRunner, is_private: Callable[[str], bool]) -> None:
        self._clock = clock
        self._runner = runner
        self._is_private = is_private
        self._lanes = Lanes(RUNNING, MOST_QUESTIONS)
        self._late_lanes = Lanes(LATE_RUNNING, MOST_QUESTIONS)
        self._known: dict[_Key, tuple[bool, float]] = {}
        self._asking: set[_Question] = set()
        self._late = Latecomers(clock)

    @property
    def is_asked(self) -> bool:
        """Whether the application has functions to ask."""
        return MAY in self._runner.names()

    def known(self, person: str | None, pair: Pair) -> bool | None:
        """The answer as far as it is known without asking; None if it is not."""
        action, room = pair
        if not self.is_asked:
            return room is None or not self._is_private(room)
        found = self._known.get(_Key(person, action, room))
        return found[0] if found is not None and self._clock.seconds() < found[1] else None

    def ask(self, person: str | None, pairs: Sequence[Pair]) -> "Deferred[Sequence[bool | None]]":
        """Fires with an answer for each pair, within ANSWER_SECONDS; None where that could not be found out.

        After a question without an answer in time the next ones about this person have None at once, for some time.
        """
        found = [self.known(person, pair) for pair in pairs]
        if None not in found:
            return succeed(found)
        question = _Question(person, pairs)
        lane = question.lane()
        if self._late.pauses(lane):
            return succeed(found)
        lanes = self._late_lanes if self._late.has(lane) else self._lanes
        answer: Deferred[Sequence[bool | None]] = Deferred(lambda answer: self._give_up(question, answer))
        if lanes.add(lane, lambda: self._run(question, answer)):
            return answer.addTimeout(ANSWER_SECONDS, self._clock)
        self._log.warn("hooks: {most} questions wait for may; one more was refused", most=MOST_QUESTIONS)
        return succeed(found)

    def forget(self, person: str | None, room: str | None) -> None:
        """Ask anew what this person may do in this room; an answer that is under way does not count."""
        for key in [key for key in self._known if key.person == person and key.room == room]:
            del self._known[key]
        self._late.remove(_Question(person, [("join", room)]).lane())
        for question in self._asking:
            question.is_stale = question.is_stale or question.is_about(person, room)

    def _run(self, question: _Question, answer: "Deferred[Sequence[bool | None]]") -> "Deferred[Any] | None":
        if question.is_over:
            return None
        # Others in the lane may have asked the same.
        missing = [pair for pair in dict.fromkeys(question.pairs) if self.known(question.person, pair) is None]
        if not missing:
            self._answer(question, answer, {})
            return None
        question.is_stale = False
        self._asking.add(question)
        question.began = min(question.began, self._clock.seconds())
        question.running = self._runner.run(MAY, [question.person, [list(pair) for pair in missing]])
        return question.running.addCallbacks(
            self._answered, self._failed, (question, answer, missing), errbackArgs=(question, answer)
        )

    def _answered(
        self, found: Sequence[bool | None], question: _Question, answer: Any, missing: Sequence[Pair]
    ) -> "Deferred[Any] | None":
        self._asking.discard(question)
        self._late.remove(question.lane())
        if question.is_stale:
            return self._run(question, answer)
        fresh = dict(zip(missing, found, strict=True))
        self._remember(question.person, fresh)
        self._answer(question, answer, fresh)
        return None

    def _failed(self, failure: Failure, question: _Question, answer: Any) -> None:
        self._asking.discard(question)
        if question.is_over:
            return
        if failure.check(MixError):
            reason = str(failure.value)
            self._log.warn(
                "hooks: may could not be asked about {person!r}: {reason}", person=question.person, reason=reason
            )
        else:
            self._log.failure("hooks: may could not be asked about {person!r}", failure, person=question.person)
        self._answer(question, answer, {})

    def _answer(self, question: _Question, answer: Any, fresh: dict[Pair, bool | None]) -> None:
        if not question.is_over:
            question.is_over = True
            known = [self.known(question.person, pair) for pair in question.pairs]
            answer.callback(
                [fresh.get(pair) if each is None else each for pair, each in zip(question.pairs, known, strict=True)]
            )

    def _give_up(self, question: _Question, answer: Any) -> None:
        # One that has waited for others says nothing about those to come.
        has_had_time = self._clock.seconds() - question.began >= ANSWER_SECONDS / 2
        pause = self._late.add(question.lane()) if has_had_time else 0.0
        self._log.warn(
            "hooks: may did not say within {seconds:g} s what {person!r} may do: refused; it is asked again {when}",
            seconds=ANSWER_SECONDS,
            person=question.person,
            when=f"after {pause:g} s" if pause else "at once",
        )
        self._answer(question, answer, {})
        if question.running is not None:
            question.running.cancel()

    def _remember(self, person: str | None, fresh: dict[Pair, bool | None]) -> None:
        until = self._clock.seconds() + PERMISSION_SECONDS
        for (action, room), allowed in fresh.items():
            if allowed is not None:
                key = _Key(person, action, room)
                # Those that were remembered last stay longest.
                self._known.pop(key, None)
                self._known[key] = (allowed, until)
        while len(self._known) > MOST_ANSWERS_KEPT:
            del self._known[next(iter(self._known))]
