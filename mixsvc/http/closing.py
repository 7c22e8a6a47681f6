"""The half of a connection that ends it: in good order where the client plays its part, and soon where it does not."""

from typing import Any, Final

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol, ISSLTransport, ITCPTransport
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from zope.interface import implementer

from mixsvc.http.answering import AnsweringChannel
from mixsvc.http.phase import Phase
from mixsvc.http.timeouts import NEVER

__all__ = ["LINGER_SECONDS", "ClosingChannel"]

# How long a client may go on sending what was refused, or under TLS keep to itself that it is done, too; in seconds.
LINGER_SECONDS: Final = 5

# One for all: it says nothing of a single connection.
LEFT: Final = Failure(ConnectionDone())


@implementer(IHalfCloseableProtocol)
class ClosingChannel(AnsweringChannel):
    """Ends itself, and takes it when the client does.

    TCP reads no more once it is told to close, and TLS goes on until the client, too, says that it is done: so TLS is
    closed first, and what is below it when the client has had its time.
    """

    phase = Phase.IDLE
    deadline = NEVER

    @property
    def is_ending(self) -> bool:
        """Whether nothing that still comes is of any interest."""
        return self.phase in (Phase.REFUSED, Phase.CLOSING, Phase.GONE)

    def loseConnection(self) -> None:
        """Send what is written already, and close; cut the client off when it does not read that."""
        if self.phase is not Phase.GONE:
            self.phase = Phase.CLOSING
            self.deadline = self._linger_deadline() if self.isSecure() else self.closing_deadline()
            self.site.idle.pop(self, None)
        HTTPChannel.loseConnection(self)

    def finish_up(self) -> None:
        """Close when the request in flight is answered; now, if there is none."""
        self.persistent = 0
        for request in self.requests:
            # Too late for an answer that has begun.
            request.setHeader(b"connection", b"close")
        if not self.requests:
            self.loseConnection()

    def linger(self) -> None:
        """Write no more, and go on reading for a while.

        Closing now would reset the connection, and a client that is still sending would never see its answer.
        """
        self.deadline = self._linger_deadline()
        if ISSLTransport.providedBy(self.transport):
            HTTPChannel.loseConnection(self)
        elif (tcp := ITCPTransport(self.transport, None)) is not None:
            tcp.loseWriteConnection()

    def linger_expired(self) -> None:
        """The client has had its time: read no more and send what is left. Cut it off if that was said before."""
        socket = self._socket()
        if socket.disconnecting:
            self.deadline = NEVER
            self.cut_off()
        else:
            self.phase = Phase.CLOSING
            self.deadline = self.closing_deadline()
            socket.loseConnection()

    def readConnectionLost(self) -> None:
        """The client will send no more; what it has asked of the pages is still answered.

        The transport reads again after each answer, and calls this again.
        """
        match self.phase:
            case Phase.ANSWER if self.requests[0].is_with_thread:
                pass
            case Phase.IDLE if self.is_full:
                # Its last answer is being read, and behind that there may be more requests.
                pass
            case Phase.ANSWER | Phase.GONE:
                # What a stream of the chat or a WebSocket would never find out.
                self.transport.connectionLost(LEFT)
            case _:
                self.loseConnection()

    def writeConnectionLost(self) -> None:
        """The end of what is written is sent, as `linger` wanted it."""

    def _linger_deadline(self) -> float:
        return self.site.seconds() + LINGER_SECONDS

    def _socket(self) -> Any:
        """The transport that is no wrapper."""
        found = self.transport
        while (below := getattr(found, "transport", None)) is not None:
            found = below
        return found
