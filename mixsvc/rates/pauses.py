"""How long sources want to be left alone (Retry-After), for the node that asks them next; kept in PostgreSQL.

The table `source` is in mixsvc/storage/postgres/schema/2.sql. Its times are the server's.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import astuple
from typing import Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.config.settings import RatesSettings
from mixsvc.errors import StorageError
from mixsvc.rates.sources.download import MAX_RETRY_AFTER
from mixsvc.storage.engine import Cursor, TransactionRunner

__all__ = ["SourcePauses"]

_STORE: Final = """
    INSERT INTO source (name, not_before) VALUES (%s, clock_timestamp() + make_interval(secs => %s))
    ON CONFLICT (name) DO UPDATE SET not_before = excluded.not_before
"""
_READ: Final = """
    SELECT name, least(extract(epoch FROM not_before - clock_timestamp()), %s)::double precision FROM source
    WHERE not_before > clock_timestamp()
"""


class SourcePauses:
    """Reactor thread."""

    _log = Logger()

    def __init__(
        self,
        database: TransactionRunner,
        settings: RatesSettings,
        pause: Callable[[Mapping[str, float]], object],
    ) -> None:
        """pause: called with the seconds for which sources are not to be asked, by name."""
        self._database = database
        self._pause = pause
        self.change(settings)

    def change(self, settings: RatesSettings) -> None:
        """Take other settings."""
        # Who has entered another address or key does not wait for the old one. A hash, as these may have secrets.
        self._suffix = f" {hashlib.sha256(repr(astuple(settings)).encode()).hexdigest()[:16]}"

    def store(self, source: str, seconds: float) -> None:
        """A source wants to be left alone for so long."""
        stored = self._database.run(_store, source + self._suffix, seconds)
        stored.addErrback(self._failed)

    def heed(self) -> "Deferred[None]":
        """Take over what other nodes were told; fires when that is done, or cannot be."""
        return self._database.run(_read).addCallback(self._heed).addErrback(self._failed)

    def _heed(self, found: Mapping[str, float]) -> None:
        length = len(self._suffix)
        self._pause({name[:-length]: left for name, left in found.items() if name.endswith(self._suffix)})

    def _failed(self, failure: Failure) -> None:
        failure.trap(StorageError)
        self._log.warn("rates: when sources may be asked is not shared: {reason}", reason=str(failure.value))


def _store(cursor: Cursor, name: str, seconds: float) -> None:
    cursor.execute(_STORE, (name, seconds))


def _read(cursor: Cursor) -> Mapping[str, float]:
    return dict(cursor.execute(_READ, (MAX_RETRY_AFTER,)).fetchall())
