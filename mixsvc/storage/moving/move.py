"""Moves a history from a SQLite file to a PostgreSQL database, or back."""

from collections.abc import Mapping
from types import ModuleType

from mixsvc.errors import BadSetting
from mixsvc.storage.moving import sqlite_place
from mixsvc.storage.moving.copying import Copied, Report, copy_all

__all__ = ["move"]

# How URLs of PostgreSQL begin; everything else is a path.
SCHEMES = ("postgresql://", "postgres://")


def move(source: str, target: str, report: Report) -> Mapping[str, Copied]:
    """Move a history to a place without one; returns what was moved, by the names of the tables. Blocks.

    source, target: a path and a URL of PostgreSQL, in any order. report: called often meanwhile. The source stays as it
    is. If this fails or the process dies, another call goes on where it ended. Raises BadSetting, DatabaseUnusable.
    """
    if source.startswith(SCHEMES) == target.startswith(SCHEMES):
        raise BadSetting(
            "one of --from and --to is the path of a SQLite file, and the other one the URL of a PostgreSQL database, "
            f"such as {SCHEMES[0]}mixsvc@db.example.org/mixsvc; both are of one kind here"
        )
    with _place(source).reading(source) as reader:
        epoch = reader.epoch()
        with _place(target).writing(target, epoch) as writer:
            copied = copy_all(reader, writer, report)
            reader.expect_unused()
            writer.expect_unused()
            writer.finish(epoch, reader.floors())
    return copied


def _place(place: str) -> ModuleType:
    if not place.startswith(SCHEMES):
        return sqlite_place
    try:
        import psycopg
    except ImportError:
        raise BadSetting(
            "the URL of a PostgreSQL database needs psycopg, which is not installed here; install mixsvc with its "
            "extra postgres"
        ) from None
    del psycopg
    from mixsvc.storage.moving import postgres_place

    return postgres_place
