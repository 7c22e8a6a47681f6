"""How the service's own files beside the database are opened."""

import os

__all__ = ["open_private"]


def open_private(path: str, flags: int) -> int:
    """An `opener` for `open`: a file that it makes can be read and written by its owner alone."""
    return os.open(path, flags, 0o600)
