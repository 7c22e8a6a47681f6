"""The chat's functions for SQLite: those of this folder."""

from typing import Final

from mixsvc.chat.storage.sqlite import corrections, indexing, messages, sanctions, searching
from mixsvc.chat.storage.store import ChatStore

__all__ = ["STORE"]

STORE: Final = ChatStore(messages, sanctions, corrections, searching, indexing)
