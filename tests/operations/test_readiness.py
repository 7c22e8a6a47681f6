"""Whether the service is ready: its stage, and a database that answers when the test says."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from math import inf
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.errors import StorageError
from mixsvc.interfaces import SourceHealth
from mixsvc.operations.readiness import (
    CACHE_SECONDS,
    DATABASE_SECONDS,
    DatabaseTraits,
    HealthReport,
    Readiness,
    ServiceStage,
)
from mixsvc.storage.database import prepare, probe

FAILING = SourceHealth("ecb", "failing", None, 7, "no luck", None)


class FakeDatabase:
    """Records what it is asked for."""

    is_available = True

    def __init__(self) -> None:
        self.probe = probe
        self.asked: list[tuple[Callable[..., Any], Deferred[Any]]] = []

    def run(self, function: Callable[..., Any], *args: object) -> "Deferred[Any]":
        self.asked.append((function, Deferred()))
        return self.asked[-1][1]


class ReadinessTests(SynchronousTestCase):
    """For a service that is serving, unless a test says otherwise."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.database = FakeDatabase()
        database: Any = self.database
        self.trouble = ""
        self.readiness = Readiness(self.clock, database, lambda: [FAILING], lambda: self.trouble)
        self.readiness.stage = ServiceStage.SERVING

    def silent(self, seconds: float) -> Readiness:
        """The readiness of a node whose server has been silent for so long; others take it for dead after 15 s."""
        database: Any = self.database
        traits = DatabaseTraits({}, lambda: seconds, 11.0, 15.0)
        made = Readiness(self.clock, database, lambda: [FAILING], lambda: self.trouble, traits)
        made.stage = ServiceStage.SERVING
        return made

    def reasons(self, asking: "Deferred[HealthReport]") -> Sequence[str]:
        report = self.successResultOf(asking)
        assert report.sources == [FAILING]
        return report.reasons

    def answer(self, result: object = None) -> None:
        self.database.asked.pop(0)[1].callback(result)

    def test_the_service_is_ready_if_the_database_takes_a_write_even_with_failing_sources(self) -> None:
        asking = self.readiness.report()
        self.assertNoResult(asking)

        self.answer()

        assert self.reasons(asking) == []

    def test_a_node_is_ready_with_a_reason_while_its_server_is_away_for_a_short_time(self) -> None:
        for silence, is_ready in ((14.9, True), (15.0, False)):
            asking = self.silent(silence).report()
            self.answer(Failure(StorageError("PostgreSQL is away")))

            report = self.successResultOf(asking)
            reasons = [*report.reasons, *report.passing]
            assert reasons == ["The database cannot be written to (PostgreSQL is away)."]
            assert report.is_ready is is_ready

    def test_a_node_whose_heartbeats_alone_are_not_answered_says_so_and_is_not_ready_in_the_end(self) -> None:
        unheard = "PostgreSQL does not hear that this node lives."
        found = []
        for silence in (10.9, 11.0, 14.9, 15.0):
            asking = self.silent(silence).report()
            self.answer()
            report = self.successResultOf(asking)
            found.append((list(report.reasons), list(report.passing)))

        assert found == [([], []), ([], [unheard]), ([], [unheard]), ([unheard], [])]

    def test_a_node_is_not_ready_once_nothing_could_be_stored_for_as_long(self) -> None:
        readiness = self.silent(0.1)
        found = []
        for _ in range(3):
            asking = readiness.report()
            self.answer(Failure(StorageError("lock timeout")))
            found.append(self.successResultOf(asking).is_ready)
            self.clock.advance(7.5)
        assert found == [True, True, False]

        asking = readiness.report()
        self.answer()
        assert self.successResultOf(asking).is_ready
        self.clock.advance(100)
        asking = readiness.report()
        self.answer(Failure(StorageError("lock timeout")))

        assert self.successResultOf(asking).is_ready

    def test_a_node_is_not_ready_before_it_knows_the_others(self) -> None:
        asking = self.silent(inf).report()
        self.answer()

        assert self.reasons(asking) == ["This node does not know yet what the others do."]

    def test_the_service_is_not_ready_while_no_view_can_run(self) -> None:
        self.trouble = "No process that runs the application is ready yet."
        asking = self.readiness.report()
        self.answer()
        assert self.reasons(asking) == ["No process that runs the application is ready yet."]

        self.trouble = ""

        assert self.reasons(self.readiness.report()) == []

    def test_the_report_has_the_version_of_sqlite(self) -> None:
        asking = self.readiness.report()
        self.answer()

        assert self.successResultOf(asking).sqlite["version"] == sqlite3.sqlite_version

    def test_a_starting_or_stopping_service_is_not_ready_and_does_not_ask_the_database(self) -> None:
        for stage, reason in (
            (ServiceStage.STARTING, "The service is starting."),
            (ServiceStage.STOPPING, "The service is stopping."),
        ):
            self.readiness.stage = stage
            assert self.reasons(self.readiness.report()) == [reason]
        assert self.database.asked == []

    def test_a_stop_that_begins_while_the_database_answers_counts(self) -> None:
        asking = self.readiness.report()
        self.readiness.stage = ServiceStage.STOPPING
        self.answer()

        assert self.reasons(asking) == ["The service is stopping."]

    def test_a_database_that_fails_says_why(self) -> None:
        asking = self.readiness.report()
        self.database.asked.pop(0)[1].errback(StorageError("database or disk is full"))

        assert self.reasons(asking) == ["The database cannot be written to (database or disk is full)."]

    def test_one_write_answers_everybody_who_asks_within_five_seconds(self) -> None:
        askings = [self.readiness.report() for _ in range(3)]
        assert len(self.database.asked) == 1
        self.answer()
        assert [self.reasons(each) for each in askings] == [[], [], []]

        self.clock.advance(CACHE_SECONDS - 0.1)
        assert self.reasons(self.readiness.report()) == []
        self.clock.advance(0.1)
        self.readiness.report()

        assert len(self.database.asked) == 1

    def test_a_database_that_hangs_is_not_waited_for_and_not_asked_again(self) -> None:
        asking = self.readiness.report()
        self.clock.advance(DATABASE_SECONDS)

        assert self.reasons(asking) == ["The database does not answer."]
        assert self.reasons(self.readiness.report()) == ["The database does not answer."]
        assert len(self.database.asked) == 1

    def test_when_it_answers_at_last_the_service_is_ready_again(self) -> None:
        self.reasons_after_hanging = self.readiness.report()
        self.clock.advance(DATABASE_SECONDS)

        self.answer()

        assert self.reasons(self.readiness.report()) == []

    def test_a_cancelled_report_is_forgotten(self) -> None:
        gone, stays = self.readiness.report(), self.readiness.report()

        gone.cancel()
        self.answer()

        self.failureResultOf(gone, CancelledError)
        assert self.reasons(stays) == []

    def test_the_check_writes_to_the_database_and_changes_nothing(self) -> None:
        self.readiness.report()
        write, _ = self.database.asked[0]
        prepare("x.sqlite3", lambda cursor: None)
        with closing(sqlite3.connect("x.sqlite3")) as connection, closing(connection.cursor()) as cursor:
            before = cursor.execute("PRAGMA user_version").fetchone()

            write(cursor)
            assert connection.in_transaction
            connection.commit()

            assert cursor.execute("PRAGMA user_version").fetchone() == before
            cursor.execute("PRAGMA query_only = ON")
            with self.assertRaises(sqlite3.OperationalError):
                write(cursor)
