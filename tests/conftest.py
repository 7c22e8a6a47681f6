"""What all tests share: Hypothesis's profile, the distributions, built and installed once a run, and PostgreSQL."""

import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from tests.builds import NOTHING, Distributions, build, checkout, install, unpack
from tests.postgres import Postgres
from tests.stores import PostgresTables, empty, postgres_tables

settings.register_profile("mixsvc", derandomize=True, deadline=None)
settings.load_profile("mixsvc")

# A shell that runs the tests in the background has SIGINT ignored, and so have the programs that are started from here,
# some of which are then not ended by it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs in an empty folder: trial's mktemp makes its files in the current one."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """An sdist and a wheel of the checkout, and the wheel of that sdist."""
    folder = tmp_path_factory.mktemp("distributions")
    source = checkout(folder / "checkout")
    wheel = build(source, folder / "wheel", "--wheel")
    sdist = build(source, folder / "sdist", "--sdist")
    unpacked = unpack(sdist, folder / "unpacked")
    return Distributions(sdist, wheel, build(unpacked, folder / "again", "--wheel", path=NOTHING))


@pytest.fixture(scope="session")
def installed(distributions: Distributions) -> Iterator[Path]:
    """The folder of the programs (twistd, python) of a virtualenv with the wheel in it, readable by every user.

    pytest's own folders are closed to other users, and each pytest that starts meanwhile closes them again.
    """
    with TemporaryDirectory(prefix="mixsvc-installed-") as folder:
        Path(folder).chmod(0o755)
        yield install(distributions.wheel, Path(folder, "venv"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for all tests that do not stop it."""
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def durable_postgres() -> Iterator[Postgres]:
    """The same with the settings of a new one, which survives a power cut: what a service needs."""
    with Postgres(settings={}) as server:
        yield server


@pytest.fixture
def durable_url(durable_postgres: Postgres) -> Iterator[str]:
    """The URL of an empty database of this test's own on that server."""
    name = durable_postgres.new_database()
    yield durable_postgres.url(name)
    durable_postgres.drop_database(name)


@pytest.fixture
def database_url(postgres: Postgres) -> Iterator[str]:
    """The URL of an empty database of this test's own, without a table."""
    name = postgres.new_database()
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def all_postgres_tables(postgres: Postgres) -> Iterator[PostgresTables]:
    """The chat's and the rates' tables in PostgreSQL."""
    with postgres_tables(postgres) as tables:
        yield tables


@pytest.fixture
def empty_postgres_tables(all_postgres_tables: PostgresTables) -> PostgresTables:
    """The same without a row."""
    all_postgres_tables.run(empty)
    return all_postgres_tables
