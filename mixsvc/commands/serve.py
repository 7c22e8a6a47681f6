"""mixsvc serve: the service in the foreground, as `twistd -n mixsvc` runs it."""

import argparse
import sys
from typing import Final

from mixsvc.commands.command import Command
from mixsvc.commands.output import show

__all__ = ["SERVE"]

# twistd's own: a process in the foreground needs no file with its number.
IN_FOREGROUND: Final = ("--nodaemon", "--pidfile=")


def _serve(options: argparse.Namespace) -> int:
    """Run the service until it is stopped; called once, in the main thread.

    Raises SystemExit for a mistake in the options or settings, after --help, and after --version.
    """
    # Only now: the other commands do not need all this.
    if {"--help", "-h"} & set(options.words):
        from mixsvc.tap import MixsvcOptions

        shown = MixsvcOptions()
        shown.synopsis = "Usage: mixsvc serve [options]"
        show(shown)
        return 0
    from mixsvc.operations.stop_signals import end_at_once

    # Before the rest is imported, which takes a second.
    end_at_once()
    from twisted.scripts import twistd

    sys.argv[1:] = [*IN_FOREGROUND, "mixsvc", *options.words]
    twistd.run()
    return 0


SERVE: Final = Command(
    "serve",
    "run the service in the foreground, as twistd -n mixsvc does",
    "Runs the service in the foreground; takes the options of twistd mixsvc.",
    None,
    _serve,
)
