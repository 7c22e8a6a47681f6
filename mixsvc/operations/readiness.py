"""Whether the service should get requests.

It should if it has started and is not stopping, its views can run, and its database can be written to.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from enum import Enum
from math import inf
from typing import Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from mixsvc.common.records import record
from mixsvc.errors import ActionRefused, StorageError
from mixsvc.interfaces import SourceHealth
from mixsvc.storage.engine import Engine
from mixsvc.storage.sqlite_version import SQLITE_VERSION, has_wal_reset_fault

__all__ = ["CACHE_SECONDS", "DATABASE_SECONDS", "SQLITE", "DatabaseTraits", "HealthReport", "Readiness", "ServiceStage"]

# How long one answer of the database counts for everybody who asks: a write takes the disk's time.
CACHE_SECONDS: Final = 5.0

# How long the database may take to answer.
DATABASE_SECONDS: Final = 2.0

UNKNOWN: Final = "This node does not know yet what the others do."
UNHEARD: Final = "PostgreSQL does not hear that this node lives."

SQLITE: Final = {"version": SQLITE_VERSION, "wal_reset_fault": has_wal_reset_fault()}


class ServiceStage(Enum):
    """Where in its life the service is; the value says why it is not ready."""

    STARTING = "The service is starting."
    SERVING = ""
    DRAINED = "An operator has taken the service out of rotation."
    STOPPING = "The service is stopping."


@record
class HealthReport:
    """How the service is.

    reasons: why it should get no requests now, each a sentence; empty if it is ready. sources: how the rates' sources
    are, for people to read: the service works without any of them. sqlite: what there is to know of SQLite, likewise.
    passing: what is wrong but will pass; it is ready all the same, as other nodes have the same trouble.
    """

    reasons: Sequence[str]
    sources: Sequence[SourceHealth]
    sqlite: Mapping[str, object] = field(default_factory=dict)
    passing: Sequence[str] = ()

    @property
    def is_ready(self) -> bool:
        """Whether the service should get requests."""
        return not self.reasons


@record
class DatabaseTraits:
    """What is special about a database.

    sqlite: what there is to know of SQLite; empty for another one. silence: for how many seconds the server of a node
    has not answered its heartbeats; infinity if it never has. trusted: how long this may last before the others
    may give the node up: then it is in trouble, whatever else works. patience: how long trouble may last before the
    node should get no requests.
    """

    sqlite: Mapping[str, object] = field(default_factory=lambda: SQLITE)
    silence: Callable[[], float] = lambda: 0.0
    trusted: float = inf
    patience: float = 0.0

    def judge(self, trouble: str, lasted: float) -> tuple[str, str]:
        """The reason not to be ready, and what will pass; each may be empty.

        trouble: what is wrong, "" if nothing. lasted: for how many seconds it has been so.
        """
        silence = self.silence()
        if silence == inf:
            return trouble or UNKNOWN, ""
        if silence >= self.trusted:
            trouble = trouble or UNHEARD
        return ("", trouble) if max(silence, lasted) < self.patience else (trouble, "")


# SQLite's.
ORDINARY: Final = DatabaseTraits()


class Readiness:
    """Finds out how the service is when somebody asks. Used in the reactor thread.

    Failing sources of rates are reported and change nothing: the pages show the last known rates with their date, and
    another process would have no newer ones.
    """

    def __init__(
        self,
        clock: IReactorTime,
        database: Engine,
        sources: Callable[[], Sequence[SourceHealth]],
        views: Callable[[], str],
        traits: DatabaseTraits = ORDINARY,
    ) -> None:
        """views: returns why no view can run now, as a sentence; "" if one can. traits: of the database."""
        self.stage = ServiceStage.STARTING
        self._clock = clock
        self._database = database
        self._sources = sources
        self._views = views
        self._traits = traits
        # The database's last answer: "" or what is wrong with it, and when it came.
        self._trouble = ""
        # When nothing was wrong with it last.
        self._right_at = clock.seconds()
        self._answered_at = float("-inf")
        self._timeout: IDelayedCall | None = None
        self._waiting: list[Deferred[str]] = []

    def drain(self, wanted: bool) -> None:
        """Say from now on that the service should get no requests, or take that back. Raises ActionRefused."""
        if self.stage not in (ServiceStage.SERVING, ServiceStage.DRAINED):
            raise ActionRefused(self.stage.value)
        self.stage = ServiceStage.DRAINED if wanted else ServiceStage.SERVING

    def report(self) -> "Deferred[HealthReport]":
        """Fires within DATABASE_SECONDS and does not fail. Cancel it to stop waiting."""
        if self.stage is not ServiceStage.SERVING:
            return succeed(HealthReport([self.stage.value], self._sources(), self._traits.sqlite))
        return self._database_trouble().addCallback(self._report_of)

    def _report_of(self, trouble: str) -> HealthReport:
        # The service may have begun to stop while the database was answering.
        lasting, passing = self._traits.judge(trouble, self._clock.seconds() - self._right_at)
        reasons = [reason for reason in (self.stage.value, self._views(), lasting) if reason]
        return HealthReport(reasons, self._sources(), self._traits.sqlite, [passing] if passing else [])

    def _database_trouble(self) -> "Deferred[str]":
        is_late = self._timeout is not None and not self._timeout.active()
        is_fresh = self._timeout is None and self._clock.seconds() - self._answered_at < CACHE_SECONDS
        if is_late or is_fresh:
            return succeed(self._trouble)
        waiter: Deferred[str] = Deferred(self._waiting.remove)
        self._waiting.append(waiter)
        if self._timeout is None:
            self._timeout = self._clock.callLater(DATABASE_SECONDS, self._set_trouble, "The database does not answer.")
            self._database.run(self._database.probe).addCallbacks(lambda _: "", _trouble_of).addCallback(self._answered)
        return waiter

    def _answered(self, trouble: str) -> None:
        timeout, self._timeout = self._timeout, None
        if timeout is not None and timeout.active():
            timeout.cancel()
        self._answered_at = self._clock.seconds()
        self._set_trouble(trouble)

    def _set_trouble(self, trouble: str) -> None:
        if not (trouble and self._trouble):
            # It is wrong since now, or right.
            self._right_at = self._clock.seconds()
        self._trouble = trouble
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.callback(trouble)


def _trouble_of(failure: Failure) -> str:
    # The database's own messages contain no paths and no data.
    reason = str(failure.value) if isinstance(failure.value, StorageError) else "it failed"
    return f"The database cannot be written to ({reason})."
