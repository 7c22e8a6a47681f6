"""What a source tells one node (Retry-After), the next leader heeds."""

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

from twisted.internet.defer import Deferred, execute, fail
from twisted.logger import capturedLogs, formatEvent

from mixsvc.config.settings import RatesSettings
from mixsvc.errors import StorageError
from mixsvc.rates.pauses import SourcePauses
from mixsvc.storage.postgres.connection import connect
from mixsvc.storage.postgres.schema import upgrade


class BlockingDatabase:
    """Runs functions at once; fails while `failure` is set."""

    def __init__(self, cursor: Any) -> None:
        self.cursor = cursor
        self.failure: StorageError | None = None

    def run(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Deferred[Any]":
        if self.failure is not None:
            return fail(self.failure)
        return execute(function, self.cursor, *args, **kwargs)


def heeded(database: BlockingDatabase, settings: RatesSettings) -> Mapping[str, float]:
    """What a node takes over that begins to lead."""
    found: list[Mapping[str, float]] = []
    SourcePauses(database, settings, found.append).heed()
    return found[-1]


def test_the_next_leader_knows_what_is_left_and_who_has_other_settings_does_not(database_url: str) -> None:
    settings = RatesSettings()
    with closing(connect(database_url)) as connection:
        upgrade(connection)
        database = BlockingDatabase(connection.cursor())
        first = SourcePauses(database, settings, lambda pauses: None)
        assert heeded(database, settings) == {}

        first.store("ecb", 600)
        first.store("json", 0.0)
        first.store("ecb", 300)
        found = heeded(database, settings)

        assert set(found) == {"ecb"}
        assert 290 < found["ecb"] <= 300
        assert heeded(database, RatesSettings(json_url="https://example.org/other")) == {}

        connection.execute("UPDATE source SET not_before = not_before + interval '1 year'")
        assert heeded(database, settings)["ecb"] == 86400


def test_a_database_that_is_away_is_one_line_and_nothing_else() -> None:
    database = BlockingDatabase(None)
    database.failure = StorageError("PostgreSQL is away")
    pauses = SourcePauses(database, RatesSettings(), lambda pauses: None)

    with capturedLogs() as events:
        pauses.store("ecb", 5)

    assert [formatEvent(each) for each in events] == [
        "rates: when sources may be asked is not shared: PostgreSQL is away"
    ]
