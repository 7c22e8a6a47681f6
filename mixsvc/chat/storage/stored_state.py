"""What the chat reads from the database at its start, and again when it has missed what other nodes did."""

from collections.abc import Sequence

from mixsvc.chat.model.sanctions import Sanction
from mixsvc.chat.storage.store import ChatStore, StoredRoom
from mixsvc.common.records import record
from mixsvc.storage.engine import Cursor

__all__ = ["StoredState", "read_stored_state"]


@record
class StoredState:
    """What the chat reads from the database at start. event: the number of the journal's event up to which it is."""

    event: int
    rooms: Sequence[StoredRoom]
    sanctions: Sequence[Sanction]
    epoch: str


def read_stored_state(store: ChatStore, cursor: Cursor) -> StoredState:
    """Reads what `restore` needs; blocks (made for storage.database.prepare)."""
    # First the journal: what is done meanwhile is done again, which changes nothing.
    event = store.sanctions.read_events(cursor, 0, 0).last
    return StoredState(
        event,
        store.messages.read_rooms(cursor),
        store.sanctions.read_sanctions(cursor),
        store.messages.read_epoch(cursor),
    )
