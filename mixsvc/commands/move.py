"""mixsvc move: a history from SQLite to PostgreSQL, or back; storage/moving does it."""

import argparse
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from mixsvc.commands.command import Command
from mixsvc.commands.output import show
from mixsvc.storage.moving.copying import Copied
from mixsvc.storage.moving.move import move
from mixsvc.storage.moving.tables import TABLES, MovedTable

__all__ = ["MOVE"]

# How often a long move says how far it is, in seconds.
PROGRESS_SECONDS: Final = 5.0


class _Progress:
    """Prints how far a move is, from time to time."""

    def __init__(self) -> None:
        self._told_at = time.monotonic()

    def tell(self, table: MovedTable, done: int, total: int) -> None:
        """See Report."""
        if time.monotonic() - self._told_at >= PROGRESS_SECONDS:
            self._told_at = time.monotonic()
            # Whether somebody reads it or not, the move goes on.
            with suppress(OSError):
                print(f"{table.title}: {done} of {total}", file=sys.stderr, flush=True)


def _add_options(parser: argparse.ArgumentParser) -> None:
    for option, name, which in (("--from", "source", "of the history"), ("--to", "target", "without a history")):
        parser.add_argument(
            option,
            dest=name,
            metavar="PLACE",
            required=True,
            help=f"the database {which}: the path of a SQLite file, or a URL such as postgresql://mixsvc@host/mixsvc",
        )


def _move(options: argparse.Namespace) -> int:
    copied = move(options.source, options.target, _Progress().tell)
    show(f"moved {_counted(copied)}")
    changed = sum(each.changed for each in copied.values())
    if changed:
        show(
            f"{_rows(changed, 'had', 'had')} characters that PostgreSQL cannot store (U+0000); U+FFFD is in their place"
        )
    passed_over = sum(each.passed_over for each in copied.values())
    if passed_over:
        show(f"{_rows(passed_over, 'was', 'were')} left out, which the service cannot read either")
    return 0


def _counted(copied: Mapping[str, Copied]) -> str:
    *most, last = (f"{copied[table.name].rows} {table.title}" for table in TABLES)
    return f"{', '.join(most)} and {last}"


def _rows(count: int, one: str, many: str) -> str:
    return f"1 row {one}" if count == 1 else f"{count} rows {many}"


MOVE: Final = Command(
    "move",
    "move a history from SQLite to PostgreSQL, or back",
    "Copies everything that a database has (messages with their numbers, keys and times, rooms, topics, mutes and "
    "bans, the audit log, rates, events of topics) into a database of the other kind without a history, and prints "
    "how much that was. Clients go on where they were. Stop the services on both first, and run it as the user of the "
    "service. If it is interrupted, run it again: it goes on where it ended; before its end no service can start on "
    "the target. The source stays as it is. U+0000 in old messages becomes U+FFFD, as PostgreSQL cannot store it. Let "
    "libpq find the password (~/.pgpass or PGPASSWORD): others see command lines.",
    _add_options,
    _move,
)
