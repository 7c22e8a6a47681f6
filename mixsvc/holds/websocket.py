"""A WebSocket to one client, which gets each event as a text message with a JSON object."""

from typing import Final

from twisted.python.failure import Failure
from websockets.frames import CloseCode

from mixsvc.holds.owner import HeldOwner, may_wait
from mixsvc.holds.reader import HeldReader
from mixsvc.holds.roads import Road
from mixsvc.interfaces.topics import TopicEnd
from txsockjs.sockets import SocketWriter, WebSocketConnection

__all__ = ["HeldWebSocket"]

# The codes of RFC 6455 section 7.4.1 and of its registry. 1008 says to a client that the view has to let it in again.
CODES: Final = {
    TopicEnd.CLOSED: CloseCode.POLICY_VIOLATION,
    TopicEnd.LOGGED_OUT: CloseCode.POLICY_VIOLATION,
    TopicEnd.STOPPING: CloseCode.GOING_AWAY,
    TopicEnd.UNKNOWN: CloseCode.SERVICE_RESTART,
    TopicEnd.AGAIN: CloseCode.SERVICE_RESTART,
}


class HeldWebSocket:
    """Listens to one WebSocket (txsockjs.sockets.WebSocketListener). Belongs to the reactor thread."""

    road: Final = Road.WEBSOCKET

    __slots__ = ("_is_over", "_owner", "_waiting", "began", "bucket", "connection", "reader", "sent", "writer")

    connection: WebSocketConnection
    writer: SocketWriter
    reader: HeldReader
    bucket: int

    def __init__(self, owner: HeldOwner, began: float) -> None:
        """began: see HeldClient."""
        self._owner = owner
        self.began = began
        self._waiting = 0
        self._is_over = False
        self.sent = 0

    # For the reader

    def send(self, data: bytes) -> bool:
        """See Sink. A client for which too much waits already loses the connection."""
        writer = self.writer
        if self._is_over:
            return False
        if not writer.ready:
            if not may_wait(self._waiting, len(data), self._owner.max_unread):
                self._is_over = True
                self._owner.too_slow()
                self.connection.drop("The client reads too slowly")
                return False
            self._waiting += len(data)
        self.sent += len(data)
        self.connection.send(data)
        return writer.ready

    def end(self, reason: TopicEnd) -> None:
        """See Sink."""
        self._is_over = True
        self.connection.close(CODES[reason], reason.value)

    # For the owner

    def say_goodbye(self, seconds: float) -> None:
        """See HeldClient. A close frame has no place for a time."""
        self.end(TopicEnd.STOPPING)

    def beat(self) -> None:
        """See HeldClient."""
        self.connection.ping(b"")

    def abort(self) -> None:
        """See HeldClient."""
        self.connection.abort()

    # For the connection

    def opened(self) -> None:
        """See MessageListener: the answer to the handshake is sent."""
        self.writer = self.connection.writer
        self.connection.send(b"")

    def message(self, data: bytes, opcode: int) -> None:
        """See MessageListener. There is nobody to whom a message could go."""
        self.connection.fail(CloseCode.UNSUPPORTED_DATA, "This WebSocket takes no messages.")

    def resumed(self) -> None:
        """See MessageListener."""
        self._waiting = 0
        self.reader.resumed()

    def lost(self, reason: Failure) -> None:
        """See MessageListener."""
        self._is_over = True
        try:
            self.reader.following.stop()
        finally:
            self._owner.left(self)
