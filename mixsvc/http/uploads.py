"""The bodies of requests: how many bytes one may have, and how many all of them together."""

from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Final

from mixsvc.http.errors import Refused

__all__ = ["Bodies", "open_body"]

# Larger bodies are kept in a temporary file, in bytes.
MOST_IN_MEMORY: Final = 65536


def open_body(length: int | None) -> IO[bytes]:
    """Where a body of this length (None: it is not known) is kept: in memory, and on disk when it is large."""
    if length is not None and length <= MOST_IN_MEMORY:
        return BytesIO()
    return SpooledTemporaryFile(MOST_IN_MEMORY)  # noqa: SIM115  # closed by twisted.web when the request ends


class Bodies:
    """Counts the bytes of all bodies that are kept."""

    def __init__(self, most_each: int, most_together: int) -> None:
        self.kept = 0
        self.most_each = most_each
        self._most_together = most_together

    def too_large(self) -> Refused:
        """What is said of a body that has more bytes than one may have."""
        return Refused(413, f"The body is too large: this server takes {self.most_each} bytes.")

    def grow(self, size: int, added: int) -> None:
        """A body of this size gets more. Raises Refused when that is too much, and counts nothing then."""
        if size + added > self.most_each:
            raise self.too_large()
        if self.kept + added > self._most_together:
            raise Refused(503, "Too much is being uploaded to this server at the moment; try again later.")
        self.kept += added

    def release(self, size: int) -> None:
        """A body of this size is no longer kept."""
        self.kept -= size
