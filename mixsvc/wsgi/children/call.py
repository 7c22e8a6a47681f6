"""One request at the service whose view runs in a child."""

import os
from collections.abc import Callable
from typing import IO, Final

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from mixsvc.common.hook_paths import request_name
from mixsvc.http.page_request import ViewRequest
from mixsvc.http.refusals import FAILED, UNAVAILABLE, Headers, Refusal
from mixsvc.interfaces.holds import Hold
from mixsvc.wsgi.children.environ_frame import decode_head, encode_call
from mixsvc.wsgi.environ import environ_texts
from mixsvc.wsgi.response_head import ResponseHead
from mixsvc.wsgi.supervision.begun_marks import NO_MARK
from mixsvc.wsgi.supervision.interfaces import SupervisedProcess
from mixsvc.wsgi.target import RequestTarget
from mixsvc.wsgi.writer import HoldClient

__all__ = ["ChildCall"]

# Larger bodies go to the child by their descriptor; mixsvc.http keeps these on disk.
MAX_IN_FRAME: Final = 65536

# So much of a body is its beginning.
BEGINNING_BYTES: Final = 1024

# The child is told that bytes were taken once there are so many.
ROOM_STEP: Final = 32768


@implementer(IPushProducer)
class ChildCall:
    """Passes a request's texts and body on, and its response back. Used in the reactor thread.

    The process that has the call uses `payload` and `descriptor`, and tells it what comes: `respond`, `begin`, `write`,
    `end`, `abort`; `fail` when the process can answer no more.
    """

    # The child that has it, and where that marks that a view may have seen it.
    process: SupervisedProcess | None = None
    mark = NO_MARK
    # Called with the headers of the response and the beginning of its body, as far as that has come; None: nobody wants
    # it.
    answered: Callable[[Headers, bytes], object] | None = None
    is_disconnected = False
    # How often a part of a long response came, and whether that waits for the client.
    heard = 0
    is_paused = False
    _target: RequestTarget | None = None
    _headers: Headers = ()
    _beginning = b""
    _owed = 0
    _is_answered = _is_complete = False

    def __init__(self, request: ViewRequest, hold_client: HoldClient) -> None:
        """hold_client: takes the client if the view leaves it to the service."""
        self._hold_client = hold_client
        texts = environ_texts(request)
        asked = texts.of_request.texts
        self.name = request_name(asked["REQUEST_METHOD"], asked["PATH_INFO"])
        # What to do when the client has left, when it has taken so many bytes, and when it does not keep up. Set by who
        # has the call.
        self.gone: Callable[[], object] = _nothing
        self.taken: Callable[[int], None] = _ignore
        self.stalled: Callable[[], object] = _nothing
        self._request = request
        # The body belongs to the call: twisted.web would close it while the child reads it if the client leaves.
        content, request.content = request.content, None
        assert content is not None
        self._content: IO[bytes] | None = content
        body = _read_small(content)
        self.payload = encode_call(texts, body)
        if body is not None:
            self._close_body()
        self._given_back = request.channel.upload.hand_over()
        request.client_left = self._disconnected

    @property
    def descriptor(self) -> int | None:
        """Where the body is, if it is not in the payload."""
        return self._content.fileno() if self._content is not None else None

    @property
    def is_answered(self) -> bool:
        """Whether nothing more of the response is used."""
        return self._is_answered

    @property
    def is_streaming(self) -> bool:
        """Whether the head was sent and the rest was not."""
        return self._target is not None and not self._is_answered

    def release(self) -> None:
        """No child needs the request any more."""
        self.payload = b""
        self._close_body()
        given_back, self._given_back = self._given_back, None
        if given_back is not None:
            given_back()

    def _close_body(self) -> None:
        content, self._content = self._content, None
        if content is not None:
            content.close()

    # The response

    def respond(self, payload: bytes) -> None:
        """Send a whole response. Raises BadFrame."""
        code, reason, headers, body = decode_head(payload)
        if self.answered is not None:
            self.answered(headers, body[:BEGINNING_BYTES])
        self._answer(code, reason, headers, body)

    def hold(self, payload: bytes) -> None:
        """The view has left the client to the service. Raises BadFrame."""
        _, _, headers, hold = decode_head(payload)
        if not self.is_disconnected and not self._is_answered:
            self._is_answered = True
            self._hold_client(self._request.for_stream(), headers, Hold.decode(hold))

    def begin(self, payload: bytes) -> None:
        """Send the head of a response. Raises BadFrame."""
        code, reason, headers, _ = decode_head(payload)
        self.heard += 1
        self._headers = headers
        if not self.is_disconnected and not self._is_answered:
            self._target = RequestTarget(self._request)
            self._target.begin(ResponseHead(code, reason, headers, None), self)

    def write(self, data: bytes) -> None:
        """Send a part of the body."""
        self.heard += 1
        self._show(data)
        if self.is_streaming and self._target is not None:
            self._target.write(data)
            self._owed += len(data)
            self._give_room()

    def end(self) -> None:
        """The response is complete."""
        self._is_complete = True
        self._end()

    def abort(self) -> None:
        """The view has failed: respond with status 500, or close the connection behind what was sent."""
        self.fail(FAILED)

    def fail(self, refusal: Refusal) -> None:
        """There is no response: send this one, or close the connection behind what was sent."""
        self.release()
        if self.is_streaming and self._target is not None:
            self._is_answered = True
            self._target.drop()
        else:
            self._answer(refusal.code, refusal.reason, refusal.headers(), refusal.text)

    def dismiss(self) -> None:
        """Tell the client to come again, unless it has its response, or that has begun."""
        if not self._is_answered and self._target is None:
            self.fail(UNAVAILABLE)
            self.gone()

    def drop_unread(self) -> None:
        """Close the connection at once: its client does not read."""
        if self.is_streaming and self._target is not None:
            self._is_answered = True
            self._target.drop_unread()

    # The client

    def pauseProducing(self) -> None:
        """The transport is full: the client does not keep up."""
        self.is_paused = True
        self.stalled()

    def resumeProducing(self) -> None:
        """The transport is empty: the system has taken everything."""
        self.is_paused = False
        self._give_room()
        if self._is_complete:
            self._end()

    def stopProducing(self) -> None:
        """The connection is lost; `_disconnected` is called as well."""

    def _show(self, data: bytes) -> None:
        """More of the body has come."""
        if self.answered is not None and len(self._beginning) < BEGINNING_BYTES:
            self._beginning = (self._beginning + data[:BEGINNING_BYTES])[:BEGINNING_BYTES]
            self.answered(self._headers, self._beginning)

    def _answer(self, code: int, reason: bytes, headers: Headers, body: bytes) -> None:
        if not self.is_disconnected and not self._is_answered:
            self._is_answered = True
            self._request.respond(code, reason, headers, body)

    def _give_room(self) -> None:
        if self._owed >= ROOM_STEP and not self.is_paused:
            self.taken(self._owed)
            self._owed = 0

    def _end(self) -> None:
        if self.is_streaming and self._target is not None and not self.is_paused:
            # Only once the client has taken everything: the connection's next response begins after that.
            self._is_answered = True
            self._target.finish()

    def _disconnected(self) -> None:
        if not self._is_answered:
            self.is_disconnected = self._is_answered = True
            self.gone()


def _read_small(content: IO[bytes]) -> bytes | None:
    """The body; None if it is large, and then its file is at its beginning."""
    body = content.read(MAX_IN_FRAME + 1)
    if len(body) <= MAX_IN_FRAME:
        return body
    # The child goes on where the descriptor is; a buffer may be ahead of it.
    content.flush()
    os.lseek(content.fileno(), 0, os.SEEK_SET)
    return None


def _nothing() -> None:
    """Nobody is to be told."""


def _ignore(count: int) -> None:
    """Nobody is to be told."""
