"""A PostgreSQL server for services that use one, and who starts these services."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Postgres


@pytest.fixture(scope="module")
def programs() -> Path:
    """Those of the tests' own virtualenv, which has the extras: another one would take a minute to install."""
    return Path(sys.executable).parent


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A server with the settings of a new one; a test that stops it starts it again."""
    with Postgres(settings={}) as running:
        yield running


@pytest.fixture
def url(server: Postgres) -> str:
    """An empty database of the test's own."""
    return server.url(server.new_database())
