"""The answer of one call of a WSGI application, held to the Content-Length that it gave. Knows no server."""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Final, Protocol

from twisted.logger import Logger

from mixsvc.wsgi.response_head import BadAnswer, Head

__all__ = ["WHOLE_BYTES", "Answer", "ClientGone", "Way"]

# A body up to this size goes to the reactor at once, and its thread is free, however slowly the client reads.
WHOLE_BYTES: Final = 131072


class ClientGone(ConnectionAbortedError):
    """The client has left, or was dropped because it did not read. Raised in the worker by the next write."""


class Way(Protocol):
    """Where an answer goes: either `whole`, or `begin`, `write` as often as need be, and `end`."""

    def whole(self, head: Head, body: bytes) -> None:
        """The whole answer; body: at most WHOLE_BYTES."""

    def begin(self, head: Head) -> None:
        """The head of an answer."""

    def write(self, data: bytes) -> None:
        """A part of the body; may block. ClientGone when nobody wants it."""

    def end(self) -> None:
        """The answer is complete."""

    def fail(self) -> None:
        """There is no more: an error 500 if nothing was sent yet, else the connection ends."""


class Stage(Enum):
    """How far the answer is."""

    # Nothing was sent: the head may still change.
    WAITING = auto()
    # The head was sent, and of the body as much as came.
    OPEN = auto()
    # All that the client expects was sent; the application may still be at work.
    OVER = auto()
    # As OVER, and nobody wants what else the application has.
    ENOUGH = auto()


class Answer:
    """Takes the head and the blocks of a body, and sends the former with the first of the latter."""

    _log: Final = Logger("mixsvc.web")

    def __init__(self, way: Way, request: str, method: str) -> None:
        """request: for the log, such as GET /."""
        self.head: Head | None = None
        self._way = way
        self._request = request
        self._is_head = method == "HEAD"
        self._stage = Stage.WAITING
        # Of the Content-Length: what was not sent yet.
        self._left: int | None = None

    @property
    def is_begun(self) -> bool:
        """Whether the head was sent, and can no longer change."""
        return self._stage is not Stage.WAITING

    @property
    def is_enough(self) -> bool:
        """Whether the application need not be asked for more."""
        return self._stage is Stage.ENOUGH

    def put_all(self, blocks: list[bytes] | tuple[bytes, ...]) -> None:
        """Send blocks that are all there, which gives their length, and `end`."""
        total = sum(len(_checked(block)) for block in blocks)
        head = self._started()
        if head.length is None and self._may_have_body(head):
            self.head = head.with_length(total)
        self.put_each([b"".join(blocks)] if total <= WHOLE_BYTES and len(blocks) != 1 else blocks)

    def put_each(self, blocks: Iterable[bytes]) -> None:
        """Send blocks as they come, as long as they are wanted, and `end`."""
        for block in blocks:
            self.put(block)
            if self._stage is Stage.ENOUGH:
                break
        self.end()

    def put(self, block: bytes) -> None:
        """Send a part of the body. BadAnswer when it is none; ClientGone when nobody wants it."""
        if not _checked(block):
            return
        if self._stage is Stage.WAITING:
            self._put_first(block)
        elif self._stage is Stage.OPEN:
            self._put_more(block)
        elif self._stage is Stage.OVER:
            self._too_long()

    def end(self) -> None:
        """There are no more blocks. BadAnswer when some are missing."""
        if self._stage is Stage.WAITING:
            head = self._started()
            if self._may_have_body(head):
                self._left = head.length
                head = head if head.length is not None else head.with_length(0)
            self._check_complete()
            self._stage = Stage.OVER
            self._way.whole(head.without_content(), b"")
        elif self._stage is Stage.OPEN:
            self._check_complete()
            self._stage = Stage.OVER
            self._way.end()

    def give_up(self) -> None:
        """The application has failed; harmless when everything was sent."""
        if self._stage in (Stage.WAITING, Stage.OPEN):
            self._stage = Stage.ENOUGH
            self._way.fail()

    def _put_first(self, block: bytes) -> None:
        head = self._started()
        if not self._may_have_body(head):
            self._stage = Stage.ENOUGH
            self._way.whole(head.without_content(), b"")
        elif head.length is not None and head.length <= min(len(block), WHOLE_BYTES):
            self._stage = Stage.OVER
            self._way.whole(head, block[: head.length])
            if len(block) > head.length:
                self._too_long()
        else:
            self._stage = Stage.OPEN
            self._left = head.length
            self._way.begin(head)
            self._put_more(block)

    def _put_more(self, block: bytes) -> None:
        part = block if self._left is None else block[: self._left]
        try:
            self._way.write(part)
        except ClientGone:
            self._stage = Stage.ENOUGH
            raise
        if self._left is not None:
            self._left -= len(part)
            if not self._left:
                self._stage = Stage.OVER
                self._way.end()
            if len(part) < len(block):
                self._too_long()

    def _started(self) -> Head:
        if self.head is None:
            raise BadAnswer("the application answered without calling start_response")
        return self.head

    def _may_have_body(self, head: Head) -> bool:
        return head.has_body and not self._is_head

    def _check_complete(self) -> None:
        if self._left:
            raise BadAnswer(f"the application gave {self._left} bytes less than its Content-Length")

    def _too_long(self) -> None:
        self._stage = Stage.ENOUGH
        self._log.error(
            "wsgi: {request}: the application gave more than its Content-Length; the rest is not sent",
            request=self._request,
        )


def _checked(block: bytes) -> bytes:
    if not isinstance(block, bytes):
        raise BadAnswer(f"the body must come as bytes, not {type(block).__name__}")
    return block
