"""One connection to a MixSite: a channel of twisted.web that checks each head as a whole and has a limit to each wait.

The phases of a connection are in phases.py. In REFUSED it is half closed and we go on reading: closing at once would
reset it, and a client that is still sending would never see its response (RFC 9112 section 9.6). TCP reads no more once
it is told to close. TLS waits for the client's close_notify (RFC 8446 section 6.1), so TLS is closed first, and TCP
below it after a while.

Bytes wait in `_pending`: a head until it is complete; further requests until the response before them is written and
the transport's buffer is empty. So at most one request of a connection is in work. Who sends many at once takes turns
with all others.
"""

from typing import Any, Final

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol, ISSLTransport, ITCPTransport
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.http_headers import Headers
from twisted.web.server import Request
from zope.interface import implementer

from mixsvc.http.chunked import ChunkedBody, SizedBody, body_decoder
from mixsvc.http.direct_writer import DirectWriter
from mixsvc.http.errors import RefusedRequest
from mixsvc.http.forwarded import ConnectionSenders
from mixsvc.http.head import RequestHead, check_beginning, read_head, without_line_end
from mixsvc.http.interfaces import ChannelSite
from mixsvc.http.page_request import PageRequest
from mixsvc.http.phases import Phase
from mixsvc.http.timeouts import NEVER
from mixsvc.http.twisted_private import begin_page, end_page, set_request_line
from mixsvc.http.uploads import Upload
from mixsvc.http.write_deadline import NO_WRITE_DEADLINE, WriteDeadline, lowest_transport, progress_of
from txsockjs.interfaces import IUpgradableChannel, UpgradedProtocol

__all__ = ["LINGER_SECONDS", "STEPS_AT_ONCE", "MixChannel"]

# Bytes of further requests that are kept while one is in work; more are not read.
MAX_AHEAD: Final = 16384

# So many heads and bodies of a connection are handled in one turn of the reactor; then it is the turn of others.
STEPS_AT_ONCE: Final = range(8)

# Seconds for which a client may go on sending what was refused, or under TLS may leave our close_notify unanswered.
LINGER_SECONDS: Final = 5

# Shared by all connections: it holds nothing about a single one.
CLIENT_LEFT: Final = Failure(ConnectionDone())


