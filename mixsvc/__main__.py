"""mixsvc and python -m mixsvc: the service in the foreground, and small command-line tools."""

import signal
import sys
from collections.abc import Sequence
from typing import Final

from mixsvc.commands.check_config import CHECK_CONFIG
from mixsvc.commands.command import Command, CommandParser
from mixsvc.commands.ctl import CTL
from mixsvc.commands.hash_password import HASH_PASSWORD
from mixsvc.commands.move import MOVE
from mixsvc.commands.output import OutputLost, finish_output
from mixsvc.commands.restore import RESTORE
from mixsvc.commands.say import SAY
from mixsvc.commands.serve import SERVE
from mixsvc.commands.webhook import WEBHOOK
from mixsvc.common.text import printable
from mixsvc.errors import MixError

__all__ = ["main", "run"]

COMMANDS: Final[Sequence[Command]] = (SERVE, CTL, SAY, HASH_PASSWORD, CHECK_CONFIG, RESTORE, MOVE, WEBHOOK)

ABOUT: Final = "Runs the service, and has tools for it."
EPILOG: Final = (
    "mixsvc COMMAND --help explains a command. twistd mixsvc runs the service as a daemon, and twistd --help lists the "
    "options for that. python -m mixsvc is the same as mixsvc, and mixsvc serve the same as twistd -n mixsvc."
)


def main(arguments: Sequence[str]) -> int:
    """Run a command; returns the exit status: 0, or 1 after a line on stderr. Called once in a process.

    Raises SystemExit with status 2 for a wrong command line, and with 0 after --help.
    """
    parser = CommandParser(prog="mixsvc", description=ABOUT, epilog=EPILOG)
    parser.add_commands(COMMANDS)
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        status: int = options.command.run(options)
    except MixError as error:
        # Its text may come from a server.
        print(f"mixsvc: {printable(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    return status


def run() -> None:
    """Run the command of sys.argv, and end the process with its status."""
    try:
        try:
            status = main(sys.argv[1:])
        finally:
            finish_output()
    except BrokenPipeError:
        # Whoever reads, such as head, has enough.
        status = 128 + signal.SIGPIPE
    except OutputLost as lost:
        print(f"mixsvc: {lost}", file=sys.stderr)
        status = 1
    sys.exit(status)


if __name__ == "__main__":
    run()
