"""What a client asks the chat for, such as a list of rooms: one question after the other, each with its answer."""

from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, TypeAlias

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.common import names
from mixsvc.irc.clients.chat_link import ChatLink

__all__ = ["MOST_WAITING", "ChatRefused", "Inquiries", "Inquiry"]

# So many of a client may wait.
MOST_WAITING: Final = 32

# How long the chat may take for one answer, in seconds.
ANSWER_SECONDS: Final = 30.0

# The refusals after which the same may be asked again.
LATER: Final = ("busy", "not_saved", "slow_down")

Inquiry: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


class ChatRefused(Exception):
    """The chat has refused a request. code: as in its protocol; the text is a sentence for the person."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code

    @property
    def is_for_now(self) -> bool:
        """Whether the same may be asked again a little later."""
        return self.code in LATER


class Inquiries:
    """Runs one inquiry after the other. Used in the reactor thread."""

    _log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._waiting: deque[Inquiry] = deque()
        self._running: Deferred[None] | None = None
        self._is_stopped = False
        # The answer that is awaited: its type, the request's type, and what that was about.
        self._awaited: tuple[str, str, Mapping[str, Any]] | None = None
        self._answer: Deferred[Mapping[str, Any]] | None = None

    def begin(self, inquiry: Inquiry) -> bool:
        """Run an inquiry after those before it; returns False if too many wait."""
        if len(self._waiting) >= MOST_WAITING:
            return False
        self.end_with(inquiry)
        return True

    def end_with(self, inquiry: Inquiry) -> None:
        """Run an inquiry after those before it, however many there are; the client begins no others behind it."""
        self._waiting.append(inquiry)
        self._go_on()

    async def ask(self, link: ChatLink, type: str, answer: str, **fields: Any) -> Mapping[str, Any]:
        """Returns the chat's answer; called by the inquiry that runs. Raises ChatRefused."""
        self._awaited = (answer, type, fields)
        waiting: Deferred[Mapping[str, Any]] = Deferred()
        self._answer = waiting
        waiting.addTimeout(ANSWER_SECONDS, self._clock)
        link.ask(type, **fields)
        try:
            return await waiting
        except TimeoutError:
            raise ChatRefused("busy", "The chat does not answer; ask again a little later.") from None
        finally:
            self._awaited = self._answer = None

    def heard(self, event: Mapping[str, Any]) -> bool:
        """Take an event of the chat if it is the answer that is awaited; returns whether it was."""
        if self._awaited is None or self._answer is None or self._answer.called:
            return False
        answer, of, fields = self._awaited
        room = fields.get("room")
        is_refused = event["type"] == "error" and event.get("of") == of
        if not is_refused and (event["type"] != answer or event.get("of", of) != of):
            return False
        if room is not None and event.get("room", room) != room:
            return False
        if is_refused:
            self._answer.errback(ChatRefused(str(event["code"]), str(event["text"])))
        else:
            self._answer.callback(event)
        return True

    def is_about(self, type: str, name: str) -> bool:
        """Whether the answer is awaited to a request of this type about a person."""
        if self._awaited is None:
            return False
        _, of, fields = self._awaited
        return of == type and names.key(fields.get("name", "")) == names.key(name)

    def stop(self) -> None:
        """The client is gone."""
        self._is_stopped = True
        self._waiting.clear()
        if self._running is not None:
            self._running.cancel()

    def _go_on(self) -> None:
        while self._waiting and self._running is None and not self._is_stopped:
            running = Deferred.fromCoroutine(self._waiting.popleft()())
            self._running = running
            running.addErrback(self._failed).addBoth(self._ended)

    def _ended(self, _: object) -> None:
        self._running = None
        self._go_on()

    def _failed(self, failure: Failure) -> None:
        if not failure.check(CancelledError):
            self._log.failure("irc: an inquiry failed", failure)
