"""Broadcasts, in order: one text to many clients."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from twisted.logger import Logger

from mixsvc.chat.model.people import Transport

__all__ = ["Broadcaster", "Broadcast"]

Broadcast: TypeAlias = Callable[[str, Iterable[Transport]], None]


class Broadcaster:
    """Sends texts to many clients, one broadcast after the other. Used in the reactor thread only."""

    _log = Logger()

    def __init__(self, broadcast: Broadcast) -> None:
        """broadcast(text, transports) writes one text to many transports; connections may be lost during the call."""
        self._broadcast = broadcast
        self._outgoing: deque[tuple[str, Sequence[Transport]]] = deque()

    def __call__(self, text: str, audience: Sequence[Transport]) -> None:
        """Send a text, after the broadcast that runs: one that loses connections causes others, which must not nest."""
        self._outgoing.append((text, audience))
        if len(self._outgoing) > 1:
            return
        while self._outgoing:
            try:
                self._broadcast(*self._outgoing[0])
            except Exception:
                self._log.failure("chat: a broadcast failed")
            self._outgoing.popleft()
