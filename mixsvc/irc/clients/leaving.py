"""The end that a client asks for: what it has asked before is done and told first, as on servers that do all at once.

Scripts send PRIVMSG and QUIT in one piece. The chat stores a message first, and would tell the others that its author
has left before it.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mixsvc.irc.clients.inquiries import Inquiries

__all__ = ["Leaving"]

# The end waits for at most so many seconds: a database that does not answer keeps nobody here.
WAIT_SECONDS: Final = 10.0

# What is awaited of the requests that are no inquiries: whatever else was asked for is over with the client.
AWAITED: Final = ("say", "delete")


class Leaving:
    """That of one client. Used in the reactor thread."""

    def __init__(self, clock: IReactorTime, inquiries: Inquiries) -> None:
        self._clock = clock
        self._inquiries = inquiries
        # Requests without an answer, by their type; and what the client has said and was not told yet.
        self._asked: Counter[str] = Counter()
        self._said: set[tuple[str, int]] = set()
        self._told: Deferred[None] | None = None
        self._limit: IDelayedCall | None = None

    def asked(self, type: str) -> None:
        """The client asks the chat for something."""
        if type in AWAITED:
            self._asked[type] += 1

    def heard(self, event: Mapping[str, Any]) -> None:
        """The client was told an event of the chat, which may be an answer."""
        match event["type"]:
            case "said":
                self._answered("say")
                self._said.add((event["room"], event["number"]))
            case "message":
                self._said.discard((event["room"], event["number"]))
            case "notice":
                # It answers /help.
                self._answered("say")
            case "done" | "error":
                self._answered(str(event.get("of")))
            case "left" | "kicked":
                # Perhaps the client is told nothing more of the room.
                self._said = {each for each in self._said if each[0] != event["room"]}
        if self._told is not None and not self._told.called and self._is_told():
            self._told.callback(None)

    def begin(self, end: Callable[[], None]) -> None:
        """Call end() when all that was asked for is told, or after a while; it may be called again."""
        self._limit = self._clock.callLater(WAIT_SECONDS, end)
        self._inquiries.end_with(lambda: self._leave(end))

    def stop(self) -> None:
        """The client is gone."""
        if self._limit is not None and self._limit.active():
            self._limit.cancel()

    async def _leave(self, end: Callable[[], None]) -> None:
        if not self._is_told():
            self._told = Deferred()
            await self._told
        end()

    def _is_told(self) -> bool:
        return not self._said and not self._asked.total()

    def _answered(self, type: str) -> None:
        if self._asked[type] > 0:
            self._asked[type] -= 1
