"""Which database the settings name: a SQLite file, or a PostgreSQL server.

What PostgreSQL needs is imported only for it: it is an extra.
"""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any, TypeVar

from mixsvc.config.settings import StorageSettings
from mixsvc.errors import BadSetting
from mixsvc.interfaces import DeferToThread
from mixsvc.storage import database
from mixsvc.storage.engine import Cursor, Engine

__all__ = ["listener", "look", "make_database", "make_hints", "prepare", "rehearse", "settled"]

T = TypeVar("T")

# Longer than any URL. Limits the memory that a wrong path to something huge takes.
MAX_CHARACTERS = 8192


def settled(storage: StorageSettings) -> StorageSettings:
    """The settings with the URL that url_file contains, if that is given; blocks. Raises BadSetting."""
    if not storage.url_file:
        return storage
    if storage.url:
        raise BadSetting("[storage] url and [storage] url_file are both given; give only one of them")
    try:
        with open(storage.url_file, encoding="utf-8") as file:
            url = file.read(MAX_CHARACTERS).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadSetting(f"[storage] url_file = {storage.url_file} cannot be read: {reason}") from None
    if not url:
        raise BadSetting(f"[storage] url_file = {storage.url_file} is empty; write the URL of the database into it")
    return StorageSettings(storage.path, url)


def rehearse(storage: StorageSettings, listen_url: str = "") -> None:
    """Check that the database can be used, without changing anything; blocks. Raises BadSetting, DatabaseUnusable.

    listen_url: as in NodesSettings.
    """
    storage = settled(storage)
    if storage.url:
        _postgres().start.rehearse(storage.url, listen_url)
    else:
        database.rehearse(storage.path)


def look(storage: StorageSettings, read: Callable[[Cursor], object]) -> None:
    """Let `read` read from the tables of a PostgreSQL database, if there are any; blocks. Raises DatabaseUnusable."""
    if storage.url:
        _postgres().start.look(storage.url, read)


def prepare(storage: StorageSettings, read: Callable[[Cursor], T]) -> T | None:
    """Create or upgrade the database, then return what `read` reads from it; None for an empty one in memory. Blocks.

    Raises DatabaseUnusable.
    """
    if storage.url:
        found: T = _postgres().start.prepare(storage.url, read)
        return found
    return database.prepare(storage.path, read)


def make_database(reactor: Any, storage: StorageSettings, defer_to_thread: DeferToThread) -> Engine:
    """The database in use; see mixsvc.storage.database.Database, and PostgresDatabase. Raises BadSetting."""
    if storage.url:
        made: Engine = _postgres().database.PostgresDatabase(reactor, storage.url, defer_to_thread)
        return made
    return database.Database(reactor, storage.path, defer_to_thread)


def make_hints(reactor: Any, url: str, defer_to_thread: DeferToThread) -> Engine:
    """A second connection to a PostgreSQL server, for what nodes tell it. The first one says in the log how that is."""
    made: Engine = _postgres().database.PostgresDatabase(reactor, url, defer_to_thread, tell=lambda why: None)
    return made


def listener(url: str) -> Callable[[], Any]:
    """A function that opens a connection to a PostgreSQL server on which a node listens. It blocks."""
    return partial(_postgres().connection.connect, url)


def _postgres() -> ModuleType:
    try:
        import psycopg
    except ImportError:
        raise BadSetting(
            "[storage] url needs psycopg, which is not installed here; install mixsvc with its extra postgres, "
            "or leave url empty for SQLite"
        ) from None
    del psycopg
    import mixsvc.storage.postgres.database
    import mixsvc.storage.postgres.start

    return mixsvc.storage.postgres
