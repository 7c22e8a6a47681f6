"""What this folder uses of twisted.web that is private to it. No other module here uses a private name of Twisted.

Read in Twisted 24.11 and 26.10; tests/http/test_twisted_private.py says what we rely on.

- `HTTPChannel._command`, `_path` and `_version` are the request line. `lineReceived` sets them; our channel checks a
  head as a whole, and no public method takes a head that is parsed already. `allHeadersReceived` and
  `allContentReceived`, which are public, read them, and the latter deletes them.
- `_ChunkedTransferDecoder` decodes chunks. Nothing public does. It takes trailers unseen, so we replace the method that
  reads them, `_dataReceived_TRAILER`: it gets what came in `_buffer`, calls `finishCallback` with what follows the
  trailers, and leaves `state` at FINISHED. It is called only while there is something in the buffer.
- `_MalformedChunkedDataError` is what the decoder raises for chunks that are invalid.
"""

from abc import ABC, abstractmethod

from twisted.web.http import HTTPChannel, _ChunkedTransferDecoder, _MalformedChunkedDataError

__all__ = ["ChunkDecoder", "MalformedChunks", "set_request_line"]

MalformedChunks = _MalformedChunkedDataError


def set_request_line(channel: HTTPChannel, method: bytes, target: bytes, version: bytes) -> None:
    """Tell the channel the request line, before its `allHeadersReceived` is called."""
    channel._command, channel._path, channel._version = method, target, version


class ChunkDecoder(_ChunkedTransferDecoder, ABC):
    """Twisted's decoder of chunks, with trailers that a subclass reads. `dataReceived` may raise MalformedChunks."""

    @abstractmethod
    def read_trailers(self, data: bytes) -> bytes | None:
        """What follows the trailers and their empty line; None while they are not complete. data: what came so far."""

    def _dataReceived_TRAILER(self) -> bool:
        rest = self.read_trailers(bytes(self._buffer))
        if rest is not None:
            del self._buffer[:]
            self.state = "FINISHED"
            self.finishCallback(rest)
        return False
