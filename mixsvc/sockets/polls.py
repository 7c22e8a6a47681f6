"""Polls of Socket.IO whose views wait for something to say, and what becomes of them when the service stops."""

from typing import Protocol
from weakref import WeakSet

__all__ = ["WaitingPolls"]


class Poll(Protocol):
    """A request whose view waits. Somebody holds it until its view has returned. Reactor thread."""

    def dismiss(self) -> None:
        """Tell its client to come again, unless a response has begun; nothing of what its view says is sent then."""


class WaitingPolls:
    """All polls whose views have not returned. Reactor thread."""

    def __init__(self) -> None:
        self._polls: WeakSet[Poll] = WeakSet()

    def add(self, poll: Poll) -> None:
        """The view of a poll is to be called."""
        self._polls.add(poll)

    def stop(self) -> None:
        """Dismiss them."""
        for poll in list(self._polls):
            poll.dismiss()
