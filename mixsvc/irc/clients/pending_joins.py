"""The channels that a client has asked to join, or to leave: its next lines wait until that is done, or was refused.

Programs send JOIN and what they want to know of the channel, such as WHO, in one piece. The chat reads a room's history
first, and would answer the second before the first. A JOIN behind a PART would be of a channel that one is still in.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mixsvc.irc.grammar.names import folded

__all__ = ["PendingJoins"]

# Lines wait for at most so many seconds: a database that does not answer holds up nothing else.
WAIT_SECONDS: Final = 10.0


class PendingJoins:
    """Those of one client. Used in the reactor thread."""

    def __init__(self, clock: IReactorTime, hold: Callable[[bool], None]) -> None:
        """hold: lets lines wait, or go on."""
        self._clock = clock
        self._hold = hold
        # The rooms, by the text that is the same for all spellings.
        self._rooms: dict[str, str] = {}
        self._limit: IDelayedCall | None = None

    def begin(self, room: str) -> None:
        """The client asks to join a room, or to leave it."""
        is_first = not self._rooms
        self._rooms[folded(room)] = room
        if is_first:
            self._limit = self._clock.callLater(WAIT_SECONDS, self.stop)
            self._hold(True)

    def heard(self, event: Mapping[str, Any]) -> None:
        """The client was told an event of the chat, which may be the answer."""
        room = event.get("room", "")
        if event["type"] in ("joined", "left", "kicked"):
            self._end(folded(room))
        elif event["type"] == "error" and event.get("of") == "leave":
            self._end(folded(room))
        elif event["type"] == "error" and event.get("of") == "join" and event.get("code") != "already_inside":
            # One that is asked for in another spelling, or was asked for before, is not over.
            if self._rooms.get(folded(room)) == room:
                self._end(folded(room))
            elif not room:
                self.stop()

    def stop(self) -> None:
        """Nothing waits any more."""
        for key in tuple(self._rooms):
            self._end(key)

    def _end(self, key: str) -> None:
        if self._rooms.pop(key, None) is None or self._rooms:
            return
        if self._limit is not None and self._limit.active():
            self._limit.cancel()
        self._hold(False)
