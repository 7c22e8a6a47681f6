"""An event stream to one client, on the connection of its request."""

from typing import Any, Final

from twisted.python.failure import Failure

from mixsvc.holds.forms import Framing
from mixsvc.holds.owner import HeldOwner, may_wait
from mixsvc.holds.reader import HeldReader
from mixsvc.holds.record import HeldRecord
from mixsvc.holds.roads import Road
from mixsvc.interfaces.topics import TopicEnd
from txsockjs.sockets import SocketWriter, open_writer, progress

__all__ = ["EventStream"]

# How long a client may take for what was sent before the end, in seconds.
LINGER_SECONDS: Final = 5.0

# The shortest time after which a client opens its stream again when the service has said goodbye.
LEAST_RETRY_MS: Final = 1000


class EventStream:
    """Has the connection from the head of its response on, which says that it ends with the response.

    So what was sent behind the request is discarded: nobody waits in a queue behind a stream. There are thousands of
    these, and each needs little memory: no request, no timer. Belongs to the reactor thread.
    """

    road: Final = Road.STREAM

    __slots__ = ("_acknowledged", "_framing", "_head", "_is_over", "_owner", "_transport", "_waiting",
                 "bucket", "reader", "record", "sent", "writer")  # fmt: skip

    reader: HeldReader
    bucket: int
    _transport: Any
    writer: SocketWriter

    def __init__(self, owner: HeldOwner, record: HeldRecord, framing: Framing, head: bytes) -> None:
        """head: of the response. `reader` is set before anything is sent."""
        self._owner = owner
        self._framing = framing
        self._head = head
        self._is_over = False
        self.sent = 0
        # Bytes that the system has not taken yet, and what the client had acknowledged at the last beat at which it had
        # not read everything; -1 if it has caught up since.
        self._waiting = 0
        self._acknowledged = -1
        self.record = record

    @property
    def began(self) -> float:
        """See HeldClient."""
        return self.record.began

    # For the reader

    def send(self, data: bytes) -> bool:
        """See Sink. A client for which too much waits already loses the connection; it comes back and goes on."""
        writer = self.writer
        if self._is_over:
            return False
        if not writer.ready:
            if not may_wait(self._waiting, len(data), self._owner.max_unread):
                self._drop_slow()
                return False
            self._waiting += len(data)
        self.sent += len(data)
        writer.write(data)
        return writer.ready

    def end(self, reason: TopicEnd) -> None:
        """See Sink. The last event is complete, as each is written as a whole."""
        if self._is_over:
            return
        self._is_over = True
        self.writer.write(self._framing.end)
        self.writer.release()
        self._transport.loseConnection()
        # A client that does not read would stay for ever.
        self._owner.abort_later(LINGER_SECONDS, self)

    # For the owner

    def say_goodbye(self, seconds: float) -> None:
        """See HeldClient."""
        if not self._is_over:
            # A browser keeps this time, also for a service that is away for longer.
            self.writer.write(self._framing.retry(LEAST_RETRY_MS + round(1000 * seconds)))
        self.end(TopicEnd.STOPPING)

    def beat(self) -> None:
        """Called from time to time: show proxies that the stream lives, and see whether the client is there."""
        if self._is_over:
            return
        acknowledged, unread = progress(self._transport)
        if unread or not self.writer.ready:
            if acknowledged == self._acknowledged:
                self._drop_slow()
                return
            self._acknowledged = acknowledged
        if self.writer.ready:
            self.writer.write(self._framing.beat)

    def abort(self) -> None:
        """Close the connection at once."""
        self._transport.abortConnection()

    # For the connection

    def makeConnection(self, transport: Any) -> None:
        """See UpgradedProtocol."""
        self._transport = transport
        self.writer = open_writer(transport, self._resumed)
        self.writer.write(self._head)
        self._head = b""
        # The channel may have paused it, or have seen that the client sends no more; then this says so again.
        transport.resumeProducing()

    def dataReceived(self, data: bytes) -> None:
        """See UpgradedProtocol. Nobody reads requests behind a stream."""

    def connectionLost(self, reason: Failure) -> None:
        """See UpgradedProtocol."""
        self._is_over = True
        try:
            self.reader.following.stop()
            self.record.sentLength = self.sent
            self.record.answered()
        finally:
            self._owner.left(self)

    def _resumed(self) -> None:
        self._waiting = 0
        self._acknowledged = -1
        self.reader.resumed()

    def _drop_slow(self) -> None:
        self._is_over = True
        self._owner.too_slow()
        self._transport.abortConnection()
