"""Hooks: functions of an application that the service calls, in its threads or in processes with the application."""

from collections.abc import Callable, Sequence
from dataclasses import field
from typing import Any, Final, Protocol, TypeAlias

from twisted.internet.defer import Deferred

from mixsvc.common.records import record
from mixsvc.common.text import plain

__all__ = ["ACTIONS", "MAY", "MESSAGE", "MOST_ANSWERS", "HookRunner", "May", "MessageHook", "RoomMessage"]

# What `may` is asked about. events is a name for what is to come; nothing asks about it yet.
ACTIONS: Final = frozenset({"join", "say", "history", "search", "moderate", "events"})

# The names of hooks, for HookRunner.
MESSAGE: Final = "message"
MAY: Final = "may"

# How many answers one call of a function may give to a message.
MOST_ANSWERS: Final = 10


@record
class RoomMessage:
    """A message that was said in a room, as functions get it that are registered by `on_message`.

    number: its place in the room. person: Identity.person of the author; None for a stranger, and for what came without
    a connection, as over HTTP. said_at: seconds since 1970, UTC. kind: as in ChatMessage.
    """

    room: str
    number: int
    name: str
    person: str | None
    text: str
    said_at: float
    kind: str = ""
    # None once the function has returned.
    _answers: list[list[list[str]] | None] = field(default_factory=lambda: [[]], compare=False, repr=False)

    def answer(self, text: str, name: str = "") -> None:
        """Say a text in the message's room when the function has returned, with its other answers, in their order.

        name: the author; without it the one that was given to `on_message`. Called while the function runs, in any
        thread. Raises RuntimeError after that, TypeError for what is no text, and ValueError beyond MOST_ANSWERS.
        """
        answers = self._answers[0]
        if answers is None:
            raise RuntimeError("the function that got this message has returned; say it with mix.chat.say")
        if not isinstance(text, str) or not isinstance(name, str):
            raise TypeError("an answer and its author's name are text")
        if len(answers) >= MOST_ANSWERS:
            raise ValueError(f"one message gets at most {MOST_ANSWERS} answers of one function")
        answers.append([plain(name), plain(text)])

    def take_answers(self) -> list[list[str]]:
        """Returns the answers, each a name ("" without one) and a text, and accepts no more."""
        answers, self._answers[0] = self._answers[0], None
        return answers or []


# What `on_message` registers: the answer, None for none. And what `may` registers: (person, action, room).
MessageHook: TypeAlias = Callable[[RoomMessage], str | None]
May: TypeAlias = Callable[[str | None, str, str | None], bool]


class HookRunner(Protocol):
    """Runs hooks outside of the reactor thread. Used in the reactor thread, except `names`: any thread.

    MESSAGE: the fields of a RoomMessage without its answers; the result is a list of answers, each a name ("" without
    one) and a text. MAY: a person and a list of pairs of an action and a room; the result is a list with True, False,
    or None where that could not be found out.
    """

    def run(self, name: str, arguments: Sequence[object]) -> "Deferred[Any]":
        """Fires with the result, which has a form in JSON as the arguments have. Cancel it if it is of no use any more.

        Cancelled before it runs, it is not run.
        """

    def names(self) -> frozenset[str]:
        """Which hooks are registered. MAY is among them while that is not known yet: then nothing is permitted."""
