"""What a client that is held needs of whoever holds all of them, and the other way round."""

from typing import Any, Protocol

from mixsvc.holds.roads import Road
from mixsvc.interfaces.topics import TopicEnd

__all__ = ["HeldClient", "HeldOwner", "may_wait"]


class HeldClient(Protocol):
    """A client that is held. bucket: belongs to the owner."""

    bucket: int

    @property
    def road(self) -> Road:
        """How it is held."""

    @property
    def began(self) -> float:
        """When its request began, in seconds of the clock of its site."""

    def beat(self) -> None:
        """Called from time to time: see whether it is there."""

    def end(self, reason: TopicEnd) -> None:
        """Nothing more follows."""

    def say_goodbye(self, seconds: float) -> None:
        """Nothing more follows, as the service stops. seconds: after how many the client is to come back."""

    def abort(self) -> None:
        """Close the connection at once."""


class HeldOwner(Protocol):
    """Holds all clients. Reactor thread."""

    @property
    def max_unread(self) -> int:
        """Bytes that may wait for a client that does not keep up."""

    def left(self, client: Any) -> None:
        """The client has left, or has got all that it gets. Called once for each."""

    def too_slow(self) -> None:
        """The connection of a client is closed, as it reads too slowly."""

    def abort_later(self, seconds: float, client: Any) -> None:
        """Abort a client if it has not left after so many seconds."""


def may_wait(waiting: int, more: int, most: int) -> bool:
    """Whether more bytes may wait for a client for which some wait: the first event may, however long it is."""
    return not waiting or waiting + more <= most
