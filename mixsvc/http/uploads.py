"""The bodies of requests: where one is kept, and how many bytes one, and all of them together, may have."""

from collections.abc import Callable
from functools import partial
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Final

from twisted.logger import Logger

from mixsvc.http.errors import RefusedRequest

__all__ = ["MAX_IN_MEMORY", "Upload", "UploadQuota", "open_body"]

# Larger bodies are kept in a temporary file, in bytes.
MAX_IN_MEMORY: Final = 65536


def open_body(length: int | None) -> IO[bytes]:
    """A file for a body of this length (None: not known): in memory; on disk if the body is large."""
    if length is not None and length <= MAX_IN_MEMORY:
        return BytesIO()
    return SpooledTemporaryFile(MAX_IN_MEMORY)  # noqa: SIM115  # closed by twisted.web when the request ends


class UploadQuota:
    """Counts the bytes of all bodies that are kept. Belongs to the reactor thread."""

    def __init__(self, max_each: int, max_together: int) -> None:
        """max_each: bytes that one body may have. max_together: bytes that all bodies may have."""
        self.kept = 0
        self.max_each = max_each
        self._max_together = max_together

    def limit(self, max_each: int, max_together: int) -> None:
        """Take other limits for the bytes that come from now on."""
        self.max_each, self._max_together = max_each, max_together

    def too_large(self) -> RefusedRequest:
        """The refusal of a body that has more bytes than one may have."""
        return RefusedRequest(413, f"The body is too large: this server takes {self.max_each} bytes.")

    def grow(self, size: int, added: int) -> None:
        """Count more bytes of a body that has `size`. Raises RefusedRequest and counts nothing if that is too much."""
        if size + added > self.max_each:
            raise self.too_large()
        if self.kept + added > self._max_together:
            raise RefusedRequest(503, "Too much is being uploaded to this server at the moment; try again later.")
        self.kept += added

    def release(self, size: int) -> None:
        """A body of this size is no longer kept."""
        self.kept -= size


class Upload:
    """Counts the bytes of the body of one request at a time; a connection has one."""

    __slots__ = ("_quota", "_recent", "_size")
    _log: Final = Logger()

    def __init__(self, quota: UploadQuota) -> None:
        self._quota = quota
        self._size = self._recent = 0

    def grow(self, added: int) -> None:
        """Count so many more bytes, before they are kept. Raises RefusedRequest if that is too much."""
        self._quota.grow(self._size, added)
        self._size += added
        self._recent += added

    def keep(self, data: bytes, content: IO[bytes]) -> None:
        """Keep a part of the body in the file that has the rest of it. Raises RefusedRequest if that cannot be done."""
        self.grow(len(data))
        try:
            content.write(data)
        except OSError as error:
            # The disk is full, or too many files are open.
            self._log.error("web: cannot keep the body of a request: {error}", error=str(error))
            raise RefusedRequest(503, "This server cannot keep the body of the request; try again later.") from None

    def recent(self) -> int:
        """Bytes since the last call, or the beginning."""
        recent, self._recent = self._recent, 0
        return recent

    def hand_over(self) -> Callable[[], None] | None:
        """Returns what whoever takes the body calls once when it is no longer kept; None without one.

        It counts until then, also if the client has left: a view may not have begun, or may go on.
        """
        size, self._size, self._recent = self._size, 0, 0
        return partial(self._quota.release, size) if size else None

    def release(self) -> None:
        """The body is no longer kept, or somebody has it; the next one begins."""
        if self._size:
            self._quota.release(self._size)
            self._size = self._recent = 0
