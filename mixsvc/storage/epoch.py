"""The epoch of a database: a random text that names its history, so that numbers of another one are recognised."""

import secrets
from typing import Final

from mixsvc.storage.engine import Cursor

__all__ = ["new_epoch", "read_epoch"]

# So many bytes that no two histories ever have the same epoch.
EPOCH_BYTES: Final = 8


def new_epoch() -> str:
    """Returns an epoch that no other history has."""
    return secrets.token_hex(EPOCH_BYTES)


def read_epoch(cursor: Cursor) -> str:
    """Returns the epoch of a database of either kind. Called in its thread."""
    row = cursor.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()
    return str(row[0]) if row else new_epoch()
