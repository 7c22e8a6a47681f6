"""The response of one call of a WSGI application, held to its own Content-Length. Knows no server."""

from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from twisted.logger import Logger

from mixsvc.interfaces.holds import Hold
from mixsvc.wsgi.file_wrapper import FileWrapper, PlainFile
from mixsvc.wsgi.response_head import InvalidResponse, ResponseHead

__all__ = ["WHOLE_BYTES", "WSGIResponse", "BodySink", "ClientDisconnected", "ResponseSink"]

# A body up to this size is passed to the reactor at once, and its thread is free, however slowly the client reads.
WHOLE_BYTES: Final = 131072


class ClientDisconnected(ConnectionAbortedError):
    """The client has left, or was dropped because it did not read. The next write raises it in the worker thread."""


class BodySink(Protocol):
    """Where the body of a long response goes: any number of `write` or one `send_file`, then `finish`.

    All are called in a worker thread.
    """

    def write(self, data: bytes) -> None:
        """Send a part of the body; may block. Raises ClientDisconnected if the client has left."""

    def send_file(self, file: PlainFile) -> bool:
        """Send the whole body from a file; returns False, and does nothing, if there is no room for it."""

    def finish(self) -> None:
        """End the response, which is complete."""


class ResponseSink(Protocol):
    """Where a response goes: by one of `send_whole`, `hold` and `start`.

    All are called in a worker thread. `abort` may end each, also after `send_whole` or `hold` has raised an error.
    """

    def send_whole(self, head: ResponseHead, body: bytes) -> None:
        """Send a whole response. body: at most WHOLE_BYTES."""

    def hold(self, head: ResponseHead, hold: Hold) -> None:
        """Leave the client to the service, which sends the head and what follows."""

    def start(self, head: ResponseHead) -> BodySink:
        """Send the head of a response; returns where its body goes."""

    def abort(self) -> None:
        """Give up: send an error 500 if nothing was sent yet, else close the connection."""


class ResponseState:
    """How far the response is; plain texts, as many are looked up for each response."""

    # Nothing was sent, so the head may still change.
    NOT_STARTED: Final = "not started"
    # The head was sent, and the blocks of the body so far.
    STREAMING: Final = "streaming"
    # Everything that the client expects was sent; the application may still be running.
    COMPLETE: Final = "complete"
    # Everything else that the application gives is ignored.
    DISCARDING: Final = "discarding"


