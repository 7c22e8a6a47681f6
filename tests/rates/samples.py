"""What the tests of the rates share: a moment, quotes, documents, and a stand-in for a thread."""

import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from treq.testing import StubTreq
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from mixsvc.interfaces import Quote

T = TypeVar("T")

# A Friday, before the publication of that day.
NOW = datetime(2026, 10, 30, 12, 0, tzinfo=UTC)

DAILY = b"""<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"
                 xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
  <gesmes:subject>Reference rates</gesmes:subject>
  <Cube><Cube time='2026-10-30'>
    <Cube currency='USD' rate='1.1172'/><Cube currency='JPY' rate='175.60'/>
  </Cube></Cube>
</gesmes:Envelope>"""


def moment() -> datetime:
    return NOW


def at_once(function: Callable[[], T]) -> "Deferred[T]":
    """Runs the function at once, in place of a thread."""
    return maybeDeferred(function)


def new_path(test: SynchronousTestCase) -> Path:
    """A path at which nothing exists; whatever is there after the test is removed."""
    folder = tempfile.TemporaryDirectory()
    test.addCleanup(folder.cleanup)
    return Path(folder.name) / "new"


def client_of(resource: Resource) -> Any:
    """A treq whose requests are all answered by the resource, in memory."""
    untyped: Any = StubTreq
    return untyped(resource)


def quote(code: str = "USD", price: str = "1.1172", day: str = "2026-10-30", source: str = "ecb") -> Quote:
    return Quote("EUR", code, Decimal(price), date.fromisoformat(day), NOW, source, stale=False)
