"""What a session needs from its neighbours, as protocols.

Towards the client: a Receiver, whose FrameWriter takes the frames that carry messages. Towards the server's code: an
Application. Around it: a SessionScheduler, which flushes it, and a SessionObserver, which keeps its timer and its name.
The registry is both of the last two. The protocols that take a session are generic, so that `session` is not imported.
"""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from twisted.python.failure import Failure

from txsockjs._protocol.frames import Framing
from txsockjs._session.batch import LastBroadcast

__all__ = ["Application", "FrameWriter", "Receiver", "SessionObserver", "SessionScheduler"]

S = TypeVar("S", contravariant=True)


class Receiver(Protocol):
    """Carries frames to the client: one HTTP response or one WebSocket."""

    framing: Framing

    @property
    def writer(self) -> "FrameWriter":
        """Takes the frames that carry messages; the same object for as long as the receiver is attached."""

    @property
    def connection(self) -> object:
        """The Twisted transport of the connection."""

    def send(self, data: bytes) -> None:
        """Write a frame that carries no messages, even if the client does not keep up."""

    def heartbeat(self) -> None:
        """Send a heartbeat, and check; called when no frame was sent for `Options.heartbeat` seconds."""

    def check(self) -> None:
        """Find out whether the client is there, and drop it if not.

        Called `Options.heartbeat` seconds after the last heartbeat or check, whatever is sent meanwhile.
        """

    def pause(self) -> None:
        """Stop reading from the client, where the client has a connection of its own."""

    def resume(self) -> None:
        """Read again. Does nothing if nothing was paused."""

    def end(self, code: int, reason: str) -> None:
        """Finish the response or close the WebSocket; the session has sent its close frame."""

    def abort(self) -> None:
        """Drop the connection now, without the rest of what was written; the session has let the receiver go."""


class FrameWriter(Protocol):
    """Takes frames while it is ready. When it becomes ready again, its receiver calls `Session.flush`."""

    @property
    def ready(self) -> bool:
        """Whether the client keeps up."""

    @property
    def acknowledged(self) -> int:
        """Bytes that the client's system has acknowledged so far; 0 where that is not known."""

    def write(self, data: bytes) -> None:
        """Write whole frames. A receiver whose response is full after them ends itself and calls `Session.detach`."""


class Application(Protocol):
    """The server's code that uses the session. Nothing that it does may raise an error into the session."""

    def opened(self) -> None:
        """The open frame was sent."""

    def received(self, message: str | bytes) -> None:
        """Take one message of the client: text, or the bytes of a binary message."""

    def lost(self, reason: Failure) -> None:
        """The session has ended; called exactly once, and only after `opened`."""


class SessionScheduler(Protocol[S]):
    """Calls sessions back at the end of the reactor's turn."""

    last_broadcast: LastBroadcast | None
    now: float
    frame_messages: int

    def flush_later(self, session: S) -> None:
        """Call session.flush() once, at the end of this turn."""

    def flush_all_later(self, sessions: Iterable[S]) -> None:
        """The same for each of the sessions."""

    def deliver_later(self, session: S) -> None:
        """Call session.deliver() in another turn."""


class SessionObserver(Protocol[S]):
    """Hears of the changes in a session's life."""

    def attached(self, session: S) -> None:
        """The session has a receiver."""

    def detached(self, session: S) -> None:
        """The session's receiver has ended as it should; another may follow."""

    def overflowed(self, session: S) -> None:
        """The session's client does not read; the session is about to be closed with 1008."""

    def ended(self, session: S) -> None:
        """The session will have no other receiver; called once or several times."""
