"""The half of a connection that answers: how long a client may take to read what was written to it."""

from typing import TYPE_CHECKING, Any

from twisted.web.http import HTTPChannel
from twisted.web.http_headers import Headers

from mixsvc.http.ends import EndsChannel
from mixsvc.http.timeouts import NEVER

if TYPE_CHECKING:
    from mixsvc.http.site import MixSite

__all__ = ["AnsweringChannel"]


def _nothing() -> None:
    """What a transport does at once that is none of the system's."""


def _takes_nothing(data: bytes) -> int:
    """What a transport takes at once that is none of the system's."""
    return 0


class AnsweringChannel(EndsChannel):
    """Knows when the transport's buffer is full, and cuts off clients that do not empty it in time.

    A chat's stream may last for hours: only while its buffer is full there is a deadline.
    """

    site: "MixSite"
    # Of TCP, TLS or a Unix socket; each is more than an ITransport.
    transport: Any
    # The buffer is full, and since when.
    is_full = False
    unread_deadline = NEVER
    _full_since = 0.0
    # Bytes of the answer that were written, and of those the ones that the client has taken for certain.
    _written_last = 0
    _taken = 0
    # Whether all answers so far went past the transport and the socket has taken them: then nothing waits there. It is
    # not known when what was written in any other way is gone.
    _is_sent = True
    _may_send = False

    def begin_answer(self) -> None:
        """Nothing of the next answer is written yet."""
        if self._taken:
            self._taken = 0
        self._may_send, self._is_sent = self._is_sent, False

    def end_answer(self, written: int) -> None:
        """So many bytes of it were written in all; some may wait still."""
        self._written_last = written

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Headers) -> None:
        """The head of an answer in one piece: the transport looks at each one that it gets, more than once."""
        fields = [b"%b: %b\r\n" % (name, value) for name, values in headers.getAllRawHeaders() for value in values]
        self.transport.write(b"%b %b %b\r\n%b\r\n" % (version, code, reason, b"".join(fields)))

    def write_now(self, data: bytes) -> None:
        """Write a whole answer, and send it: to have the reactor find out that it can be sent takes longer."""
        transport = self.transport
        # Under TLS it is not encrypted yet, and what is being closed takes no more.
        is_plain = not self.isSecure() and not getattr(transport, "disconnecting", True)
        rest = self._send(data) if is_plain and self._may_send else data
        self._is_sent = not rest
        if rest:
            transport.write(rest)
            if is_plain:
                getattr(transport, "doWrite", _nothing)()

    def _send(self, data: bytes) -> bytes:
        """Give the socket what it takes now, past the transport, in which nothing waits; returns what is left."""
        taken = getattr(self.transport, "writeSomeData", _takes_nothing)(data)
        # An error is found once more by the reactor, which knows what to do.
        return data[taken:] if isinstance(taken, int) and taken >= 0 else data

    def pauseProducing(self) -> None:
        """The transport holds more than the client has read of late."""
        if not self.is_full:
            self.is_full = True
            self._full_since = self.site.seconds()
            self.unread_deadline = self._due()
        HTTPChannel.pauseProducing(self)

    def resumeProducing(self) -> None:
        """The client has read all that was written."""
        self.is_full = False
        self.unread_deadline = NEVER
        self._taken = self._written()
        HTTPChannel.resumeProducing(self)

    def closing_deadline(self) -> float:
        """When a connection is cut off that has nothing left but to send the rest."""
        if self.is_full:
            return self._due()
        return self.site.seconds() + self.site.patience.taking(0)

    def unread_expired(self) -> None:
        """The deadline has come. There may be more to read by now than there was when it was set."""
        self.unread_deadline = self._due()
        if self.unread_deadline <= self.site.seconds():
            self.site.refused["unread"] += 1
            self.cut_off()

    def cut_off(self) -> None:
        """End the connection now, whatever it has left to send."""
        self.unread_deadline = NEVER
        self.transport.abortConnection()

    def _due(self) -> float:
        return self._full_since + self.site.patience.taking(self._written() - self._taken)

    def _written(self) -> int:
        written: int = self.requests[0].sentLength if self.requests else self._written_last
        return written