@implementer(IHalfCloseableProtocol, IUpgradableChannel)
class MixChannel(HTTPChannel):
    """One connection of a MixSite. Belongs to the reactor thread."""

    _log = Logger()

    site: ChannelSite
    transport: Any  # Of TCP, TLS or a Unix socket; ITransport does not declare all of its methods.
    direct: DirectWriter
    phase = Phase.IDLE
    deadline = NEVER  # By the site's clock, as are all times here.
    write_deadline = NO_WRITE_DEADLINE
    began = 0.0  # When the first byte of the request came.
    upload: Upload
    _body: SizedBody | ChunkedBody
    _pending = b""
    _is_advancing = False  # Whether `_advance` is running, further up the stack, or is to run in the next turn.
    _waits_for_turn = False
    # Bytes of the last response, and bytes of the present one that the client has read for certain.
    _written_last = 0
    _read_by_client = 0
    _is_secure = False
    senders: ConnectionSenders

    def getPeer(self) -> IAddress:
        """The client's address."""
        return self.senders.ends.peer

    def getHost(self) -> IAddress:
        """The address that the client has connected to."""
        return self.senders.ends.host

    def isSecure(self) -> bool:
        """Whether this is TLS."""
        return self._is_secure

    # The life of the connection

    @property
    def is_ending(self) -> bool:
        """Whether bytes that still come are discarded."""
        return self.phase in (Phase.REFUSED, Phase.CLOSING, Phase.LOST)

    def connectionMade(self) -> None:
        """Called by the transport."""
        HTTPChannel.connectionMade(self)
        self._is_secure = bool(HTTPChannel.isSecure(self))
        self.senders = ConnectionSenders(self.transport, self._is_secure, self.site)
        self.direct = DirectWriter(self.transport, self._is_secure)
        self.upload = Upload(self.site.uploads)
        self.deadline = self.site.seconds() + self.site.timeouts.head
        self.site.add(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Called by the transport."""
        self._leave(Phase.LOST)
        try:
            HTTPChannel.connectionLost(self, reason)
        finally:
            self.site.forget(self)

    def upgrade(self, protocol: UpgradedProtocol) -> None:
        """See IUpgradableChannel."""
        # Nothing needs the request any more, and thousands of idle WebSockets would keep theirs.
        request = self.requests.pop()
        self.senders.forget()
        self._leave(Phase.UPGRADED)
        self.site.forget(self)
        # A producer of the transport would be paused for requests that never come.
        self.transport.unregisterProducer()
        # TLS and other wrappers go on calling this channel.
        channel: Any = self
        channel.dataReceived = protocol.dataReceived
        channel.connectionLost = protocol.connectionLost
        request.taken_over()
        if self._pending and not self._is_advancing:
            self.callLater(0, self._advance)

    def _leave(self, phase: str) -> None:
        self.phase = phase
        self.deadline, self.write_deadline = NEVER, NO_WRITE_DEADLINE
        self.upload.release()

    # Requests

    def dataReceived(self, data: bytes) -> None:
        """Bytes came, in any portions."""
        self._pending = self._pending + data if self._pending else data
        if not self._is_advancing:
            self._advance()

    def _advance(self) -> None:
        """Handle as many of the bytes as can be handled, and are to be in one turn."""
        self._is_advancing, self._waits_for_turn = True, False
        try:
            self._waits_for_turn = self._take_steps()
        finally:
            self._is_advancing = self._waits_for_turn
        if self._waits_for_turn:
            self.transport.pauseProducing()
            self.callLater(0, self._take_turn)

    def _take_steps(self) -> bool:
        """Returns whether there may be more to handle."""
        for _ in STEPS_AT_ONCE:
            if not self._pending or not self._step():
                return False
        return bool(self._pending)

    def _take_turn(self) -> None:
        self.transport.resumeProducing()
        self._advance()
        if self.site.is_stopping and self.phase in (Phase.IDLE, Phase.HEAD):
            self.finish_up()

    def _step(self) -> bool:
        """Handle one part of the bytes. Returns whether there may be more to handle."""
        match self.phase:
            case Phase.IDLE | Phase.HEAD:
                return self._take_head()
            case Phase.BODY:
                self._take_body()
                return True
            case Phase.RESPONSE:
                self._limit_pending()
            case Phase.UPGRADED:
                # They came with the request, and belong to the protocol that has the connection now.
                data, self._pending = self._pending, b""
                self.dataReceived(data)
            case _:
                self._pending = b""
        return False

    def _limit_pending(self) -> None:
        if len(self._pending) > MAX_AHEAD:
            self.transport.pauseProducing()

    def _take_head(self) -> bool:
        if self._is_full():
            # The client does not read the responses that it has, so it gets no further ones.
            self._limit_pending()
            return False
        if self._pending.startswith(b"\r"):
            self._pending = without_line_end(self._pending)
            if self._pending in (b"", b"\r"):
                return False
        end = self._pending.find(b"\r\n\r\n") + 4
        self._begin_head()
        try:
            if end < 4:
                check_beginning(self._pending)
                return False
            head = read_head(self._pending[:end])
        except RefusedRequest as refused:
            self.refuse(refused)
            return False
        self._pending = self._pending[end:]
        self._begin_request(head)
        return True

    def _begin_head(self) -> None:
        if self.phase == Phase.IDLE:
            self.phase = Phase.HEAD
            self.began = self.site.seconds()
            self.deadline = self.began + self.site.timeouts.head
            self._read_by_client = 0
            self.direct.begin_response()
            self.site.idle.pop(self, None)

    def _begin_request(self, head: RequestHead) -> None:
        self.length = head.fields.body_length
        request = self.site.make_request(self, head)
        request.began = self.began
        self.requests.append(request)
        if not isinstance(request, PageRequest):
            set_request_line(self, head.method, head.target, head.version)
        self.allHeadersReceived()
        if self.length == 0:
            self.allContentReceived()

    def allHeadersReceived(self) -> None:
        """Refuse a body by its length before the client is told to send it (100 Continue)."""
        if self.length is not None and self.length > self.site.uploads.max_each:
            self.refuse(self.site.uploads.too_large())
            return
        self.phase = Phase.BODY
        if isinstance(request := self.requests[-1], PageRequest):
            self.persistent = self.checkPersistence(request, request.clientproto)
        else:
            HTTPChannel.allHeadersReceived(self)
            if b"expect" in request.fields.values:
                # A 100 Continue may wait in the transport.
                self.direct.expect_buffered()
        if self.length != 0:
            self._begin_body(request)

    def _begin_body(self, request: Any) -> None:
        self.deadline = self.site.seconds() + self.site.timeouts.transfer
        content, keep = request.content, self.upload.keep
        self._body = body_decoder(self.length, lambda data: keep(data, content), self._body_finished)

    def checkPersistence(self, request: Any, version: bytes) -> bool:
        """Whether the connection may be used again."""
        if is_last := request.fields.closes or self.site.is_stopping:
            request.say_last()
        return version == b"HTTP/1.1" and not is_last

    def _take_body(self) -> None:
        data, self._pending = self._pending, b""
        try:
            self._body.dataReceived(data)
        except RefusedRequest as refused:
            self.refuse(refused)

    def _body_finished(self, rest: bytes) -> None:
        """The body is complete. rest: what came behind it."""
        del self._body  # It holds the request, which an idle connection need not keep.
        if self.phase == Phase.BODY:
            self._pending = rest
            self.allContentReceived()

    def allContentReceived(self) -> None:
        """The request is complete, unless it was refused before."""
        if self.phase == Phase.BODY:
            self.phase = Phase.RESPONSE
            self.deadline = NEVER
            if isinstance(request := self.requests[-1], PageRequest):
                begin_page(self)
                request.requestReceived(request.method, request.uri, request.clientproto)
            else:
                HTTPChannel.allContentReceived(self)

    def refuse(self, refused: RefusedRequest) -> None:
        """Respond and end this connection. Does nothing on a connection that is ending."""
        if self.is_ending:
            return
        self.phase = Phase.REFUSED
        self._pending = b""
        self.site.refused[str(refused.status)] += 1
        self.site.idle.pop(self, None)
        self.transport.write(refused.response())
        self._close_writing()
        self.upload.release()
        for request in self.requests:
            # The part of the body that has come may be in a temporary file.
            if request.content is not None:
                request.content.close()

    # Responses

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Headers) -> None:
        """Write the head of a response in one piece: the transport looks at each piece more than once."""
        fields = [b"%b: %b\r\n" % (name, value) for name, values in headers.getAllRawHeaders() for value in values]
        self.transport.write(b"%b %b %b\r\n%b\r\n" % (version, code, reason, b"".join(fields)))

    def requestDone(self, request: Request) -> None:
        """A response is written: handle the next request, if it is here already."""
        self.upload.release()
        self._written_last = request.sentLength
        if self.persistent:
            self.phase = Phase.IDLE
            self.deadline = self.site.seconds() + self.site.timeouts.idle
            self.site.idle[self] = None
            end_page(self)
        else:
            HTTPChannel.requestDone(self, request)
        if self._pending and not self._is_advancing:
            self._advance()

    # The client's reading

    def _is_full(self) -> bool:
        """Whether the transport's buffer holds more than the client has read recently."""
        return self.write_deadline is not NO_WRITE_DEADLINE

    def pauseProducing(self) -> None:
        """Called by the transport when its buffer is full."""
        if not self._is_full():
            self._begin_write_deadline()
        HTTPChannel.pauseProducing(self)

    def resumeProducing(self) -> None:
        """Called by the transport when its buffer is empty. More requests may have come meanwhile."""
        self.write_deadline = NO_WRITE_DEADLINE
        self._read_by_client = self._written()
        HTTPChannel.resumeProducing(self)
        if self._waits_for_turn:
            self.transport.pauseProducing()
        if self._pending and not self._is_advancing:
            self._advance()

    def _begin_write_deadline(self) -> None:
        self.write_deadline = WriteDeadline(self.site.timeouts, self.site.seconds(), progress_of(self.transport))

    def _written(self) -> int:
        return int(self.requests[0].sentLength if self.requests else self._written_last)

    def _write_expired(self, now: float) -> None:
        unread = self._written() - self._read_by_client
        if self.write_deadline.is_over(now, unread, progress_of(self.transport)):
            self._log.info(
                "web: {client} did not read its response in time and is dropped",
                client=getattr(self.requests[0].getClientAddress() if self.requests else self.getPeer(), "host", "-"),
            )
            self.drop_unread()

    def drop_unread(self) -> None:
        """End the connection at once: its client does not read the response."""
        self.site.refused["unread"] += 1
        self.deadline, self.write_deadline = NEVER, NO_WRITE_DEADLINE
        self.transport.abortConnection()

    # The end

    def expired(self) -> None:
        """A deadline has passed."""
        now = self.site.seconds()
        if self.write_deadline.at <= now:
            self._write_expired(now)
        if self.deadline > now:
            return
        match self.phase:
            case Phase.IDLE if self._is_full():
                # Not idle: the client is reading its last response.
                self.deadline = self.write_deadline.at
            case Phase.IDLE:
                self.loseConnection()
            case Phase.HEAD:
                seconds = self.site.timeouts.head
                self.refuse(RefusedRequest(408, f"The head of the request was not complete after {seconds:g} s."))
            case Phase.BODY if self.site.timeouts.is_too_slow(self.upload.recent()):
                self.refuse(RefusedRequest(408, "The body of the request came too slowly."))
            case Phase.BODY:
                self.deadline = now + self.site.timeouts.transfer
            case _:
                # The client's time is over: stop reading, and send the rest.
                self.phase = Phase.CLOSING
                self._begin_closing()
                lowest_transport(self.transport).loseConnection()

    def say_last(self) -> None:
        """See Connection."""
        self.persistent = 0
        for request in self.requests:
            request.say_last()

    def finish_up(self) -> None:
        """Close after the response in work; now, if there is none."""
        self.say_last()
        if not self.requests and not self._waits_for_turn:
            self.loseConnection()

    def loseConnection(self) -> None:
        """Send what is written, and close; drop the client if it does not read that."""
        if self.phase != Phase.LOST:
            self.phase = Phase.CLOSING
            self._begin_closing()
            if self.isSecure():
                self.deadline = self.site.seconds() + LINGER_SECONDS
                self.transport.resumeProducing()
            self.site.idle.pop(self, None)
        HTTPChannel.loseConnection(self)

    def _begin_closing(self) -> None:
        """From now on, only send what is already written."""
        self.deadline = NEVER
        if not self._is_full():
            self._read_by_client = self._written()
            self._begin_write_deadline()

    def _close_writing(self) -> None:
        """Close our side for writing, and go on reading for a while."""
        self.deadline = self.site.seconds() + LINGER_SECONDS
        self.transport.resumeProducing()
        if ISSLTransport.providedBy(self.transport):
            HTTPChannel.loseConnection(self)
        elif (tcp := ITCPTransport(self.transport, None)) is not None:
            # A producer that is paused would be resumed when the rest is sent, and TCP would not close then.
            self.transport.unregisterProducer()
            tcp.loseWriteConnection()

    def readConnectionLost(self) -> None:
        """The client will send no more. Called again when the transport reads again, after each response."""
        match self.phase:
            case Phase.RESPONSE if self.requests[0].is_with_thread:
                pass
            case Phase.IDLE if self._is_full() or self._waits_for_turn:
                # More requests may wait behind the response that the client is reading, or for their turn.
                pass
            case Phase.RESPONSE | Phase.UPGRADED | Phase.LOST:
                # A stream of the chat or a WebSocket would never notice that the client has left.
                self.transport.connectionLost(CLIENT_LEFT)
            case _:
                self.loseConnection()

    def writeConnectionLost(self) -> None:
        """Called by the transport when it has closed its side, as `_close_writing` asked."""
