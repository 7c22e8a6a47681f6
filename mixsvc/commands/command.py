"""What a command is, and a parser of command lines whose errors are one line each."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from mixsvc.common.records import record
from mixsvc.common.text import did_you_mean, similar, unknown_option

__all__ = ["Command", "CommandParser", "checked"]

T = TypeVar("T")


@record
class Command:
    """A command.

    summary: for the list of the commands. about: for its own --help. add_options: declares them; None if the command
    gets all that follows it as `words`, unparsed. run: does it; returns the exit status, and raises MixError to end
    with its text and status 1.
    """

    name: str
    summary: str
    about: str
    add_options: Callable[[argparse.ArgumentParser], None] | None
    run: Callable[[argparse.Namespace], int]


class CommandParser(argparse.ArgumentParser):
    """A parser that offers the nearest option or command for one that does not exist, in one line, with status 2.

    The options of a command may stand between its words, too.
    """

    def __init__(self, **more: Any) -> None:
        self._options: list[str] = []
        self._commands: Mapping[str, Command] = {}
        self._parsers: dict[str, CommandParser] = {}
        super().__init__(**more)

    def add_argument(self, *names: Any, **more: Any) -> argparse.Action:
        """See ArgumentParser."""
        self._options += [name for name in names if name.startswith("-")]
        return super().add_argument(*names, **more)

    def add_commands(self, commands: Sequence[Command]) -> None:
        """Declare the commands; the one that is given is in the result as `command`, None without one."""
        self.set_defaults(command=None)
        self._commands = {each.name: each for each in commands}
        choices = self.add_subparsers(title="commands", metavar="COMMAND")
        for each in commands:
            parser = choices.add_parser(each.name, help=each.summary, description=each.about)
            if each.add_options is not None:
                each.add_options(parser)
            parser.set_defaults(command=each)
            self._parsers[each.name] = parser

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """See ArgumentParser, which says nothing about an unknown option while another mistake is there."""
        command = self._commands.get(args[0]) if args else None
        if command is not None and command.add_options is None:
            return argparse.Namespace(command=command, words=args[1:]), []
        self._check_known(args)
        if command is not None:
            return self._parsers[command.name].parse_known_intermixed_args(args[1:], namespace)
        return super().parse_known_args(args, namespace)

    def parse_known_intermixed_args(self, args: Any = None, namespace: Any = None) -> Any:
        """See ArgumentParser, which loses a -- in old Pythons: with one, no options may stand between words."""
        if "--" in args:
            return self.parse_known_args(args, namespace)
        self._check_known(args)
        return super().parse_known_intermixed_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Print one line, without the usage."""
        self.exit(2, f"{self.prog}: {message}\n")

    def _check_known(self, words: Sequence[str]) -> None:
        for word in words:
            if word == "--" or (self._commands and not word.startswith("-")):
                break
            name = word.partition("=")[0]
            # For argparse a word with a space is a text, such as a message, and the beginning of a name is an option.
            is_option = name.startswith("--") and " " not in name
            if is_option and not any(each.startswith(name) for each in self._options):
                self.error(unknown_option(name, self._options))
        else:
            return
        if self._commands and word != "--" and word not in self._commands:
            near = did_you_mean(similar(word, self._commands, 1)) or f"; there are: {', '.join(self._commands)}"
            self.error(f"there is no command {word}{near}")


def checked(parse: Callable[[str], T]) -> Callable[[str], T]:
    """Turn a ValueError into the exception whose text argparse shows."""

    def parse_checked(text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parse_checked
