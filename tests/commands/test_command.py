"""The parser of the commands' options; tests/test_main.py has its errors."""

from mixsvc.commands.command import CommandParser
from mixsvc.commands.say import SAY


def test_a_message_may_begin_with_dashes() -> None:
    parser = CommandParser(prog="mixsvc say")
    assert SAY.add_options is not None
    SAY.add_options(parser)

    assert parser.parse_args(["--room=lobby", "--- closed today ---"]).text == "--- closed today ---"
    assert parser.parse_args(["--room=lobby", "--", "--closed"]).text == "--closed"
