"""Whether the service should be sent requests: it has started, is not stopping, and its database takes what is said."""

import sqlite3
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from mixsvc.interfaces import SourceHealth
from mixsvc.operations.health import Report
from mixsvc.storage.database import Database

__all__ = ["KEPT_SECONDS", "PATIENCE_SECONDS", "Readiness", "Stage"]

# How long one answer of the database will do for everybody who asks: to write costs a disk its time.
KEPT_SECONDS: Final = 5.0

# How long the database may take.
PATIENCE_SECONDS: Final = 2.0


class Stage(Enum):
    """Where in its life the service is; the value is why it is not ready."""

    STARTING = "The service is starting."
    SERVING = ""
    STOPPING = "The service is stopping."


class Readiness:
    """Finds out how the service is when somebody asks. Belongs to the reactor thread.

    Sources of rates that fail are told of and change nothing: the last known rates are shown with their date, and
    another process would have none that are newer.
    """

    def __init__(self, clock: IReactorTime, database: Database, sources: Callable[[], Sequence[SourceHealth]]) -> None:
        self.stage = Stage.STARTING
        self._clock = clock
        self._database = database
        self._sources = sources
        self._trouble = ""
        self._known_at = float("-inf")
        self._patience: IDelayedCall | None = None
        self._waiting: list[Deferred[str]] = []

    def report(self) -> "Deferred[Report]":
        """How the service is, within PATIENCE_SECONDS. Cancel it to stop waiting."""
        if self.stage is not Stage.SERVING:
            return succeed(Report([self.stage.value], self._sources()))
        return self._database_trouble().addCallback(self._reported)

    def _reported(self, trouble: str) -> Report:
        # It may have begun to stop while the database was being asked.
        reasons = [reason for reason in (self.stage.value, trouble) if reason]
        return Report(reasons, self._sources())

    def _database_trouble(self) -> "Deferred[str]":
        is_late = self._patience is not None and not self._patience.active()
        is_known = self._patience is None and self._clock.seconds() - self._known_at < KEPT_SECONDS
        if is_late or is_known:
            return succeed(self._trouble)
        waiter: Deferred[str] = Deferred(self._waiting.remove)
        self._waiting.append(waiter)
        if self._patience is None:
            self._patience = self._clock.callLater(PATIENCE_SECONDS, self._tell, "The database does not answer.")
            self._database.run(_write).addCallbacks(lambda _: "", _told).addCallback(self._answered)
        return waiter

    def _answered(self, trouble: str) -> None:
        patience, self._patience = self._patience, None
        if patience is not None and patience.active():
            patience.cancel()
        self._known_at = self._clock.seconds()
        self._tell(trouble)

    def _tell(self, trouble: str) -> None:
        self._trouble = trouble
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.callback(trouble)


def _write(cursor: sqlite3.Cursor) -> None:
    """Write what is there already: a disk that is full or read-only refuses that, too."""
    cursor.execute("BEGIN IMMEDIATE")
    (version,) = cursor.execute("PRAGMA user_version").fetchone()
    cursor.execute(f"PRAGMA user_version = {int(version)}")


def _told(failure: Failure) -> str:
    # SQLite's own sentences name no paths and hold no data.
    reason = str(failure.value) if isinstance(failure.value, sqlite3.Error) else "it failed"
    return f"The database cannot be written to ({reason})."
