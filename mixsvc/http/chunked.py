"""Where the body of a request ends: after so many bytes, or after its last chunk (RFC 9112 sections 6.3 and 7.1)."""

from collections.abc import Callable

from mixsvc.http.errors import RefusedRequest
from mixsvc.http.head import BARE_LF, MAX_HEAD, check_trailers
from mixsvc.http.twisted_private import ChunkDecoder, MalformedChunks

__all__ = ["ChunkedBody", "SizedBody", "body_decoder"]


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


class ChunkedBody(ChunkDecoder):
    """A body in chunks. Twisted's decoder trusts trailers; here they are checked like headers, and left out."""

    def dataReceived(self, data: bytes) -> None:
        """Bytes came. Raises RefusedRequest for chunks or trailers that are invalid."""
        try:
            ChunkDecoder.dataReceived(self, data)
        except MalformedChunks:
            raise RefusedRequest(400, "The body of the request is not in chunks, as its head says.") from None

    def read_trailers(self, data: bytes) -> bytes | None:
        """See ChunkDecoder. Raises RefusedRequest."""
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


def body_decoder(
    length: int | None, received: Callable[[bytes], None], finished: Callable[[bytes], None]
) -> SizedBody | ChunkedBody:
    """A decoder for a body of that length, None for chunks; for the rest see SizedBody."""
    return ChunkedBody(received, finished) if length is None else SizedBody(length, received, finished)
