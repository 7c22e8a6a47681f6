"""What a command is: a function, and how many parameters it needs."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from mixsvc.irc.clients.client import IrcClient
from mixsvc.irc.grammar.lines import IrcLine

__all__ = ["CommandTable", "IrcCommand", "run"]


class IrcCommand(NamedTuple):
    """do: what it does. least: how many parameters it needs."""

    do: Callable[[IrcLine], None]
    least: int = 0


CommandTable: TypeAlias = Mapping[str, IrcCommand]


def run(client: IrcClient, table: CommandTable, line: IrcLine) -> bool:
    """Run the command of a line if the table has it; returns whether it has."""
    found = table.get(line.command)
    if found is None:
        return False
    if len(line.parameters) < found.least or (found.least and not line.parameters[0]):
        client.reply("461", line.command, "Not enough parameters")
    else:
        found.do(line)
    return True
