"""One connection: twisted.web's, which sees whole and plain heads only, and does not wait for anybody for ever.

Where it stands is one Phase. What comes is kept in `_pending` until its turn: a head until it is complete, requests
behind the one that is being answered until that is done and its answer is on its way.
"""

from typing import Final

from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.server import Request

from mixsvc.http.chunked import Chunks
from mixsvc.http.closing import ClosingChannel
from mixsvc.http.errors import Refused
from mixsvc.http.head import Head, check_beginning, read_head
from mixsvc.http.phase import Phase
from mixsvc.http.timeouts import NEVER

__all__ = ["MixChannel"]

# Bytes of further requests that are taken while one is answered, or its answer is not read.
MOST_AHEAD: Final = 16384


class MixChannel(ClosingChannel):
    """One connection of a MixSite."""

    # When the first byte of the request came, by the site's clock.
    began = 0.0
    # Bytes of the request's body so far, and when its present span of time began.
    body_size = 0
    _body_before = 0
    _pending = b""
    _is_feeding = False

    def connectionMade(self) -> None:
        """The site knows its connections."""
        HTTPChannel.connectionMade(self)
        self.deadline = self.site.seconds() + self.site.patience.head
        self.site.add(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is gone, or from now on somebody else's."""
        self.phase = Phase.GONE
        self._release_body()
        HTTPChannel.connectionLost(self, reason)
        self.site.forget(self)

    # What comes

    def dataReceived(self, data: bytes) -> None:
        """Bytes, in any portions."""
        self._pending = self._pending + data if self._pending else data
        if not self._is_feeding:
            self._advance()

    def _advance(self) -> None:
        """Hand on as much as can be handed on."""
        self._is_feeding = True
        try:
            while self._pending and self._step():
                pass
        finally:
            self._is_feeding = False

    def _step(self) -> bool:
        """Hand on one part; whether more may follow."""
        match self.phase:
            case Phase.IDLE | Phase.HEAD:
                return self._take_head()
            case Phase.BODY:
                self._hand_on()
                return True
            case Phase.GONE if not self.line_mode:
                # Taken over in the midst of a request: what came with it is the new protocol's.
                self._hand_on()
            case Phase.ANSWER:
                self._hold()
            case _:
                self._pending = b""
        return False

    def _hand_on(self) -> None:
        data, self._pending = self._pending, b""
        try:
            self.rawDataReceived(data)
        except Refused as refused:
            self.refuse(refused)

    def _hold(self) -> None:
        if len(self._pending) > MOST_AHEAD:
            self.transport.pauseProducing()

    def _take_head(self) -> bool:
        if self.is_full:
            # What is answered already is not read: no more answers.
            self._hold()
            return False
        if self._pending.startswith(b"\r") and self._skip_line_end():
            return False
        end = self._pending.find(b"\r\n\r\n") + 4
        self._begin_head()
        try:
            if end < 4:
                check_beginning(self._pending)
                return False
            head = read_head(self._pending[:end])
        except Refused as refused:
            self.refuse(refused)
            return False
        self._pending = self._pending[end:]
        self._begin_request(head)
        return True

    def _skip_line_end(self) -> bool:
        """Skip the one that some send after a body (RFC 9112 section 2.2); whether that was all."""
        if self._pending.startswith(b"\r\n"):
            self._pending = self._pending[2:]
        return self._pending in (b"", b"\r")

    def _begin_request(self, head: Head) -> None:
        """What twisted.web does line by line."""
        request = self.requestFactory(self)
        self.requests.append(request)
        self._command, self._path, self._version = head.method, head.target, head.version
        add = request.requestHeaders.addRawHeader
        for name, value in head.fields.pairs:
            add(name, value)
            if head.fields.has_body:
                self._maybeChooseTransferDecoder(name.title(), value)
        self.allHeadersReceived()
        if self.length == 0:
            self.allContentReceived()

    def _maybeChooseTransferDecoder(self, header: bytes, data: bytes) -> bool:
        """How the body comes, as a field of the head says."""
        if header != b"Transfer-Encoding":
            return bool(HTTPChannel._maybeChooseTransferDecoder(self, header, data))
        self.length = None
        self._transferDecoder = Chunks(self.requests[-1].handleContentChunk, self._finishRequestBody)
        return True

    def _begin_head(self) -> None:
        if self.phase is Phase.IDLE:
            self.phase = Phase.HEAD
            self.began = self.site.seconds()
            self.deadline = self.began + self.site.patience.head
            self.begin_answer()
            self.site.idle.pop(self, None)

    def allHeadersReceived(self) -> None:
        """Refuse a body by its length before the client is told to go on with it (100 Continue)."""
        if self.length is not None and self.length > self.site.bodies.most_each:
            self.refuse(self.site.bodies.too_large())
            return
        self.requests[-1].began = self.began
        self.phase = Phase.BODY
        if self.length != 0:
            self.deadline = self.site.seconds() + self.site.patience.transfer
            self._body_before = 0
            # The client may be told to go on with it (100 Continue).
            self._may_send = False
        HTTPChannel.allHeadersReceived(self)

    def checkPersistence(self, request: Request, version: bytes) -> bool:
        """Whether the connection may be used again: `close` may stand anywhere in a list."""
        values = request.requestHeaders.getRawHeaders(b"connection") or ()
        if any(option.strip(b" \t").lower() == b"close" for value in values for option in value.split(b",")):
            request.responseHeaders.setRawHeaders(b"connection", [b"close"])
            return False
        return version == b"HTTP/1.1"

    def allContentReceived(self) -> None:
        """The request is complete, unless it was refused on the way."""
        if self.phase is Phase.BODY:
            self.phase = Phase.ANSWER
            self.deadline = NEVER
            HTTPChannel.allContentReceived(self)

    def keep_body(self, added: int) -> None:
        """So much more of the body is about to be kept. Raises Refused when that is too much."""
        self.site.bodies.grow(self.body_size, added)
        self.body_size += added

    def _release_body(self) -> None:
        if self.body_size:
            self.site.bodies.release(self.body_size)
            self.body_size = 0

    # What is answered

    def requestDone(self, request: Request) -> None:
        """An answer is complete: the next request, if it is here already."""
        self._release_body()
        self.end_answer(request.sentLength)
        if self.persistent:
            self.phase = Phase.IDLE
            self.deadline = self.site.seconds() + self.site.patience.idle
            self.site.idle[self] = None
        # What twisted.web itself kept came earlier.
        held, self._pending = self._pending, b""
        was_feeding, self._is_feeding = self._is_feeding, True
        HTTPChannel.requestDone(self, request)
        self._is_feeding = was_feeding
        self._pending += held
        if self._pending and not was_feeding:
            self._advance()

    def resumeProducing(self) -> None:
        """The client has read all that was written: it may have sent more requests meanwhile."""
        ClosingChannel.resumeProducing(self)
        if self._pending and not self._is_feeding:
            self._advance()

    def _respondToBadRequestAndDisconnect(self) -> None:
        # What twisted.web itself finds out: chunks that are none.
        self.refuse(Refused(400, "The body of the request is not in chunks, as its head says, or the head is wrong."))

    def refuse(self, refused: Refused) -> None:
        """Answer, and end this connection; what still comes is thrown away. Harmless a second time."""
        if self.is_ending:
            return
        self.phase = Phase.REFUSED
        self._pending = b""
        self.site.refused[str(refused.status)] += 1
        self.site.idle.pop(self, None)
        self.transport.write(refused.answer())
        self.linger()
        self._drop_requests()

    def _drop_requests(self) -> None:
        self._release_body()
        for request in self.requests:
            # What has come of the body may be in a temporary file.
            if request.content is not None:
                request.content.close()

    # The end

    def expired(self) -> None:
        """A deadline has come."""
        now = self.site.seconds()
        if self.unread_deadline <= now:
            self.unread_expired()
            return
        match self.phase:
            case Phase.IDLE if self.is_full:
                # Not idle: its last answer is being read.
                self.deadline = self.unread_deadline
            case Phase.IDLE:
                self.loseConnection()
            case Phase.HEAD:
                self.refuse(Refused(408, f"The request's head was not complete after {self.site.patience.head:g} s."))
            case Phase.BODY:
                self._body_expired(now)
            case _:
                self.linger_expired()

    def _body_expired(self, now: float) -> None:
        if self.site.patience.is_too_slow(self.body_size - self._body_before):
            self.refuse(Refused(408, "The body of the request came too slowly."))
        else:
            self._body_before = self.body_size
            self.deadline = now + self.site.patience.transfer
