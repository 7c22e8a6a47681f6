"""Where the body of a request ends: after so many bytes, or after its last chunk (RFC 9112 sections 6.3 and 7.1)."""

import re
from collections.abc import Callable
from typing import Final

from mixsvc.common.http_grammar import TOKEN
from mixsvc.http.errors import RefusedRequest
from mixsvc.http.head import BARE_LF, MAX_HEAD, check_trailers

__all__ = ["ChunkedBody", "SizedBody", "body_decoder"]

# Bytes of the extensions of one chunk, and of those of all chunks of a body.
MAX_EXTENSION: Final = 1024
MAX_EXTENSIONS: Final = 16384

TOKEN_BYTES: Final = TOKEN.encode()
# A quantifier with a + behind it gives nothing back, so that a line is read once.
QUOTED: Final = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*+"'
EXTENSION: Final = (
    rb"[\t ]*+;[\t ]*+" + TOKEN_BYTES + rb"+(?:[\t ]*+=[\t ]*+(?:" + TOKEN_BYTES + rb"+|" + QUOTED + rb"))?+"
)
# What stands before a chunk: the end of the one before, and a line with its size and extensions. Zeros may lead.
CHUNK_LINE: Final = re.compile(rb"\r\n([0-9A-Fa-f]{1,32}+)((?:" + EXTENSION + rb")*+)\r\n")


class SizedBody:
    """A body whose length is known: passes so many bytes on."""

    def __init__(self, length: int, received: Callable[[bytes], None], finished: Callable[[bytes], None]) -> None:
        """received: called with each part. finished: called once, with what came behind the body."""
        self._left = length
        self._received = received
        self._finished = finished

    def dataReceived(self, data: bytes) -> None:
        """Bytes came; not called again when the body has ended."""
        rest = data[self._left :]
        part = data[: self._left] if rest else data
        self._left -= len(part)
        self._received(part)
        if not self._left:
            self._finished(rest)


class ChunkedBody:
    """A body in chunks: passes what is in them on, in one piece for all that came at one time.

    What is not exactly as RFC 9112 says is refused. Extensions and trailers are checked and left out.
    """

    def __init__(self, received: Callable[[bytes], None], finished: Callable[[bytes], None]) -> None:
        """received, finished: see SizedBody."""
        self._received = received
        self._finished = finished
        # No chunk ends before the first one, but so the first line is like all others.
        self._pending = b"\r\n"
        # Bytes of the present chunk.
        self._left = 0
        self._extensions = 0
        self._is_behind_chunks = False

    def dataReceived(self, data: bytes) -> None:
        """Bytes came. Raises RefusedRequest for chunks or trailers that are invalid."""
        data = self._pending + data
        if not self._is_behind_chunks:
            data = self._take_chunks(data)
        self._pending = data
        if self._is_behind_chunks:
            rest = _behind_trailers(data)
            if rest is not None:
                self._finished(rest)

    def _take_chunks(self, data: bytes) -> bytes:
        """Pass the contents of chunks on, as far as they came. Returns what follows."""
        parts, position = [], 0
        while True:
            if self._left:
                part = data[position : position + self._left]
                parts.append(part)
                position += len(part)
                self._left -= len(part)
            if self._left or (line := CHUNK_LINE.match(data, position)) is None:
                break
            position = line.end()
            self._left = int(line[1], 16)
            if line[2]:
                self._count_extensions(len(line[2]))
            if not self._left:
                self._is_behind_chunks = True
                break
        rest = data[position:]
        if not self._left and not self._is_behind_chunks:
            _check_beginning(rest)
        if parts:
            self._received(b"".join(parts))
        return rest

    def _count_extensions(self, added: int) -> None:
        self._extensions += added
        if added > MAX_EXTENSION or self._extensions > MAX_EXTENSIONS:
            raise RefusedRequest(400, f"The chunks have too long extensions: this server takes {MAX_EXTENSIONS} bytes.")


def body_decoder(
    length: int | None, received: Callable[[bytes], None], finished: Callable[[bytes], None]
) -> SizedBody | ChunkedBody:
    """A decoder for a body of that length, None for chunks; for the rest see SizedBody."""
    return ChunkedBody(received, finished) if length is None else SizedBody(length, received, finished)


def _check_beginning(data: bytes) -> None:
    """Raises RefusedRequest if this is not the beginning of what stands before a chunk."""
    is_begun = data.startswith(b"\r\n") or data in (b"", b"\r")
    if not is_begun or len(data) > MAX_EXTENSION or data.find(b"\r\n", 2) >= 0 or BARE_LF.search(data):
        raise RefusedRequest(400, "The body of the request is not in chunks, as its head says.")


def _behind_trailers(data: bytes) -> bytes | None:
    """What follows the trailers and their empty line; None while they are not complete. Raises RefusedRequest."""
    # With the end of the line before.
    data = b"\r\n" + data
    end = data.find(b"\r\n\r\n")
    if (end if end >= 0 else len(data) - 2) > MAX_HEAD:
        raise RefusedRequest(431, f"The trailers of the body are too long: this server takes {MAX_HEAD} bytes.")
    if end < 0:
        if BARE_LF.search(data):
            raise RefusedRequest(400, "A line of the trailers ends without a carriage return.")
        return None
    check_trailers(data[2 : end + 2])
    return data[end + 4 :]
