"""mixsvc restore: puts a backup in the place of the database; storage/restoring.py does it."""

import argparse
from typing import Final

from mixsvc.commands.command import Command
from mixsvc.commands.output import show
from mixsvc.config.directories import current_directory
from mixsvc.config.reading import read_settings
from mixsvc.errors import BadSetting
from mixsvc.storage.restoring import restore

__all__ = ["RESTORE"]


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("backup", metavar="BACKUP", help="a copy of the database, made as the documentation says")
    parser.add_argument("-c", "--config", metavar="FILE", help="the settings file of the service (INI)")


def _restore(options: argparse.Namespace) -> int:
    storage = read_settings(options.config).within(current_directory()).storage
    if storage.url or storage.url_file:
        raise BadSetting(
            "[storage] url names a PostgreSQL server; stop all services on it and restore its backup with pg_restore "
            "or psql: the next start notices that, and clients that come back get its history anew"
        )
    path = storage.path
    restore(options.backup, path)
    show(f"{path} is as {options.backup}; clients that come back get its history anew")
    return 0


RESTORE: Final = Command(
    "restore",
    "put a backup in the place of the database",
    "Puts a copy of a backup in the place of the database that [storage] path names (without --config: mixsvc.sqlite3 "
    "in this folder). Stop the service first, and run it in the folder and as the user of the service. The backup is "
    "checked before, and stays as it is. The database gets a new epoch: a client that has seen messages which the "
    "backup does not have is told so, and misses none of those that come instead.",
    _add_options,
    _restore,
)
