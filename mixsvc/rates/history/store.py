"""What the history expects of a database, whichever it is; `sqlite` and `postgres` are the two for it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from mixsvc.interfaces import Quote
from mixsvc.rates.model.timeline import Pair, Timeline
from mixsvc.storage.engine import Cursor

__all__ = ["QuoteStore"]


class QuoteStore(Protocol):
    """Quotes in a database, one price for each pair and date: functions on a cursor, one transaction each.

    Called in the database's thread. They raise what the database raises; then nothing is changed.
    """

    def insert(self, cursor: Cursor, quotes: Sequence[Quote], /) -> None:
        """Store quotes, replacing those of the same pair and date."""

    def read_past(self, cursor: Cursor, /) -> Mapping[Pair, Timeline]:
        """Returns the stored quotes of each pair that has any; skips rows that are not valid.

        Blocks for some 2 ms for 1000 quotes, and 200 ms for all days since 1999.
        """
