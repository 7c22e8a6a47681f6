"""What a session talks to: on the client's side a receiver with its outlet, on the other side the application; and
who takes care of it."""

from typing import TYPE_CHECKING, Protocol

from twisted.python.failure import Failure

from txsockjs._protocol.frames import Framing
from txsockjs._session.batch import Crowd

if TYPE_CHECKING:
    from txsockjs._session.session import Session

__all__ = ["Application", "Keeper", "Outlet", "Receiver", "Turn"]


class Receiver(Protocol):
    """What carries frames to the client: one HTTP response or one WebSocket."""

    framing: Framing

    @property
    def outlet(self) -> "Outlet":
        """Where frames with messages go."""

    def send(self, data: bytes) -> None:
        """Write a frame that carries no messages, whether the client keeps up or not."""

    def beat(self) -> None:
        """Nothing was sent for a while: show that the session lives."""

    def pause(self) -> None:
        """Read nothing more from the client, where that is possible."""

    def resume(self) -> None:
        """Read on."""

    def end(self, code: int, reason: str) -> None:
        """The close frame was sent: finish."""


class Outlet(Protocol):
    """Takes frames as long as it is ready; when it is again, its receiver flushes the session."""

    @property
    def ready(self) -> bool:
        """Whether the client keeps up."""

    @property
    def taken(self) -> int:
        """Bytes that the client has acknowledged so far, if that is known; asked only when it may have stopped."""

    def write(self, data: bytes) -> None:
        """Write frames; a receiver that is full after them ends itself and calls `detach`."""


class Application(Protocol):
    """The side that uses the session."""

    def opened(self) -> None:
        """The client has its open frame."""

    def received(self, message: str | bytes) -> None:
        """One message came: text, or the bytes of a binary one."""

    def lost(self, reason: Failure) -> None:
        """The session is over; told exactly once, and only after `opened`."""


class Turn(Protocol):
    """Collects what must be flushed when the reactor's turn ends."""

    crowd: Crowd | None
    now: float
    frame_messages: int

    def flush_later(self, session: "Session") -> None:
        """Call session.flush() once, soon."""

    def deliver_later(self, session: "Session") -> None:
        """Call session.deliver() in another turn."""


class Keeper(Protocol):
    """Keeps the time of sessions and knows them by name."""

    def attached(self, session: "Session") -> None:
        """A receiver came."""

    def detached(self, session: "Session") -> None:
        """The receiver ended as it should; another may follow."""

    def overflowed(self, session: "Session") -> None:
        """Its client does not read, and it is about to be closed for that."""

    def forget(self, session: "Session") -> None:
        """It will never have a receiver again."""