class WSGIResponse:
    """Takes the head and the blocks of a body, and sends the head together with the first block.

    head: what start_response was last called with; None before. hold: what the client is held for once the response,
    which must have no content, is finished; None: it is not held. Used in one worker thread.
    """

    _log: Final = Logger("mixsvc.web")

    head: ResponseHead | None = None
    hold: Hold | None = None
    _state = ResponseState.NOT_STARTED
    # Bytes of the Content-Length that were not sent yet; None without one.
    _remaining: int | None = None
    # Where it goes while it is a stream.
    _body: BodySink | None = None

    def __init__(self, sink: ResponseSink, request: str, method: str) -> None:
        """request: for the log, such as GET /."""
        self._sink = sink
        self._request = request
        self._is_head = method == "HEAD"

    @property
    def headers_sent(self) -> bool:
        """Whether the head was sent and can no longer change."""
        return self._state != ResponseState.NOT_STARTED

    def send_list(self, blocks: list[bytes] | tuple[bytes, ...]) -> None:
        """Send blocks whose total length is known, and `finish`."""
        total = sum(len(_checked(block)) for block in blocks)
        head = self._required_head()
        if head.length is None and self._may_have_body(head):
            self.head = head.with_length(total)
        self.send_iterable([b"".join(blocks)] if total <= WHOLE_BYTES and len(blocks) != 1 else blocks)

    def send_file(self, wrapper: FileWrapper) -> None:
        """Send a file, and `finish`. One on disk that is long is sent without this thread."""
        head = self._required_head()
        if not self._may_have_body(head):
            self.finish()
            return
        file = wrapper.plain_file()
        if file is None or head.length not in (None, file.size):
            self.send_iterable(wrapper if head.length is None else _cut(wrapper, head.length))
        elif file.size <= WHOLE_BYTES:
            self.send_list([b"".join(wrapper)])
        else:
            self._send_plain_file(wrapper, file)

    def send_iterable(self, blocks: Iterable[bytes]) -> None:
        """Send blocks one by one until the response is complete, and `finish`."""
        for block in blocks:
            self.write(block)
            if self._state == ResponseState.DISCARDING:
                break
        self.finish()

    def write(self, block: bytes) -> None:
        """Send a block of the body: the `write` of PEP 3333.

        Raises InvalidResponse if the block is not bytes, and ClientDisconnected.
        """
        if not _checked(block):
            return
        if self._state == ResponseState.NOT_STARTED:
            self._write_first(block)
        elif self._state == ResponseState.STREAMING:
            self._write_more(block)
        elif self._state == ResponseState.COMPLETE:
            self._discard_rest()

    def finish(self) -> None:
        """There are no more blocks. Raises InvalidResponse if some are missing."""
        if self._state == ResponseState.NOT_STARTED:
            head = self._required_head()
            if self.hold is not None and not self._is_head:
                self._sink.hold(head, self.hold)
                self._state = ResponseState.COMPLETE
                return
            if self._may_have_body(head):
                self._remaining = head.length
                head = head if head.length is not None else head.with_length(0)
            self._check_complete()
            self._sink.send_whole(head.without_content(), b"")
            self._state = ResponseState.COMPLETE
        elif self._state == ResponseState.STREAMING:
            self._check_complete()
            self._finish_body()

    def abort(self) -> None:
        """The application has failed; does nothing if everything was sent."""
        if self._state in (ResponseState.NOT_STARTED, ResponseState.STREAMING):
            self._state = ResponseState.DISCARDING
            self._sink.abort()

    def _send_plain_file(self, wrapper: FileWrapper, file: PlainFile) -> None:
        head = self._required_head()
        self._state = ResponseState.STREAMING
        self._remaining = file.size
        self._body = body = self._sink.start(head if head.length is not None else head.with_length(file.size))
        if body.send_file(file):
            self._finish_body()
        else:
            self.send_iterable(wrapper)

    def _write_first(self, block: bytes) -> None:
        head = self._required_head()
        if self.hold is not None:
            raise InvalidResponse(
                "the response is held by mix.hold and has content; a response can be one or the other"
            )
        if not self._may_have_body(head):
            self._sink.send_whole(head.without_content(), b"")
            self._state = ResponseState.DISCARDING
        elif head.length is not None and head.length <= min(len(block), WHOLE_BYTES):
            self._sink.send_whole(head, block[: head.length])
            self._state = ResponseState.COMPLETE
            if len(block) > head.length:
                self._discard_rest()
        else:
            self._state = ResponseState.STREAMING
            self._remaining = head.length
            self._body = self._sink.start(head)
            self._write_more(block)

    def _write_more(self, block: bytes) -> None:
        assert self._body is not None
        part = block if self._remaining is None else block[: self._remaining]
        try:
            self._body.write(part)
        except ClientDisconnected:
            self._state = ResponseState.DISCARDING
            raise
        if self._remaining is not None:
            self._remaining -= len(part)
            if not self._remaining:
                self._finish_body()
            if len(part) < len(block):
                self._discard_rest()

    def _finish_body(self) -> None:
        assert self._body is not None
        self._state = ResponseState.COMPLETE
        self._body.finish()

    def _required_head(self) -> ResponseHead:
        if self.head is None:
            raise InvalidResponse("the application returned a body without calling start_response")
        return self.head

    def _may_have_body(self, head: ResponseHead) -> bool:
        return head.has_body and not self._is_head

    def _check_complete(self) -> None:
        if self._remaining:
            raise InvalidResponse(f"the body is {self._remaining} bytes shorter than its Content-Length")

    def _discard_rest(self) -> None:
        self._state = ResponseState.DISCARDING
        self._log.error(
            "wsgi: {request}: the body is longer than its Content-Length; the rest is not sent",
            request=self._request,
        )


def _cut(blocks: Iterable[bytes], length: int) -> Iterator[bytes]:
    """The first bytes of a file: applications send a part of one by its Content-Length alone (PEP 3333)."""
    for block in blocks if length else ():
        yield _checked(block)[:length]
        length -= len(block)
        if length <= 0:
            return


def _checked(block: bytes) -> bytes:
    if not isinstance(block, bytes):
        raise InvalidResponse(f"a block of the body must be bytes, not {type(block).__name__}")
    return block
