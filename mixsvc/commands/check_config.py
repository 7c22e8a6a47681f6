"""mixsvc check-config: finds every mistake in a settings file; mistakes.py looks for them."""

import argparse
import sys
from typing import Final

from mixsvc.commands.command import Command
from mixsvc.commands.output import show
from mixsvc.common.text import printable
from mixsvc.config.directories import current_directory

__all__ = ["CHECK_CONFIG"]


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the settings file (INI)")


def _check_config(options: argparse.Namespace) -> int:
    # Only now: the other commands do not need all this.
    from mixsvc.commands.mistakes import mistakes_in, remarks_in

    mistakes = mistakes_in(options.file, current_directory())
    for each in (*mistakes, *remarks_in(options.file)):
        print(printable(each), file=sys.stderr)
    if not mistakes:
        show(f"{options.file}: no mistakes")
    return 1 if mistakes else 0


CHECK_CONFIG: Final = Command(
    "check-config",
    "find every mistake in a settings file",
    "Prints every mistake in a settings file, a line for each with the file, the line, the setting, its value and what "
    "to write instead; the status is 1 then, and 0 if the service can start with the file. It also names settings of "
    "sources of rates that are not asked. Run it in the folder and as the user of the service. It imports the modules "
    "that [web] wsgi and [chat] authenticator name. It does not check whether ports are free.",
    _add_options,
    _check_config,
)
