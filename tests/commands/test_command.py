"""The parser of the commands' options; tests/test_main.py has its errors."""

import pytest

from mixsvc.commands.command import Command, CommandParser
from mixsvc.commands.say import SAY
from mixsvc.commands.webhook import WEBHOOK


def parser_of(*commands: Command) -> CommandParser:
    parser = CommandParser(prog="mixsvc")
    parser.add_commands(commands)
    return parser


def test_a_message_may_begin_with_dashes() -> None:
    parser = CommandParser(prog="mixsvc say")
    assert SAY.add_options is not None
    SAY.add_options(parser)

    assert parser.parse_args(["--room=lobby", "--- closed today ---"]).text == "--- closed today ---"
    assert parser.parse_args(["--room=lobby", "--", "--closed"]).text == "--closed"


@pytest.mark.parametrize("text", ["--- closed today ---", "-", "-5", "- one"])
def test_so_it_may_behind_a_command(text: str) -> None:
    assert parser_of(SAY).parse_args(["say", "--room=lobby", text]).text == text


def test_behind_two_dashes_all_is_text() -> None:
    assert parser_of(SAY).parse_args(["say", "--room=lobby", "--", "--closed"]).text == "--closed"


@pytest.mark.parametrize(
    "words",
    [
        ["--config", "mixsvc.ini", "add", "Grafana", "lobby"],
        ["add", "--config", "mixsvc.ini", "Grafana", "lobby"],
        ["add", "Grafana", "-c", "mixsvc.ini", "lobby"],
        ["add", "Grafana", "lobby", "--config=mixsvc.ini"],
    ],
)
def test_options_may_stand_between_the_words_of_a_command(words: list[str]) -> None:
    given = parser_of(WEBHOOK).parse_args(["webhook", *words])

    assert (given.action, given.name, given.room) == ("add", "Grafana", "lobby")
    assert (given.config, given.command) == ("mixsvc.ini", WEBHOOK)
